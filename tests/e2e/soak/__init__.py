"""``make soak``: many files and many runs against a server that keeps failing."""
