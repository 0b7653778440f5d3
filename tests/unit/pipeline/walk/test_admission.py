"""The first page of a run is requested beside robots.txt, and used only if that allows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import FetchError, RobotsForbidden
from crawler.model.interfaces import FetchedPage, Permit, Response, Take
from crawler.model.reasons import Reason
from crawler.model.values import Rejection, Validators
from crawler.pipeline.walk import admission
from crawler.pipeline.walk.admission import AdmittedPages, beside
from crawler.pipeline.walk.robots_txt import RobotsTxt
from tests.support.fakes import FakeClient, FakeReply, FakeResponse

URL = "http://h/pub/"
FORBIDS = FakeResponse(status=200, body=b"User-agent: *\nDisallow: /pub/\n")
ALLOWS = FakeResponse(status=404)


async def anywhere(_source: str, _target: str) -> Rejection | None:
    return None


class Noticed(FakeReply):
    """A response that sets an event when its body has been read."""

    def __init__(self, url: str, body: bytes, was_read: asyncio.Event) -> None:
        super().__init__(url, FakeResponse(status=200, body=body), 1 << 16)
        self._was_read = was_read

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in super().chunks():
            yield chunk
        self._was_read.set()


class Pages:
    """Implements ``Pages``: one page, or an error; with ``take`` the response is passed on first."""

    def __init__(self, error: FetchError | None = None, body: bytes = b"page") -> None:
        self._error, self._body = error, body
        self.requests = 0
        self.was_read = asyncio.Event()

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        fresh: bool = False,
        take: Take | None = None,
    ) -> FetchedPage:
        self.requests += 1
        await asyncio.sleep(0)
        if self._error is not None:
            raise self._error
        reply = Noticed(url, self._body, self.was_read)
        body = await take(reply) if take else self._body
        if not isinstance(body, bytes):
            body = await (body or reply).read(1 << 20)
        return FetchedPage(url=url, status=200, content_type="", body=body, validators=validators)


def robots(response: FakeResponse, wait: Callable[[], Awaitable[None]]) -> RobotsTxt:
    """Rules whose robots.txt arrives after ``wait``."""

    class Slow(FakeClient):
        async def fetch_page(self, *args: object, **more: object) -> FetchedPage:
            await wait()
            return await super().fetch_page(*args, **more)  # type: ignore[arg-type]

    return RobotsTxt(Slow(lambda _request: response), Config(attempts=1), "crawler")


async def whole(response: Response) -> bytes:
    return await response.read(1 << 20)


async def unread(_response: Response) -> None:
    """Leave the response to be read as usual."""


@pytest.mark.parametrize("with_take", [False, True])
@pytest.mark.parametrize("error", [None, FetchError("HTTP 404", url=URL, retryable=False)])
@pytest.mark.parametrize("response", [ALLOWS, FORBIDS, FakeResponse(status=500)])
async def test_neither_a_page_nor_its_error_is_known_before_robots_txt_allows_it(
    response: FakeResponse, error: FetchError | None, *, with_take: bool
) -> None:
    arrived = asyncio.Event()

    async def wait() -> None:
        await arrived.wait()

    rules, pages = robots(response, wait), Pages(error)
    taken = list[str]()

    async def take(reply: Response) -> bytes:
        taken.append(reply.url)
        return await whole(reply)

    admitted = AdmittedPages(pages, rules, FakeClient(lambda _request: ALLOWS))
    fetch = admitted.fetch_page(URL, validators=Validators(), permit=anywhere, take=take if with_take else None)
    run = asyncio.ensure_future(beside(rules.enter(URL), fetch))
    for _ in range(10):
        await asyncio.sleep(0)
    assert (pages.requests, taken, run.done()) == (1, [], False)
    arrived.set()
    if response is not ALLOWS:
        with pytest.raises(RobotsForbidden):
            await run
        assert taken == []
    elif error is not None:
        with pytest.raises(FetchError, match="HTTP 404"):
            await run
    else:
        assert (await run).body == b"page"
    assert pages.requests == 1


@pytest.mark.parametrize(
    ("body", "take", "is_crowded", "longest", "requests"),
    [
        (b"page", whole, False, 60.0, 1),
        (b"page", unread, False, 60.0, 1),
        (b"page", whole, True, 60.0, 2),
        (b"page", whole, False, 0.001, 2),
        (bytes(limits.SMALL_BODY), whole, False, 60.0, 1),
        (bytes(limits.SMALL_BODY), unread, False, 60.0, 1),
        (bytes(limits.SMALL_BODY + 1), whole, False, 60.0, 2),
    ],
)
async def test_a_short_page_is_kept_until_robots_txt_allows_it_unless_that_needs_the_connection(
    monkeypatch: pytest.MonkeyPatch, body: bytes, take: Take, *, is_crowded: bool, longest: float, requests: int
) -> None:
    """What is dropped is requested again once robots.txt allows it."""
    monkeypatch.setattr(admission, "_HELD", 0.001)
    monkeypatch.setattr(admission, "_LONGEST", longest)
    pages, dropped = Pages(body=body), asyncio.Event()

    class Noting(Pages):
        async def fetch_page(self, url: str, **more: object) -> FetchedPage:  # type: ignore[override]
            try:
                return await pages.fetch_page(url, **more)  # type: ignore[arg-type]
            finally:
                dropped.set()

    async def wait() -> None:
        await asyncio.wait_for((dropped if requests == 2 else pages.was_read).wait(), 60)

    rules = robots(ALLOWS, wait)
    client = FakeClient(lambda _request: ALLOWS)
    client.sharing.crowded = is_crowded
    admitted = AdmittedPages(Noting(), rules, client)
    fetch = admitted.fetch_page(URL, validators=Validators(), permit=anywhere, take=take)
    assert (await beside(rules.enter(URL), fetch)).body == body
    assert pages.requests == requests


async def test_other_pages_wait_for_nothing() -> None:
    client = FakeClient(lambda _request: ALLOWS)
    rules = RobotsTxt(client, Config(no_robots=True), "crawler")
    await AdmittedPages(Pages(), rules, FakeClient(lambda _request: ALLOWS)).fetch_page(
        URL, validators=Validators(), permit=anywhere
    )
    assert client.requests == []


async def test_what_goes_on_beside_ends_with_the_run() -> None:
    ended = list[str]()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    async def fail() -> None:
        raise RobotsForbidden("no")

    with pytest.raises(RobotsForbidden):
        await beside(fail(), work())
    run = asyncio.ensure_future(beside(work(), work()))
    await asyncio.sleep(0.001)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert len(ended) >= 2


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (URL, "http://h/public/", "robots"),
        (URL, "http://other/public/", "robots"),
        ("http://h/public/", URL, "robots"),
        ("http://h/public/", "http://h/more/", None),
        ("http://h/public/", "http://h/above/", "above"),
    ],
)
async def test_a_redirect_waits_for_the_robots_txt_of_its_source_too(
    source: str, target: str, reason: str | None
) -> None:
    arrived = asyncio.Event()

    async def wait() -> None:
        await arrived.wait()

    def rule(_source: str, to: str) -> Rejection | None:
        return Rejection(Reason.ABOVE, to, "above") if "above" in to else None

    permit = robots(FORBIDS, wait).permit(rule)
    asking = asyncio.ensure_future(permit(source, target))
    await asyncio.sleep(0.001)
    assert not asking.done()
    arrived.set()
    rejection = await asking
    assert (rejection.reason if rejection else None) == reason
