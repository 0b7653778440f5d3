"""Many files, many runs, a server that fails all the time: ``make soak``."""
