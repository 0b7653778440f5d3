"""Has the first requests of a run sent before everything is imported that only their responses need."""
