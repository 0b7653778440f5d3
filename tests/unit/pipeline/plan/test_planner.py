"""How each entry of a listing becomes a job or a result, and which local files the listing does not show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import DestinationError
from crawler.model.values import Entry, Job, Kind, Known, Local, Outcome, Result, Span, Validators
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.plan.checksum_files import Checksums
from crawler.pipeline.plan.planner import Planner
from crawler.pipeline.plan.policy import Policy
from crawler.pipeline.rules.budgets import Budget, Room
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import Scope
from crawler.pipeline.runs.build import refuse_by
from crawler.pipeline.runs.url_list import as_job
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from tests.support.fakes import (
    FakeClient,
    FakeDestination,
    FakeResponse,
    FakeRules,
    MemoryState,
    Recorder,
    nothing_refused,
)

ROOT = "http://h/pub/"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = 1_000_000_000
MTIME = int(NOON.timestamp()) * SECOND
LOCAL = Local(Kind.FILE, 10, MTIME)
PLENTY = 1 << 40


def file(name: str, *, size: int = 10, url: str | None = None, directory: str = "", kind: Kind = Kind.FILE) -> Entry:
    where = f"{directory}/{name}" if directory else name
    span = Span(NOON, NOON + timedelta(seconds=59))
    return Entry(
        name=name,
        kind=kind,
        url=url or ROOT + where,
        size=Span(size, size),
        modified=span,
        row=f"noon {size}",
        folder=directory,
    )


def known(path: str, *, row: str = "noon 10", **more: object) -> Known:
    checked = NOON.timestamp() + 3600
    return replace(
        Known(path=path, url=ROOT + path, row=row, size=10, mtime=MTIME, checked=checked),
        **more,  # type: ignore[arg-type]
    )


class Decider:
    """A planner over fakes, and the jobs that it put into the queue."""

    def __init__(
        self,
        local: Collection[str] = (),
        *states: Known,
        config: Config | None = None,
        forbidden: Collection[str] = (),
        budget: Budget | None = None,
        free: int = PLENTY,
        sums: bytes | None = None,
    ) -> None:
        """``sums``: the body of every checksum file; None: none is consulted."""
        config = config or Config()
        self.destination = FakeDestination(dict.fromkeys(local, LOCAL))
        self.state = MemoryState(*states)
        self.observer = Recorder()
        self.jobs: list[Job] = []
        self.outcomes: dict[str, Outcome] = {}
        """Path → the outcome of its job, if it is not saved."""
        self.allowance = Allowance(budget)
        client, checksums = FakeClient(lambda _: FakeResponse(body=sums or b"")), None
        if sums is not None:
            checksums = Checksums(client, self.destination, self.state, nothing_refused, attempts=1, warn=print)
        policy = Policy(
            rules=FakeRules(forbidden),
            allowance=self.allowance,
            room=Room("DIR", free),
            last=config.last,
            check=config.check,
            checksums=checksums,
        )
        self.producer = Planner(self.destination, self.state, self.observer, Filters(config, NOON), policy)
        self.scope = Scope(ROOT, frozenset(config.allow_host))

    async def _put(self, *jobs: Job) -> None:
        for job in jobs:
            self.jobs.append(job)
            size = job.size.high if job.size else 0
            self.allowance.finished(
                Result(path=job.path, url=job.url, outcome=self.outcomes.get(job.path, Outcome.SAVED), size=size)
            )

    async def visit(self, *entries: Entry, path: str = "", last: bool = True, complete: bool | None = None) -> None:
        folder = Directory(path=path, url=f"{ROOT}{path}/" if path else ROOT)
        whole = last if complete is None else complete
        page = DirectoryPage(
            directory=folder, url=folder.url, scope=self.scope, entries=entries, complete=whole, last=last
        )
        await self.producer.visit(page, self._put)

    @property
    def paths(self) -> list[str]:
        return [job.path for job in self.jobs]

    @property
    def extraneous(self) -> list[str]:
        return sorted(item.path for item in self.producer.findings.unlisted.gone)

    def ended(self, path: str) -> tuple[str, str]:
        (result,) = (result for result in self.observer.results if result.path == path)
        return str(result.outcome), result.reason

    def assert_closed(self) -> None:
        """Assert that each listed entry is a job or a result, once."""
        ends = [
            *self.paths,
            *(job.path for job in self.producer.findings.held),
            *(r.path for r in self.observer.results),
        ]
        assert Counter(ends) == Counter(self.observer.listed_paths)


async def test_what_is_wanted_and_not_here_becomes_a_job_with_what_is_known_of_it() -> None:
    decider = Decider()
    await decider.visit(file("a"), path="sub")
    assert decider.jobs == [
        Job(
            url=f"{ROOT}a",
            path="sub/a",
            reason="new",
            size=Span(10, 10),
            modified=Span(NOON, NOON + timedelta(seconds=59)),
            row="noon 10",
        )
    ]
    decider.assert_closed()


async def test_what_is_current_costs_nothing() -> None:
    decider = Decider(["a", "sub/b"], known("a"), known("sub/b"))
    await decider.visit(file("a"))
    await decider.visit(file("b", url=f"{ROOT}sub/b"), path="sub")
    assert decider.jobs == []
    assert decider.observer.outcomes() == {"a": "unchanged", "sub/b": "unchanged"}
    decider.assert_closed()


@pytest.mark.parametrize(
    ("state", "local", "probe", "conditional"),
    [
        (None, True, True, False),
        (known("a", checked=0.0), True, False, True),
        (known("a", row="old", validators=Validators(etag='"1"')), True, False, True),
        (known("a", row="old"), True, False, False),
        (known("a", mtime=5), True, True, False),
        (known("a"), False, False, False),
    ],
    ids=["no state", "racy", "row changed, ETag", "row changed", "touched", "missing"],
)
async def test_a_job_sends_the_cheapest_safe_request(
    state: Known | None, local: bool, probe: bool, conditional: bool
) -> None:
    decider = Decider(["a"] if local else [], *([state] if state else []))
    await decider.visit(file("a"))
    (job,) = decider.jobs
    assert (job.probe, job.known is not None) == (probe, conditional)
    assert (job.local is not None) == local


async def test_a_row_that_is_printed_differently_and_proves_the_same_is_remembered() -> None:
    exact = replace(file("a"), modified=Span(NOON, NOON), row="new look")
    decider = Decider(["a"])
    await decider.visit(exact)
    assert decider.ended("a") == ("unchanged", "same size and time")


@pytest.mark.parametrize(
    ("config", "entry", "reason"),
    [
        (Config(ext=("zip",)), file("a.txt"), "ext"),
        (Config(max_size=5), file("a.txt"), "too-large"),
        (Config(newer_than=datetime(2100, 1, 1, tzinfo=UTC)), file("a.txt"), "too-old"),
        (Config(), file("a.txt", url="http://evil/a.txt"), "other-host"),
        (Config(), file("a.txt", url="http://h/a.txt"), "above"),
        (Config(), file("a.txt", url=f"{ROOT}no.txt"), "robots"),
    ],
)
async def test_what_is_not_wanted_is_skipped_with_the_rule(config: Config, entry: Entry, reason: str) -> None:
    decider = Decider(config=config, forbidden=[f"{ROOT}no.txt"])
    await decider.visit(entry)
    assert decider.jobs == []
    assert decider.ended("a.txt") == ("skipped", reason)
    decider.assert_closed()


async def test_a_named_host_is_fetched_from() -> None:
    decider = Decider(config=Config(allow_host=("cdn",)))
    await decider.visit(file("a.txt", url="http://cdn/x"))
    assert [job.url for job in decider.jobs] == ["http://cdn/x"]


@pytest.mark.parametrize("name", ["..", "a\0b", ".crawler", "x" * 256, "..\\..\\x"])
async def test_a_name_that_cannot_be_is_a_failure_and_the_others_go_on(name: str) -> None:
    decider = Decider()
    await decider.visit(replace(file("bad"), name=name), file("good"))
    assert decider.paths == ["good"]
    assert [result.outcome for result in decider.observer.results] == [Outcome.FAILED]


async def test_a_file_and_a_directory_of_one_name_cannot_both_be_kept() -> None:
    decider = Decider()
    await decider.visit(file("x"), file("x", kind=Kind.DIRECTORY), file("y"))
    assert decider.paths == ["y"]
    assert decider.ended("x")[0] == "failed"
    assert "name-clash" in decider.ended("x")[1]


async def test_two_urls_for_one_path_are_a_failure_of_the_second() -> None:
    decider = Decider()
    await decider.visit(file("x"), file("x", url=f"{ROOT}other/x"))
    assert decider.paths == ["x"]
    assert decider.ended("x")[0] == "failed"
    decider.assert_closed()


async def test_a_row_that_a_later_page_repeats_is_one_entry() -> None:
    """A listing that grows while its pages are read repeats the last rows of one page on the next."""
    decider = Decider(["same"], known("same"))
    await decider.visit(file("a"), file("same"), last=False)
    await decider.visit(file("a"), file("same"), file("b"))
    assert decider.paths == ["a", "b"]
    assert decider.observer.outcomes() == {"same": "unchanged"}
    assert decider.observer.refused == [("a", "duplicate"), ("same", "duplicate")]
    decider.assert_closed()


async def test_directories_are_left_to_the_walker() -> None:
    decider = Decider()
    await decider.visit(file("sub", kind=Kind.DIRECTORY))
    assert decider.jobs == decider.observer.results == []


async def test_files_that_match_last_are_held_back() -> None:
    decider = Decider(config=Config(last=("*SUMS", "repomd.xml")))
    await decider.visit(file("SHA256SUMS"), file("a"), file("repomd.xml"))
    assert decider.paths == ["a"]
    assert [job.path for job in decider.producer.findings.held] == ["SHA256SUMS", "repomd.xml"]
    decider.assert_closed()


@pytest.mark.parametrize("budget", [Budget(files=2), Budget(size=25)])
async def test_beyond_the_budget_everything_is_skipped(budget: Budget) -> None:
    decider = Decider(budget=deepcopy(budget))
    await decider.visit(*(file(name) for name in "abcde"))
    await decider.visit(file("f"), path="sub")
    assert decider.paths == ["a", "b"]
    assert decider.allowance.spent
    assert set(decider.observer.outcomes().values()) == {"skipped"}
    assert len(decider.observer.results) == 4
    decider.assert_closed()


@pytest.mark.parametrize("outcome", [Outcome.UNCHANGED, Outcome.FAILED, Outcome.SKIPPED, Outcome.DIRECTORY])
@pytest.mark.parametrize("budget", [Budget(files=2), Budget(size=25)])
async def test_what_was_requested_and_not_saved_leaves_the_budget_to_others(budget: Budget, outcome: Outcome) -> None:
    budget = deepcopy(budget)
    decider = Decider(budget=budget)
    decider.outcomes = dict.fromkeys("abc", outcome)
    await decider.visit(*(file(name) for name in "abcdef"))
    assert decider.paths == ["a", "b", "c", "d", "e"]
    assert decider.allowance.spent


async def test_the_budget_counts_what_is_fetched_only() -> None:
    decider = Decider(["a", "b"], known("a"), known("b"), budget=Budget(files=1))
    await decider.visit(file("a"), file("b"), file("c"))
    assert decider.paths == ["c"]
    assert not decider.allowance.spent


async def test_a_page_that_cannot_fit_is_refused_before_its_first_byte() -> None:
    decider = Decider(free=100 * limits.MIB)
    with pytest.raises(DestinationError, match="not enough space"):
        await decider.visit(*(file(name, size=40 * limits.MIB) for name in "abc"))
    assert decider.jobs == []


async def test_what_replaces_a_file_needs_the_difference_only() -> None:
    decider = Decider(free=100 * limits.MIB)
    old = Local(Kind.FILE, 60 * limits.MIB, 0)
    decider.destination.files = {"a": old, "b": old}
    await decider.visit(file("a", size=90 * limits.MIB), file("b", size=90 * limits.MIB))
    assert decider.paths == ["a", "b"]


@pytest.mark.parametrize(
    ("digest", "saved", "reason"),
    [
        ("sha256:1", "sha256:1", "--check digest"),
        ("sha256:2", "sha256:1", "digest differs"),
        ("sha256:2", None, "--check digest"),
    ],
)
async def test_check_digest_hashes_the_local_copy(digest: str, saved: str | None, reason: str) -> None:
    decider = Decider(["a"], known("a", digest=saved), config=Config(check="digest"))
    decider.destination.digests["a"] = digest
    await decider.visit(file("a"))
    (job,) = decider.jobs
    assert job.reason == reason
    assert (job.known is None) == (reason == "digest differs")


# --- rows in the server's own zone ----------------------------------------------------------------

KOLKATA = timedelta(hours=5, minutes=30)


def local_row(name: str, moment: datetime, width: int = 59) -> Entry:
    low = (moment + KOLKATA).replace(tzinfo=None)
    return replace(file(name), modified=Span(low, low + timedelta(seconds=width)), row=f"{low} 10")


def witness(name: str, moment: datetime) -> tuple[Entry, Known]:
    """A known file whose Last-Modified shows the zone."""
    entry = local_row(name, moment)
    stands = Validators(last_modified=format_datetime(moment, usegmt=True))
    state = known(name, row=entry.row, validators=stands, mtime=int(moment.timestamp()) * SECOND)
    return entry, replace(state, checked=moment.timestamp() + 3 * 3600)


(BEFORE, BEFORE_KNOWN), (AFTER, AFTER_KNOWN) = (witness("before", NOON - HOUR), witness("later", NOON + HOUR))


@pytest.mark.parametrize(
    ("width", "offset", "ends"),
    [
        (0, 0, ("unchanged", "same size and time")),
        (0, 3600, ("fetch", "time differs")),
        (59, 30, ("probe", "not saved by this program")),
        (59, 60, ("fetch", "time differs")),
        (59, -1, ("fetch", "time differs")),
    ],
)
async def test_a_copy_without_a_record_is_judged_in_the_zone_of_its_neighbours(
    width: int, offset: int, ends: tuple[str, str]
) -> None:
    decider = Decider((), BEFORE_KNOWN, AFTER_KNOWN)
    decider.destination.files = {
        "before": Local(Kind.FILE, 10, BEFORE_KNOWN.mtime),
        "later": Local(Kind.FILE, 10, AFTER_KNOWN.mtime),
        "a": Local(Kind.FILE, 10, MTIME + offset * SECOND),
    }
    await decider.visit(BEFORE, local_row("a", NOON, width), AFTER)
    if decider.jobs:
        (job,) = decider.jobs
        assert (("probe" if job.probe else "fetch"), job.reason) == ends
        assert job.modified == local_row("a", NOON, width).modified, "the job says what the row says"
    else:
        assert decider.ended("a") == ends
    assert decider.observer.outcomes()["later"] == "unchanged"
    decider.assert_closed()


@pytest.mark.parametrize("states", [(), (BEFORE_KNOWN,), (BEFORE_KNOWN, replace(AFTER_KNOWN, row="as it was"))])
async def test_if_no_zone_is_known_a_copy_is_checked_with_a_request(states: tuple[Known, ...]) -> None:
    decider = Decider(["a"], *states)
    await decider.visit(BEFORE, local_row("a", NOON, 0), AFTER)
    (job,) = (job for job in decider.jobs if job.path == "a")
    assert (job.probe, job.reason) == (True, "not saved by this program")


@pytest.mark.parametrize(
    ("newer_than", "states", "reason"),
    [
        (NOON + timedelta(minutes=1), (BEFORE_KNOWN, AFTER_KNOWN), "too-old"),
        (NOON, (BEFORE_KNOWN, AFTER_KNOWN), None),
        (NOON + timedelta(minutes=1), (BEFORE_KNOWN,), None),
        (NOON + timedelta(minutes=1), (), None),
    ],
)
async def test_a_limit_on_age_applies_in_the_zone_of_the_neighbours(
    newer_than: datetime, states: tuple[Known, ...], reason: str | None
) -> None:
    decider = Decider((), *states, config=Config(newer_than=newer_than))
    await decider.visit(BEFORE, local_row("a", NOON), AFTER)
    assert ("a" in decider.paths) is (reason is None)
    if reason:
        assert decider.ended("a") == ("skipped", reason)
    decider.assert_closed()


async def test_a_zone_makes_no_row_unchanged_that_was_not() -> None:
    """The row of a known file is compared exactly as printed."""
    entry, state = witness("a", NOON)
    decider = Decider((), BEFORE_KNOWN, AFTER_KNOWN, replace(state, row="as it was"))
    decider.destination.files = {"a": Local(Kind.FILE, 10, MTIME)}
    await decider.visit(BEFORE, entry, AFTER)
    (job,) = (job for job in decider.jobs if job.path == "a")
    assert (job.probe, job.reason) == (False, "row changed")


# --- what is extraneous ---------------------------------------------------------------------------


async def test_what_a_complete_listing_does_not_show_is_extraneous() -> None:
    decider = Decider(["a", "gone", "old/deep/file", "sub/x"])
    await decider.visit(file("a"), file("sub", kind=Kind.DIRECTORY))
    assert decider.extraneous == ["gone", "old"]
    assert decider.producer.findings.local_files == 2


async def test_what_an_incomplete_listing_does_not_show_is_unknown() -> None:
    decider = Decider(["a", "b"])
    await decider.visit(file("a"), complete=False)
    assert decider.extraneous == []


async def test_nothing_is_compared_before_the_last_page() -> None:
    decider = Decider(["a", "b", "gone"])
    await decider.visit(file("a"), last=False)
    assert decider.extraneous == []
    await decider.visit(file("b"))
    assert decider.extraneous == ["gone"]


async def test_pages_of_two_directories_may_come_in_turns() -> None:
    decider = Decider(["one/a", "one/b", "two/a", "two/c"])
    await decider.visit(file("a", url=f"{ROOT}one/a"), path="one", last=False)
    await decider.visit(file("a", url=f"{ROOT}two/a"), path="two")
    await decider.visit(file("b", url=f"{ROOT}one/b"), path="one")
    assert decider.extraneous == ["two/c"]


@pytest.mark.parametrize(
    "entry",
    [
        file("x", url="http://evil/x"),
        file("x", url=f"{ROOT}no.txt"),
        file("x", size=999),
        file("x", kind=Kind.UNKNOWN),
        file("x", kind=Kind.SYMLINK),
        file("x", kind=Kind.DIRECTORY),
    ],
    ids=["other host", "robots", "too large", "unknown", "symlink", "folder"],
)
async def test_whatever_is_shown_is_not_gone(entry: Entry) -> None:
    decider = Decider(["x"], config=Config(max_size=500), forbidden=[f"{ROOT}no.txt"])
    await decider.visit(entry)
    assert decider.extraneous == []


async def test_names_beyond_the_budget_are_shown_all_the_same() -> None:
    decider = Decider(["a", "b", "c"], budget=Budget(files=1))
    decider.destination.files = dict.fromkeys("abc", Local(Kind.FILE, 1, 1))
    await decider.visit(*(file(name) for name in "abc"))
    assert decider.extraneous == []


async def test_a_flat_listing_is_compared_directory_by_directory() -> None:
    decider = Decider(["a/x", "a/gone", "a/b/y", "other"])
    await decider.visit(file("x", directory="a"), file("y", directory="a/b"))
    assert decider.extraneous == ["a/gone", "other"]


async def test_an_empty_listing_makes_its_directory_and_empties_it() -> None:
    decider = Decider(["sub/old"])
    await decider.visit(path="sub")
    assert decider.destination.created == ["sub"]
    assert decider.extraneous == ["sub/old"]


async def test_an_empty_directory_that_cannot_be_made_is_a_failure() -> None:
    decider = Decider()
    decider.destination.stays["sub"] = "a file is in its place"
    await decider.visit(path="sub")
    assert decider.observer.failed_listings == [("sub", "a file is in its place")]


async def test_an_empty_root_is_compared_and_makes_nothing() -> None:
    decider = Decider(["old"])
    await decider.visit()
    assert decider.destination.created == []
    assert decider.extraneous == ["old"]


@pytest.mark.parametrize(
    ("path", "url", "reason"),
    [("skip", f"{ROOT}skip/", "exclude"), ("sub/no", f"{ROOT}no/", "robots"), ("fine", f"{ROOT}fine/", None)],
)
def test_which_directories_are_not_entered(path: str, url: str, reason: str | None) -> None:
    config = Config.from_mapping({"exclude": "skip/"}, where="test")
    rejection = refuse_by(Filters(config, NOON), FakeRules([f"{ROOT}no/"]))(path, url)
    assert (rejection.reason if rejection else None) == reason


NAMES = st.sampled_from(["a", "b.zip", "c", "SHA256SUMS", "..", "no.txt", "big"])
ENTRIES = st.builds(
    file,
    NAMES,
    size=st.sampled_from([0, 10, 5000]),
    directory=st.sampled_from(["", "deep", "deep/er"]),
    kind=st.sampled_from([Kind.FILE, Kind.UNKNOWN, Kind.DIRECTORY]),
    url=st.none() | st.sampled_from(["http://evil/x", f"{ROOT}x"]),
)


@given(
    pages=st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=3),
    local=st.sets(st.sampled_from(["a", "b.zip", "c", "deep/a", "deep/er/c", "gone"])),
    budget=st.none() | st.integers(0, 3),
    complete=st.booleans(),
)
async def test_every_entry_ends_once_and_nothing_that_is_shown_is_extraneous(
    pages: list[list[Entry]], local: set[str], budget: int | None, complete: bool
) -> None:
    states = [known(path) for path in local if path != "c"]
    decider = Decider(
        local, *states, config=Config(max_size=1000), forbidden=[f"{ROOT}no.txt"], budget=Budget(files=budget)
    )
    for number, page in enumerate(pages, 1):
        await decider.visit(*page, last=number == len(pages), complete=complete and number == len(pages))
    decider.assert_closed()
    assert len(decider.paths) == len(set(decider.paths))
    shown = {f"{entry.folder}/{entry.name}".lstrip("/") for page in pages for entry in page}
    assert not shown.intersection(decider.extraneous)
    assert complete or not decider.extraneous


# --- jobs without a listing -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "local", "reason", "probe", "conditional"),
    [
        (None, None, "new", False, False),
        (None, LOCAL, "not saved by this program", True, False),
        (known("a", validators=Validators(etag='"1"')), LOCAL, "row changed", False, True),
        (known("a"), LOCAL, "row changed", False, False),
        (known("a", validators=Validators(etag='"1"'), row=""), LOCAL, "the row has no time", False, True),
        (known("a", row=""), LOCAL, "the row has no time", True, False),
        (known("a"), None, "missing locally", False, False),
    ],
)
def test_a_url_without_a_row_is_requested_as_its_copy_allows(
    state: Known | None, local: Local | None, reason: str, probe: bool, conditional: bool
) -> None:
    job = as_job(f"{ROOT}a", "a", state, local)
    assert (job.reason, job.probe, job.known is not None) == (reason, probe, conditional)
    assert (job.url, job.path, job.size, job.local) == (f"{ROOT}a", "a", None, local)
