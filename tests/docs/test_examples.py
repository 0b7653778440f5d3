"""Each file of examples/ runs, against servers on loopback."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tests.docs import hosts
from tests.docs.conftest import Reader
from tests.docs.markdown import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
CELLS = """\
import ast, asyncio, inspect
code = compile({text!r}, "notebook", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
made = eval(code, {{"__name__": "notebook"}})
asyncio.run(made) if inspect.iscoroutine(made) else None
"""
"""A program that runs a text like an IPython cell: with ``await`` at the top level."""

CALLS = {
    "data_frame.py": ("https://files.example.org/pub/", ""),
    "newest_only.py": ("https://files.example.org/releases/", "newest"),
    "script.py": ("https://files.example.org/pub/", "pub"),
    "slowest.py": ("https://files.example.org/pub/", "pub"),
    "sqlite_archive.py": ("https://files.example.org/releases/", "releases.sqlar"),
}


def run(reader: Reader, name: str) -> str:
    url, directory = CALLS[name]
    return reader.run("sh", f"exec python -W error {EXAMPLES / name} {url} {directory}\n").stdout


def test_every_example_is_run_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*CALLS, "notebook.py"}


def test_entries_become_a_data_frame_without_dicts(reader: Reader) -> None:
    pytest.importorskip("pandas")
    said = run(reader, "data_frame.py").splitlines()
    rows = [line.split() for line in said[2:5]]
    assert rows == [["zip", "56", "159600"], ["txt", "58", "15968"], ["iso", "1", "5000"]]
    assert said[5].startswith("newest: ")
    assert reader.files() == set()


def test_a_script_needs_no_asyncio(reader: Reader) -> None:
    assert "113 saved, 0 unchanged, 0 failed" in run(reader, "script.py")
    report = json.loads((reader.home / "pub.json").read_text())
    assert (report["ok"], report["saved"], report["skipped_by"]) == (True, 113, {"ext": 1})


def test_a_custom_filter_keeps_the_newest_versions(reader: Reader) -> None:
    assert "2 of 7 files\n2 saved" in run(reader, "newest_only.py")
    assert reader.files() == {"newest/app-1.4.zip", "newest/old/app-0.9.zip"}
    assert "0 saved, 2 unchanged" in run(reader, "newest_only.py")


def test_a_custom_observer_sees_each_file(reader: Reader) -> None:
    lines = [line.split(" s  ")[1] for line in run(reader, "slowest.py").splitlines()]
    assert {line for line in lines if line.startswith("in ")} == {"in /", "in images", "in old"}
    assert len([line for line in lines if not line.startswith("in ")]) == 5


def test_a_custom_destination_holds_all_files(reader: Reader) -> None:
    assert "7 saved, 0 unchanged, 0 failed" in run(reader, "sqlite_archive.py")
    assert reader.files() == {"releases.sqlar"}
    served = {path.removeprefix("releases/"): body for path, body in hosts._files().items() if "releases/" in path}
    with closing(sqlite3.connect(reader.home / "releases.sqlar")) as archive:
        stored = dict(archive.execute("SELECT name, data FROM sqlar WHERE sz"))
    assert stored == served
    assert "0 saved, 7 unchanged, 0 failed" in run(reader, "sqlite_archive.py")


def test_the_notebook_runs_from_top_to_bottom(reader: Reader) -> None:
    printed = reader.run("python", CELLS.format(text=(EXAMPLES / "notebook.py").read_text())).stdout
    assert "115 files, 2 directories" in printed
    assert "20 saved" in printed
    wanted = {f"notebook-data/{path.removeprefix('pub/')}" for path in hosts._pub() if path.endswith(".txt")}
    assert reader.files() < wanted
    assert len(reader.files()) == 20
