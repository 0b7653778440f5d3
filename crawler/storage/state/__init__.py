"""The state: what earlier runs learned, in SQLite. The only package that imports sqlite3."""

from crawler.storage.state.location import (
    existing_state,
    has_been_mirror,
    known_below,
    mirrored_url,
    refuse_other_file,
    state_path,
    url_of_mirror,
)
from crawler.storage.state.read_only import NullState, ReadOnlyState
from crawler.storage.state.records import FileTotals
from crawler.storage.state.runs import Figures, RunRecord
from crawler.storage.state.store import SqliteState

__all__ = [
    "Figures",
    "FileTotals",
    "NullState",
    "ReadOnlyState",
    "RunRecord",
    "SqliteState",
    "existing_state",
    "has_been_mirror",
    "known_below",
    "mirrored_url",
    "refuse_other_file",
    "state_path",
    "url_of_mirror",
]
