"""Listings that are requested together: which of them, what is accepted, and what is requested again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.values import Validators
from crawler.pipeline.walk.sibling_listings import Siblings
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse, nothing_refused

ROOT = "http://h/"
HTML = {"Content-Type": "text/html"}


def titled(request: FakeRequest) -> FakeResponse:
    return FakeResponse(headers=HTML, body=f"<title>Index of {request.url[8:]}</title>".encode())


def siblings(respond: Callable[[FakeRequest], FakeResponse], *, deepest: int = 4) -> tuple[Siblings, FakeClient]:
    client = FakeClient(respond)
    client.sharing.deepest = deepest
    return Siblings(client, most_alone=2), client


async def read(pages: Siblings, *names: str, **known: Validators) -> list[str]:
    """The bodies of pages that are requested at the same time."""
    requests = [
        pages.fetch_page(ROOT + name, validators=known.get(name[:-1], Validators()), permit=nothing_refused)
        for name in names
    ]
    return [f"{page.status} {page.body.decode()}" for page in await asyncio.gather(*requests)]


def right(*names: str) -> list[str]:
    return [f"200 <title>Index of /{name}</title>" for name in names]


@pytest.mark.parametrize(
    ("deepest", "names", "batches"),
    [
        (1, ["a/", "b/"], []),
        (4, ["a/", "b/", "c/"], [3]),
        (2, ["a/", "b/", "c/"], [2, 1]),
        (4, [f"{number}/" for number in range(9)], [4, 4, 1]),
        (4, ["a/", "a/", "b/"], [1, 2]),
        (4, ["a/?C=N", "b/?C=N"], []),
        (4, ["a", "b"], []),
    ],
)
async def test_what_goes_together(deepest: int, names: list[str], batches: list[int]) -> None:
    pages, client = siblings(titled, deepest=deepest)
    assert await read(pages, "") == right("")
    assert await read(pages, *names) == right(*names)
    assert [len(batch) for batch in client.sharing.batches] == batches
    assert len(client.requests) == 1 + len(names)


async def test_a_host_has_to_show_first_that_its_titles_name_directories() -> None:
    pages, client = siblings(titled)
    assert await read(pages, "a/") == right("a/")
    assert client.sharing.batches == []
    assert await read(pages, "c/", "d/") == right("c/", "d/")
    assert len(client.sharing.batches) == 1


@pytest.mark.parametrize(
    ("tag", "is_together"), [('"a"', True), ('W/"a"', False), (None, False)], ids=["strong", "weak", "none"]
)
async def test_a_condition_needs_a_strong_tag(tag: str | None, is_together: bool) -> None:
    def respond(request: FakeRequest) -> FakeResponse:
        if "If-None-Match" in request.headers:
            return FakeResponse(status=304, headers={"ETag": request.headers["If-None-Match"]})
        return titled(request)

    pages, client = siblings(respond)
    await read(pages, "")
    known = Validators(etag=tag, last_modified="Thu, 02 Jan 2025 03:04:05 GMT")
    found = await read(pages, "a/", "b/", a=known)
    assert found == (["304 "] if tag else right("a/")) + right("b/")
    assert any("http://h/a/" in batch for batch in client.sharing.batches) is is_together


@pytest.mark.parametrize(
    "wrong",
    [
        FakeResponse(status=404),
        FakeResponse(headers=HTML, body=b"<title>Index of /b/</title>"),
        FakeResponse(headers=HTML, body=b"<title>My files</title>"),
        FakeResponse(status=304),
        FakeResponse(fails=TimeoutError()),  # type: ignore[arg-type]
    ],
)
async def test_what_is_not_proven_is_requested_again_alone(wrong: FakeResponse) -> None:
    first = {"a/": wrong}
    pages, client = siblings(lambda request: first.pop(request.url[9:], None) or titled(request))
    await read(pages, "")
    assert await read(pages, "a/", "b/", "c/") == right("a/", "b/", "c/")
    assert len(client.sharing.batches) == 1


async def test_a_group_that_is_cancelled_leaves_nobody_waiting() -> None:
    pages, client = siblings(titled)
    await read(pages, "")
    held = asyncio.Event()
    send = client.sharing.send

    async def slow(together: object) -> object:
        await held.wait()
        return await send(together)  # type: ignore[arg-type]

    client.sharing.send = slow  # type: ignore[method-assign, assignment]
    leader = asyncio.create_task(read(pages, "a/"))
    other = asyncio.create_task(read(pages, "b/"))
    for _ in range(3):
        await asyncio.sleep(0)
    leader.cancel()
    assert await other == right("b/")


@settings(max_examples=50, deadline=None)
@given(
    count=st.integers(1, 24),
    deepest=st.integers(2, 5),
    most=st.integers(1, 3),
    cancelled=st.dictionaries(st.integers(0, 23), st.integers(0, 12), max_size=8),
    wrong=st.just(frozenset[int]()) | st.frozensets(st.integers(0, 23), max_size=3),
    untitled=st.booleans(),
    turns=st.lists(st.integers(0, 3), min_size=1, max_size=6).map(cycle),
    ahead=st.frozensets(st.integers(0, 23), max_size=6),
)
async def test_whoever_is_cancelled_or_gets_a_wrong_page_keeps_nobody_waiting(
    count: int,
    deepest: int,
    most: int,
    cancelled: dict[int, int],
    wrong: frozenset[int],
    untitled: bool,
    turns: Iterator[int],
    ahead: frozenset[int],
) -> None:
    """``cancelled``: page → number of turns of the event loop after which its reader is cancelled.

    ``wrong``: pages that are sent once with another title, if ``untitled``, or else not found. ``turns``: numbers of
    turns that a group waits for a connection, and then for its responses. ``ahead``: pages that are requested as groups
    of their own first.
    """
    unproven = {f"{ROOT}{number}/" for number in wrong}

    def respond(request: FakeRequest) -> FakeResponse:
        if request.url in unproven:
            unproven.remove(request.url)
            return FakeResponse(headers=HTML, body=b"<title>?</title>") if untitled else FakeResponse(status=404)
        return titled(request)

    client = FakeClient(respond)
    client.sharing.deepest = deepest
    pages, send = Siblings(client, most_alone=most), client.sharing.send
    await read(pages, "")

    async def later(together: object) -> object:
        for _ in range(next(turns)):
            await asyncio.sleep(0)
        sent = await send(together)  # type: ignore[arg-type]
        for _ in range(next(turns)):
            await asyncio.sleep(0)
        return sent

    async def read_one(number: int) -> list[str]:
        found = await together(pages, names[number]) if number in ahead else []
        return [found[0]] if found and found[0] is not None else await read(pages, names[number])

    client.sharing.send = later  # type: ignore[method-assign, assignment]
    names = [f"{number}/" for number in range(count)]
    tasks = [asyncio.create_task(read_one(number)) for number in range(count)]
    for turn in range(13):
        for number, at in cancelled.items():
            if at == turn and number < count:
                tasks[number].cancel()
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        found = await asyncio.gather(*tasks, return_exceptions=True)
    for number, (name, task) in enumerate(zip(names, found, strict=True)):
        assert (
            task == right(name)
            or (number in cancelled and isinstance(task, asyncio.CancelledError))
            or (number in wrong and task in (["404 "], ["200 <title>?</title>"]))
        )
    assert await read(pages, "last/", "of/", "all/") == right("last/", "of/", "all/")
    assert all((line.senders, line._called) == (0, 0) for line in pages._lines.values())


async def together(pages: Siblings, *names: str, count: int = 9, **known: Validators) -> list[str | None]:
    """The bodies of the pages that ``fetch_together`` fetches if it may request ``count``."""
    wanted = [(ROOT + name, known.get(name[:-1], Validators())) for name in names]
    found = await pages.fetch_together(wanted, lambda most, _free: min(most, count))
    return [None if page is None else f"{page.status} {page.body.decode()}" for page in found]


@pytest.mark.parametrize(
    ("deepest", "names", "count", "expected"),
    [
        (4, ["a/", "b/", "c/"], 9, 3),
        (4, ["a/", "b/", "c/"], 2, 2),
        (2, ["a/", "b/", "c/"], 9, 2),
        (4, ["a/", "a/", "b/"], 9, 1),
        (4, ["a/", "b/?C=N", "c/"], 9, 1),
        (4, ["a/?C=N", "b/"], 9, 0),
    ],
)
async def test_the_first_of_a_group_go_together(deepest: int, names: list[str], count: int, expected: int) -> None:
    pages, client = siblings(titled, deepest=deepest)
    assert not pages.may_share(ROOT)
    await read(pages, "")
    assert pages.may_share(ROOT)
    assert await together(pages, *names, count=count) == right(*names[:expected])
    assert [len(batch) for batch in client.sharing.batches] == [expected] * bool(expected)
    assert len(client.requests) == 1 + expected


async def test_no_groups_are_sent_to_hosts_that_take_one_request_at_a_time() -> None:
    pages, _ = siblings(titled, deepest=1)
    await read(pages, "")
    assert not pages.may_share(ROOT)


@pytest.mark.parametrize(
    "wrong",
    [
        FakeResponse(status=404),
        FakeResponse(headers=HTML, body=b"<title>Index of /b/</title>"),
        FakeResponse(status=304),
        FakeResponse(headers={**HTML, "Content-Encoding": "gzip"}, body=b"<title>Index of /a/</title>"),
        FakeResponse(fails=TimeoutError()),  # type: ignore[arg-type]
    ],
)
async def test_what_a_group_does_not_get_is_then_requested_alone(wrong: FakeResponse) -> None:
    first = {"a/": wrong}
    pages, client = siblings(lambda request: first.pop(request.url[9:], None) or titled(request))
    await read(pages, "")
    found = await together(pages, "a/", "b/")
    assert found in ([None, None], [None, *right("b/")])
    assert len(client.sharing.batches) == 1
    assert await read(pages, "a/") == right("a/")
    assert len(client.sharing.batches) == 1, "alone"


async def test_a_group_without_a_strong_tag_is_not_sent() -> None:
    pages, client = siblings(titled)
    await read(pages, "")
    assert await together(pages, "a/", "b/", a=Validators(etag='W/"a"')) == []
    assert await together(pages, "c/", "d/", d=Validators(etag='W/"a"')) == right("c/")
    assert [len(batch) for batch in client.sharing.batches] == [1]
