"""The hosts of the examples in the documentation, served on loopback, each with the content of its example.

A new host in a page needs its tree and its server here.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import runpy
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tests.docs.markdown import REPOSITORY
from tests.support import servers
from tests.support.servers.apache import APACHE_WITH_LOGINS
from tests.support.servers.stores import MOTO
from tests.support.socks import SocksProxy, socks_proxy

TOKEN = "the-secret-of-the-example"
BEHIND_PROXY = "intranet.example.org"
"""A host name that only the proxy can resolve."""
DAY = 86_400

Tree = dict[str, bytes]
SampleHandler: Any = runpy.run_path(str(REPOSITORY / "config" / "sample_site.py"))["Handler"]


class Handler(SampleHandler):  # type: ignore[misc]
    """Serves ``root`` with listings in the manner of nginx."""

    root: ClassVar[Path]

    def __init__(self, *args: object) -> None:
        super().__init__(*args, directory=str(self.root))

    def is_allowed(self) -> bool:
        return True

    def do_GET(self) -> None:
        if self.is_allowed():
            super().do_GET()
        else:
            self.send_error(403)


class TokenHandler(Handler):
    """Rejects requests without the token."""

    def is_allowed(self) -> bool:
        return bool(self.headers.get("Authorization") == f"Bearer {TOKEN}")


class ProxyHandler(Handler):
    """Responds on behalf of BEHIND_PROXY to requests in proxy form (RFC 9112 section 3.2.2)."""

    def is_allowed(self) -> bool:
        parts = urlsplit(self.path)
        self.path = parts.path
        return parts.hostname == BEHIND_PROXY


class DownloadHandler(Handler):
    """Gives files names that differ from their URLs, by Content-Disposition (RFC 6266)."""

    def end_headers(self) -> None:
        self.send_header("Content-Disposition", f'attachment; filename="{self.path.strip("/")}-1.2.zip"')
        super().end_headers()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # twenty workers connect at once

    def handle_error(self, request: object, client_address: object) -> None:
        """Report an error, except that a client has closed its connection, about which servers say nothing."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _pub() -> Tree:
    texts = {f"pub/report-{n:03}.txt": b"t" * 10 * n for n in range(1, 57)}
    archives = {f"pub/data-{n:03}.zip": b"z" * 100 * n for n in range(1, 57)}
    return texts | archives | {"pub/index.iso": b"i" * 5000, "pub/old/a.txt": b"old", "pub/images/b.txt": b"image"}


def _files() -> Tree:
    releases = {f"releases/app-1.{n}.zip": bytes([n]) * 50_000 for n in range(5)}
    return _pub() | _with_sums(releases, "releases/SHA256SUMS") | {"releases/old/app-0.9.zip": b"0" * 900}


def _with_sums(tree: Tree, name: str) -> Tree:
    lines = (f"{hashlib.sha256(body).hexdigest()}  {path.rpartition('/')[2]}\n" for path, body in tree.items())
    return tree | {name: "".join(lines).encode()}


def _debian() -> Tree:
    pool = "debian/pool/main/h/hello/"
    names = (
        "hello_2.10-3_amd64.deb", "hello_2.10-3_arm64.deb", "hello-dbgsym_2.10-3_amd64.deb", "hello_2.10-3.dsc",
        "hello_2.10-3.debian.tar.xz", "hello_2.10.orig.tar.gz", "hello_2.10.orig.tar.gz.asc",
    )  # fmt: skip
    packages = {pool + name: name.encode() * 40 for name in names}
    index = "debian/dists/stable/"
    return packages | {index + "main/binary-amd64/Packages": b"Package: hello\n", index + "Release": b"Suite: stable\n"}


def _apache() -> Tree:
    names = ("httpd-2.4.62.tar.gz", "httpd-2.4.63.tar.gz", "httpd-2.2.34.tar.gz", "httpd-docs-2.4.33.en.zip")
    tree = {f"dist/httpd/{name}": name.encode() * 50 for name in names}
    for path, body in list(tree.items()):
        name = path.rpartition("/")[2]
        tree[path + ".sha512"] = f"{hashlib.sha512(body).hexdigest()} *{name}\n".encode()
    return tree | {"dist/httpd/binaries/win32/httpd-2.4.1.zip": b"windows", "dist/httpd/CHANGES_2.4": b"changes"}


def _bucket() -> Tree:
    days = {f"climate-data/csv/2025/{n:02}.csv": b"1,2\n" * n for n in range(1, 31)}
    return days | {"climate-data/readme.txt": b"read me"}


_CATALOG = """\
<?xml version="1.0" encoding="UTF-8"?>
<catalog xmlns="http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0" name="sst" version="1.2">
  <service name="all" serviceType="Compound" base="">
    <service name="dap" serviceType="OPENDAP" base="/thredds/dodsC/" />
    <service name="http" serviceType="HTTPServer" base="/thredds/fileServer/" />
  </service>
  <dataset name="sst" ID="sst">
    <metadata inherited="true"><serviceName>all</serviceName></metadata>
    <dataset name="2024.nc" urlPath="sst/2024.nc" />
    <dataset name="2025.nc" urlPath="sst/2025.nc" />
    <dataset name="readme.txt" urlPath="sst/readme.txt" />
  </dataset>
</catalog>
"""


def _thredds() -> Tree:
    files = {f"thredds/fileServer/sst/{name}": name.encode() * 30 for name in ("2024.nc", "2025.nc", "readme.txt")}
    return files | {"thredds/catalog/sst/catalog.xml": _CATALOG.encode()}


_LINKS = """\
<html><head><title>Index of /picks/</title></head><body><h1>Index of /picks/</h1><hr><pre><a href="../">../</a>
<a href="http://files.example.org/releases/app-1.0.zip">app-1.0.zip</a>       02-Jan-2025 10:00               50000
<a href="http://archive.example.org/dist/httpd/CHANGES_2.4">CHANGES_2.4</a>       02-Jan-2025 10:00                   7
</pre><hr></body></html>
"""


def _links() -> Tree:
    return {"picks/index.html": _LINKS.encode()}


def _model() -> Tree:
    return {
        "model/new/run-1.nc": b"n" * 2000, "model/new/run-1.txt": b"text",
        "model/archive/run-0.nc": b"o" * 2000,
    }  # fmt: skip


HOSTS: dict[str, tuple[Callable[[], Tree], str | servers.Flavour | type[Handler | SocksProxy]]] = {
    "files.example.org": (_files, Handler),
    "deb.example.org": (_debian, Handler),
    "archive.example.org": (_apache, "apache"),
    "mirror1.example.org": (_files, "nginx"),
    "mirror2.example.org": (_files, "apache"),
    "s3.example.org": (_bucket, "bucket"),
    "thredds.example.org": (_thredds, "python"),
    "data.example.org": (_model, Handler),
    "private.example.org": (lambda: {"builds/app.bin": b"secret", "builds/log/1.txt": b"log"}, TokenHandler),
    "repo.example.org": (lambda: {"artifactory/generic-local/app/app-1.0.jar": b"archive"}, TokenHandler),
    "socks.example.org": (dict, SocksProxy),
    "links.example.org": (_links, "python"),
    "downloads.example.org": (lambda: {"app": b"application", "docs": b"manual"}, DownloadHandler),
    "names.example.org": (lambda: {"logs/10:30.log": b"half past ten", "logs/nul.txt": b"nothing"}, Handler),
    "members.example.org": (lambda: {"pub/a.txt": b"for members"}, APACHE_WITH_LOGINS),
    "proxy.example.org": (lambda: {"pub/a.txt": b"inside", "pub/b/c.txt": b"deep inside"}, ProxyHandler),
    "objects.example.org": (dict, MOTO),
}
"""Host → (its content, its server: one of ``tests.support.servers`` or a handler of this module)."""

_URL_HOST = re.compile(r"https?://(?:[^/@\s'\"]*@)?([\w.-]+)")


class World:
    """Starts the servers that the examples need, each at its first use."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ports: dict[str, int] = {}
        self._stack = ExitStack()

    def close(self) -> None:
        self._stack.close()

    def rewritten(self, text: str) -> str:
        """``text`` with its hosts replaced by loopback addresses. Fails the test for an unknown host."""
        for host in HOSTS:
            if host in text:
                text = re.sub(
                    rf"(http|socks5h)s?://{re.escape(host)}(?::\d+)?", rf"\1://127.0.0.1:{self._port(host)}", text
                )
                text = re.sub(rf"(?<![\w.]){re.escape(host)}", "127.0.0.1", text)
        strangers = set(_URL_HOST.findall(text)) - {"127.0.0.1", BEHIND_PROXY}
        assert not strangers, f"{strangers}: no such host in {Path(__file__).name}"
        return text

    def _port(self, host: str) -> int:
        if host not in self._ports:
            tree, server = HOSTS[host]
            root = self._directory / host
            _write(root, {path: self._linked(path, body) for path, body in tree().items()})
            self._ports[host] = self._serve(root, server)
        return self._ports[host]

    def _linked(self, path: str, body: bytes) -> bytes:
        return self.rewritten(body.decode()).encode() if path.endswith(".html") else body

    def _serve(self, root: Path, server: str | servers.Flavour | type[Handler | SocksProxy]) -> int:
        if server is MOTO:
            return self._serve_objects(root)
        if isinstance(server, str | servers.Flavour):
            running = servers.Server(servers.FLAVOURS[server] if isinstance(server, str) else server, root)
            self._stack.callback(running.stop)
            return running.port
        if issubclass(server, SocksProxy):
            return int(self._stack.enter_context(socks_proxy()).server_address[1])
        handler = type("RootedHandler", (server,), {"root": root})
        http = self._stack.enter_context(_HttpServer(("127.0.0.1", 0), handler))
        threading.Thread(target=partial(http.serve_forever, 0.05), daemon=True).start()
        self._stack.callback(http.shutdown)
        return http.server_port

    def _serve_objects(self, root: Path) -> int:
        """Start an S3 server with the bucket of the examples. Returns its port."""
        root.mkdir()
        running = servers.Server(MOTO, root)
        self._stack.callback(running.stop)
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=100)
        connection.request("PUT", "/my-bucket")
        assert connection.getresponse().status == 200
        connection.close()
        return running.port


def _write(root: Path, tree: Tree) -> None:
    now = time.time()
    for path, body in tree.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
        age = DAY if "/new/" in path else 300 * DAY
        os.utime(target, (now - age, now - age))
