"""Mirrors into an object store: from nginx into moto, as the library and as the command line."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import obstore
import pytest
from obstore.store import AzureStore, S3Store

import crawler
from crawler.cli import parser as cli
from crawler.storage.objects.own import lock, state_copy
from tests.conftest import Serve
from tests.support import ports, trees
from tests.support.program import Program
from tests.support.servers import Missing, Server
from tests.support.servers.process import Flavour
from tests.support.servers.stores import ACCOUNT, ACCOUNT_KEY, AZURITE, S3RVER, create_container

pytestmark = [pytest.mark.server, pytest.mark.own]

NUMBERS = itertools.count()
SECRET = "not-to-be-seen-anywhere"
KEYS = {"access_key_id": "any", "secret_access_key": SECRET, "region": "us-east-1"}
LARGE = 9 * 1024 * 1024
OWN = ".crawler/"


class Bucket:
    """A bucket of moto, seen from outside."""

    def __init__(self, server: Server) -> None:
        self.server, self.name = server, f"destination-{next(NUMBERS)}"
        self._ask("PUT", f"/{self.name}")
        self.url = f"s3://{self.name}/pub"
        self.objects = {**KEYS, "endpoint": server.url}
        self.store = S3Store(
            self.name, prefix="pub", config={**KEYS, "endpoint": server.url}, client_options={"allow_http": True}
        )
        self.environment = {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def _ask(self, method: str, target: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=100)
        connection.request(method, target)
        found = connection.getresponse().read()
        connection.close()
        return found

    def config(self, **more: object) -> crawler.Config:
        return crawler.Config.from_mapping({"objects": self.objects, **more}, where="test")

    def files(self) -> list[str]:
        return sorted(key for key in self.all_keys() if not key.startswith(OWN))

    def all_keys(self) -> list[str]:
        return [item["path"] for chunk in obstore.list(self.store) for item in chunk]

    def get(self, key: str) -> bytes:
        return bytes(obstore.get(self.store, key).bytes())

    def put(self, key: str, body: bytes) -> None:
        obstore.put(self.store, key, body)

    def uploads(self) -> int:
        return self._ask("GET", f"/{self.name}?uploads").count(b"<Upload>")

    def requests(self) -> list[str]:
        """The requests of this test since the last call, such as ``PUT key``, or ``LIST`` for a listing."""
        found = []
        for request in self.server.requests():
            path, _, query = request.path.partition("?")
            bucket, _, key = path.removeprefix("/").partition("/")
            if bucket == self.name:
                found.append("LIST" if "list-type" in query else f"{request.method} {key.removeprefix('pub/')}".strip())
        self.server.forget()
        return found


@pytest.fixture
def bucket(moto: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Bucket(moto)


@pytest.fixture
def tree(docroot: Path) -> Iterator[Path]:
    site = Path(tempfile.mkdtemp(prefix="site-", dir=docroot))
    site.chmod(0o755)
    for number, name in enumerate(("a b.txt", "100%.json", "sub/page.html.gz", "sub/deep/日本.bin")):
        trees.write(site / name, 100 + number)
    trees.write(site / "sub/large.iso", LARGE)
    for path in site.rglob("*"):
        if path.is_file():
            os.utime(path, (1_700_000_000, 1_700_000_000))
    yield site
    shutil.rmtree(site)


def held(tree: Path) -> dict[str, bytes]:
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def assert_same(tree: Path, bucket: Bucket) -> None:
    files = held(tree)
    assert bucket.files() == sorted(files)
    assert all(bucket.get(key) == body for key, body in files.items())
    assert bucket.uploads() == 0


@pytest.mark.row("B01", "B02", "B03")
async def test_first_run_second_run_and_runs_without_a_state(
    serve: Serve, tree: Path, bucket: Bucket, tmp_path: Path
) -> None:
    nginx = serve("nginx")
    url, state = nginx.url_of(tree), tmp_path / "state"
    report = await crawler.mirror(url, bucket.url, bucket.config())
    assert (report.saved, report.failed, report.exit_code, report.free) == (5, 0, 0, None)
    assert_same(tree, bucket)
    large = obstore.get(bucket.store, "sub/large.iso", options={"head": True})
    assert large.attributes["mtime"] == "1700000000"
    small = obstore.get(bucket.store, "sub/page.html.gz", options={"head": True})
    assert small.attributes["Content-Type"] == "application/gzip"
    assert small.attributes["mtime"] == "1700000000"
    assert len(small.attributes["sha256"]) == 64

    bucket.requests()
    report = await crawler.mirror(url, bucket.url, bucket.config())
    assert (report.saved, report.unchanged) == (0, 5)
    requests = bucket.requests()
    assert (requests.count("LIST"), len(requests)) == (3, 9), "one for each directory, and six for lock and state"
    assert all(OWN in request for request in requests if request != "LIST")

    shutil.rmtree(state)  # as in a container without a volume: the copy of the state has everything
    report = await crawler.mirror(url, bucket.url, bucket.config())
    assert (report.saved, report.unchanged) == (0, 5)
    requests = bucket.requests()
    assert f"GET {OWN}state.sqlite3" in requests
    assert not [request for request in requests if request != "LIST" and OWN not in request]

    shutil.rmtree(state)
    obstore.delete(bucket.store, f"{OWN}state.sqlite3")
    nginx.forget()
    bucket.requests()
    report = await crawler.mirror(url, bucket.url, bucket.config())
    assert (report.saved, report.unchanged, report.exit_code) == (0, 5, 0), "asked, not fetched again"
    asked = [unquote(request) for request in bucket.requests() if OWN not in request and request != "LIST"]
    assert sorted(asked) == sorted(f"HEAD {key}" for key in held(tree))
    assert {request.method for request in nginx.requests() if not request.path.endswith(("/", "robots.txt"))} == {
        "HEAD"
    }
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert all(SECRET.encode() not in bucket.get(key) for key in bucket.all_keys())


@pytest.mark.row("B04", "B05")
async def test_changes_deletions_and_what_others_did(serve: Serve, tree: Path, bucket: Bucket) -> None:
    url = serve("nginx").url_of(tree)
    await crawler.mirror(url, bucket.url, bucket.config())
    (tree / "a b.txt").unlink()
    shutil.rmtree(tree / "sub/deep")
    trees.write(tree / "new.txt", 7)
    trees.write(tree / "100%.json", 50)
    bucket.put("sub/page.html.gz", b"-" * 102)  # of the same size, but with different content
    bucket.put("foreign/.crawler/lock", b"{}")  # another mirror
    bucket.put("foreign/kept", b"kept")
    plan = await crawler.mirror(url, bucket.url, bucket.config(delete=True, dry_run=True))
    assert sorted(step.path for step in plan.plan or () if step.action == "delete") == [
        "a b.txt", "sub/deep/", "sub/deep/日本.bin",
    ]  # fmt: skip
    refused = bucket.config(delete=True, max_delete=1)
    with pytest.raises(crawler.DeleteRefused):
        await crawler.mirror(url, bucket.url, refused)
    assert "a b.txt" in bucket.files()
    report = await crawler.mirror(url, bucket.url, bucket.config(delete=True))
    assert (report.deleted, report.failed, report.exit_code) == (2, 0, 0)
    assert bucket.get("foreign/kept") == b"kept"
    for key in ("foreign/kept", "foreign/.crawler/lock"):
        obstore.delete(bucket.store, key)
    assert_same(tree, bucket)


@pytest.mark.row("B05", "B06")
async def test_a_second_run_and_a_stale_lock(
    serve: Serve, tree: Path, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve("nginx").url_of(tree)
    until = time.time() + 300
    holder = {"owner": "elsewhere pid 7", "since": "2026-01-01T00:00:00Z", "expires_at": until, "token": "t"}
    bucket.put(f"{OWN}lock", json.dumps(holder).encode())
    with pytest.raises(crawler.AlreadyRunning, match=r"elsewhere pid 7.*holds s3://.*its lock ends at 20"):
        await crawler.mirror(url, bucket.url, bucket.config())
    assert bucket.files() == []
    monkeypatch.setattr(lock, "SKEW", -400.0)  # as if minutes had passed
    report = await crawler.mirror(url, bucket.url, bucket.config())
    assert report.saved == 5
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other machine"))
    with pytest.raises(crawler.ConfigError, match="lies in another mirror, the one in s3://"):
        await crawler.mirror(url, f"{bucket.url}/sub", bucket.config())
    with pytest.raises(crawler.ConfigError, match="mirror of"):
        await crawler.mirror(f"{url}sub/", bucket.url, bucket.config())
    assert_same(tree, bucket)


@pytest.mark.row("B07", "B08")
def test_the_command_line_killed_and_run_again(
    serve: Serve,
    tree: Path,
    bucket: Bucket,
    run_crawler: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, environment = serve("nginx").url_of(tree), {**bucket.environment, "XDG_STATE_HOME": str(tmp_path / "state")}
    command = [sys.executable, "-m", "crawler", "--limit-rate", "1M", url, bucket.url]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while "a b.txt" not in bucket.files():
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert set(bucket.files()) < set(held(tree)), "the large one is not there, not even in part"
    file, place = _file(tmp_path, url, bucket), {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = run_crawler("--config", file, "--processes", "2", "-v", env=place)
    assert (done.code, SECRET in done.output) == (0, False), done.output
    assert bucket.files() == sorted(held(tree))
    shutil.rmtree(tmp_path / "state")
    obstore.delete(bucket.store, f"{OWN}state.sqlite3")
    done = run_crawler("--config", file, "--processes", "2", "-v", env=place)
    assert (done.code, "0 saved, 5 unchanged" in done.output) == (0, True), done.output
    (tree / "sub/large.iso").unlink()
    bucket.put("sub/page.html.gz", b"-" * 102)

    def told(*arguments: object) -> tuple[int, str, str]:
        """Run the program in this process. Returns its exit code, standard output and standard error."""
        code = cli.run([str(argument) for argument in arguments])
        return (code, *capsys.readouterr())

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, _, said = told("--verify", bucket.url)
    assert (code, "sub/page.html.gz" in said) == (5, True), said
    assert told("--verify", "--repair", bucket.url)[0] == 0
    code, explained, _ = told("--explain", f"{url}a%20b.txt", url, bucket.url)
    assert (code, "unchanged, no request" in explained) == (0, True), explained
    for option in ("--trash=3", "--fsync=none", "--snapshots=3"):
        code, _, said = told(option, url, bucket.url)
        assert (code, f"{option.partition('=')[0]} cannot be combined with s3://" in said) == (2, True), said
    code, _, said = told(url, "s3://no-such-bucket/pub")
    assert (code, "create the bucket first" in said) == (4, True), said
    monkeypatch.setenv("XDG_STATE_HOME", "/nowhere")
    code, history, said = told("--history", "--report", tmp_path / "page.html", bucket.url)
    assert (code, history.count(" ok ")) == (0, 1), history + said
    assert "sub/" in (tmp_path / "page.html").read_text()


@pytest.mark.row("B01", "B02", "B04")
async def test_a_store_of_azure(serve: Serve, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    url = serve("nginx").url_of(tree)
    with running(AZURITE, tmp_path) as server:
        create_container(server.port, "shelf")
        settings = {"account_name": ACCOUNT, "account_key": ACCOUNT_KEY, "endpoint": f"{server.url}{ACCOUNT}"}
        store = AzureStore("shelf", prefix="pub", config=settings, client_options={"allow_http": True})  # type: ignore[arg-type]
        await assert_followed(tree, url, "az://shelf/pub", crawler.Config(objects=settings, delete=True), store)
        with pytest.raises(crawler.DestinationError, match="create the bucket first"):
            await crawler.mirror(url, "az://none/pub", crawler.Config(objects=settings))


@pytest.mark.row("B01", "B02", "B04", "B09")
async def test_a_store_that_ignores_conditions_takes_files_without_a_lock(
    serve: Serve, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    url = serve("nginx").url_of(tree)
    with running(S3RVER, tmp_path) as server:
        settings = {"access_key_id": "S3RVER", "secret_access_key": "S3RVER", "region": "any", "endpoint": server.url}
        store = S3Store("shelf", prefix="pub", config=settings, client_options={"allow_http": True})  # type: ignore[arg-type]
        with pytest.raises(crawler.DestinationError, match='ignores the conditions of writes: use lock="none"'):
            await crawler.mirror(url, "s3://shelf/pub", crawler.Config(objects=settings))
        unlocked = crawler.Config(objects=settings, delete=True, lock="none")
        await assert_followed(tree, url, "s3://shelf/pub", unlocked, store)


@contextmanager
def running(flavour: Flavour, directory: Path) -> Iterator[Server]:
    try:
        server = Server(flavour, directory)
    except Missing as missing:
        pytest.skip(f"{missing} is not installed: npm install -g {flavour.name}")
    try:
        yield server
    finally:
        server.stop()


async def assert_followed(
    tree: Path, url: str, directory: str, config: crawler.Config, store: AzureStore | S3Store
) -> None:
    """Check a first run, one without changes, one with the copy as its state, and one after changes."""

    def stored() -> dict[str, bytes]:
        keys = [item["path"] for chunk in obstore.list(store) for item in chunk]
        return {key: bytes(obstore.get(store, key).bytes()) for key in keys if not key.startswith(OWN)}

    assert (await crawler.mirror(url, directory, config)).saved == 5
    assert stored() == held(tree)
    assert (await crawler.mirror(url, directory, config)).unchanged == 5
    shutil.rmtree(os.environ["XDG_STATE_HOME"])
    assert (await crawler.mirror(url, directory, config)).unchanged == 5
    (tree / "a b.txt").unlink()
    trees.write(tree / "100%.json", 50)
    report = await crawler.mirror(url, directory, config)
    assert (report.saved, report.unchanged, report.deleted, report.exit_code) == (1, 3, 1, 0)
    assert stored() == held(tree)


def _file(directory: Path, url: str, bucket: Bucket) -> Path:
    """A configuration file with the credentials."""
    path = directory / "mirrors.toml"
    settings = "\n".join(f'{key} = "{value}"' for key, value in bucket.objects.items())
    path.write_text(f'[objects]\n{settings}\n[[mirror]]\nname = "one"\nurl = "{url}"\ndir = "{bucket.url}"\n')
    return path


@pytest.mark.row("B10")
async def test_a_first_run_against_a_dead_server_leaves_nothing(bucket: Bucket, tmp_path: Path) -> None:
    with ports.refusing() as port:
        for options in ({}, {"lock": "none"}):
            with pytest.raises(crawler.ListingError, match="connection refused"):
                await crawler.mirror(f"http://127.0.0.1:{port}/", bucket.url, bucket.config(attempts=1, **options))
            assert bucket.all_keys() == []
    assert not [path for path in (tmp_path / "state").rglob("*") if path.is_file()]


@pytest.mark.row("B02")
async def test_the_state_is_sent_again_only_if_it_has_news(
    serve: Serve, tree: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_copy, "SMALL", 0)
    url, sent = serve("nginx").url_of(tree), f"PUT {OWN}state.sqlite3"
    for saved in (5, 0, 0, 1, 0):
        if saved == 1:
            trees.write(tree / "new.txt", 7)
        report = await crawler.mirror(url, bucket.url, bucket.config())
        assert (report.exit_code, report.saved) == (0, saved)
        assert (sent in bucket.requests()) == (saved > 0)
