"""The page that --report writes: one HTML file about a mirror, without scripts and without anything to fetch.

``contents`` reads the state, ``writing`` puts the page in its place; all else is values in, text out. ``page``,
``charts`` and ``history`` need the extra ``report`` and are imported when a page is to be written.
"""

from crawler.output.html_report.contents import Contents, LastRun, SlowestTransfers, check_installed, read_contents
from crawler.output.html_report.write import write_page

__all__ = ["Contents", "LastRun", "SlowestTransfers", "check_installed", "read_contents", "write_page"]
