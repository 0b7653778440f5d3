"""lighttpd with mod_dirlisting."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.support.servers.process import MIME_TYPES, Flavour, Site

CONFIGURATION = """\
server.modules = ("mod_accesslog", "mod_dirlisting")
server.stat-cache-engine = "disable"
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{root}"
server.errorlog = "{scratch}/error.log"
server.upload-dirs = ("{scratch}")
# a pipe, because lighttpd buffers lines for a file for some seconds
accesslog.filename = "|exec cat >> {log}"
accesslog.format = "%r\t%>s\t%b\t%{{User-Agent}}i"
mimetype.assign = ({types}, "" => "application/octet-stream")
dir-listing.activate = "enable"
dir-listing.hide-dotfiles = "disable"
{options}
"""


def configure(site: Site, *, options: str) -> list[str]:
    pairs = ((extension, kind) for kind, extensions in MIME_TYPES.items() for extension in extensions.split())
    text = CONFIGURATION.format(
        port=site.port,
        root=site.root,
        scratch=site.scratch,
        log=site.log,
        types=", ".join(f'".{extension}" => "{kind}"' for extension, kind in pairs),
        options=options,
    )
    return ["-D", "-f", str(site.write("lighttpd.conf", text)), *_modules()]


def _modules() -> list[str]:
    """The module directory is compiled in; only a server outside /usr needs it as an option."""
    here = Path("/usr/lib/lighttpd")
    return ["-m", str(here)] if here.exists() else []


def _flavour(name: str, options: str) -> Flavour:
    return Flavour(name=name, program="lighttpd", configure=partial(configure, options=options))


LIGHTTPD = (_flavour("lighttpd", 'dir-listing.encoding = "utf-8"'),)
