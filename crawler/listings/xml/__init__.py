"""XML listings."""
