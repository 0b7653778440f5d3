"""The kinds of runs: mirror with its stages, URL list, verify, explain, dry run."""
