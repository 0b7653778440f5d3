"""Rows P31 to P33, P35: several requests on one connection, with correct servers and with faulty ones."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crawler
from crawler.http.lane.pipeline_depth import DEEPEST
from crawler.model import limits
from crawler.model.config import Config
from crawler.model.report import Report
from crawler.model.state.host_limits import HostLimits
from crawler.model.values import Known
from crawler.storage.state.store import SqliteState
from tests.conftest import Serve
from tests.support.disorderly import FILLED, KINDS, Disorderly, Fault
from tests.support.mirrored import check_disorder, saved

FILES = {f"{number:02}.bin": bytes([number]) * (100 + number) for number in range(24)}
TREE = {f"{number % 8}/{number // 8}/{number:02}.bin": bytes([number]) * (100 + number) for number in range(32)}
ALIKE = {f"{number:02}.bin": bytes([number]) * 100 for number in range(12)}
EMPTY = {f"{number:02}.lock": b"" for number in range(24)}

pytestmark = pytest.mark.own


@pytest.fixture(autouse=True, scope="module")
def _no_backoff() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "BACKOFF_INITIAL", 0.001)
        patch.setattr(limits, "BACKOFF_MAX", 0.001)
        patch.setattr(limits, "NEAR", 0.0)  # files that look alike are requested in ranges, as from a distant host
        yield


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


async def mirror(server: Disorderly, directory: str | Path, **more: object) -> Report:
    given = {"no_robots": True, "attempts": 3, "workers": 2, "read_timeout": 60, "min_speed": 0, **more}
    return await crawler.mirror(server.url, str(directory), Config(**given))  # type: ignore[arg-type]


FAULTS = st.lists(st.builds(Fault, st.sampled_from(KINDS), st.integers(0, 6)), max_size=5)


@pytest.mark.row("P31")
@pytest.mark.parametrize("kind", FILLED)
@pytest.mark.parametrize("after", range(3, 10))
async def test_a_body_is_never_completed_with_the_beginning_of_the_next_response(
    tmp_path: Path, kind: str, after: int
) -> None:
    async with Disorderly(FILES, [Fault(kind, after)]) as server:
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, saved(tmp_path), server.faults) == (0, FILES, [])


@pytest.mark.row("P31")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=FAULTS,
    files=st.sampled_from([{**FILES, **ALIKE}, ALIKE, TREE, EMPTY, {**FILES, **EMPTY}]),
    ranges=st.booleans(),
)
def test_no_disorder_makes_a_wrong_file_or_loses_one(
    runner: asyncio.Runner, faults: list[Fault], files: dict[str, bytes], *, ranges: bool
) -> None:
    """Whatever responses a server swaps, drops, repeats or cuts, saved files are correct and all others have failed."""

    runner.run(check_disorder(mirror, files, faults, ranges=ranges))


@pytest.mark.row("P32")
@pytest.mark.parametrize("flavour", ["nginx", "apache", "caddy", "lighttpd"])
async def test_a_mirror_of_a_real_server_is_the_same_at_every_depth(
    serve: Serve, docroot: Path, tmp_path: Path, flavour: str
) -> None:
    """lighttpd rounds sizes, so its rows do not distinguish small files, but the titles of its listings do."""
    server = serve(flavour)
    root = Path(tempfile.mkdtemp(dir=docroot))
    root.chmod(0o755)
    files = FILES | {f"a b {number % 9}/\u00e9&{number}/x{number}": b"x" * number for number in range(27)}
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    found = {}
    for pipeline in ("off", "auto"):
        server.forget()
        config = Config(pipeline=pipeline, workers=2)  # type: ignore[arg-type]
        report = await crawler.mirror(server.url_of(root), str(tmp_path / pipeline), config)
        times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / pipeline).glob("*.bin")}
        requests = sorted((request.path, request.status) for request in server.requests())
        found[pipeline] = (report.exit_code, report.saved, saved(tmp_path / pipeline), times, requests)
    assert found["auto"] == found["off"]
    assert found["auto"][:3] == (0, len(files), files)
    known = await state_of(tmp_path / "auto")
    assert (known.depth if known else 0) == DEEPEST


@pytest.mark.row("P32")
@pytest.mark.parametrize("flavour", ["nginx", "apache", "caddy", "lighttpd"])
async def test_real_servers_send_ranges_that_tell_files_apart_that_look_alike(
    serve: Serve, docroot: Path, tmp_path: Path, flavour: str
) -> None:
    """The entity tags of these servers are made of size and time, so they are the same for all files."""
    server = serve(flavour)
    root = Path(tempfile.mkdtemp(dir=docroot))
    root.chmod(0o755)
    files = {f"{number:02}.bin": bytes([number]) * 300 for number in range(12)}
    for name, data in files.items():
        (root / name).write_bytes(data)
        os.utime(root / name, (1_700_000_000, 1_700_000_000))
    server.forget()
    report = await crawler.mirror(server.url_of(root), str(tmp_path), Config(workers=1, no_robots=True))
    assert (report.exit_code, report.saved, saved(tmp_path)) == (0, len(files), files)
    assert Counter(request.status for request in server.requests()) == {200: 3, 206: 2 * len(files) - 4}


async def records_of(directory: str | Path) -> Mapping[str, Known]:
    async with SqliteState(Path(directory) / ".crawler" / "state.sqlite3") as state:
        return await state.directory("")


async def state_of(directory: str | Path) -> HostLimits | None:
    async with SqliteState(Path(directory) / ".crawler" / "state.sqlite3") as state:
        return next(iter(state.hosts.values()), None)


@pytest.mark.row("P32")
@pytest.mark.parametrize(
    ("more", "files", "together"),
    [
        ({}, FILES, 14),
        ({"pipeline": "off"}, FILES, 1),
        ({"pipeline": 3}, FILES, 3),
        ({"pipeline": 4}, ALIKE, 4),
        ({}, EMPTY, 14),
        ({"pipeline": "off"}, EMPTY, 1),
        ({"requests_per_second": 1000}, FILES, 1),
        ({"segments": 4}, FILES, 14),
        ({"limit_rate": "1M"}, FILES, 14),
    ],
)
async def test_as_many_requests_share_a_connection_as_their_rows_and_the_options_allow(
    tmp_path: Path, more: dict[str, object], files: dict[str, bytes], together: int
) -> None:
    """Each file is requested once, and the mirror is the same at any depth."""
    async with Disorderly(files) as server:
        report = await mirror(server, tmp_path, workers=1, **more)
    assert (report.exit_code, report.saved, saved(tmp_path)) == (0, len(files), files)
    assert sorted(server.requests) == sorted(["", *files])
    assert max(server.rounds) == together


class Tagged(Disorderly):
    """Sends an entity tag of its own with each file."""

    def _response(self, name: str, fields: str = "", *, minor: int = 1) -> bytes:
        return super()._response(name, f'{fields}ETag: "{name}"\r\n', minor=minor)


@pytest.mark.row("P32")
async def test_empty_files_with_validators_of_their_own_are_requested_one_at_a_time(tmp_path: Path) -> None:
    """Each is recorded with its own entity tag. One batch shows that they differ, and its files are requested again."""
    async with Tagged(EMPTY) as server:
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, report.saved, saved(tmp_path)) == (0, len(EMPTY), EMPTY)
    assert {name: known.validators.etag for name, known in (await records_of(tmp_path)).items()} == {
        name: f'"{name}"' for name in EMPTY
    }
    assert len([count for count in server.rounds if count > 1]) == 1


@pytest.mark.row("P32")
async def test_files_that_look_alike_are_requested_in_two_ranges_each(tmp_path: Path) -> None:
    """The ranges of no two files meet in the same place, so that each response says which file it belongs to.

    The first files are requested alone, because a host may refuse the first burst of requests.
    """
    files = {f"{number:02}.bin": bytes([number]) * 100 for number in range(40)}
    async with Disorderly(files, ranges=True) as server:
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, report.saved, saved(tmp_path)) == (0, len(files), files)
    ranges = [name for name in server.requests if "#" in name]
    assert len(ranges) == len({name.partition("#")[2] for name in ranges}) == len(server.requests) - 2 == 2 * 39
    assert (server.rounds, server.connections) == ([1, 1, 4, 16, 58], 1)
    assert next(iter((await records_of(tmp_path)).values())).validators.etag is not None


@pytest.mark.row("P32")
async def test_files_that_look_alike_are_requested_one_at_a_time_if_ranges_are_ignored(tmp_path: Path) -> None:
    """Two files are requested in vain: then the host is known to send all of a file."""
    async with Disorderly(ALIKE) as server:
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, report.saved, saved(tmp_path)) == (0, len(ALIKE), ALIKE)
    assert server.rounds == [1, 1, 4, *[1] * (len(ALIKE) - 1)]
    async with Disorderly(ALIKE) as server:
        report = await mirror(server, tmp_path / "more", workers=6)
        assert (report.exit_code, saved(tmp_path / "more")) == (0, ALIKE)
    known = await state_of(tmp_path / "more")
    assert known is None or known.depth != 1, "ranges may be ignored"


@pytest.mark.row("P32")
@pytest.mark.parametrize(("kind", "together"), [("old", 1), ("last", 1)])
async def test_hosts_that_close_each_connection_get_one_request_at_a_time(
    tmp_path: Path, kind: str, together: int
) -> None:
    async with Disorderly(FILES, [Fault(kind)] * 100) as server:
        report = await mirror(server, tmp_path)
    assert (report.exit_code, saved(tmp_path), max(server.rounds)) == (0, FILES, together)
    assert sorted(server.requests) == sorted(["", *FILES])


@pytest.mark.row("P32")
@pytest.mark.parametrize("kind", ["old", "last"])
async def test_a_listing_over_http_1_1_before_files_that_close_costs_a_few_requests(tmp_path: Path, kind: str) -> None:
    """As of a server behind another one, which keeps its own connections open."""
    async with Disorderly(FILES, [Fault(kind, after=1), *[Fault(kind)] * 100]) as server:
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, saved(tmp_path)) == (0, FILES)
    assert len(server.requests) <= 1 + len(FILES) + 2, "what was lost with two connections"


@pytest.mark.row("P32")
async def test_the_round_trips_of_one_connection(tmp_path: Path) -> None:
    """24 files take 24 round trips one by one, 3 on a new host, and 1 on a known one, besides that of the page."""
    async with Disorderly(FILES) as server:
        await mirror(server, tmp_path, workers=1)
        assert server.rounds == [1, 2, 8, 14]
        for path in tmp_path.glob("*.bin"):
            path.unlink()
        assert server.connections == 1
        server.rounds.clear()
        report = await mirror(server, tmp_path, workers=1)
    assert (server.rounds, server.connections) == ([1, 24], 2)
    assert (report.exit_code, saved(tmp_path)) == (0, FILES)


@pytest.mark.row("P33")
@pytest.mark.parametrize("kind", ["swap", "repeat", "drop", "bad request", "garbage"])
async def test_what_a_host_cannot_take_is_remembered_for_a_month(tmp_path: Path, kind: str) -> None:
    """No attempt is counted, so nothing fails with --attempts 1."""
    async with Disorderly(FILES, [Fault(kind, after=4)]) as server:
        patience = 3 if kind == "drop" else 60  # it waits for the dropped response
        report = await mirror(server, tmp_path, workers=1, attempts=1, read_timeout=patience)
        assert (report.exit_code, saved(tmp_path)) == (0, FILES)
        known = await state_of(tmp_path)
        assert known is not None
        assert known.depth == 1
        for name in server.files:
            server.files[name] += b"more"
        server.rounds.clear()
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, report.saved, saved(tmp_path)) == (0, len(FILES), server.files)
    assert max(server.rounds) == 1


@pytest.mark.row("P33")
@pytest.mark.parametrize("kind", ["reset", "close"])
async def test_connections_that_break_off_halve_the_depth_and_are_forgotten_with_the_run(
    tmp_path: Path, kind: str
) -> None:
    """The network may be the reason. No attempt is counted: with --attempts 1 nothing fails."""
    files = {f"{number:03}": b"x" * number for number in range(60)}
    async with Disorderly(files, [Fault(kind, after=2)]) as server:
        report = await mirror(server, tmp_path, workers=1, attempts=1)
        assert (report.exit_code, saved(tmp_path)) == (0, files)
        assert max(server.rounds[-5:]) == 1
        known = await state_of(tmp_path)
        assert known is None or known.depth != 1
        for name in files:
            (tmp_path / name).unlink()
        server.rounds.clear()
        report = await mirror(server, tmp_path, workers=1, attempts=1)
    assert (report.exit_code, saved(tmp_path), max(server.rounds)) == (0, files, DEEPEST)


@pytest.mark.row("P33")
async def test_a_host_that_closes_connections_after_some_requests_is_no_worse_for_it(tmp_path: Path) -> None:
    async with Disorderly({f"{number:03}": b"x" * number for number in range(120)}, per_connection=5) as server:
        report = await mirror(server, tmp_path, workers=1)
        assert (report.exit_code, saved(tmp_path)) == (0, server.files)
    known = await state_of(tmp_path)
    assert known is not None
    assert (known.depth, known.per_connection) == (DEEPEST, 5)
    assert len(server.requests) < 121 + DEEPEST, "what was lost with two connections, while the limit was not known"


@pytest.mark.row("P31")
@pytest.mark.parametrize(
    ("first", "rest", "connections"),
    [
        ({"000": b"a", "001": b"bb"}, {f"{number:03}": b"%03d" % number * 300 for number in range(2, 30)}, None),
        ({}, {f"{number:03}": b"%03d" % number * (number + 1) for number in range(30)}, 3),
    ],
    ids=["all but two alike", "no two alike"],
)
async def test_a_response_that_comes_again_behind_a_batch_answers_no_later_request(
    tmp_path: Path, first: dict[str, bytes], rest: dict[str, bytes], connections: int | None
) -> None:
    """A connection is used again if what follows can be told from all before, and closed if something comes twice."""
    async with Disorderly({**first, **rest}, repeats_late=True) as server:
        report = await mirror(server, tmp_path, workers=1)
        assert max(server.rounds) > 1
        assert (report.exit_code, saved(tmp_path)) == (0, server.files)
        assert connections is None or server.connections <= connections


@pytest.mark.row("P31")
async def test_a_request_that_goes_alone_never_shares_a_connection_that_several_have_used(tmp_path: Path) -> None:
    """Large files go alone: the repetition of a small one, which might come first, would answer them."""
    files = {f"{number:02}": b"x" * (number + 1 if number % 3 else limits.SMALL_BODY + number) for number in range(24)}
    async with Disorderly(files) as server:
        report = await mirror(server, tmp_path, workers=1)
        assert (report.exit_code, saved(tmp_path)) == (0, files)
        assert max(server.rounds) > 1
        mixed = [used for used in server.used if len(used) > 1 and used[-1] == 1 and max(used) > 1]
        assert not mixed, "a single request behind several"


@pytest.mark.row("P35")
@pytest.mark.parametrize(
    ("title", "more", "rounds"),
    [
        ("Index of /{}", {}, [1, 2, 8, 14]),
        ("My files", {}, [1] * 25),
        ("Index of /{}", {"pipeline": "off"}, [1] * 25),
        ("Index of /{}", {"listers": 1}, [1] * 25),
    ],
)
async def test_listings_share_a_connection_if_their_titles_say_what_they_are(
    tmp_path: Path, title: str, more: dict[str, object], rounds: list[int]
) -> None:
    """One page of 24 directories, each of them empty but for a directory that a filter prunes."""
    files = {f"d{number:02}/no/x": b"x" for number in range(24)}
    async with Disorderly(files, title=title) as server:
        report = await mirror(server, tmp_path, workers=1, exclude=("no/",), **more)
        assert (report.exit_code, report.listings_read, server.rounds) == (0, 25, rounds)
        assert sorted(server.requests) == ["", *(f"d{number:02}/" for number in range(24))]
        assert server.connections == 1


@pytest.mark.row("P35")
async def test_titles_that_stop_saying_what_they_are_end_the_sharing_of_listings_alone(tmp_path: Path) -> None:
    """The root is titled as expected, all others as the root: nothing is lost, and the host is not to blame."""
    async with Disorderly(TREE, title="Index of /") as server:
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, saved(tmp_path)) == (0, TREE)
    known = await state_of(tmp_path)
    assert known is None or known.depth != 1
    assert len(server.requests) - len(set(server.requests)) == 2, "the listings that were requested again, alone"


@pytest.mark.row("P35")
async def test_listings_and_files_take_turns(tmp_path: Path) -> None:
    """With one connection neither has to wait until the other is done."""
    files = {f"d{number:02}/{each}.bin": b"x" * (number * 4 + each) for number in range(80) for each in range(4)}
    async with Disorderly(files) as server:
        report = await mirror(server, tmp_path, workers=1)
    assert (report.exit_code, saved(tmp_path)) == (0, files)
    kinds = [name.endswith("/") for name in server.requests[1:]]
    last = len(kinds) - kinds[::-1].index(True)
    assert 0.3 <= kinds[:last].count(False) / last <= 0.7, "files among the requests until the last listing"
    assert sum(1 for one, other in itertools.pairwise(kinds) if one is not other) >= 6, "turns"
