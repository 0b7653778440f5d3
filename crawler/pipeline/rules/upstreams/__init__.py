"""Several hosts with the same tree: which of them is asked, and what may be taken from it."""
