"""Runs into a store that fails in the middle: what was done before is reported, and what is unknown is no success."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from crawler.cli import parser as cli
from crawler.storage.objects import removal
from tests.support.servers.faulty_store import FaultyStore, faulty_store

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
        code = cli.run(["--no-robots", *arguments])
        self.said = "".join(self._capsys.readouterr())
        return code

    def mirror(self, *options: str) -> tuple[int, dict[str, Any], list[str]]:
        """Mirror the site. Returns the exit code, the summary, and the paths in the list of changes."""
        summary, changes = self._out / "summary.json", self._out / "changes"
        changes.unlink(missing_ok=True)
        code = self.run(f"--summary={summary}", f"--changes={changes}", *options, self.site, PLACE)
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
