"""Measures how long a listing page takes to parse, without a network; in its own process, to measure its memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """Measurements for one page."""

    shape: str
    rows: int
    first: float
    """Seconds until the first entries are available."""
    total: float
    """Seconds until the whole page has been parsed."""
    memory: float
    """Peak memory of the process in MB, including the page."""


def page(shape: str, rows: int) -> bytes:
    """``nginx``: exactly as autoindex prints it. ``themed``: the same in a table, as no server prints it.

    No two rows have the same time or size.
    """
    if shape == "nginx":
        head = "<html>\r\n<head><title>Index of /</title></head>\r\n<body>\r\n<h1>Index of /</h1><hr><pre>"
        head += '<a href="../">../</a>\r\n'
        row = '<a href="file-{0:06}.bin">file-{0:06}.bin</a>' + 35 * " " + "{1:%d-%b-%Y %H:%M}" + 16 * " " + "{2}\r\n"
        tail = "</pre><hr></body>\r\n</html>\r\n"
    else:
        head = "<html><head><title>Index of /</title></head><body><h1>Index of /</h1><table class='dir'>"
        head += "<tr><th>Name</th><th>Last modified</th><th>Size</th></tr>\n"
        row = '<tr><td><a href="file-{0:06}.bin">file-{0:06}.bin</a></td><td>{1:%Y-%m-%d %H:%M}</td><td>{2}</td></tr>\n'
        tail = "</table></body></html>\n"
    born = datetime(2023, 11, 14, tzinfo=UTC)
    body = (row.format(number, born - number * timedelta(minutes=7), 4096 + 977 * number) for number in range(rows))
    return (head + "".join(body) + tail).encode()


def measure(shape: str, rows: int) -> Parsed:
    """Measure a page in a new interpreter."""
    command = [sys.executable, "-m", "benchmarks.parsing", shape, str(rows)]
    found = subprocess.run(command, capture_output=True, check=True)
    return Parsed(shape=shape, rows=rows, **json.loads(found.stdout))


def main(shape: str, rows: int) -> None:
    """Print the measurements of one page as JSON."""
    from crawler.listings import parse_listing_pieces

    body = page(shape, rows)
    list(parse_listing_pieces(page(shape, 10), "http://host/", "text/html"))  # do not charge its imports to the page
    began = time.perf_counter()
    first, count = 0.0, 0
    for piece in parse_listing_pieces(body, "http://host/", "text/html"):
        first = first or time.perf_counter() - began
        count += len(piece.entries)
    total = time.perf_counter() - began
    assert count == rows, f"{count} of {rows} entries were read"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    sys.stdout.write(json.dumps({"first": first, "total": total, "memory": memory}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
