"""WebDAV servers respond to GET of a collection with a listing; a tree that others write to is mirrored from it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import SERVERS_REQUIRED, ServeAlone
from tests.support import trees
from tests.support.program import Program
from tests.support.servers import Missing, Server, apache
from tests.support.servers.process import Flavour, Site

SERVERS = ("apache", "rclone")
NAMES = (
    "a b.txt",
    "100%.txt",
    "q?#.txt",
    "日本語.txt",
    "sub/deeper/e&f.txt",
    "sub/+plus.txt",
    "looks-like-a-file.txt/inside.txt",
)


def configure_apache(site: Site) -> list[str]:
    """mod_dav over the whole tree. The first line closes the section that contains the options."""
    modules = next((place for place in apache.MODULE_DIRECTORIES if Path(place, "mod_dav_fs.so").exists()), None)
    if modules is None:
        raise Missing("mod_dav")
    locks = site.scratch / "locks"
    locks.mkdir(exist_ok=True)
    for directory in (locks, site.root):
        directory.chmod(0o777)  # httpd, started as root, runs as nobody
    loaded = (f'LoadModule {name}_module "{modules}/mod_{name}.so"' for name in ("dav", "dav_fs"))
    dav = ["</Directory>", *loaded, f'DavLockDB "{locks}/db"', f'<Directory "{site.root}">', "Dav On"]
    return apache.configure(site, options="\n".join([*dav, "IndexOptions FancyIndexing Charset=UTF-8"]))


APACHE = Flavour(name="apache-dav", program="apache2", configure=configure_apache)


@pytest.fixture(params=SERVERS)
def dav(request: pytest.FixtureRequest, serve_alone: ServeAlone) -> Iterator[Server]:
    """A server over an empty directory to which the tests write through WebDAV."""
    if request.param == "rclone":
        yield serve_alone("rclone-webdav")
        return
    root = Path(tempfile.mkdtemp(prefix="crawler-dav-"))
    try:
        server = Server(APACHE, root)
    except Missing as missing:
        root.rmdir()
        (pytest.fail if SERVERS_REQUIRED else pytest.skip)(f"{missing} is not installed")
    yield server
    server.stop()
    shutil.rmtree(root)


def send(server: Server, method: str, name: str, body: bytes = b"", **headers: str) -> None:
    """One request of a WebDAV client; it must succeed."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=100)
    connection.request(method, f"/{quote(name)}", body=body, headers=headers)
    response = connection.getresponse()
    assert response.status in {201, 204}, (method, name, response.status, response.read())
    connection.close()


def fill(server: Server) -> None:
    for number, name in enumerate(NAMES):
        directories = name.split("/")[:-1]
        for depth in range(len(directories)):
            directory = "/".join(directories[: depth + 1])
            if not (server.root / directory).is_dir():
                send(server, "MKCOL", f"{directory}/")
        send(server, "PUT", name, os.urandom(900 + 300 * number))
    send(server, "MKCOL", "empty/")


def counts(run: Program, *arguments: object, note: Path) -> dict[str, int]:
    """Run the program, which must succeed. Returns the summary's counts."""
    done = run("--summary", note, *arguments)
    assert done.code == 0, done.output
    summary: dict[str, int] = json.loads(note.read_text())
    return summary


def test_what_was_written_to_a_webdav_server_is_mirrored_once(
    dav: Server, run_crawler: Program, mirror: Path, tmp_path: Path
) -> None:
    fill(dav)
    assert counts(run_crawler, dav.url, mirror, note=tmp_path / "note")["saved"] == len(NAMES)
    trees.assert_same(dav.root, mirror)
    again = counts(run_crawler, dav.url, mirror, note=tmp_path / "note")
    assert (again["saved"], again["unchanged"]) == (0, len(NAMES))
    trees.assert_same(dav.root, mirror)


def test_what_is_changed_through_webdav_follows(
    dav: Server, run_crawler: Program, mirror: Path, tmp_path: Path
) -> None:
    fill(dav)
    counts(run_crawler, dav.url, mirror, note=tmp_path / "note")
    send(dav, "PUT", "a b.txt", os.urandom(5_000))
    send(dav, "DELETE", "100%.txt")
    send(dav, "MOVE", "sub/deeper/", Destination=f"{dav.url}{quote('moved & more')}/")
    send(dav, "PUT", "empty/new.txt", b"new")
    found = counts(run_crawler, "--delete", "--max-delete", "50%", dav.url, mirror, note=tmp_path / "note")
    assert (found["saved"], found["deleted"], found["unchanged"]) == (3, 2, len(NAMES) - 3)
    trees.assert_same(dav.root, mirror)


def test_the_standard_tree_is_mirrored_from_webdav_and_a_second_run_saves_nothing(
    serve_alone: ServeAlone, run_crawler: Program, mirror: Path, tmp_path: Path
) -> None:
    server = serve_alone("rclone-webdav")
    tree = trees.build(server.root / "pub")
    url, files = server.url_of(tree), trees.count(tree).files
    assert counts(run_crawler, url, mirror, note=tmp_path / "note")["saved"] == files
    trees.assert_same(tree, mirror)
    assert counts(run_crawler, url, mirror, note=tmp_path / "note")["saved"] == 0
    trees.assert_same(tree, mirror)
