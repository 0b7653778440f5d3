"""Digest authentication against a server written from the RFC, who gets what, how often."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest

from crawler.http.client import HttpClient
from crawler.http.client_options import client_options
from crawler.http.pacing.gate import Gate
from crawler.model.config import Config
from crawler.model.errors import FetchError
from crawler.model.reasons import Reason
from crawler.model.values import Rejection
from tests.support.fakes import nothing_refused
from tests.support.misbehaving.behaviours import Behaviour, Redirect, Status
from tests.support.misbehaving.logins import PASSWORD, USER, AsksForBasic, AsksForDigest
from tests.support.misbehaving.server import Site

BODY = bytes(range(256)) * 8


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@asynccontextmanager
async def opened(url: str, config: Config | None = None, *, password: str = PASSWORD) -> AsyncIterator[HttpClient]:
    start = url.replace("://", f"://{USER}:{password.replace(' ', '%20')}@", 1)
    async with HttpClient(client_options(config or Config(attempts=1), [start]), Gate(8)) as client:
        yield client


async def get(
    client: HttpClient, url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
) -> tuple[int, bytes]:
    async with client.open(method, url, headers=headers or {}, permit=nothing_refused) as reply:
        return reply.status, await reply.read(1 << 20)


def serve(site: Site, *behaviours: Behaviour) -> str:
    """Put four files and the folder behind ``behaviours``; returns the URL of the folder."""
    site.directory("", *behaviours)
    for name in ("a", "b", "c d", "e"):
        site.file(name, BODY, *behaviours)
    return site.url


def schemes(site: Site) -> list[str]:
    return [request.headers.get("authorization", "-").partition(" ")[0] for request in site.log]


@pytest.mark.parametrize("qop", ["auth", "auth-int,auth", None])
@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
async def test_each_algorithm_is_asked_once_and_never_gets_basic(site: Site, algorithm: str, qop: str | None) -> None:
    if qop is None and algorithm.endswith("-sess"):
        return  # RFC 7616 has none: a session needs a cnonce
    url = serve(site, AsksForDigest(algorithm=algorithm, qop=qop, beside=('Basic realm="x", Digest nonce="no realm"',)))
    async with opened(url) as client:
        for path in ("a", "c%20d?x=1;2&y=%20", "c%20d?"):
            assert await get(client, url + path) == (200, BODY)
        assert (await get(client, url + "b", method="HEAD"))[0] == 200
        status, piece = await get(client, url + "a", {"Range": "bytes=5-9"})
        assert (status, piece) == (206, BODY[5:10])
        assert (await get(client, url + "a", {"If-None-Match": f'"{hashlib.md5(BODY).hexdigest()}"'}))[0] in (200, 304)
    assert schemes(site) == ["-"] + ["Digest"] * 6
    assert site.connections == 1


@pytest.mark.parametrize(("uses", "announces", "refused"), [(2, False, 2), (1, True, 0), (1, False, 5)])
async def test_a_nonce_is_renewed_when_it_is_stale_or_announced(
    site: Site, uses: int, announces: bool, refused: int
) -> None:
    url = serve(site, AsksForDigest(uses=uses, announces=announces))
    async with opened(url) as client:
        for _ in range(6):
            assert await get(client, url + "a") == (200, BODY)
    assert [request.status for request in site.log].count(401) == 1 + refused
    assert set(schemes(site)[1:]) == {"Digest"}


async def test_concurrent_requests_ask_once_and_share_the_nonce(site: Site) -> None:
    url = serve(site, AsksForDigest())
    async with opened(url) as client:
        found = await asyncio.gather(*(get(client, url + name) for name in "abeabe"))
    assert found == [(200, BODY)] * 6
    assert schemes(site).count("-") == 1


async def test_a_wrong_password_costs_two_more_requests_and_the_response_is_401(site: Site) -> None:
    url = serve(site, AsksForDigest())
    async with opened(url, password="wrong") as client:
        assert (await get(client, url + "a"))[0] == 401
    assert len(site.log) == 2
    assert "wrong" not in str([request.headers for request in site.log])


async def test_a_server_that_asks_for_basic_or_for_nothing_gets_it_with_each_further_request(site: Site) -> None:
    for behaviours in ([AsksForBasic()], []):
        before = len(site.log)
        url = serve(site, *behaviours)
        async with opened(url) as client:
            for name in "abe":
                assert await get(client, url + name) == (200, BODY)
        assert schemes(site)[before:] == ["-", "Basic", "Basic", "Basic"]


async def test_what_asks_for_nothing_first_and_for_digest_later_gets_digest(site: Site) -> None:
    url = serve(site)
    site.file("deep", BODY, AsksForDigest())
    async with opened(url) as client:
        for name in ("a", "deep", "deep", "a"):
            assert await get(client, url + name) == (200, BODY)
    assert schemes(site) == ["-", "Basic", "Basic", "Digest", "Digest", "Digest"]


async def test_a_start_that_redirects_within_the_origin_gets_no_password_until_its_target_was_asked(site: Site) -> None:
    digest = AsksForDigest()
    site.directory("", Redirect("new/"))
    site.directory("new", digest)
    site.file("new/a", BODY, digest)
    async with opened(site.url) as client:
        assert await get(client, site.url + "new/a") == (200, BODY)
    assert schemes(site) == ["-", "-", "Digest"]


async def test_a_start_that_redirects_to_another_origin_gets_basic_until_it_asks_for_digest(site: Site) -> None:
    """Some servers redirect all clients without credentials to a login page elsewhere."""
    with Site() as other:
        site.directory("", Redirect(other.url))
        site.file("a", BODY, AsksForDigest())
        site.file("b", BODY)
        other.file("x", BODY)
        async with opened(site.url) as client:
            assert await get(client, site.url + "b") == (200, BODY)
            assert await get(client, site.url + "a") == (200, BODY)
            site.on("far", Redirect(other.url + "x"))
            assert await get(client, site.url + "far") == (200, BODY)
    assert schemes(site) == ["-", "Basic", "Basic", "Digest", "Digest"]
    assert schemes(other) == ["-"]


async def test_a_redirect_that_the_run_may_not_follow_is_not_followed_to_learn_how_to_log_in(site: Site) -> None:
    site.directory("", Redirect("new/"))
    site.directory("new", AsksForDigest())
    site.file("b", BODY)

    async def refuse(_: str, target: str) -> Rejection | None:
        return Rejection(Reason.ROBOTS, target)

    async with opened(site.url) as client, client.open("GET", site.url + "b", headers={}, permit=refuse) as response:
        assert response.status == 200
    assert [request.target for request in site.log] == ["/pub/", "/pub/b"]


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize("is_allowed", [True, False])
async def test_asking_how_to_log_in_holds_neither_connection_nor_lock_while_permission_needs_them(
    site: Site, connections: int, is_allowed: bool
) -> None:
    """The permission for the redirect makes a request with the same login, as for robots.txt."""
    digest = AsksForDigest()
    site.directory("", Redirect("moved/"))
    site.directory("moved", Redirect("../new/"))
    site.directory("new", digest)
    site.file("a", BODY, digest)
    site.file("rules", BODY)
    client_settings = client_options(Config(attempts=1), [site.url.replace("://", f"://{USER}:{PASSWORD}@", 1)])
    async with HttpClient(client_settings, Gate(connections, start=connections)) as client:

        async def permit(_source: str, target: str) -> Rejection | None:
            assert await get(client, f"{site.url}rules") == (200, BODY)
            return None if is_allowed else Rejection(Reason.ROBOTS, target)

        async def ask() -> int:
            async with client.open("GET", f"{site.url}a", headers={}, permit=permit) as reply:
                return reply.status

        async with asyncio.timeout(60):
            assert await asyncio.gather(*[ask() for _ in range(4)]) == [200] * 4
    assert "Digest" in schemes(site)


async def test_a_server_in_trouble_is_asked_again_and_its_response_is_that_of_the_request(site: Site) -> None:
    digest = AsksForDigest()
    url = serve(site, digest)
    site.directory("", digest, Status(500, times=1))
    async with opened(url) as client:
        assert (await get(client, url + "a"))[0] == 500
        assert await get(client, url + "a") == (200, BODY)
    assert schemes(site) == ["-", "-", "Digest"]


async def test_a_server_for_which_each_nonce_is_stale_ends_the_attempt_but_may_be_tried_again(site: Site) -> None:
    url = serve(site, AsksForDigest(uses=0))
    async with opened(url) as client:
        with pytest.raises(FetchError, match="declares each nonce of its Digest authentication stale") as raised:
            await get(client, url + "a")
    assert raised.value.retryable
    assert len(site.log) == 5


async def test_a_login_that_digest_cannot_express_says_so(site: Site) -> None:
    url = serve(site, AsksForDigest())
    async with opened(url, password="%E9") as client:
        with pytest.raises(FetchError, match=r"Digest authentication, which needs .* UTF-8") as raised:
            await get(client, url + "a")
    assert not raised.value.retryable
    assert schemes(site) == ["-"]
