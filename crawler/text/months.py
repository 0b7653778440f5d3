"""English month names as HTTP dates and listings abbreviate them."""

MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
"""Abbreviation → number of the month. Not ``calendar.month_abbr``, which depends on the locale."""
