"""The decisions of a run, as pure functions of values."""
