"""Every option that names a file or directory, with paths about which the system says nothing."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import crawler
from crawler.cli import parser as cli
from crawler.cli.arguments.declared import declared_options
from crawler.model.config import Config, option_fields
from crawler.model.errors import ConfigError, DestinationError
from crawler.model.options.option import option_of
from tests.support.misbehaving.server import Site
from tests.support.paths_probe import Case, probe

URL = "http://127.0.0.1:9/"
NOWHERE = "/tmp/none"
KINDS = ("FILE", "PATH")
NAMED = [option.spellings[-1] for option in declared_options() if option.metavar in KINDS]
OPTIONS = [*NAMED, "--header", "--netrc", "DIR"]
"""Every option with a path, and DIR; a new one is among them."""
KEYS = [key for key, item in option_fields().items() if option_of(item).metavar in KINDS]
PLACES = ("private", "loop", "long", "gone")
FILE = "every option of a file"
Results = Mapping[tuple[str, str], tuple[int, str]]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory with one that may not be entered, and with links that cannot be followed."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "private").mkdir()
        (root / "private/x.prom").write_text("X: y\n")
        (root / "loop").symlink_to("loop")
        (root / "long").symlink_to("d" * 300)
        (root / "status.toml").write_text(f"[[mirror]]\nname = 'm'\nurl = '{URL}'\ndir = '{NOWHERE}'\n")
        (root / "private").chmod(0)
        yield root
        (root / "private").chmod(0o700)


def path_at(place: Path, kind: str) -> str:
    return "x.prom" if kind == "gone" else str(place / kind / "x.prom")


def arguments(option: str, path: str, place: Path) -> list[str]:
    """A command line that gives ``path`` to ``option``."""
    match option:
        case "DIR":
            return [URL, path]
        case "--input-file" | "--config":
            return [option, path, *([NOWHERE] if option == "--input-file" else [])]
        case "--status":
            return ["--config", str(place / "status.toml"), "--status", path]
        case "--header":
            return ["--header", f"@{path}", URL, NOWHERE]
        case "--netrc":
            return ["--netrc", URL, NOWHERE]
    return [option, path, URL, NOWHERE]


def file_with(place: Path, kind: str) -> str:
    """The path of a configuration file whose mirror has a path for every option."""
    paths = {key: path_at(place, kind).replace("x.prom", f"{key}.prom") for key in [*KEYS, "header"]}
    table = [f"{key} = '{'@' if key == 'header' else ''}{path}'" for key, path in paths.items()]
    file = place / f"{kind}.toml"
    file.write_text("\n".join(["[[mirror]]", "name = 'm'", f"url = '{URL}'", f"dir = '{NOWHERE}'", *table]))
    return str(file)


@pytest.fixture(scope="module")
def results(place: Path) -> Results:
    """(Kind of path, option) → (exit code, standard error), from one process."""
    cases = dict[tuple[str, str], Case]()
    for kind in PLACES:
        directory, path = "" if kind == "gone" else str(place), path_at(place, kind)
        cases |= {(kind, option): (directory, arguments(option, path, place), path) for option in OPTIONS}
        cases[kind, FILE] = (directory, ["--config", file_with(place, kind)], path)
    return dict(zip(cases, probe(list(cases.values()), place), strict=True))


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_refused_by_its_name(results: Results, kind: str, option: str) -> None:
    code, said = results[kind, option]
    assert code == (4 if option == "DIR" else 2), said
    assert said.startswith("crawler: cannot look for " if option == "DIR" else f"crawler: {option}")
    assert said.count("\n") == 1
    assert "no longer exists" in said or kind != "gone"


@pytest.mark.parametrize("kind", PLACES)
def test_a_file_names_the_mirror_and_every_key(results: Results, kind: str) -> None:
    code, said = results[kind, FILE]
    found = [line.split(": ")[3] for line in said.splitlines() if ": mirror 1 (m): " in line]
    assert (code, sorted(found)) == (2, sorted([*KEYS, "header"])), said
    assert len(found) == len(said.splitlines())


@pytest.mark.parametrize("kind", ["loop", "long"])
@pytest.mark.parametrize("key", ["state", "cookies", "ca_file", "client_cert", "header", "directory"])
def test_callers_of_the_library_get_its_errors(place: Path, kind: str, key: str) -> None:
    path = path_at(place, kind)
    if key == "directory":
        with pytest.raises(DestinationError, match="cannot look for"):
            crawler.mirror_sync(URL, path)
        return
    options: Any = {key: f"@{path}" if key == "header" else path}
    with pytest.raises(ConfigError, match=f"^{key} "):
        crawler.mirror_sync(URL, place / "d", **options)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "n" * 256, "n/" * 2500], ids=["NUL", "surrogate", "name", "path"])
@pytest.mark.parametrize("key", KEYS)
def test_what_no_path_can_be_is_refused_wherever_it_is_given(key: str, name: str) -> None:
    with pytest.raises(ConfigError, match=key):
        Config.from_mapping({key: f"/tmp/{name}.prom"}, where="m.toml")


KERNEL = "is a place of the kernel, not of files: name another"
ENDLESS = "a device without an end: name a file"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A directory with what is no file, and not for files."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    (tmp_path / "dangling").symlink_to("absent/state")
    return tmp_path


@pytest.mark.parametrize(
    ("option", "path", "reason"),
    [
        *((option, "socket", "is a socket: name a file") for option in ("--summary", "--report", "--log-file")),
        *((option, "/proc/x", KERNEL) for option in ("--changes", "--summary")),
        ("--log-file", "pipe", "nobody reads this pipe"),
        *((option, "/dev/zero", ENDLESS) for option in ("--cookies", "--input-file", "--config")),
        ("--header", "/dev/full", ENDLESS),
        ("--state", "dangling", "no directory {}/absent: create it first"),
    ],
)  # fmt: skip
def test_what_is_no_file_is_refused_before_anything_runs(
    odd: Path, capsys: pytest.CaptureFixture[str], option: str, path: str, reason: str
) -> None:
    given = path if path.startswith("/") else str(odd / path)
    assert cli.run(arguments(option, given, odd)) == 2
    at = "@" if option == "--header" else ""
    assert capsys.readouterr().err == f"crawler: {option} {at}{given}: {reason.format(odd)}\n"


def test_a_pipe_that_nobody_reads_does_not_hold_up_the_end_of_a_run(
    odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site:
        site.file("f", b"f")
        assert cli.run([site.url, str(odd / "d"), "--summary", str(odd / "pipe")]) == 1
        assert f"--summary {odd}/pipe: nobody reads this pipe" in capsys.readouterr().err
        reader = os.open(odd / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        assert cli.run([site.url, str(odd / "d"), "--summary", str(odd / "pipe")]) == 0
        assert b'"exit_code": 0' in os.read(reader, 1 << 16)
        os.close(reader)
