"""Which files that are to be deleted are asked for, and what the responses mean."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping

import pytest

from crawler.model.errors import FetchError
from crawler.model.struct import replace
from crawler.model.values import GONE, Kind, Known, Rejection, Validators
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.save.presence import Doubtful, Inquiry, by_listing, explanation, listed_before, spellings
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse, MemoryState

BASE = "http://h/pub/"
SERVED, UNSAID = "is not listed any more, but the server still has it", "the server does not say that it is gone"
HERE = FakeResponse(headers={"Content-Length": "5"})
ELSE = FakeResponse(headers={"Content-Length": "6"})
NONE = FakeResponse(status=404)


def known(path: str, url: str = "") -> Known:
    return Known(path=path, url=url or BASE + path, row="", size=5, mtime=0, validators=Validators())


async def asked(
    respond: Callable[[FakeRequest], FakeResponse],
    files: Mapping[str, int],
    *saved: Known,
    spelt: Mapping[str, str] | None = None,
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """(path → reason of each file that may not be deleted, (method, URL) of each request)."""
    requests = list[tuple[str, str]]()

    async def forbids(url: str) -> Rejection | None:
        return Rejection("robots", url) if "secret" in url else None

    def noted(request: FakeRequest) -> FakeResponse:
        requests.append((request.method, request.url))
        return respond(request)

    state = MemoryState()
    state.remember(saved)
    inquiry = Inquiry(
        client=FakeClient(noted),
        state=state,
        attempts=1,
        base=BASE,
        forbids=forbids,
        url_of=lambda known: None if "fallback" in known.url else known.url,
    )
    found = await inquiry.ask(files, spelt or {})
    return {each.path: each.reason for each in found.doubtful}, requests


@pytest.mark.parametrize(
    ("path", "url", "expected"),
    [
        ("d/a b", "", "http://h/pub/d/a%20b"),
        ("d/\udcff", "", "http://h/pub/d/%FF"),
        ("a", "http://h/pub/a?k=1", "http://h/pub/a?k=1"),
        ("a", "http://other/a", "http://other/a"),
        ("a", "http://fallback/a", "http://h/pub/a"),
    ],
)
async def test_a_file_is_asked_for_where_it_came_from_or_below_the_url(path: str, url: str, expected: str) -> None:
    saved = [known(path, url)] if url else []
    assert await asked(lambda _: NONE, {path: 5}, *saved) == ({}, [("GET", expected)])


async def test_what_robots_txt_forbids_is_not_asked_for() -> None:
    assert await asked(lambda _: HERE, {"secret": 5}) == ({}, [])


@pytest.mark.parametrize(
    "status", [200, 201, 203, 206, 301, 304, 400, 401, 403, 404, 405, 410, 416, 425, 429, 500, 501, 503]
)
async def test_what_each_status_means(status: int) -> None:
    found, requests = await asked(lambda _: FakeResponse(status=status, headers={"Content-Length": "5"}), {"a": 5})
    assert requests == [("GET", BASE + "a")]
    assert len(found) == (status in {200, 304, 425, 429, 500, 503})
    assert all((SERVED if status == 200 else UNSAID) in reason for reason in found.values())


async def test_a_redirect_leads_to_something_else() -> None:
    moved = FakeResponse(status=302, headers={"Location": f"{BASE}b", "Content-Length": "5"})
    assert await asked(lambda request: moved if request.url.endswith("/a") else HERE, {"a": 5}) == (
        {},
        [("GET", BASE + "a")],
    )


@pytest.mark.parametrize(("other", "expected"), [(200, ""), (403, ""), (404, SERVED), (410, SERVED), (500, UNSAID)])
async def test_another_version_counts_if_the_server_does_not_respond_to_every_url_alike(
    other: int, expected: str
) -> None:
    found, requests = await asked(
        lambda request: ELSE if request.url.endswith("/a.b.gz") else FakeResponse(status=other),
        {"d/a.b.gz": 5},
    )
    assert len(requests) == 2
    assert expected in found.get("d/a.b.gz", "")
    assert len(found) == bool(expected)


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.b.gz", ".gz"), ("a.gz", ".gz"), ("README", ""), (".gz", ""), ("a.gz?k=/b.txt", ".gz"), ("a?k=.txt", "")],
)
async def test_the_other_url_looks_like_that_of_the_file(name: str, ending: str) -> None:
    url = f"{BASE}d/{name}"
    _, requests = await asked(lambda request: ELSE if request.url == url else NONE, {"d/f": 5}, known("d/f", url))
    assert requests[0] == ("GET", url)
    assert re.fullmatch(f"{re.escape(BASE)}d/[0-9a-f]{{16}}{re.escape(ending)}", requests[1][1])


async def test_a_server_that_breaks_off_says_nothing() -> None:
    def respond(request: FakeRequest) -> FakeResponse:
        raise FetchError("broken off", url=request.url, retryable=False)

    found, requests = await asked(respond, {"a": 5})
    assert found == {"a": f"is not listed any more, but {UNSAID} (broken off)"}
    assert len(requests) == 1


def test_names_that_another_entry_has_in_other_spellings_have_a_third_one() -> None:
    gone, here = ["Ab.txt", "e\u0301", "b", "C", "c"], ["ab.TXT", "\u00e9", "other"]
    items = [Extraneous(path=f"d/e/{name}", kind=Kind.FILE, size=1) for name in gone]
    assert spellings(iter(items), [*gone, *here]) == {"d/e/Ab.txt": "d/e/ab.txt", "d/e/e\u0301": ""}
    top = [Extraneous(path="Ab.txt", kind=Kind.FILE, size=1)]
    assert spellings(top, ["Ab.txt", "ab.txt"]) == {"Ab.txt": "AB.txt"}


@pytest.mark.parametrize(
    ("spelt", "third", "is_asked"),
    [
        ({"D/f": "D/F"}, NONE, True),
        ({"D/f": "D/F"}, FakeResponse(status=410), True),
        ({"D/f": "D/F"}, HERE, False),
        ({"D/f": "D/F"}, FakeResponse(status=403), False),
        ({"D/f": "D/F"}, FakeResponse(status=302, headers={"Location": f"{BASE}D/f"}), False),
        ({"D/f": ""}, NONE, False),
        ({"D": "d"}, NONE, True),
        ({"D": "d"}, HERE, False),
        ({"D": ""}, NONE, False),
        ({"other": ""}, NONE, True),
    ],
)
async def test_a_name_is_asked_for_if_the_server_distinguishes_its_spellings(
    spelt: dict[str, str], third: FakeResponse, *, is_asked: bool
) -> None:
    thirds = {f"{BASE}D/F", f"{BASE}d/f"}
    found, requests = await asked(lambda request: third if request.url in thirds else HERE, {"D/f": 5}, spelt=spelt)
    assert found == ({"D/f": SERVED} if is_asked else {})
    assert (("GET", f"{BASE}D/f") in requests) is is_asked
    assert len(requests) == is_asked + ("other" not in spelt and "" not in spelt.values())


async def test_spellings_of_names_from_elsewhere_tell_nothing() -> None:
    saved = known("D/f", "http://other/f")
    assert await asked(lambda _: NONE, {"D/f": 5}, saved, spelt={"D/f": "D/F"}) == ({}, [])


async def test_a_server_that_does_not_say_whether_it_has_a_third_spelling_is_silent() -> None:
    found, _ = await asked(lambda _: FakeResponse(status=503), {"D/f": 5}, spelt={"D/f": "D/F"})
    assert UNSAID in found["D/f"]


@pytest.mark.parametrize("silent", range(0, 20, 3))
async def test_no_more_files_are_asked_for_once_the_server_is_silent(silent: int) -> None:
    files = {f"{number:02}/x": 5 for number in range(300)}
    response = FakeResponse(status=503)
    found, requests = await asked(lambda request: response if f"/{silent:02}/" in request.url else NONE, files)
    assert len(requests) == (16 if silent < 16 else 272)
    assert sorted(found) == sorted([f"{silent:02}/x", *list(files)[len(requests) :]])
    assert "HTTP 503" in found[f"{silent:02}/x"]
    assert all("was not asked for" in reason for path, reason in found.items() if path != f"{silent:02}/x")


async def test_a_directory_is_left_once_a_file_in_it_is_still_there() -> None:
    files = {f"d/a/{number:04}": 5 for number in range(600)} | {"d/b/x": 5, "d/b/y": 5}
    found, requests = await asked(lambda request: HERE if "/00" in request.url else NONE, files)
    assert sorted(found) == [f"d/a/{number:04}" for number in range(16)]
    assert sorted(requests) == [("GET", BASE + path) for path in [*sorted(found), "d/b/x", "d/b/y"]]


async def test_files_are_asked_for_together() -> None:
    running, most = 0, 0

    async def forbids(_url: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    client = FakeClient(lambda _: NONE)
    inquiry = Inquiry(
        client=client, state=MemoryState(), attempts=1, base=BASE, forbids=forbids, url_of=lambda known: known.url
    )
    assert (await inquiry.ask({f"{number}/x": 5 for number in range(16 + 256 + 1)})).doubtful == []
    assert (most, len(client.requests)) == (256, 16 + 256 + 1)


async def test_all_files_of_all_directories_are_asked_for_once() -> None:
    files = {f"d/{number:04}": 5 for number in range(600)} | {"e/x": 5, "f": 5, "g/y": 5}
    found, requests = await asked(lambda request: HERE if request.url.endswith(("x", "f")) else NONE, files)
    assert found == {"e/x": SERVED, "f": SERVED}
    assert sorted(requests) == sorted(("GET", BASE + path) for path in files)


@pytest.mark.parametrize(("etag", "expected"), [('"a"', [SERVED]), ('"b"', [])])
async def test_the_version_that_was_saved_is_known(etag: str, expected: list[str]) -> None:
    """Every other URL has a page, too, so that only the saved version proves that the file is there."""
    saved = replace(known("a"), validators=Validators(etag='"a"'))
    found, _ = await asked(lambda _: FakeResponse(headers={"ETag": etag, "Content-Length": "6"}), {"a": 5}, saved)
    assert list(found.values()) == expected


async def test_what_has_been_listed_since_it_was_last_asked_for_is_found_in_the_state() -> None:
    state = MemoryState()
    paths = ("a", "b", "still listed", "d/x", "d/e/x", "d/e/y", "dd/x", "f/x", "f/still listed")
    gone = [replace(known(path), checked=GONE) for path in ("b", "d/e/y")]
    state.remember([*map(known, paths), *gone])
    items = [Extraneous(path=path, kind=Kind.FILE, size=9) for path in ("a", "b", "f/x", "f/unknown")]
    items.append(Extraneous(path="d", kind=Kind.DIRECTORY, size=4096))
    assert [each.path for each in await listed_before(items, state)] == ["d/x", "d/e/x", "a", "f/x"]


@pytest.mark.parametrize("is_silent", [False, True])
async def test_the_records_of_files_that_the_server_does_not_have_are_returned(*, is_silent: bool) -> None:
    async def forbids(_url: str) -> None:
        pass

    many = [f"b/{number:02}" for number in range(20)]
    records = [known(path) for path in ("a/gone", "a/here", *many, "c/silent", "d/gone")]
    state = MemoryState()
    state.remember(records)
    last = FakeResponse(status=503) if is_silent else NONE
    client = FakeClient(lambda each: HERE if "here" in each.url else last if "silent" in each.url else NONE)
    inquiry = Inquiry(client=client, state=state, attempts=1, base=BASE, forbids=forbids, url_of=lambda _: None)
    answers = await inquiry.ask({"a/unknown": 5, **{each.path: 5 for each in records}})
    assert [each.path for each in answers.gone] == ["a/gone", *many, *([] if is_silent else ["c/silent"]), "d/gone"]
    assert [each.path for each in answers.doubtful] == ["a/here", *(["c/silent"] if is_silent else [])]


def test_a_file_counts_for_the_listing_that_does_not_show_it() -> None:
    items = [Extraneous(path=path, kind=Kind.FILE, size=1) for path in ("a", "d", "e/f")]
    doubtful = [Doubtful(path, "?") for path in ("a", "d/x/y", "e/f/g", "d/z")]
    found = by_listing(doubtful, items)
    assert {where: [each.path for each in some] for where, some in found.items()} == {
        "": ["a", "d/x/y", "d/z"],
        "e": ["e/f/g"],
    }


def test_the_first_file_and_the_number_of_others_are_named() -> None:
    assert explanation([Doubtful("b", "is here")]).startswith("b is here: if the listing is complete")
    assert explanation([Doubtful("b", "is here"), Doubtful("a", "is not")]).startswith("a is not (and 1 more): if")
