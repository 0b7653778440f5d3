"""Reads a mirror that several hosts have: each listing from the first of them that has all of it."""
