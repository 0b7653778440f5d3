"""``DIR/.crawler/snapshots``: published copies of DIR, which share unchanged files."""
