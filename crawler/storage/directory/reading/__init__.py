"""Reads what DIR contains, without following links."""
