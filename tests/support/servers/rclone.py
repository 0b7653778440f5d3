"""rclone serve, whose pages are Caddy's; its WebDAV responds to GET with a listing as well. It has no access log."""

from __future__ import annotations

from functools import partial

from tests.support.servers.process import Flavour, Site


def configure(site: Site, *, protocol: str) -> list[str]:
    settings = site.write("rclone.conf", "")
    return ["serve", protocol, str(site.root), "--addr", f"127.0.0.1:{site.port}", "--config", str(settings)]


RCLONE = tuple(
    Flavour(name=f"rclone-{protocol}", program="rclone", configure=partial(configure, protocol=protocol), parse=None)
    for protocol in ("http", "webdav")
)
