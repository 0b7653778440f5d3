"""Values for many files at once, in which each property is a list."""
