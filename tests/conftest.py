"""Fixtures for every test: real web servers, trees to serve, and the program as a subprocess."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import settings

from tests.support import scratch, servers, trees
from tests.support.examples import change_settings
from tests.support.program import Program
from tests.support.servers.stores import MOTO

pytest_plugins = ["tests.support.tables"]

SERVERS_REQUIRED = os.environ.get("CI") == "true" or os.environ.get("CRAWLER_REQUIRE_SERVERS") == "1"
"""Whether a test fails if its server is not installed; otherwise it is skipped."""

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""Number of processes among which pytest-xdist distributes the tests."""
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Which of them this is."""

# Many tests run the program. Where the environment forbids it to keep compiled modules, each run would compile 200;
# where it has another variable for the interpreter, as many container images do, each would import them (warm_start).
for variable in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
    os.environ.pop(variable, None)

# In memory, the suite takes two thirds of the time. What is written to a disk is tested in tests/component/storage.
if scratch.has_room():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(scratch.MEMORY))

# No deadline: other programs on the machine may slow a test down. In CI the examples are always the same, so that an
# unrelated change never fails by chance; elsewhere they are new each time.
settings.register_profile("untimed", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --most-examples."""
    parser.addoption("--most-examples", type=int, help="limit the examples of each property test to this number")


class Serve(Protocol):
    """Returns a running server of a flavour, with ``zone`` (a tz database name) as its local time."""

    def __call__(self, flavour: str, *, zone: str = "UTC") -> servers.Server: ...


class ServeAlone(Protocol):
    """Returns a running server of a flavour; ``server.root`` is empty."""

    def __call__(self, flavour: str) -> servers.Server: ...


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Collect the files in an order of this worker's own: each file is compiled by one worker, and not by all at once.

    No garbage is searched for meanwhile, nor among the tests later: they take some hundred megabytes.
    """
    if WORKERS > 1 and not any("::" in argument for argument in session.config.args):
        files = [file for argument in session.config.args for file in _files(Path(argument))]
        begin = len(files) * WORKER // WORKERS
        session.config.args = files[begin:] + files[:begin]
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests that need a real server; skip heavy tests unless a mark or a test (file.py::name) selects them."""
    for item in items:
        if {"serve", "serve_alone"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("server")
    if (most := config.getoption("most_examples", None)) is not None:
        change_settings(items, lambda had: settings(had, max_examples=min(had.max_examples, most)))
    if WORKERS > 1:
        items.sort(key=_shuffled)
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    heavy = [item for item in items if item.get_closest_marker("heavy")]
    if heavy:
        config.hook.pytest_deselected(items=heavy)
        items[:] = [item for item in items if not item.get_closest_marker("heavy")]


def _files(path: Path) -> list[str]:
    """The test files below a directory, or the file itself."""
    return [str(file) for file in sorted(path.rglob("test_*.py"))] if path.is_dir() else [str(path)]


def _shuffled(item: pytest.Item) -> tuple[int, str]:
    """The place of a test's file among the others, which is the same in every worker.

    A worker begins with a contiguous share of the tests. In the order of the directories, one would have all those that
    wait for time-outs, and the others would be done long before it.
    """
    file = item.nodeid.partition("::")[0]
    return zlib.crc32(file.encode()), file


def started(flavour: servers.Flavour, root: Path, *, zone: str = "UTC") -> servers.Server:
    """A running server; the test fails, or is skipped, if its program is not installed."""
    try:
        return servers.Server(flavour, root, zone=zone)
    except servers.Missing as program:
        message = f"{program} is not installed"
    if SERVERS_REQUIRED:
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session", autouse=True)
def _own_state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what runs remember outside of DIR away from the user's home directory, and from later test runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def _open_directory() -> Path:
    """Make a directory readable by servers that have dropped root privileges; pytest's own are not."""
    directory = Path(tempfile.mkdtemp(prefix="crawler-docroot-"))
    directory.chmod(0o755)
    return directory


@pytest.fixture(scope="session")
def docroot() -> Iterator[Path]:
    """The tree of the shared servers: ``pub/`` (the standard tree), and ``beside/``, which must never be requested."""
    directory = _open_directory()
    trees.build(directory / "pub")
    trees.write(directory / "beside" / "secret.txt", 10)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def serve(docroot: Path) -> Iterator[Serve]:
    """Servers over ``docroot``, each started once for all tests. Each call empties its log."""
    running: dict[tuple[str, str], servers.Server] = {}

    def give(flavour: str, *, zone: str = "UTC") -> servers.Server:
        if (flavour, zone) not in running:
            running[flavour, zone] = started(servers.FLAVOURS[flavour], docroot, zone=zone)
        server = running[flavour, zone]
        if server.keeps_log:
            server.forget()
        return server

    yield give
    for server in running.values():
        server.stop()


@pytest.fixture
def site(docroot: Path) -> Iterator[Path]:
    """An empty directory below ``docroot`` for the trees of one test. ``server.url_of(site / "x")`` is its URL."""
    directory = Path(tempfile.mkdtemp(prefix="site-", dir=docroot))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def serve_alone() -> Iterator[ServeAlone]:
    """A server with its own document root, for files that must be at the top, such as robots.txt."""
    directory = _open_directory()
    running: list[servers.Server] = []

    def give(flavour: str) -> servers.Server:
        running.append(started(servers.FLAVOURS[flavour], directory))
        return running[-1]

    yield give
    for server in running:
        server.stop()
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """The server of an empty object store, without buckets."""
    server = started(MOTO, tmp_path_factory.mktemp("nothing"))
    yield server
    server.stop()


@pytest.fixture
def run_crawler(tmp_path: Path) -> Program:
    """Runs the program to its end: ``run_crawler(option, ..., url, directory)``."""
    home = tmp_path / "home"
    home.mkdir()
    return Program(home)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """The DIR of a run, which does not exist yet."""
    return tmp_path / "mirror"
