"""The first requests of a plain run leave before its event loop is imported: the usual ones, or none."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from sqlite3 import connect
from typing import TextIO

import pytest

from crawler.app.first_request.standing import claimed, give_back
from crawler.cli import runner
from crawler.cli.parser import run
from crawler.http.sockets.early import EarlyConnection, EarlyConnections
from crawler.http.sockets.endpoint import Endpoint
from crawler.model.state.host_limits import HostLimits
from crawler.storage.directory.layout import Layout
from crawler.storage.directory.lock import is_held
from crawler.storage.state.hosts import store_hosts
from tests.support.misbehaving.samples import authority, certificate
from tests.support.misbehaving.server import Site as TlsSite

STAMP = "Tue, 14 Nov 2023 22:13:00 GMT"
FILES = {f"/{name}": name.encode() for name in ("a.bin", "b.bin")}
ROWS = "".join(f'<a href="{path[1:]}">{path[1:]}</a>   14-Nov-2023 22:13   5\n' for path in FILES)
PAGE = f"<html><head><title>Index of /</title></head><body><h1>Index of /</h1><hr><pre>{ROWS}</pre><hr></body></html>\n"


class Site(ThreadingHTTPServer):
    """Serves FILES below one listing, and notes the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.requests = Counter[str]()
        self.of_page: dict[str, str] = {"Last-Modified": STAMP}
        """Headers of the pages."""
        self.directories = ""
        """Rows of the first page before those of files."""

    def taken(self) -> Counter[str]:
        requests, self.requests = self.requests, Counter()
        return requests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        self.server.requests[f"{self.requestline}\n{self.headers}"] += 1
        path = self.path.partition("?")[0]
        page = PAGE.replace("<pre>", f"<pre>{self.server.directories}") if path == "/" else PAGE
        body = page.encode() if path.endswith("/") else FILES.get(f"/{path.rpartition('/')[2]}")
        self.send_response(200 if body is not None else 404)
        sent = self.server.of_page if path.endswith("/") else {"Last-Modified": STAMP}
        for name, value in sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body or b"")))
        self.send_header("Content-Type", "text/html" if path.endswith("/") else "application/octet-stream")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For each early opening, the number of its connections."""
    found, real = list[int](), EarlyConnections.__enter__

    def enter(early: EarlyConnections) -> EarlyConnections:
        found.append(len(early._requests))
        return real(early)

    monkeypatch.setattr(EarlyConnections, "__enter__", enter)
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return found


ALL = [
    "--attempts=3", "--backlog=9", "--check=headers", "--connect-timeout=9", "--delete", "--delete-excluded",
    "--exclude=x", "--ext=bin", "--fsync=none", "--ignore-errors", "--last=b*", "--listers=2", "--max-delete=3",
    "--max-depth=3", "--max-files=99", "--max-size=9M", "--max-total-size=9G", "--min-size=1", "--min-speed=1",
    "--no-verify-digests", "--pipeline=off", "--progress=none", "--read-timeout=9", "--segments=2", "--trash=3",
    "--user-agent=other/1", "--workers=3", "--allow-host=h", "--limit-rate=1G", "--lock-wait=9", "--max-duration=1h",
    "--moved", "--newer-than=2000-01-01", "--older-than=1s", "--on-change=true", "--on-end=true", "--on-failure=true",
]  # fmt: skip
HEADERS = [
    "--header=X-Own: a",
    "--header=x-own: b",
    "--header=accept: text/html",
    "--header=@h",
]
OUTPUTS = [f"--{key}=out.{key}" for key in ("changes", "log-file", "summary")] + [
    "--log-format=json",
    "--metrics=m.prom",
]


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The request lines of early requests whose responses a run has taken."""
    found, real = list[bytes](), EarlyConnections.sent

    def sent(early: EarlyConnections, where: Endpoint, data: bytes) -> EarlyConnection | None:
        taken = real(early, where, data)
        found.extend([data.partition(b" HTTP")[0]] if taken is not None else [])
        return taken

    monkeypatch.setattr(EarlyConnections, "sent", sent)
    return found


@pytest.mark.parametrize(
    "headers",
    [{"ETag": '"x"', "Last-Modified": STAMP}, {"Last-Modified": STAMP}, {}],
)
@pytest.mark.parametrize("directories", ["", '<a href="sub/">sub/</a>   14-Nov-2023 22:13   -\n'])
def test_a_later_run_requests_its_page_early_with_what_is_known_of_it(
    site: Site, used: list[bytes], tmp_path: Path, headers: dict[str, str], directories: str
) -> None:
    """Whether it is known by a digest, because it shows only files, or by its rows."""
    site.of_page, site.directories = headers, directories
    place = str(tmp_path / "mirror")
    assert run(["-q", site.url, place]) == 0
    assert used == [b"GET /robots.txt", b"GET /"]
    for options in ([], ["--check=headers"], ["--header=X: y"], ["--no-robots"]):
        used.clear()
        site.taken()
        assert run(["-q", *options, site.url, place]) == 0
        assert used == [b"GET /robots.txt", b"GET /"][options == ["--no-robots"] :]
        pages = [request for request in site.taken() if request.startswith("GET / ")]
        assert len(pages) == 1, options
        assert [name in pages[0] for name in ("If-None-Match", "If-Modified-Since")] == [
            "ETag" in headers,
            "Last-Modified" in headers and "ETag" not in headers,
        ]


@pytest.mark.parametrize(
    ("options", "path", "first", "later"),
    [
        ([], "", 2, 2),
        (["--no-robots"], "", 1, 1),
        (["--workers=1"], "", 1, 1),
        (["--no-recursive"], "?C=M", 2, 2),
        (ALL, "", 2, 2),
        (OUTPUTS, "", 2, 2),
        (HEADERS, "", 2, 2),
        (["--netrc"], "", 1, 1),
        (["--header=@h", "--no-robots"], "a.bin", 1, 0),
        ([], "a.bin", 1, 0),
        (["--no-robots"], "a.bin", 1, 0),
    ],
)
def test_a_run_sends_the_same_requests_as_one_that_sends_none_early(
    site: Site,
    opened: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    path: str,
    first: int,
    later: int,
) -> None:
    """A first run, and a second one that finds nothing new."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "h").write_text("X-Of-File: one\nx-of-file: two\n")
    (tmp_path / "n").write_text("machine 127.0.0.1 login user password secret\n")
    (tmp_path / "n").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "n"))
    usual, early = str(tmp_path / "usual"), str(tmp_path / "early")
    for connections in (first, later):
        monkeypatch.setenv("no_proxy", "other.host")
        assert run(["-q", *options, site.url + path, usual]) == 0
        expected = site.taken()
        assert expected
        assert not opened
        monkeypatch.delenv("no_proxy")
        assert run(["-q", *options, site.url + path, early]) == 0
        assert site.taken() == expected
        assert opened == ([connections] if connections else [])
        opened.clear()


@pytest.mark.parametrize(
    ("host", "options", "expected"),
    [
        ("127.0.0.1", [], [b"GET /"]),
        ("127.0.0.1", ["--no-robots", "--header=X: y"], [b"GET /"]),
        ("127.0.0.1", ["--header=Authorization: Basic x"], [b"GET /robots.txt", b"GET /"]),
        ("other.host", [], [b"GET /robots.txt", b"GET /"]),
        ("other.host", ["--no-robots"], [b"GET /"]),
    ],
)
def test_a_run_with_a_login_asks_early_how_to_log_in(
    site: Site,
    used: list[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    options: list[str],
    expected: list[bytes],
) -> None:
    """Without the login. If .netrc has none for the host, the first requests are the usual ones."""
    (tmp_path / "n").write_text(f"machine {host} login user password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "n"))
    for _ in range(2):
        used.clear()
        assert run(["-q", "--netrc", *options, site.url, str(tmp_path / "mirror")]) == 0
        assert used == expected
        asked = [request for request in site.taken() if "Range: bytes=0-0" in request]
        assert len(asked) == (len(expected) == 1 and host == "127.0.0.1")
        assert not any("Authorization" in request for request in asked)


def listed_in(place: Path, site: Site, *, paths: Sequence[str] = ("one/", "two/", "three/"), more: str = "") -> str:
    """The option of a file with a mirror for each of ``paths``; ``more`` belongs to the last of them."""
    mirrors = [f'[[mirror]]\nname = "{path}"\nurl = "{site.url}{path}"\ndir = "{place}/{path}"\n' for path in paths]
    place.mkdir(exist_ok=True)
    (place / "mirrors.toml").write_text(f"[defaults]\ndelete = true\nlock_wait = '9s'\n{''.join(mirrors)}{more}\n")
    return f"--config={place}/mirrors.toml"


@pytest.mark.parametrize(
    ("paths", "more"),
    [(["one/"], ""), (["one/", "two/"], "summary = 's'"), (["one/in/", "one/"], "")],
)
def test_a_file_of_mirrors_sends_the_same_requests_as_one_that_sends_none_early(
    site: Site, opened: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str], more: str
) -> None:
    """The mirror that begins first has the early ones: none that lies inside another."""
    monkeypatch.chdir(tmp_path)
    usual, early = (listed_in(tmp_path / name, site, paths=paths, more=more) for name in ("usual", "early"))
    for connections in (2, 2):
        monkeypatch.setenv("no_proxy", "other.host")
        assert run(["-q", usual]) == 0
        expected = site.taken()
        assert len(expected) >= len(paths)
        assert not opened
        monkeypatch.delenv("no_proxy")
        assert run(["-q", early]) == 0
        assert site.taken() == expected
        assert opened == [connections]
        opened.clear()


@pytest.mark.parametrize(
    "more",
    [
        "worker = 3",
        "summary = '/absent/summary.json'",
        "summary = 'one/a.bin'",
        "requests_per_second = 1",
        "names = 'windows'",
        "state = 'state.sqlite3'",
        "newer_than = '1d'\nolder_than = '2d'",
        "[[mirror]]\nname = 'four'\nurl = 'http://h/'\ndir = 'one'",
    ],
)
def test_a_file_of_mirrors_of_which_the_last_is_in_doubt_sends_nothing_early(
    site: Site, opened: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    place = tmp_path / "mirrors"
    assert run(["-q", listed_in(place, site)]) == 0
    monkeypatch.chdir(place)
    site.taken()
    opened.clear()
    code = run(["-q", listed_in(place, site, more=more)])
    assert not opened
    assert code == 0 or not site.taken()


def test_a_file_of_mirrors_of_which_a_later_one_is_that_of_another_url_sends_nothing(
    site: Site, opened: list[int], tmp_path: Path
) -> None:
    place = tmp_path / "mirrors"
    place.mkdir()
    of_another_url(place / "two", site)
    site.taken()
    opened.clear()
    assert run(["-q", listed_in(place, site)]) == 2
    assert not opened
    assert not site.taken()
    assert not (place / "one").exists()


@pytest.mark.parametrize("trust", ["--ca-file", "--insecure"])
def test_under_tls_a_connection_is_opened_early_and_then_used(
    opened: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trust: str
) -> None:
    option = f"{trust}={authority(tmp_path)}" if trust == "--ca-file" else trust
    used, real = list[socket.socket](), EarlyConnections.opened

    def taken(early: EarlyConnections, where: Endpoint) -> socket.socket | None:
        found = real(early, where)
        used.extend([found] if found is not None else [])
        return found

    monkeypatch.setattr(EarlyConnections, "opened", taken)
    with TlsSite(tls=certificate()) as site:
        site.file("a.bin", b"a")
        monkeypatch.setenv("no_proxy", "other.host")
        assert run(["-q", option, "--workers=2", site.url, str(tmp_path / "usual")]) == 0
        assert not opened
        monkeypatch.delenv("no_proxy")
        assert run(["-q", option, "--workers=2", site.url, str(tmp_path / "early")]) == 0
        assert opened == [2]
        assert used


def of_another_url(place: Path, site: Site) -> None:
    assert run(["-q", "--moved", f"http://localhost:{site.server_port}/", str(place)]) == 0


def inside_another(place: Path, site: Site) -> None:
    of_another_url(place.parent, site)
    place.mkdir()
    (place / "a.bin").write_bytes(b"kept")
    (place.parent / ".crawler" / "state.sqlite3").unlink()


def below_a_state(place: Path, _site: Site) -> None:
    (place / ".crawler").mkdir(parents=True)


def held(place: Path, site: Site) -> None:
    own(place, site)
    lock = (place / ".crawler" / "lock").open()
    fcntl.flock(lock, fcntl.LOCK_EX)
    HELD.append(lock)


HELD: list[TextIO] = []


def with_names_of_windows(place: Path, site: Site) -> None:
    own(place, site)
    (place / ".crawler" / "names").touch()


def at_a_file(place: Path, _site: Site) -> None:
    place.touch()


def a_broken_link(place: Path, _site: Site) -> None:
    place.symlink_to("nowhere/else")


def with_a_linked_state_directory(place: Path, site: Site) -> None:
    own(place, site)
    (place / ".crawler").rename(place.parent / "moved")
    (place / ".crawler").symlink_to(place.parent / "moved")


def with_a_linked_lock(place: Path, site: Site) -> None:
    own(place, site)
    (place / ".crawler" / "lock").unlink()
    (place / ".crawler" / "lock").symlink_to("state.sqlite3")


def own(place: Path, site: Site) -> None:
    assert run(["-q", "--moved", site.url, str(place)]) == 0


REFUSED: list[tuple[Callable[[Path, Site], None], int]] = [
    (of_another_url, 2),
    (inside_another, 2),
    (held, 7),
    (with_names_of_windows, 2),
    (at_a_file, 4),
    (a_broken_link, 4),
    (with_a_linked_state_directory, 4),
    (with_a_linked_lock, 4),
]


@pytest.mark.parametrize(("prepare", "code"), REFUSED)
def test_a_run_that_is_refused_because_of_its_directory_sends_nothing(
    site: Site, opened: list[int], tmp_path: Path, prepare: Callable[[Path, Site], None], code: int
) -> None:
    place = tmp_path / "outer" / "mirror"
    place.parent.mkdir()
    prepare(place, site)
    site.taken()
    opened.clear()
    assert run(["-q", site.url, str(place)]) == code
    assert not opened
    assert not site.taken()
    while HELD:
        HELD.pop().close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["URL", "/"],
        ["URL", "/usr/.."],
        ["URL", "/proc/mirror"],
        ["URL", "{}/.crawler/mirror"],
        ["URL", "{}/x", "extra"],
        ["--workers=0", "URL", "{}/x"],
        ["--verify", "--repair", "URL", "{}/x"],
        ["--ext=zip", "tar", "URL", "{}/x"],
        ["--quiet", "--progress=bars", "URL", "{}/x"],
        ["--lock=none", "--lock-wait=3", "URL", "{}/x"],
        ["--dry-run", "--state={}", "URL", "{}/x"],
        ["--ca-file={}/absent", "URL", "{}/x"],
        ["--summary={}", "URL", "{}/x"],
        ["--log-file={}/absent/log", "URL", "{}/x"],
        ["--metrics={}/m.prom", "--summary={}/m.prom", "URL", "{}/x"],
        ["--newer-than=2020-01-01", "--older-than=2021-01-01", "--allow-host=a b", "URL", "{}/x"],
        ["--ca-file={}", "URL", "{}/x"],
        [f"--ca-file={__file__}", "URL", "{}/x"],
    ],
)
def test_a_run_that_is_refused_because_of_its_arguments_connects_to_nothing(
    tmp_path: Path, arguments: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        assert run(["-q", *(each.format(tmp_path).replace("URL", url) for each in arguments)]) in {2, 4}
        assert select.select([listening], [], [], 0)[0] == []


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("options", [[], ["--lock-wait=1"], ["--lock=none"]])
def test_the_lock_is_held_before_anything_is_sent(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_first: bool, options: list[str]
) -> None:
    """A run that begins just then is refused and sends nothing."""
    place = tmp_path / "mirror"
    if not is_first:
        own(place, site)
        site.taken()
    others, real = list[tuple[int, Counter[str]]](), EarlyConnections.__enter__

    def enter(early: EarlyConnections) -> EarlyConnections:
        monkeypatch.setattr(EarlyConnections, "__enter__", real)
        others.append((run(["-q", site.url, str(place)]), site.taken()))
        return real(early)

    monkeypatch.setattr(EarlyConnections, "__enter__", enter)
    assert run(["-q", *options, site.url, str(place)]) == 0
    assert site.taken()
    assert others == [(0 if options == ["--lock=none"] else 7, others[0][1])]
    assert bool(others[0][1]) is (options == ["--lock=none"])


def test_a_run_that_ends_before_it_begins_leaves_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, lack = tmp_path / "above" / "mirror", MemoryError()

    def fail(_call: object) -> int:
        assert is_held(place / ".crawler")
        raise lack

    monkeypatch.setattr(runner, "run_one", fail)
    assert run(["-q", site.url, str(place)]) == 4
    assert list(tmp_path.iterdir()) == []


def of_a_mirror_that_begins(place: Path) -> None:
    (place / ".crawler").mkdir(parents=True)
    (place / ".crawler" / "state.sqlite3").touch()


@pytest.mark.parametrize("path", ["outer", "outer/mirror"])
def test_nothing_is_sent_if_another_mirror_begins_while_the_lock_is_taken(
    site: Site, opened: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """It is that of the same directory, or of one above, whose run does not know this one."""
    place, real = tmp_path / "outer" / "mirror", Layout.make

    def make(layout: Layout) -> None:
        if not (tmp_path / path / ".crawler").exists():
            of_a_mirror_that_begins(tmp_path / path)
        real(layout)

    monkeypatch.setattr(Layout, "make", make)
    assert claimed(place, site.url, lock=True) is None
    assert not is_held(place / ".crawler")
    assert (place / ".crawler").exists() is (path == "outer/mirror")


def known(place: Path, root: str) -> tuple[bool, int | None] | None:
    found = claimed(place, root, lock=True)
    if found is not None:
        give_back(found.layout)
    return None if found is None else (found.is_first, found.connections)


def test_what_is_known_of_a_directory(site: Site, tmp_path: Path) -> None:
    place, first = tmp_path / "mirror", (True, None)
    later: tuple[bool, int | None] = (False, None)
    assert known(place, site.url) == first
    place.mkdir()
    (place / "kept").touch()
    assert known(place, site.url) == first
    own(place, site)
    assert known(place, site.url) == later
    assert known(tmp_path / "." / "mirror", f"{site.url}index.html") == later
    assert known(place, "http://other/") is None
    with connect(place / ".crawler" / "state.sqlite3") as state:
        store_hosts({site.url[:-1]: HostLimits(limit=1, beyond=2)}, time.time(), state)
    state.close()
    assert known(place, site.url) == (False, 1)
    later = (False, 1)
    os.link(place / ".crawler" / "lock", tmp_path / "other-name")
    assert known(place, site.url) == later
    assert (place / ".crawler" / "lock").stat().st_nlink == 1, "a shared lock is replaced"
    (place / ".crawler" / "state.sqlite3").write_bytes(b"SQLite format 3\0 but damaged")
    assert known(place, site.url) is None
    (place / ".crawler" / "state.sqlite3").unlink()
    assert known(place, site.url) is None
    assert known(place / "\0", site.url) is None
