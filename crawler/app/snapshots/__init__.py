"""Snapshots: a run publishes one at its end; the others are listed, verified and returned to."""
