"""A small site to try the crawler on, served on loopback: several directories, awkward names, one large file.

python config/sample_site.py                              serve until Ctrl-C
python config/sample_site.py -- python -m crawler {url} mirror    serve while that command runs

Needs the standard library only. ``make mirror`` without a URL uses it.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

PORT = 8733
MIB = 1 << 20
LARGE = 50 * MIB
FIRST_TIME = 1_700_000_000
"""Modification time of the first file, seconds since the epoch; fixed, so that a second run finds nothing changed."""

FILES = {
    "README.txt": 1_200,
    "releases/app-1.0.zip": 300_000,
    "releases/app-1.1.zip": 310_000,
    "releases/app-1.1.zip.sig": 96,
    "releases/old/app-0.9.tar.gz": 250_000,
    "documents/Räksmörgås & café.txt": 420,
    "documents/100% sure?.txt": 77,
    "documents/a+b; c#d.txt": 55,
    "documents/.hidden": 12,
    "documents/empty.txt": 0,
    "documents/日本語/メモ.txt": 64,
    "data/image.iso": LARGE,
    "data/notes.csv": 40_960,
}
EMPTY_DIRECTORY = "data/nothing here"


def build(root: Path) -> None:
    """Write the site below ``root``: the same names, bytes and times on every run."""
    (root / EMPTY_DIRECTORY).mkdir(parents=True)
    for number, (name, size) in enumerate(FILES.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        block = random.Random(name).randbytes(min(size, MIB))
        with path.open("wb") as file:
            for _ in range(max(1, size // MIB)):
                file.write(block)
        moment = FIRST_TIME + number * 86_400
        os.utime(path, (moment, moment))
    for directory in root.rglob("*/"):
        os.utime(directory, (FIRST_TIME, FIRST_TIME))


class Handler(SimpleHTTPRequestHandler):
    """Python's own file server, with sizes and times in its listings as nginx prints them, and without a log."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the terminal belongs to the crawler."""

    def list_directory(self, path: str | os.PathLike[str]) -> BinaryIO | None:  # type: ignore[override]
        """Respond with an index page of the directory ``path``: nginx's rows, times in UTC, exact sizes in bytes."""
        title = html.escape(f"Index of {unquote(self.path)}")
        rows = "".join(self._row(child) for child in sorted(Path(path).iterdir()))
        page = (
            f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1><hr>"
            f'<pre><a href="../">../</a>\n{rows}</pre><hr></body>\n</html>\n'
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        return io.BytesIO(page)

    @staticmethod
    def _row(child: Path) -> str:
        status = child.stat()
        slash, size = ("/", "-") if child.is_dir() else ("", str(status.st_size))
        moment = time.strftime("%d-%b-%Y %H:%M", time.gmtime(status.st_mtime))
        return f'<a href="{quote(child.name)}{slash}">{html.escape(child.name)}{slash}</a> {moment} {size:>19}\n'


class Server(ThreadingHTTPServer):
    """Accepts all connections of the crawler at once, and ignores clients that disconnect early."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _listening(port: int, handler: Callable[..., Handler]) -> Server:
    """A server on the first free port of ten, or on any."""
    for candidate in range(port, port + 10):
        with contextlib.suppress(OSError):
            return Server(("127.0.0.1", candidate), handler)
    return Server(("127.0.0.1", 0), handler)


@contextlib.contextmanager
def serve(root: Path, port: int) -> Iterator[str]:
    """Serve ``root`` on ``port`` of 127.0.0.1, or on the next one that is free. Yields the URL.

    A mirror of the site is continued only at the same URL, so the port is the same as long as it can be.
    """

    def handler(*args: object) -> Handler:
        return Handler(*args, directory=str(root))  # type: ignore[arg-type]

    with _listening(port, handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def run(command: list[str], url: str) -> int:
    """Run ``command`` with ``{url}`` replaced and return its exit code. The command itself handles an interrupt."""
    signal.signal(signal.SIGINT, lambda *_: None)
    code = subprocess.run([word.replace("{url}", url) for word in command], check=False).returncode
    return 128 - code if code < 0 else code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="*", help="run this, with {url} replaced, and stop serving when it ends")
    parser.add_argument("--port", type=int, default=PORT, help="port to listen on; keep it to continue a mirror")
    arguments = parser.parse_args()
    command = arguments.command
    with tempfile.TemporaryDirectory(prefix="sample-site-") as scratch:
        build(Path(scratch))
        with serve(Path(scratch), arguments.port) as url:
            if command:
                return run(command, url)
            sys.stdout.write(f"{url}\n")
            sys.stdout.flush()
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
