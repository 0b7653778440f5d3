"""Runs into a store that fails in the middle: what was done before is reported, and what is unknown is no success."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from crawler.cli import parser as cli
from crawler.storage.objects import removal
from crawler.storage.state.store import SqliteState
from tests.support.servers.faulty_store import LOST, Fault, FaultyStore, faulty_store

pytestmark = pytest.mark.own

PLACE = "s3://bucket/pub"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


class Runs:
    """Runs of the program, in this process, from a site with the files of ``tree`` into ``store``."""

    def __init__(self, store: FaultyStore, tree: Path, site: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.store, self.tree, self.site, self._capsys = store, tree, site, capsys
        self._out = tree.parent
        self.said = ""

    def run(self, *arguments: str) -> int:
        """The exit code of a run with ``arguments``; ``said`` is what it printed."""
        code = cli.run(arguments)
        self.said = "".join(self._capsys.readouterr())
        return code

    def mirror(self, *options: str) -> tuple[int, dict[str, Any], list[str]]:
        """Mirror the site. Returns the exit code, the summary, and the paths in the list of changes."""
        summary, changes = self._out / "summary.json", self._out / "changes"
        changes.unlink(missing_ok=True)
        code = self.run("--no-robots", f"--summary={summary}", f"--changes={changes}", *options, self.site, PLACE)
        paths = [json.loads(line)["path"] for line in changes.read_text().splitlines()] if changes.exists() else []
        return code, json.loads(summary.read_text()), sorted(paths)

    def is_mirrored(self) -> bool:
        files = (path for path in self.tree.rglob("*") if path.is_file())
        return self.store.files() == {f"pub/{path.relative_to(self.tree)}": path.read_bytes() for path in files}


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Runs]:
    tree = tmp_path / "tree"
    for name in [*(f"keep/{number}" for number in range(3)), *(f"gone/{number}" for number in range(6))]:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    handler = partial(Quiet, directory=tree)
    with faulty_store() as store, ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Runs(store, tree, f"http://127.0.0.1:{server.server_port}/", capsys)
        server.shutdown()


def losing_first(method: str, key: str) -> tuple[Fault, list[str]]:
    """A fault that loses the response to the first such request, and the list of these requests."""
    sent: list[str] = []

    def fault(its_method: str, its_key: str, query: str) -> str | None:
        if (its_method, its_key) != (method, key):
            return None
        sent.append(query)
        return LOST if len(sent) == 1 else None

    return fault, sent


DELETING = ("--delete", "--max-delete=100%")


@pytest.mark.row("B11")
def test_what_was_deleted_before_the_store_failed_or_refused_a_key_is_reported(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 2)
    assert runs.mirror()[:1] == (0,)
    shutil.rmtree(runs.tree / "gone")
    store = runs.store
    count = iter(range(100))
    store.fault = lambda method, key, query: 403 if method == "POST" and next(count) else None
    code, summary, changes = runs.mirror(*DELETING)
    gone = sorted({f"gone/{number}" for number in range(6)} - {key.removeprefix("pub/") for key in store.files()})
    assert (code, summary["deleted"], changes, len(gone)) == (4, 2, gone, 2)
    assert "Kept: 4 gone upstream" in runs.said
    assert "403" in runs.said

    store.fault = lambda method, key, query: None
    store.refused = {next(key for key in store.files() if "gone" in key)}
    code, summary, changes = runs.mirror(*DELETING)
    assert (code, summary["deleted"], len(changes)) == (4, 3, 3)
    assert "the store refuses: AccessDenied" in runs.said
    assert "endpoint" not in runs.said
    store.refused = set()
    code, summary, changes = runs.mirror(*DELETING)
    assert (code, summary["deleted"], len(changes), runs.is_mirrored()) == (0, 1, 1, True)
    assert runs.run("--history", PLACE) == 0


@pytest.mark.row("B12")
def test_a_repair_that_failed_is_repeated_until_everything_is_as_it_was_saved(runs: Runs) -> None:
    store = runs.store
    assert runs.mirror()[0] == 0
    store.put("pub/gone/3", b"wrong")
    store.fault = lambda method, key, query: 403 if (method, key) == ("PUT", "pub/gone/3") else None
    assert runs.run("--verify", "--repair", PLACE) == 4
    store.fault = lambda method, key, query: None
    assert (runs.run("--verify", PLACE), "gone/3" in runs.said) == (5, True)
    assert (runs.run("--verify", "--repair", PLACE), runs.is_mirrored()) == (0, True)
    assert runs.run("--verify", PLACE) == 0

    directory = runs.tree.parent / "directory"
    assert runs.run(runs.site, str(directory)) == 0

    async def doubt() -> None:
        async with SqliteState(directory / ".crawler/state.sqlite3") as state:
            await state.doubt(["gone/3"])  # as a run that ended between naming the file and recording it

    asyncio.run(doubt())
    (directory / "gone/3").write_bytes(b"gone/9")
    assert (runs.run("--verify", str(directory)), "its version is unknown" in runs.said) == (5, True)
    assert runs.run("--verify", "--repair", str(directory)) == 0
    assert (directory / "gone/3").read_bytes() == b"gone/3"
    assert runs.run("--verify", str(directory)) == 0


@pytest.mark.row("B13")
def test_a_place_that_is_no_mirror_is_left_as_it_is(runs: Runs, tmp_path: Path) -> None:
    runs.store.put("pub/theirs", b"theirs")
    for options in (["--verify"], ["--verify", "--repair"]):
        assert (runs.run(*options, PLACE), "is not a crawler mirror" in runs.said) == (2, True)
    assert list(runs.store.objects) == ["pub/theirs"]
    assert not (tmp_path / "state").exists()


@pytest.mark.row("B06")
def test_a_lock_from_a_machine_with_a_wrong_clock_ends_when_the_store_says(runs: Runs) -> None:
    for expires in ("1e18", str(time.time() + 7200)):
        lock = f'{{"owner": "far", "since": "?", "token": "t", "expires_at": {expires}}}'
        runs.store.put("pub/.crawler/lock", lock.encode())
        assert runs.run(runs.site, PLACE) == 7, runs.said
        [line] = runs.said.splitlines()
        ends = datetime.fromisoformat(line.rpartition("its lock ends at ")[2])
        assert ends.timestamp() < time.time() + 400


@pytest.mark.row("B14")
def test_a_lost_response_to_the_copy_of_the_state_is_no_other_run(runs: Runs) -> None:
    store = runs.store
    for run, name in enumerate(("new", "newer")):
        (runs.tree / name).write_text(name)
        store.fault, sent = losing_first("PUT", "pub/.crawler/state.sqlite3")
        assert (runs.mirror()[0], "copy of the state" in runs.said) == (0, False), (run, runs.said)
        assert len(sent) == 2, "it was repeated"
    shutil.rmtree(runs.tree.parent / "state")
    store.requests.clear()
    assert runs.mirror()[1]["unchanged"] == 11
    assert "PUT" not in " ".join(request for request in store.requests if ".crawler/" not in request)
