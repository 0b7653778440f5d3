"""Options: what an option is, how its values are read, which of them contradict each other."""
