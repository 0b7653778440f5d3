"""The start of a run reads the last runs alone, and nothing of the files, unless that does not suffice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crawler.storage.state import location
from crawler.storage.state.location import has_been_mirror, mirrored_url
from crawler.storage.state.read_only import ReadOnlyState
from crawler.storage.state.runs import Figures
from crawler.storage.state.store import SqliteState
from tests.component.storage.state.test_store import fill, known

OK = Figures(seconds=1.0, outcome="ok", exit_code=0, listed=5)
NOTHING = Figures(seconds=1.0, outcome="failed", exit_code=3)


@pytest.mark.parametrize(
    ("runs", "url", "is_mirror", "questions"),
    [
        ([("http://h/", OK)] * 3, "http://h/", True, 1),
        ([("http://h/", OK)] + [("http://h/", NOTHING)] * 3, "http://h/", True, 2),
        ([("http://h/", OK)] + [("", OK)] * 3, "http://h/", True, 2),
        ([("http://h/", NOTHING)] * 3, None, False, 2),
        ([("http://h/", NOTHING)], None, False, 1),
        ([("http://old/", OK), ("http://h/", None), ("http://h/", NOTHING)], "http://h/", True, 1),
        ([("http://h/", None)], "http://h/", False, 1),
        ([], None, False, 1),
    ],
)
async def test_the_last_runs_tell_what_a_directory_mirrors(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    runs: list[tuple[str, Figures | None]],
    url: str | None,
    is_mirror: bool,
    questions: int,
) -> None:
    monkeypatch.setattr(location, "_LAST_RUNS", 2)
    async with SqliteState(tmp_path / "state") as state:
        for place, figures in runs:
            number = await state.begin_run(place)
            if figures is not None:
                state.end_run(number, figures)
    asked, read = list[int](), SqliteState.runs

    async def noted(self: SqliteState, limit: int) -> object:
        asked.append(limit)
        return await read(self, limit)

    monkeypatch.setattr(SqliteState, "runs", noted)
    async with ReadOnlyState(tmp_path / "state") as state:
        assert await mirrored_url(state) == url
        assert len(asked) == questions
        assert await has_been_mirror(state) is is_mirror


@pytest.mark.parametrize("is_brief", [True, False])
async def test_a_state_that_is_opened_for_few_questions_is_not_copied(tmp_path: Path, is_brief: bool) -> None:
    path = tmp_path / "state"
    await fill(path, known("a/b"))
    async with SqliteState(path, is_brief=is_brief) as state:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM files")
        assert state.knew_files
        assert await state.directory("a") == ({} if is_brief else {"b": known("a/b")})
