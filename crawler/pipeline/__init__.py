"""The flow of a run, without any I/O of its own."""
