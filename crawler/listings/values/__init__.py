"""Hrefs, sizes, times and names, read alike for all formats of listings."""
