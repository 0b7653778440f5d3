"""The HTML report of --report: one self-contained file about a mirror, without scripts or external resources.

``contents`` reads the state and ``write`` replaces the file; all other modules are pure. ``page``, ``charts`` and
``history`` need the optional dependencies ``report`` and are imported only when a report is written.
"""

from crawler.output.html_report.contents import Contents, LastRun, RunDetails, check_installed, read_contents
from crawler.output.html_report.write import write_page

__all__ = ["Contents", "LastRun", "RunDetails", "check_installed", "read_contents", "write_page"]
