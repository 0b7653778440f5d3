"""The client against a scripted server: every wait ends, nothing leaks, bytes arrive unchanged."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
import trustme

from crawler.http.client import ClientOptions, HttpClient
from crawler.http.credentials.keyring import Credentials
from crawler.http.pacing import host as host_module
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.rate_limits import RateLimits
from crawler.http.proxies import Proxies
from crawler.http.response import is_short
from crawler.model import limits
from crawler.model.errors import ConfigError, FetchError, VerificationError
from crawler.model.interfaces import FetchedPage, Permit, Response
from crawler.model.values import Rejection, Validators
from crawler.text.urls import origin
from tests.support import ports
from tests.support.fakes import nothing_refused, permit_as
from tests.support.misbehaving.behaviours import (
    Behaviour,
    Cut,
    EndlessBody,
    EndlessContinue,
    EndlessHeaders,
    HangUp,
    Late,
    NoLastChunk,
    Redirect,
    ResetAtOnce,
    Says,
    Silent,
    Stall,
    Status,
    Trickle,
)
from tests.support.misbehaving.behaviours import (
    Page as PageAnswer,
)
from tests.support.misbehaving.server import Site
from tests.support.starvation import Stopwatch
from tests.support.waiting import until

SHORT = 0.2
BODY = bytes(range(256)) * 400


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def other() -> Iterator[Site]:
    with Site() as running:
        yield running


@asynccontextmanager
async def opened(gate: Gate | None = None, **options: object) -> AsyncIterator[HttpClient]:
    given: dict[str, object] = {"user_agent": "test/1", "connect_timeout": 60.0, "read_timeout": 60.0, **options}
    async with HttpClient(ClientOptions(**given), gate or Gate(4)) as client:  # type: ignore[arg-type]
        yield client


async def get(
    client: HttpClient,
    url: str,
    headers: Mapping[str, str] | None = None,
    permit: Permit = nothing_refused,
    limit: int = 1 << 30,
) -> tuple[int, bytes, Response]:
    async with client.open("GET", url, headers=headers or {}, permit=permit) as reply:
        return reply.status, await reply.read(limit), reply


async def page(
    client: HttpClient, url: str, validators: Validators | None = None, *, html_only: bool = False
) -> FetchedPage:
    return await client.fetch_page(
        url, validators=validators or Validators(), permit=nothing_refused, html_only=html_only
    )


# --- what is sent ---------------------------------------------------------------------------------


async def test_a_request_has_the_given_headers_and_no_others(site: Site) -> None:
    site.file("a", BODY)
    async with opened() as client:
        status, body, reply = await get(client, site.url + "a", {"Accept": "*/*", "Range": "bytes=5-"})
    assert (status, body, reply.url) == (206, BODY[5:], site.url + "a")
    assert site.log[0].headers == {
        "host": f"127.0.0.1:{site.port}",
        "user-agent": "test/1",
        "accept": "*/*",
        "range": "bytes=5-",
    }


@pytest.mark.parametrize(
    "raw", ["%7e%41", "a%2Fb", "a+b", "%E4", "a%20b?x=%20&y=a+b", "[a]", "%25%32%65", "?C=N;O=D", "a//b/", "caf%c3%a9"]
)
async def test_the_bytes_of_a_url_reach_the_server_as_they_are(site: Site, raw: str) -> None:
    async with opened() as client:
        await get(client, site.url + raw)
    assert site.log.targets == [f"/pub/{raw}"]


async def test_secrets_go_to_their_origin_only(site: Site, other: Site) -> None:
    site.on("far", Redirect(other.url + "a"))
    site.on("near", Redirect("a"))
    site.file("a", BODY)
    other.file("a", BODY)
    secrets = {origin(site.url): {"Authorization": "Basic c2VjcmV0", "X-Key": "k"}}
    async with opened(credentials=Credentials(headers=secrets)) as client:
        await get(client, site.url + "near")
        await get(client, site.url + "far")
        await get(client, other.url + "a")
    assert [request.headers.get("authorization") for request in site.log] == ["Basic c2VjcmV0"] * 3
    for request in other.log:
        assert not request.headers.keys() & {"authorization", "x-key", "referer", "cookie"}


async def test_cookies_are_sent_back_to_their_origin_alone(site: Site, other: Site) -> None:
    site.file("a", b"x", Says(headers=(("Set-Cookie", "session=1; Path=/"), ("Set-Cookie", "b=2; Path=/else"))))
    site.on("far", Redirect(other.url + "a"))
    other.file("a", b"x")
    async with opened() as client:
        for name in ("a", "a", "far"):
            await get(client, site.url + name)
    async with opened() as client:
        await get(client, site.url + "a")
    assert [request.headers.get("cookie") for request in site.log] == [None, "session=1", "session=1", None]
    assert [request.headers.get("cookie") for request in other.log] == [None]


async def test_a_cookie_field_of_the_user_replaces_those_of_the_server(site: Site) -> None:
    site.file("a", b"x", Says(headers=(("Set-Cookie", "session=1; Path=/"),)))
    async with opened(credentials=Credentials(headers={origin(site.url): {"cookie": "mine=1"}})) as client:
        await get(client, site.url + "a")
        await get(client, site.url + "a")
    assert [request.headers.get("cookie") for request in site.log] == ["mine=1"] * 2


async def test_a_connection_is_reused(site: Site) -> None:
    site.file("a", BODY)
    async with opened() as client:
        for _ in range(5):
            await get(client, site.url + "a")
    assert site.connections == 1


Reply = tuple[bytes, bytes]
"""What a server sends in two segments: the header section, and what follows it."""
HEAD = b"HTTP/1.1 %d x\r\nConnection: keep-alive\r\n%b\r\n"
LENGTH, CHUNKED = b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"


@asynccontextmanager
async def in_two_segments(reply: Reply, pause: float) -> AsyncIterator[tuple[str, list[int]]]:
    """(URL of a server that sends ``reply`` to everything, the number of requests on each connection)."""
    requests, tasks = list[int](), list[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(requests)
        requests.append(0)
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                requests[number] += 1
                writer.write(reply[0])
                await writer.drain()
                await asyncio.sleep(pause)
                writer.write(reply[1])

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(serve(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", requests
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def status_alone(client: HttpClient, url: str) -> int:
    async with client.open("GET", url, headers={}, permit=nothing_refused) as response:
        return response.status


UNREAD = [
    *[(status, (HEAD % (status, LENGTH), b"hello")) for status in (200, 206, 302, 401, 403, 404, 416, 500, 503)],
    (404, (HEAD % (404, CHUNKED), b"5\r\nhello\r\n0\r\n\r\n")),
    (404, (HEAD % (404, b"Content-Length: 60000\r\n"), b"x" * 60_000)),
]


@pytest.mark.parametrize("by_proxy", [False, True])
@pytest.mark.parametrize(("status", "reply"), UNREAD)
async def test_a_short_body_that_is_not_wanted_costs_no_connection(
    status: int, reply: Reply, by_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ERROR_SECONDS", 60.0)
    async with in_two_segments(reply, 0.01) as (url, requests):
        proxies = Proxies(by_scheme={"http": url.removesuffix("/")} if by_proxy else {})
        async with opened(proxies=proxies) as client:
            for _ in range(3):
                assert await status_alone(client, "http://h.example/" if by_proxy else url) == status
    assert requests == [3]


@pytest.mark.parametrize(
    ("head", "pause", "rest"),
    [
        (HEAD % (404, b"Content-Length: 70000\r\n"), 0.0, b"x" * 70_000),
        (HEAD % (200, CHUNKED), 0.0, b"5\r\nhello\r\n"),
        (HEAD % (404, CHUNKED), 0.0, b"11170\r\n" + b"x" * 0x11170),
        (HEAD % (404, LENGTH), 3600.0, b"hello"),
        (HEAD % (404, LENGTH), 0.0, b"h"),
    ],
    ids=["long", "wanted", "endless", "silent", "slow"],
)
async def test_a_long_or_slow_body_that_is_not_wanted_is_not_waited_for(
    head: bytes, pause: float, rest: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ERROR_SECONDS", SHORT)
    async with in_two_segments((head, rest), pause) as (url, requests), opened() as client:
        for _ in range(2):
            assert await status_alone(client, url) in (200, 404)
        assert requests == [1, 1]


@pytest.mark.parametrize(
    ("status", "length", "is_read"),
    [
        (200, None, False), (206, None, False), (299, None, False), (199, None, True), (300, None, True),
        (404, None, True), (200, 0, True), (200, limits.ERROR_BODY, True), (200, limits.ERROR_BODY + 1, False),
        (404, limits.ERROR_BODY, True), (404, limits.ERROR_BODY + 1, False),
    ],
)  # fmt: skip
def test_which_bodies_are_read_although_nobody_wants_them(status: int, length: int | None, is_read: bool) -> None:
    assert is_short(status, length) is is_read


# --- redirects ------------------------------------------------------------------------------------


async def test_permitted_redirects_are_followed_and_the_last_url_is_returned(site: Site) -> None:
    site.on("one", Redirect("/pub/two", status=301))
    site.on("two", Redirect("three%2F?x", status=307))
    site.on("three%2F", Says())
    checked: list[tuple[str, str]] = []

    async def permit(source: str, target: str) -> Rejection | None:
        checked.append((source, target))
        return None

    async with opened() as client:
        _, _, reply = await get(client, site.url + "one", permit=permit)
    assert reply.url == site.url + "three%2F?x"
    assert checked == [(site.url + "one", site.url + "two"), (site.url + "two", reply.url)]


@pytest.mark.parametrize(
    ("target", "keeps"),
    [("/mirror2/a.zip", True), ("/mirror2/a.zip?token=1", True), ("/pub/a.zip/", True), ("/pub/app-v2.zip", False)],
)
async def test_a_redirect_to_another_name_gets_no_conditions_and_ranges(site: Site, target: str, keeps: bool) -> None:
    site.on("a.zip", Redirect(target, status=302))
    conditions = {"If-None-Match": '"1"', "If-Modified-Since": "x", "If-Range": '"1"', "Range": "bytes=5-"}
    async with opened() as client:
        await get(client, site.url + "a.zip", headers={"Accept": "*/*", **conditions})
    first, second = site.log
    assert first.headers["if-none-match"] == '"1"'
    assert {name.lower() in second.headers for name in conditions} == {keeps}
    assert second.headers["accept"] == "*/*"


async def test_a_redirect_that_is_not_permitted_is_not_followed(site: Site, other: Site) -> None:
    site.on("a", Redirect(other.url))
    rejection = Rejection("other-host", other.url, "on another host")
    async with opened() as client:
        with pytest.raises(FetchError) as raised:
            await get(client, site.url + "a", permit=permit_as(lambda _source, _target: rejection))
    assert raised.value.rejection is rejection
    assert not raised.value.retryable
    assert other.log == []


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://h/", "javascript:1", "http://:9/", "http://u:secret@", "data:,x"]
)
async def test_a_redirect_to_a_url_that_is_not_http_is_an_error(site: Site, target: str) -> None:
    site.on("a", Redirect(target))
    async with opened() as client:
        with pytest.raises(FetchError, match="not an HTTP URL") as raised:
            await get(client, site.url + "a")
    assert not raised.value.retryable
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("connections", [1, 3])
async def test_a_redirect_holds_no_connection_while_its_permission_needs_one(site: Site, connections: int) -> None:
    """There are as many redirects as connections, and each has to make a request first, as for robots.txt."""
    site.on("a", Redirect("b"))
    site.on("b", Says())
    site.file("rules", BODY)
    async with opened(Gate(connections, start=connections)) as client:

        async def permit(_source: str, _target: str) -> Rejection | None:
            assert (await page(client, f"{site.url}rules")).status == 200
            return None

        async with asyncio.timeout(60):
            replies = await asyncio.gather(*[get(client, f"{site.url}a", permit=permit) for _ in range(connections)])
    assert [reply.url for _, _, reply in replies] == [f"{site.url}b"] * connections


async def test_a_redirect_loop_ends(site: Site) -> None:
    site.on("a", Redirect("a"))
    async with opened(Gate(1)) as client:
        with pytest.raises(FetchError, match="redirects") as raised:
            await get(client, site.url + "a")
    assert not raised.value.retryable
    assert len(site.log) == limits.REDIRECTS + 1


@pytest.mark.parametrize("status", [301, 304, 300, 305])
async def test_a_redirect_without_location_is_a_response(site: Site, status: int) -> None:
    site.on("a", Status(status))
    async with opened() as client:
        assert (await get(client, site.url + "a"))[0] == status


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_body_arrives_byte_for_byte(site: Site, framing: str) -> None:
    site.file("a", BODY, Says(framing=framing))  # type: ignore[arg-type]
    async with opened() as client:
        assert (await get(client, site.url + "a"))[1] == BODY


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "br", "gzip, gzip"])
async def test_a_file_is_never_decompressed(site: Site, coding: str) -> None:
    packed = gzip.compress(BODY)
    site.file("a.gz", packed, Says(headers=(("Content-Encoding", coding),)))
    async with opened() as client:
        assert (await get(client, site.url + "a.gz"))[1] == packed


@pytest.mark.parametrize(
    "behaviour", [Cut(at=0.4), Cut(at=0.4, how="rst"), NoLastChunk(), Cut(at=0)], ids=["FIN", "RST", "chunks", "empty"]
)
async def test_a_body_that_is_cut_is_an_error_worth_another_attempt(site: Site, behaviour: Behaviour) -> None:
    site.file("a", BODY, behaviour)
    async with opened() as client:
        with pytest.raises(FetchError, match="cut short") as raised:
            await get(client, site.url + "a")
    assert raised.value.retryable


async def test_more_than_the_limit_is_refused_and_the_rest_is_not_read(site: Site) -> None:
    site.file("a", b"", EndlessBody())
    async with opened(Gate(1)) as client:
        with pytest.raises(VerificationError, match="more than 1000 bytes") as raised:
            await get(client, site.url + "a", limit=1000)
        site.file("b", b"fine")
        assert (await get(client, site.url + "b"))[1] == b"fine"
    assert not raised.value.retryable
    assert site.log[0].sent < 16 << 20


async def test_exactly_the_limit_is_fine(site: Site) -> None:
    site.file("a", BODY)
    async with opened() as client:
        assert (await get(client, site.url + "a", limit=len(BODY)))[1] == BODY


async def test_a_reader_that_stops_releases_its_connection(site: Site) -> None:
    site.file("a", BODY * 100)
    async with opened(Gate(1)) as client:
        for _ in range(3):
            async with client.open("GET", site.url + "a", headers={}, permit=nothing_refused) as reply:
                async for _chunk in reply.chunks():
                    break
    assert len(site.log) == 3


async def test_a_rate_holds_for_bodies(site: Site) -> None:
    site.file("a", bytes(40_000))
    async with opened(Gate(1, RateLimits.per_second(None, 100_000))) as client:
        began = time.monotonic()
        await get(client, site.url + "a")
    assert time.monotonic() - began >= 0.1


# --- waits that end -------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [Silent(), EndlessContinue()], ids=["silence", "100 Continue for ever"])
async def test_the_wait_for_headers_is_limited(site: Site, behaviour: Behaviour) -> None:
    site.file("a", BODY, behaviour)
    async with opened(connect_timeout=SHORT, read_timeout=SHORT) as client:
        with pytest.raises(FetchError, match="no response within") as raised:
            await get(client, site.url + "a")
    assert raised.value.retryable
    assert not raised.value.connection


async def test_endless_headers_are_refused(site: Site) -> None:
    site.file("a", BODY, EndlessHeaders())
    async with opened() as client:
        with pytest.raises(FetchError):
            await get(client, site.url + "a")


async def test_a_body_that_stalls_is_given_up(site: Site) -> None:
    site.file("a", BODY, Stall(at=0.4))
    async with opened(read_timeout=SHORT) as client:
        with pytest.raises(FetchError, match="no response within") as raised:
            await get(client, site.url + "a")
    assert raised.value.retryable


async def test_a_body_that_is_too_slow_is_given_up(site: Site) -> None:
    site.file("a", BODY, Trickle(every=0.05))
    async with opened(read_timeout=SHORT, min_speed=1000) as client:
        with pytest.raises(FetchError, match="slower than 1000 B/s") as raised:
            await get(client, site.url + "a")
    assert raised.value.retryable


async def test_a_slow_body_is_fine_without_a_minimum(site: Site) -> None:
    site.file("a", b"0123456789", Trickle(every=0.03))
    async with opened(read_timeout=SHORT, min_speed=0) as client:
        assert (await get(client, site.url + "a"))[1] == b"0123456789"


@pytest.mark.parametrize("behaviour", [HangUp(), ResetAtOnce()], ids=["FIN", "RST"])
async def test_a_connection_that_ends_without_a_response_is_an_error(site: Site, behaviour: Behaviour) -> None:
    site.file("a", BODY, behaviour)
    async with opened() as client:
        with pytest.raises(FetchError) as raised:
            await get(client, site.url + "a")
    assert raised.value.retryable
    assert not raised.value.connection
    assert "\n" not in str(raised.value)


async def test_a_host_that_refuses_connections_is_given_up_after_enough_attempts() -> None:
    with ports.refusing() as port:
        url = f"http://127.0.0.1:{port}/"
        async with opened() as client:
            for _ in range(limits.CONNECTION_FAILURES):
                with pytest.raises(FetchError, match="cannot connect") as raised:
                    await get(client, url)
                assert raised.value.retryable
                assert raised.value.connection
            with pytest.raises(FetchError, match="given up") as given_up:
                await get(client, url)
    assert not given_up.value.retryable


async def test_a_host_in_doubt_is_probed_once_with_a_url_that_it_served_before(site: Site) -> None:
    site.file("good", BODY)
    site.file("bad", BODY, HangUp())
    async with opened() as client:
        await get(client, site.url + "good")
        for _ in range(2 * limits.CONNECTION_FAILURES + 1):
            with pytest.raises(FetchError, match="closed the connection"):
                await get(client, site.url + "bad")
        first, *probes = site.log.of("/pub/good")
        assert [(probe.status, probe.sent) for probe in probes] == [(206, 1)] * 2
        site.portal = (HangUp(),)
        before = len(site.log)
        for _ in range(limits.CONNECTION_FAILURES - 1):
            with pytest.raises(FetchError, match="closed the connection"):
                await get(client, site.url + "bad")
        for _ in range(3):
            with pytest.raises(FetchError, match="given up"):
                await get(client, site.url + "good")
    assert len(site.log) - before <= 2 * limits.CONNECTION_FAILURES, "an attempt may be two requests"
    assert site.log[-1].headers["range"] == "bytes=0-0"
    assert "range" not in first.headers


async def test_error_responses_do_not_count_as_connection_failures(site: Site) -> None:
    site.portal = (Status(500),)
    async with opened() as client:
        for _ in range(limits.CONNECTION_FAILURES + 1):
            assert (await get(client, site.url))[0] == 500


@pytest.mark.parametrize(
    ("behaviour", "waits"),
    [
        (Status(429, headers=(("Retry-After", "1"),)), True),
        (Status(503, headers=(("Retry-After", "1"),)), True),
        (Status(429), True),
        (Status(503), False),
        (Status(500, headers=(("Retry-After", "60"),)), False),
        (Status(429, headers=(("Retry-After", "86400"),)), False),
    ],
    ids=["429 and 1 s", "503 and 1 s", "429", "503", "500 and a minute", "429 and a day"],
)
async def test_no_request_is_sent_to_an_overloaded_host(
    site: Site, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour, waits: bool
) -> None:
    monkeypatch.setattr(host_module, "_OVERLOAD_PAUSE", 0.5 if waits else 60.0)
    site.file("busy", b"", behaviour)
    site.file("a", b"x")
    async with opened() as client:
        await get(client, site.url + "busy")
        watch = Stopwatch()
        began, own = time.monotonic(), watch.now()
        await asyncio.gather(*(get(client, site.url + "a") for _ in range(3)))
    assert time.monotonic() - began >= 0.4 if waits else watch.now() - own < 30


async def test_a_refusal_among_concurrent_requests_is_repeated_silently(site: Site) -> None:
    site.file("a", BODY, Status(429, times=3))
    async with opened() as client:
        responses = await asyncio.gather(*(get(client, site.url + "a") for _ in range(4)))
    assert [(status, body) for status, body, _ in responses] == [(200, BODY)] * 4
    assert len(site.log) == 7


async def test_endless_refusals_reach_the_caller(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "_OVERLOAD_PAUSE", 0.0)
    monkeypatch.setattr(host_module, "_SHORT_PAUSE", 0.0)
    site.portal = (Status(429),)
    async with opened(Gate(6)) as client:
        responses = await asyncio.gather(*(get(client, site.url) for _ in range(6)))
    assert [status for status, _, _ in responses] == [429] * 6
    assert len(site.log) <= 6 * (1 + limits.REFUSALS)


async def test_truncated_bodies_lower_the_limit(site: Site) -> None:
    site.file("a", BODY, Cut(at=0.5), Late(0.03))
    site.file("b", BODY, Late(0.03))
    async with opened(Gate(6)) as client:
        urls = [site.url + ("a" if number % 2 else "b") for number in range(24)]
        await asyncio.gather(*(get(client, url) for url in urls), return_exceptions=True)
        assert client.gate.learnt()[site.origin].limit < 6


async def test_connections_to_a_host_are_bounded(site: Site) -> None:
    site.file("a", BODY)
    async with opened(Gate(2)) as client:
        await asyncio.gather(*(get(client, site.url + "a") for _ in range(20)))
    assert site.most_connections <= 2


async def arrived(site: Site) -> None:
    """Wait until a request has reached the server."""
    await until(lambda: site.log, "a request")


async def test_cancelling_releases_the_connection(site: Site) -> None:
    site.file("silent", b"", Silent())
    site.file("a", b"x")
    async with opened(Gate(1)) as client:
        waiting = asyncio.create_task(get(client, site.url + "silent"))
        await arrived(site)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with asyncio.timeout(60):
            assert (await get(client, site.url + "a"))[1] == b"x"


# --- listings -------------------------------------------------------------------------------------

HTML = b"<html>" + b"row\n" * 5000 + b"</html>"


def encoded(coding: str, body: bytes) -> PageAnswer:
    return PageAnswer(body, headers=(("Content-Encoding", coding),))


async def test_a_page_comes_with_its_validators_and_date(site: Site) -> None:
    site.file("p", HTML, content_type="text/html", etag='"1"')
    async with opened() as client:
        found = await page(client, site.url + "p")
    assert (found.status, found.body, found.content_type, found.url) == (200, HTML, "text/html", site.url + "p")
    assert found.validators == Validators(etag='"1"', last_modified="Thu, 02 Jan 2025 03:04:05 GMT")
    assert site.log[0].headers["accept-encoding"] == "gzip, deflate"
    assert "application/json" in site.log[0].headers["accept"]


async def test_a_page_can_be_requested_as_html_only(site: Site) -> None:
    async with opened() as client:
        await page(client, site.url, html_only=True)
    assert site.log[0].headers["accept"] == "text/html"


@pytest.mark.parametrize(
    ("validators", "sent"),
    [
        (Validators(etag='"1"', last_modified="Thu, 02 Jan 2025 03:04:05 GMT"), {"if-none-match": '"1"'}),
        (
            Validators(last_modified="Thu, 02 Jan 2025 03:04:05 GMT"),
            {"if-modified-since": "Thu, 02 Jan 2025 03:04:05 GMT"},
        ),
    ],
)
async def test_a_page_that_did_not_change_has_no_body(site: Site, validators: Validators, sent: dict[str, str]) -> None:
    site.file("p", HTML, etag='"1"')
    async with opened() as client:
        found = await page(client, site.url + "p", validators)
    assert (found.status, found.body) == (304, b"")
    assert {name: value for name, value in site.log[0].headers.items() if name.startswith("if-")} == sent


@pytest.mark.parametrize("status", [404, 403, 500, 503])
async def test_a_page_of_any_status_is_returned(site: Site, status: int) -> None:
    site.directory("", Status(status, headers=(("Retry-After", "7"),)))
    gate = Gate(1)
    async with opened(gate) as client:
        found = await page(client, site.url)
    assert (found.status, found.retry_after) == (status, "7")


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(HTML, mtime=0)),
        ("GZIP", gzip.compress(HTML, mtime=0)),
        ("x-gzip", gzip.compress(HTML, mtime=0)),
        ("deflate", zlib.compress(HTML)),
        ("identity", HTML),
    ],
)
async def test_a_compressed_page_is_decompressed(site: Site, coding: str, packed: bytes) -> None:
    site.directory("", encoded(coding, packed))
    async with opened() as client:
        assert (await page(client, site.url)).body == HTML


@pytest.mark.parametrize(
    ("says", "coding", "is_proven"),
    [
        (Says(), "identity", True),
        (Says(framing="chunked"), "identity", True),
        (Says(framing="close", http="HTTP/1.0"), "identity", False),
        (Says(framing="close", http="HTTP/1.0"), "gzip", True),
    ],
)
async def test_a_page_shows_whether_its_end_is_proven(site: Site, says: Says, coding: str, is_proven: bool) -> None:
    site.directory("", encoded(coding, gzip.compress(HTML, mtime=0) if coding == "gzip" else HTML), says)
    async with opened() as client:
        found = await page(client, site.url)
    assert (found.body, found.end_proven) == (HTML, is_proven)


@pytest.mark.parametrize(
    ("coding", "packed", "words"),
    [
        ("gzip", gzip.compress(HTML, mtime=0)[:-20], "cut short"),
        ("gzip", b"", "cut short"),
        ("gzip", b"no gzip at all", "damaged"),
        ("gzip", gzip.compress(HTML, mtime=0)[:30] + bytes(30), "damaged|cut short"),
        ("br", HTML, "unexpected Content-Encoding"),
        ("gzip, gzip", gzip.compress(gzip.compress(HTML, mtime=0), mtime=0), "unexpected Content-Encoding"),
        ("\x1b]0;evil", HTML, "unexpected Content-Encoding|not valid HTTP"),
    ],
)
async def test_a_page_that_cannot_be_decompressed_is_an_error(
    site: Site, coding: str, packed: bytes, words: str
) -> None:
    site.directory("", encoded(coding, packed))
    async with opened() as client:
        with pytest.raises((VerificationError, FetchError), match=words) as raised:
            await page(client, site.url)
    assert str(raised.value).isprintable()


async def test_decompression_stops_at_the_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTING_DECODED", 4 * limits.MIB)
    site.directory("", encoded("gzip", gzip.compress(bytes(16 << 20), 1)))
    async with opened() as client:
        with pytest.raises(VerificationError, match="larger than") as raised:
            await page(client, site.url)
    assert not raised.value.retryable


async def test_an_endless_page_is_stopped_at_the_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTING_RAW", limits.MIB)
    site.directory("", EndlessBody())
    async with opened() as client:
        with pytest.raises(VerificationError, match="more than"):
            await page(client, site.url)


# --- TLS and proxies ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Site]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Site(tls=context) as running:
        running.file("a", BODY)
        yield running


async def test_an_untrusted_certificate_is_refused_before_anything_is_sent(secure: Site) -> None:
    async with opened() as client:
        with pytest.raises(FetchError, match="certificate is not trusted") as raised:
            await get(client, secure.url + "a")
    assert not raised.value.retryable
    assert secure.log == []


async def test_a_certificate_of_a_named_authority_is_trusted(
    secure: Site, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with opened(ca_file=str(tmp_path / "ca.pem")) as client:
        assert (await get(client, secure.url + "a"))[1] == BODY


async def test_insecure_accepts_any_certificate(secure: Site) -> None:
    async with opened(insecure=True) as client:
        assert (await get(client, secure.url + "a"))[1] == BODY


@pytest.mark.parametrize("option", ["ca_file", "client_cert"])
@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_certificate_file_that_cannot_be_read_is_a_wrong_option(
    option: str, content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=f"^--{option.replace('_', '-')} .*file.pem: "):
        async with opened(**{option: str(path)}):
            raise AssertionError("it opened")


async def test_plain_http_on_a_port_for_tls_is_an_error(secure: Site) -> None:
    async with opened(connect_timeout=SHORT, read_timeout=SHORT) as client:
        with pytest.raises(FetchError):
            await get(client, secure.url.replace("https:", "http:"))


@pytest.mark.parametrize("exempt", [True, False])
async def test_a_proxy_is_used_except_for_exempt_hosts(site: Site, exempt: bool) -> None:
    url = "http://far.invalid/pub/a"
    proxies = Proxies(by_scheme={"http": site.origin}, exempt=("invalid",) if exempt else ())
    async with opened(proxies=proxies) as client:
        if exempt:
            with pytest.raises(FetchError):
                await get(client, url)
        else:
            await get(client, url)
    assert site.log.targets == ([] if exempt else [url])


async def test_an_unusable_proxy_gets_no_request(site: Site) -> None:
    given = site.origin.replace("http://", "socks4://user:secret@")
    async with opened(proxies=Proxies(by_scheme={"http": given})) as client:
        with pytest.raises(FetchError, match="http_proxy=socks4://127") as raised:
            await get(client, site.url)
    assert not raised.value.retryable
    assert site.log == []
