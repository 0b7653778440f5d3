"""One server process: start it, wait for it, read its log, stop it."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.support import ports

MIME_TYPES = {
    "text/html": "html htm",
    "text/css": "css",
    "text/plain": "txt",
    "application/gzip": "gz tgz",
    "application/zip": "zip",
    "application/octet-stream": "bin iso",
}
"""Type → extensions, the same for all servers, whatever the machine has in /etc."""

PATIENCE = 60.0
"""Seconds that a server may take to start, log or stop; only reached if something is wrong."""


class Missing(Exception):
    """The program, or a part of it, is not installed on this machine."""


@dataclass(frozen=True, slots=True)
class Request:
    """One line of an access log."""

    method: str
    path: str
    """The request target as received: encoded, with its query."""
    status: int
    size: int | None
    """Bytes of the body that were sent; None if the server does not log it."""
    agent: str | None


@dataclass(frozen=True, slots=True)
class Site:
    """The input of a configuration."""

    root: Path
    port: int
    scratch: Path
    """A directory for the server's configuration and other files."""

    @property
    def log(self) -> Path:
        return self.scratch / "access.log"

    @property
    def output(self) -> Path:
        return self.scratch / "output.log"

    def write(self, name: str, text: str) -> Path:
        path = self.scratch / name
        path.write_text(text)
        return path


def parse_tabs(line: str) -> Request | None:
    """Read a line of a server with a configurable log: request line, status, body bytes and user agent."""
    target, status, size, agent = line.split("\t")
    method, path, *_ = f"{target} -".split(" ")
    return Request(method, path, int(status), 0 if size == "-" else int(size), agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """One server in one configuration."""

    name: str
    program: str
    configure: Callable[[Site], list[str]]
    """Write the configuration; returns the arguments that run the program in the foreground."""
    parse: Callable[[str], Request | None] | None = parse_tabs
    """Read one line of ``Site.log``; None if it is not a request. Without a function the server keeps no log."""
    environment: dict[str, str] = field(default_factory=dict)
    hides_dotted: bool = False
    """Whether its listings omit names that begin with a dot."""

    def find(self) -> str:
        """The path of the program. Raises Missing."""
        path = shutil.which(self.program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin")
        if path is None:
            raise Missing(self.program)
        return path


class Server:
    """A running server. Call ``stop`` to end it; it also ends when the process that started it dies."""

    def __init__(self, flavour: Flavour, root: Path, *, zone: str = "UTC") -> None:
        self.flavour = flavour
        self.root = root
        self._program = flavour.find()
        self._zone = zone
        self._position = 0
        self._settled = 0
        self.scratch = Path(tempfile.mkdtemp(prefix=f"server-{flavour.name}-"))
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise

    @property
    def port(self) -> int:
        return self._site.port

    @property
    def url(self) -> str:
        """URL of ``root``, with a final slash."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def keeps_log(self) -> bool:
        """Whether ``requests`` and ``forget`` can be used."""
        return self.flavour.parse is not None

    def url_of(self, directory: Path) -> str:
        """URL of a directory below ``root``, with a final slash."""
        return f"{self.url}{quote(os.fspath(directory.relative_to(self.root)))}/"

    def requests(self) -> list[Request]:
        """The requests since the start or the last ``forget``, in the order of the log."""
        self._settle()
        lines = self._site.log.read_bytes()[self._position :].decode(errors="replace").splitlines()
        found = (self._parse(line) for line in lines)
        return [request for request in found if request and not request.path.startswith("/settled-")]

    def forget(self) -> None:
        """Make ``requests`` start with the next request."""
        self._settle()
        self._position = self._site.log.stat().st_size

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self._end()
        self._reservation.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _start(self) -> None:
        with contextlib.ExitStack() as stack:
            self._site = Site(self.root, stack.enter_context(ports.reserved()), self.scratch)
            self._process = self._spawn()
            if not self._wait_until_up():
                self._end()
                raise RuntimeError(f"{self.flavour.name} does not start:\n{self._site.output.read_text()}")
            self._reservation = stack.pop_all()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [self._program, *self.flavour.configure(self._site)]
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "TERM", "--", *command]
        environment = {"PATH": os.environ["PATH"], "TZ": self._zone, "HOME": str(self.scratch), "LC_ALL": "C.UTF-8"}
        with self._site.output.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment | self.flavour.environment,
                start_new_session=True,
            )

    def _wait_until_up(self) -> bool:
        for _ in _ticks():
            if self._process.poll() is not None:
                return False
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self._process.poll() is None
        return False

    def _settle(self) -> None:
        """Wait until all requests so far are in the log: a further request marks the end."""
        if not self.keeps_log:
            raise RuntimeError(f"{self.flavour.name} keeps no access log")
        self._settled += 1
        mark = f"/settled-{self._settled}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", mark)
        connection.getresponse().read()
        connection.close()
        before = b""
        for _ in _ticks():  # threads may log in another order than they respond: wait until the log no longer grows
            now = self._site.log.read_bytes() if self._site.log.exists() else b""
            if mark.encode() in now and now == before:
                return
            before = now
        raise RuntimeError(f"{self.flavour.name} does not log:\n{self._site.output.read_text()}")

    def _parse(self, line: str) -> Request | None:
        assert self.flavour.parse is not None
        return self.flavour.parse(line)

    def _end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=3)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=PATIENCE)


def _ticks() -> Iterator[None]:
    """Yield every few milliseconds until PATIENCE has passed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield
        time.sleep(0.005)
