"""The state: what earlier runs learned, in SQLite. The only package that imports sqlite3."""
