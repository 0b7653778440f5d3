"""Real web servers as ordinary subprocesses on a free loopback port, each with its own configuration.

    server = start("nginx", directory)          # or any other key of FLAVOURS
    server.url                                  # http://127.0.0.1:41234/
    server.requests()                           # the requests it has received, from its access log
    server.stop()

A flavour is one server in one configuration. It runs as root or as an ordinary user, and writes only to a temporary
directory. To add one, write its configuration in a module here and add a line to FLAVOURS.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.servers.apache import APACHE
from tests.support.servers.bucket import BUCKET
from tests.support.servers.caddy import CADDY
from tests.support.servers.lighttpd import LIGHTTPD
from tests.support.servers.nginx import NGINX
from tests.support.servers.process import Flavour, Missing, Request, Server
from tests.support.servers.python import PYTHON
from tests.support.servers.rclone import RCLONE

__all__ = ["FLAVOURS", "Flavour", "Missing", "Request", "Server", "start"]

FLAVOURS: dict[str, Flavour] = {
    flavour.name: flavour for flavour in (*NGINX, *APACHE, *LIGHTTPD, *CADDY, *PYTHON, *RCLONE, *BUCKET)
}


def start(name: str, root: Path, *, zone: str = "UTC") -> Server:
    """Start the flavour ``name`` over ``root``, with ``zone`` (a tz database name) as the server's local time.

    Raises Missing if the program is not installed and RuntimeError if it does not start.
    """
    return Server(FLAVOURS[name], root, zone=zone)
