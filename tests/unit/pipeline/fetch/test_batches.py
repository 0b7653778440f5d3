"""Batches of small files: which are requested together, which responses count, and which requests are repeated."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.freshness import Dating
from crawler.model.struct import replace
from crawler.model.values import Job, Kind, Known, Outcome, Result, Span, Staged, Validators
from crawler.pipeline.backlog import most_bytes
from crawler.pipeline.fetch.batches import Batches, FileBatch
from crawler.pipeline.fetch.downloader import Downloader
from crawler.pipeline.rules.responses.carried import History
from tests.support.fakes import FakeClient, FakeDestination, FakeRequest, FakeResponse, Recorder, nothing_refused

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


async def no_listing(_body: bytes, _url: str, _kind: str) -> bool:
    return False


def job(name: str, size: int, **more: object) -> Job:
    return Job(url=f"http://h/{name}", path=name, reason="new", size=Span(size, size), **more)  # type: ignore[arg-type]


def known(etag: str | None) -> Known:
    return Known(
        path="2", url="http://h/2", row="", size=2, mtime=0, validators=Validators(etag=etag), digest=None, checked=0.0
    )


def batches(respond: Callable[[FakeRequest], FakeResponse], *, deepest: int = 8, **more: object) -> Batches:
    client = FakeClient(respond)
    client.sharing.deepest = deepest
    downloader = Downloader(
        client=client,
        destination=FakeDestination(),
        observer=Recorder(),
        permit=nothing_refused,
        attempts=2,
        is_listing=no_listing,
    )
    return Batches(downloader, **more)  # type: ignore[arg-type]


def sized(request: FakeRequest) -> FakeResponse:
    """A response whose body is as long as the number in the name of the file."""
    return FakeResponse(body=b"x" * int(request.url.rpartition("/")[2]))


async def done(all_of: Batches, batch: FileBatch) -> dict[str, Result | Staged]:
    """The outcome of each file of ``batch``, and of those that it puts back, by path."""
    found: dict[str, Result | Staged] = {}
    left: list[Job] = []

    async def finish(*several: Result | Staged) -> None:
        for each in several:
            path = each.path if isinstance(each, Result) else each.job.path
            assert path not in found
            found[path] = each

    await batch.process(finish, left.extend)
    for job in left:
        again = all_of.begin(job)
        if again is None:
            await finish(await all_of.downloader.fetch(job))
        else:
            assert again.is_rest
            await again.process(finish, left.extend)
    return found


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        (job("2", 2), True),
        (job("2", 1), False),
        (job("2", 1, digest="md5:" + "0" * 32), False),
        (job("2", limits.SMALL_BODY - 1), True),
        (job("2", limits.SMALL_BODY), False),
        (replace(job("2", 2), size=None), False),
        (replace(job("2", 2), size=Span(0, 3)), False),
        (replace(job("2", 2), url="http://other/2"), False),
        (replace(job("2", 2), kind=Kind.UNKNOWN), False),
        (replace(job("2", 2), probe=True), False),
        (replace(job("2", 2), fresh=True), False),
        (replace(job("2", 2), known=known('"a"')), True),
        (replace(job("2", 2), known=known('W/"a"')), False),
        (replace(job("2", 2), known=known(None)), False),
    ],
)
def test_what_fits_together(other: Job, fits: bool) -> None:
    batch = batches(sized).begin(job("1", 1))
    assert batch is not None
    assert batch.add(other) is fits


class WithParts(FakeDestination):
    """May have parts, as far as is known."""

    def has_parts(self) -> bool:
        return True


def begun(first: Job, *, alone: set[str], has_parts: bool) -> FileBatch:
    all_of = batches(sized)
    destination = WithParts() if has_parts else FakeDestination()
    all_of = Batches(replace(all_of.downloader, destination=destination))
    all_of.alone = alone
    batch = all_of.begin(first)
    assert batch is not None
    return batch


MORE: list[dict[str, object]] = [
    *[{}] * 12,
    *({"size": size} for size in (None, Span(0, 3), Span(limits.SMALL_BODY - 9, limits.SMALL_BODY - 9))),
    {"url": "http://other/2"},
    {"kind": Kind.UNKNOWN},
    {"probe": True},
    {"fresh": True},
    {"digest": "md5:" + "0" * 32},
    *({"known": known(etag)} for etag in ('"a"', 'W/"a"', None)),
    *({"dating": dating} for dating in Dating),
    *({name: Span(NOON, NOON)} for name in ("modified", "moment")),
]
jobs = st.lists(
    st.builds(
        lambda name, size, more: replace(job(f"{name}", size), **more),
        st.integers(0, 9),
        st.integers(0, 6),
        st.sampled_from(MORE),
    ),
    max_size=9,
)


@settings(max_examples=200, deadline=None)
@given(jobs, st.sets(st.integers(0, 9).map(str), max_size=2), st.booleans())
def test_the_first_jobs_are_added_like_each_of_them(some: list[Job], alone: set[str], has_parts: bool) -> None:
    """Those that are left may fit all the same."""
    first = job("first", 1)
    one_by_one, together = (begun(first, alone=alone, has_parts=has_parts) for _ in range(2))
    count = together.add_first([*some, None])
    assert all(one_by_one.add(each) for each in some[:count])
    assert not (has_parts and count)
    sized = [each.size.low for each in (first, *some) if each.size is not None]
    may_differ = 0 in sized or len(set(sized)) < len(sized) or sum(sized) > limits.SMALL_BODY
    assert alone or has_parts or count == len(some) or not all(map(is_usual, some)) or may_differ
    for each in some[count:]:
        assert together.add(each) is one_by_one.add(each)
    assert together.requests(99, 1) == one_by_one.requests(99, 1)
    assert together.following(History()) == one_by_one.following(History())


def is_usual(each: Job) -> bool:
    return each == job(each.path, each.size.low if each.size else 0)


@pytest.mark.parametrize(
    ("size", "seconds", "most"),
    [
        (0, 0.0, limits.SMALL_BODY),
        (0, 1.0, limits.SMALL_BODY),
        (limits.SMALL_BODY, limits.TOGETHER_SECONDS, limits.SMALL_BODY),
        (limits.SMALL_BODY, 60.0, limits.SMALL_BODY),
        (limits.SMALL_BODY, limits.TOGETHER_SECONDS / 2, 2 * limits.SMALL_BODY),
        (limits.SMALL_BODY, 0.001, limits.TOGETHER_BODIES),
        (1000, 0.0, limits.TOGETHER_BODIES),
    ],
)
def test_how_much_is_requested_together(size: int, seconds: float, most: int) -> None:
    assert most_bytes(size, seconds, limits.TOGETHER_BODIES) == pytest.approx(most)


@pytest.mark.parametrize("is_fast", [True, False])
async def test_a_fast_server_is_asked_for_more_at_once(monkeypatch: pytest.MonkeyPatch, *, is_fast: bool) -> None:
    monkeypatch.setattr(limits, "TOGETHER_SECONDS", 1e9 if is_fast else 0.0)
    all_of = batches(sized)
    first = all_of.begin(job("1", 1))
    assert first is not None
    assert first.add(job("2", 2))
    await done(all_of, first)
    half = limits.SMALL_BODY // 2
    for url, fits in (("http://h/", is_fast), ("http://other/", False)):
        batch = all_of.begin(replace(job("3", half), url=f"{url}3"))
        assert batch is not None
        assert batch.add(replace(job("4", half + 1), url=f"{url}4")) is fits
        assert not batch.add(replace(job("5", limits.TOGETHER_BODIES), url=f"{url}5"))


@pytest.mark.parametrize(
    ("first", "deepest", "room"),
    [
        (job("1", 1), 8, 8),
        (job("1", 1), 1, None),
        (job("1", limits.SMALL_BODY + 1), 8, None),
        (replace(job("1", 1), size=None), 8, None),
        (replace(job("1", 1), probe=True), 8, None),
    ],
)
def test_what_begins_a_batch(first: Job, deepest: int, room: int | None) -> None:
    batch = batches(sized, deepest=deepest).begin(first)
    assert (None if batch is None else batch.room) == room


def test_a_user_may_say_that_rows_need_not_tell_files_apart() -> None:
    batch = batches(sized, is_trusted=True).begin(job("1", 1))
    assert batch is not None
    assert batch.add(job("2", 1))


async def run(
    respond: Callable[[FakeRequest], FakeResponse], sizes: Mapping[str, int]
) -> tuple[Batches, dict[str, Result | Staged]]:
    all_of = batches(respond)
    first, *others = [job(name, size) for name, size in sizes.items()]
    batch = all_of.begin(first)
    assert batch is not None
    for other in others:
        assert batch.add(other)
    return all_of, await done(all_of, batch)


def lengths(found: Mapping[str, Result | Staged]) -> dict[str, int]:
    return {path: len(each.body) for path, each in found.items() if isinstance(each, Staged)}


async def test_all_are_saved_with_one_request_each() -> None:
    made, found = await run(sized, {"1": 1, "2": 2, "3": 3})
    assert lengths(found) == {"1": 1, "2": 2, "3": 3}
    assert [each.result.attempts for each in found.values() if isinstance(each, Staged)] == [1, 1, 1]
    client = made.downloader.client
    assert isinstance(client, FakeClient)
    assert (len(client.requests), client.sharing.findings) == (3, [(3, False, False)])


class Once:
    """Responds differently to the first request for each name."""

    def __init__(self, **first: FakeResponse) -> None:
        self.first = {name.removeprefix("of"): response for name, response in first.items()}

    def __call__(self, request: FakeRequest) -> FakeResponse:
        return self.first.pop(request.url.rpartition("/")[2], None) or sized(request)


ERROR = FakeResponse(status=500)


@pytest.mark.parametrize(
    ("first", "requests", "findings"),
    [
        (Once(of2=FakeResponse(body=b"x" * 3), of3=FakeResponse(body=b"x" * 2)), 6, (0, True, True)),
        (Once(of2=FakeResponse(body=b"x" * 9)), 6, (0, True, False)),
        (Once(of2=FakeResponse(status=404)), 5, (1, False, False)),
        (Once(of1=ERROR, of2=ERROR, of3=ERROR), 6, (0, True, False)),
        (Once(of2=FakeResponse(fails=TimeoutError())), 6, (0, False, False)),
        (Once(of2=FakeResponse(status=429)), 5, (1, False, False)),
    ],
)
async def test_what_is_not_proven_is_requested_again_and_counts_as_no_attempt(
    first: Once, requests: int, findings: tuple[int, bool, bool]
) -> None:
    made, found = await run(first, {"1": 1, "2": 2, "3": 3})
    assert lengths(found) == {"1": 1, "2": 2, "3": 3}
    assert {each.result.attempts for each in found.values() if isinstance(each, Staged)} == {1}
    client = made.downloader.client
    assert isinstance(client, FakeClient)
    assert (len(client.requests), client.sharing.findings) == (requests, [findings])


async def test_an_error_that_stays_is_a_result() -> None:
    _, found = await run(lambda r: FakeResponse(status=404) if r.url.endswith("2") else sized(r), {"1": 1, "2": 2})
    assert isinstance(found["1"], Staged)
    failed = found["2"]
    assert isinstance(failed, Result)
    assert (failed.outcome, failed.reason) == (Outcome.FAILED, "HTTP 404")


async def test_a_digest_beside_a_file_is_looked_up_once_before_anything_is_sent() -> None:
    asked = []

    async def published(jobs: list[Job]) -> list[Job]:
        asked.extend(job.path for job in jobs)
        digest = "md5:9dd4e461268c8034f5c8564e155c67a6"  # of b"x"
        return [replace(job, digest=digest) if job.path == "1" else job for job in jobs]

    made = batches(sized, published=published)
    batch = made.begin(job("1", 1))
    assert batch is not None
    assert batch.add(job("2", 2))
    found = await done(made, batch)
    assert asked == ["1", "2"]
    assert {path: each.job.digest is not None for path, each in found.items() if isinstance(each, Staged)} == {
        "1": True,
        "2": False,
    }


async def test_a_file_that_a_filter_refuses_by_its_headers_is_not_requested_again() -> None:
    made = batches(sized)
    made.downloader = replace(made.downloader, rejects_headers=lambda job, _size, _modified: f"too {job.path}")
    batch = made.begin(job("1", 1))
    assert batch is not None
    assert batch.add(job("2", 2))
    found = await done(made, batch)
    assert {path: each.outcome for path, each in found.items() if isinstance(each, Result)} == {
        "1": Outcome.SKIPPED,
        "2": Outcome.SKIPPED,
    }
    client = made.downloader.client
    assert isinstance(client, FakeClient)
    assert len(client.requests) == 2


def ranged(request: FakeRequest, *, tag: str = '"a"', **more: str) -> FakeResponse:
    """As ``body_of``, but only the range that is requested."""
    whole, wanted = body_of(request.url), request.headers.get("Range", "")
    if not wanted:
        return FakeResponse(body=whole)
    first, last = (int(each) if each else len(whole) - 1 for each in wanted.removeprefix("bytes=").split("-"))
    headers = {"Content-Range": f"bytes {first}-{last}/{len(whole)}", "ETag": tag, **more}
    return FakeResponse(status=206, body=whole[first : last + 1], headers=headers)


def body_of(url: str) -> bytes:
    """100 bytes that are those of no other file."""
    return b"%10d" % zlib.crc32(url.encode()) * 10


def whole_of(request: FakeRequest) -> FakeResponse:
    return FakeResponse(body=body_of(request.url))


async def divided(
    respond: Callable[[FakeRequest], FakeResponse], names: Sequence[str], rounds: int = 1
) -> tuple[Batches, FakeClient, dict[str, Result | Staged]]:
    """The outcome of batches of files of 100 bytes; those that do not fit are done in ``rounds`` - 1 further ones."""
    made, found, left = batches(respond), dict[str, Result | Staged](), [job(name, 100) for name in names]
    for _ in range(rounds):
        batch = made.begin(left.pop(0))
        assert batch is not None
        left = [each for each in left if not batch.add(each)]
        found |= await done(made, batch)
    assert not left
    client = made.downloader.client
    assert isinstance(client, FakeClient)
    return made, client, found


def are_right(found: Mapping[str, Result | Staged]) -> bool:
    return all(isinstance(each, Staged) and each.body == body_of(each.job.url) for each in found.values())


async def test_files_that_look_alike_are_requested_in_two_ranges_once_the_host_has_sent_some() -> None:
    """The first two are a trial."""
    _, client, found = await divided(ranged, "abcdefgh", rounds=2)
    assert (len(found), are_right(found)) == (8, True)
    assert [len(batch) for batch in client.sharing.batches] == [4, 12]
    assert len({request.headers["Range"] for request in client.requests}) == 16


async def test_files_that_look_alike_need_no_trial_if_the_host_has_announced_ranges() -> None:
    made, left = batches(ranged), [job(name, 100) for name in "abcdefgh"]
    made.downloader.client.sharing.announced = True  # type: ignore[attr-defined]
    batch = made.begin(left.pop())
    assert batch is not None
    assert all(map(batch.add, left))
    found = await done(made, batch)
    assert (len(found), are_right(found)) == (8, True)


@pytest.mark.parametrize(
    ("near", "workers", "fits", "is_undecided"),
    [
        (False, 0, True, False),
        (False, 1, False, True),
        (None, 0, False, True),
        (None, 1, False, True),
        (True, 0, False, False),
        (True, 1, False, False),
    ],
)
def test_files_that_look_alike_are_divided_if_the_host_is_known_to_be_distant_and_the_first_burst_is_over(
    near: bool | None, workers: int, fits: bool, is_undecided: bool
) -> None:
    made = batches(ranged, workers=workers)
    made.downloader.client.sharing.near = near  # type: ignore[attr-defined]
    batch = made.begin(job("a", 100))
    assert batch is not None
    assert (batch.add(job("b", 100)), batch.is_undecided) == (fits, is_undecided)


@pytest.mark.parametrize(
    "respond",
    [
        whole_of,
        lambda request: ranged(request, tag='W/"a"'),
        lambda request: ranged(request, **{"Content-Encoding": "gzip"}),
        lambda request: ranged(request, **{"Content-MD5": "AAAA"}),
        lambda request: FakeResponse(status=416) if "Range" in request.headers else whole_of(request),
    ],
)
async def test_a_host_that_sends_no_ranges_that_can_be_joined_gets_no_more_such_requests(
    respond: Callable[[FakeRequest], FakeResponse],
) -> None:
    made, client, found = await divided(respond, "ab")
    assert (len(found), are_right(found)) == (2, True)
    assert [len(batch) for batch in client.sharing.batches] == [4]
    batch = made.begin(job("c", 100))
    assert batch is not None
    assert not batch.add(job("d", 100))


async def test_two_ranges_of_different_versions_are_not_joined() -> None:
    tags = iter("123456")
    _, client, found = await divided(lambda request: ranged(request, tag=f'"{next(tags)}"'), "ab")
    assert are_right(found)
    assert len(client.requests) == 6


async def test_ranges_that_come_in_the_place_of_others_are_not_used() -> None:
    parts = [("a", "0-1"), ("a", "2-"), ("b", "0-2"), ("b", "3-")]
    answers = [ranged(FakeRequest("GET", f"http://h/{name}", {"Range": f"bytes={part}"})) for name, part in parts]
    for order in ((2, 1, 0, 3), (0, 3, 2, 1), (2, 3, 0, 1), (1, 0, 2, 3), (0, 0, 2, 3), (0, 1, 2, 2)):
        first = iter(order)
        _, client, found = await divided(lambda r, first=first: _first(first, answers) or ranged(r), "ab")  # type: ignore[misc]
        assert (order, are_right(found)) == (order, True)
        assert client.sharing.findings[0][2], "a response came in the place of another one"


def _first(order: Iterator[int], answers: Sequence[FakeResponse]) -> FakeResponse | None:
    place = next(order, None)
    return None if place is None else answers[place]


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        (job("1", 100), job("2", 100), True),
        (job("1", 31), job("2", 31), False),
        (job("1", 100), job("2", 100, known=known('"a"')), False),
        (job("1", 40_000), job("2", 40_000), False),
        (replace(job("1", 100), size=Span(90, 110)), replace(job("2", 100), size=Span(90, 110)), True),
    ],
)
def test_which_files_that_look_alike_are_divided(one: Job, other: Job, fits: bool) -> None:
    """New ones that are large enough, and small enough for a trial."""
    batch = batches(ranged).begin(one)
    assert batch is not None
    assert batch.add(other) is fits


async def test_what_cannot_follow_on_a_connection_is_put_back_whole() -> None:
    """Of a file that is divided neither request is sent without the other one."""
    made = batches(ranged)
    batch = made.begin(job("a", 100))
    assert batch is not None
    assert batch.add(job("b", 100))
    assert batch.add(job("c", 7))
    left: list[Job] = []
    batch._put_back = left.extend
    assert len(batch.requests(8, 0)) == 5
    batch.keep([1, 2, 3, 4])
    assert [each.path for each in left] == ["a"]
    again = made.begin(left[0])
    assert again is not None
    assert again.is_rest
