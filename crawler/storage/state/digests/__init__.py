"""Digests of unchanged directories: of their pages, and of the copies of their files."""
