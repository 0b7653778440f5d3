"""Caddy's file_server with browse."""

from __future__ import annotations

import json

from tests.support.servers.process import Flavour, Request, Site

CONFIGURATION = """\
{{
    admin off
    auto_https off
    storage file_system "{scratch}/storage"
}}
http://:{port} {{
    bind 127.0.0.1
    root * "{root}"
    encode gzip
    file_server browse
    log {{
        output file "{log}" {{
            roll_disabled
        }}
        format json
    }}
}}
"""


def configure(site: Site) -> list[str]:
    text = CONFIGURATION.format(scratch=site.scratch, port=site.port, root=site.root, log=site.log)
    return ["run", "--config", str(site.write("Caddyfile", text)), "--adapter", "caddyfile"]


def parse(line: str) -> Request | None:
    """Read one line of Caddy's JSON access log."""
    entry = json.loads(line)
    request = entry["request"]
    agent = request["headers"].get("User-Agent", [""])[0]
    return Request(request["method"], request["uri"], entry["status"], entry["size"], agent)


CADDY = (Flavour(name="caddy", program="caddy", configure=configure, parse=parse),)
