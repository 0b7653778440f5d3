"""States that write nothing."""

from __future__ import annotations

from pathlib import Path

from crawler.storage.state.store import SqliteState


class ReadOnlyState(SqliteState):
    """A state that reads an existing file, writes nothing and creates no file."""

    def __init__(self, path: Path, *, is_brief: bool = True) -> None:
        super().__init__(path, read_only=True, is_brief=is_brief)


class NullState(SqliteState):
    """A state that knows nothing and remembers nothing."""

    def __init__(self) -> None:
        super().__init__(None)
