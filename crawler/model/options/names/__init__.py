"""Hints about names that do not exist where they were written. Imported only for the messages about them."""
