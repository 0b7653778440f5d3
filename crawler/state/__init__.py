"""What is known from earlier runs, kept in SQLite. The only package that imports sqlite3."""

from crawler.state.place import existing_state, state_path
from crawler.state.records import Held
from crawler.state.runs import RUNS_KEPT, Figures, Run
from crawler.state.store import NullState, ReadOnlyState, SqliteState

__all__ = [
    "RUNS_KEPT",
    "Figures",
    "Held",
    "NullState",
    "ReadOnlyState",
    "Run",
    "SqliteState",
    "existing_state",
    "state_path",
]
