"""nginx on a free port of 127.0.0.1, and a proxy that simulates distance or slow connections."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

_CONFIGURATION = """\
{user}
daemon off;
worker_processes 1;
pid {scratch}/nginx.pid;
error_log {scratch}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    default_type application/octet-stream;
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;
    client_body_temp_path {scratch}/body;
    proxy_temp_path {scratch}/proxy;
    fastcgi_temp_path {scratch}/fastcgi;
    uwsgi_temp_path {scratch}/uwsgi;
    scgi_temp_path {scratch}/scgi;
    root {root};
    autoindex on;
    server {{ listen 127.0.0.1:{port} backlog=1024; }}
    server {{ listen 127.0.0.1:{brief} backlog=1024; keepalive_requests 100; }}
    server {{
        listen 127.0.0.1:{tls} ssl http2 backlog=1024;
        ssl_certificate {certificate};
        ssl_certificate_key {scratch}/key.pem;
    }}
    server {{ listen 127.0.0.1:{status}; location / {{ stub_status; }} }}
    {more}
}}
"""
_PATIENCE = 10.0


class Access(Enum):
    """A way to reach the files of the server."""

    PLAIN = "http"
    BRIEF = "http, 100 requests a connection"
    TLS = "https, HTTP/2 for those who speak it"


class Server:
    """A running nginx that serves ``root``."""

    def __init__(self, ports: Mapping[Access, int], status: int, certificate: Path) -> None:
        self.ports = ports
        self.port = ports[Access.PLAIN]
        self.certificate = certificate
        """That of the server over TLS, to be trusted."""
        self._status = status

    def requests(self) -> int:
        """Requests served since the start. Reading it counts as one request, so each difference is one too large."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._status}/") as answer:
            lines: list[str] = answer.read().decode().splitlines()
        return int(lines[2].split()[2])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_nginx(root: Path, scratch: Path, more: str = "") -> Iterator[Server]:
    """Serve ``root``; nginx writes its own files to ``scratch``. Raises RuntimeError if it does not start.

    ``more`` is added to its configuration, beside the server.
    """
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise RuntimeError("nginx is not installed: it serves the files that are fetched")
    ports, status = {access: free_port() for access in Access}, free_port()
    certificate = _certificate(scratch)
    user = "user root;" if os.geteuid() == 0 else ""
    text = _CONFIGURATION.format(
        user=user,
        scratch=scratch,
        port=ports[Access.PLAIN],
        brief=ports[Access.BRIEF],
        tls=ports[Access.TLS],
        certificate=certificate,
        status=status,
        root=root,
        more=more,
    )
    (scratch / "nginx.conf").write_text(text)
    command = [program, "-p", str(scratch), "-e", str(scratch / "error.log"), "-c", str(scratch / "nginx.conf")]
    process = subprocess.Popen(command)
    try:
        _wait_for(ports[Access.PLAIN], process)
        yield Server(ports, status, certificate)
    finally:
        process.terminate()
        process.wait()


def _certificate(scratch: Path) -> Path:
    """Make a key and a certificate of 127.0.0.1 in ``scratch``, which clients trust as an authority."""
    path = scratch / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(scratch / "key.pem"),
         "-out", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip
    return path


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("nginx does not start")


class _Pipe(asyncio.Protocol):
    """One direction of a connection: data received is sent on ``other``, ``delay`` seconds later.

    ``rate`` limits it to that many bytes per second; 0: no limit. The amount of waiting data is not limited.
    """

    def __init__(self, delay: float, rate: float = 0.0) -> None:
        self.delay, self.rate = delay, rate
        self.other: asyncio.Transport | None = None
        self.early: list[bytes] = []
        self._free = 0.0
        """Time when all data received so far will have been sent."""

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early.append(data)
            return
        step = int(self.rate / 50) or len(data)
        for start in range(0, len(data), step):
            self._later(self._write, data[start : start + step])

    def connection_lost(self, error: Exception | None) -> None:
        if self.other is not None:
            self._later(self.other.close)

    def _write(self, data: bytes) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.write(data)

    def _later(self, call: Callable[..., None], *data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._free = max(loop.time(), self._free)
        if self.rate:
            self._free += sum(map(len, data)) / self.rate
        loop.call_at(self._free + self.delay, call, *data)


class _Front(_Pipe):
    """The client's side of a connection; ``connect`` opens the other side."""

    def __init__(self, delay: float, rate: float, target: int) -> None:
        super().__init__(delay)
        self.target, self.back = target, _Pipe(delay, rate)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.back.other = transport
        self.opening = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        await asyncio.sleep(2 * self.delay)  # the TCP handshake takes a round trip too
        connection = asyncio.get_running_loop().create_connection(lambda: self.back, "127.0.0.1", self.target)
        self.other, _ = await connection
        for data in self.early:
            self.data_received(data)
        self.early.clear()


def _serve_delayed(port: int, target: int, round_trip: float, rate: float) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Front(round_trip / 2, rate, target), "127.0.0.1", port, backlog=1024)
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def distant(target: int, round_trip: float, rate: float = 0.0) -> Iterator[int]:
    """A port through which the server at the port ``target`` seems ``round_trip`` seconds away.

    ``rate`` limits each of its connections to that many bytes per second; 0: no limit.
    """
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve_delayed, args=(port, target, round_trip, rate), daemon=True
    )
    process.start()
    try:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.join()
