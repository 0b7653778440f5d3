"""Rules for several hosts with the same tree: which of them is used, and what may be taken from it."""
