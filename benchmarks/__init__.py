"""Compares crawler with other programs on the same work: ``make bench``, or ``python -m benchmarks --help``."""
