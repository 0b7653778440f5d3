"""``DIR/.crawler/snapshots``: published copies of DIR that share the files that did not change."""
