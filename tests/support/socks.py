"""A SOCKS5 proxy on loopback (RFC 1928, RFC 1929) that resolves a name which no DNS server knows."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INSIDE = "mirror.intranet.example"
"""A name that only the proxy resolves, to 127.0.0.1."""


class SocksProxy(socketserver.ThreadingTCPServer):
    """Records the hosts to which it was asked to connect. ``login``: the required user and password."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, login: tuple[bytes, bytes] | None = None, refuses: int = 0) -> None:
        self.login = login
        self.refuses = refuses
        """The error code sent in reply to each request instead of connecting."""
        self.asked: list[tuple[str, int]] = []
        super().__init__(("127.0.0.1", 0), _Conversation)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


@contextmanager
def socks_proxy(login: tuple[bytes, bytes] | None = None, refuses: int = 0) -> Iterator[SocksProxy]:
    with SocksProxy(login, refuses) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield proxy
        proxy.shutdown()


class _Conversation(socketserver.StreamRequestHandler):
    server: SocksProxy

    def handle(self) -> None:
        _, count = self.rfile.read(2)
        methods = self.rfile.read(count)
        wanted = 0 if self.server.login is None else 2
        self.wfile.write(bytes([5, wanted if wanted in methods else 0xFF]))
        if wanted not in methods or (wanted and not self._logs_in()):
            return
        kind = self.rfile.read(4)[3]
        if kind == 3:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        else:
            family, length = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, self.rfile.read(length))
        (port,) = struct.unpack(">H", self.rfile.read(2))
        self.server.asked.append((host, port))
        if self.server.refuses:
            self._reply(self.server.refuses)
            return
        try:
            upstream = socket.create_connection(("127.0.0.1" if host == INSIDE else host, port))
        except OSError:
            self._reply(4)
            return
        self._reply(0)
        with upstream:
            back = threading.Thread(target=_copy, args=(upstream, self.connection), daemon=True)
            back.start()
            _copy(self.connection, upstream)
            back.join(60)

    def _logs_in(self) -> bool:
        user = self.rfile.read(self.rfile.read(2)[1])
        password = self.rfile.read(self.rfile.read(1)[0])
        is_right = (user, password) == self.server.login
        self.wfile.write(bytes([1, 0 if is_right else 1]))
        return is_right

    def _reply(self, code: int) -> None:
        self.wfile.write(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))


def _copy(source: Any, target: Any) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
