"""What a run has saved, and whether it was right to, whatever a disorderly server did."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import crawler
from crawler.model.report import Report
from tests.support.disorderly import Disorderly, Fault

Mirror = Callable[..., Awaitable[Report]]
"""Mirrors a server into a directory; keywords are options."""
SILENCE = 0.2
"""Seconds after which a server that may be silent for ever is given up; another one may be given up as well."""


def saved(directory: str | Path) -> dict[str, bytes]:
    """The files of the mirror in ``directory``: name → content."""
    found = {path.relative_to(directory).as_posix(): path for path in Path(directory).rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(".crawler")}


def is_closed(report: Report) -> bool:
    """Whether each listed file has a result."""
    return report.listed == report.saved + report.unchanged + report.skipped + report.failed


async def check_disorder(mirror: Mirror, files: dict[str, bytes], faults: Sequence[Fault], *, ranges: bool) -> None:
    """Assert that, whatever ``faults`` do, saved files are right and all others have failed; and then that all come."""
    with tempfile.TemporaryDirectory() as directory:
        async with Disorderly(files, faults, ranges=ranges) as server:
            try:
                report = await mirror(server, directory, read_timeout=SILENCE)
            except crawler.CrawlerError:  # the listing itself has failed
                report = None
            found = saved(directory)
            assert found.items() <= server.files.items()
            if report is not None:
                assert is_closed(report)
                assert report.saved == len(found)
                assert report.exit_code == 0 or report.failed or report.listings_failed
                assert report.exit_code != 0 or found == server.files
            server.faults.clear()
            report = await mirror(server, directory)
            assert (saved(directory), report.exit_code) == (server.files, 0)
