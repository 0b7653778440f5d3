"""What is known from earlier runs, kept in SQLite. The only package that imports sqlite3."""

from crawler.state.records import Figures, Run
from crawler.state.store import NullState, ReadOnlyState, SqliteState

__all__ = ["Figures", "NullState", "ReadOnlyState", "Run", "SqliteState"]
