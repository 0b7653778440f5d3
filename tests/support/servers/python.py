"""Python's http.server: listings of names only."""

from __future__ import annotations

import re
import sys

from tests.support.servers.process import Flavour, Request, Site

LINE = re.compile(r'^127\.0\.0\.1 - - \[[^]]*\] "(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d+) -$')


def configure(site: Site) -> list[str]:
    site.log.symlink_to(site.output)  # it logs to stderr
    return ["-u", "-m", "http.server", str(site.port), "--bind", "127.0.0.1", "--directory", str(site.root)]


def parse(line: str) -> Request | None:
    """Read one line of http.server's log, which also has other lines."""
    found = LINE.match(line)
    return Request(found["method"], found["path"], int(found["status"]), None, None) if found else None


PYTHON = (Flavour(name="python", program=sys.executable, configure=configure, parse=parse),)
