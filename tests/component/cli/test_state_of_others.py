"""--state FILE that no run has written is refused in every mode, and stays as it is; a damaged state is replaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crawler
from crawler.cli import parser as cli
from crawler.storage.state.schema import APPLICATION_ID, HEAD_BYTES, is_own
from tests.support.misbehaving.server import Site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        site.file("a.txt", b"a")
        yield site


@pytest.fixture(scope="module")
def state(site: Site, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The content of a state."""
    place = tmp_path_factory.mktemp("own")
    crawler.mirror_sync(site.url, place / "d", state=place / "s")
    return (place / "s").read_bytes()


def database(*statements: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(";".join(statements))
        return connection.serialize()


OTHERS = {
    "a document": b"precious\n",
    "a long document": b"precious\n" * 2000,
    "a program that creates a state": b"create = 'CREATE TABLE files(folder BLOB, name BLOB, url)'\n",
    "zeros": bytes(8192),
    "the beginning of a database": b"SQLite format 3\0",
    "a database": database("CREATE TABLE bookmarks(url)"),
    "a database with an id": database("PRAGMA application_id = 7", "CREATE TABLE files(name)"),
    "an empty database with an id": database("PRAGMA application_id = 7"),
}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda state: state,
    "all of it": lambda _: b"",
    "another first byte": lambda state: b"s" + state[1:],
    "another id": lambda state: state[:68] + b"xxxx" + state[72:],
    "garbage after the first page": lambda state: state[:4096] + b"\xa5" * (len(state) - 4096),
    "half of it missing": lambda state: state[: len(state) // 2],
    "only a header": lambda state: state[:100],
    "a newer schema": lambda state: state[:60] + b"\0\0\0\x63" + state[64:],
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_files_are_told_from_a_state(what: str) -> None:
    assert not is_own(OTHERS[what][:HEAD_BYTES])


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_one(state: bytes, damage: str) -> None:
    assert is_own(DAMAGES[damage](state)[:HEAD_BYTES])
    empty = database("PRAGMA user_version = 1", "PRAGMA user_version = 0")
    assert is_own(empty[:HEAD_BYTES]), "an empty database, which another program may be about to fill"


@settings(max_examples=25)
@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_without_the_marks_of_a_state_are_not_one(content: bytes) -> None:
    has_table = b"CREATE TABLE files(folder BLOB, name BLOB" in content and 0 in content
    assert is_own(content) == (has_table or content[68:72] == APPLICATION_ID.to_bytes(4))


MODES = (
    ["URL", "d"],
    ["--dry-run", "URL", "d"],
    ["--explain", "a.txt", "URL", "d"],
    ["--verify", "d"],
    ["--verify", "--repair", "d"],
    ["--history", "d"],
    ["--input-file", "list", "d"],
    ["--config", "m.toml"],
    ["--config", "m.toml", "--verify"],
    ["--config", "m.toml", "--history"],
)


@pytest.mark.parametrize("what", ["a document", "a database"])
def test_each_mode_refuses_the_file_and_leaves_it(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run([site.url, "d"]) == 0
    (tmp_path / "f").write_bytes(OTHERS[what])
    (tmp_path / "list").write_text(f"{site.url}a.txt\n")
    (tmp_path / "m.toml").write_text(f"[[mirror]]\nname = 'm'\nurl = '{site.url}'\ndir = 'd'\nstate = 'f'\n")
    before = sorted(tmp_path.rglob("*"))
    for words in MODES:
        given = [] if "--config" in words else ["--state", "f"]
        code = cli.run([*given, *(site.url if word == "URL" else word for word in words)])
        said = capsys.readouterr().err
        assert (code, said.count("\n"), "is not the state of a mirror" in said) == (2, 1, True), (words, said)
    with pytest.raises(crawler.ConfigError, match=r"^state f: is not the state of a mirror: "):
        crawler.mirror_sync(site.url, "d", state="f")
    assert (tmp_path / "f").read_bytes() == OTHERS[what]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("damage", ["another first byte", "half of it missing", "a newer schema"])
def test_a_damaged_state_is_set_aside(site: Site, tmp_path: Path, state: bytes, damage: str) -> None:
    (tmp_path / "s").write_bytes(DAMAGES[damage](state))
    report = crawler.mirror_sync(site.url, tmp_path / "d", state=tmp_path / "s")
    assert report.ok
    assert [path.read_bytes() for path in tmp_path.glob("s.damaged-*")] == [DAMAGES[damage](state)]


def test_whatever_lies_at_the_usual_place_is_a_damaged_state(site: Site, tmp_path: Path) -> None:
    (tmp_path / "d/.crawler").mkdir(parents=True)
    (tmp_path / "d/.crawler/state.sqlite3").write_bytes(b"SQLite format 3\0" + b"\xa5" * 8176)
    assert crawler.mirror_sync(site.url, tmp_path / "d").ok
    assert len(list((tmp_path / "d/.crawler").glob("*.damaged-*"))) == 1


def test_a_state_of_another_mirror_is_not_to_be_removed(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["--state=s", site.url, "d"]) == 0
    before = (tmp_path / "s").read_bytes()
    capsys.readouterr()
    assert cli.run(["--state=s", site.url, "e"]) == 4
    said = capsys.readouterr().err
    assert f"e is empty or new, but s knows 1 file of {site.url}: is their disk mounted?" in said
    assert "Another mirror needs another --state" in said
    assert (tmp_path / "s").read_bytes() == before


@pytest.mark.parametrize("place", ["file:///", "file://localhost/", "/.", "/tmp/..", "/../", ".", "link"])
def test_the_root_of_the_system_is_no_directory_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "list").write_text("http://127.0.0.1:1/a\n")
    if place == ".":
        monkeypatch.chdir("/")
    for words in (["http://127.0.0.1:1/a/"], ["http://127.0.0.1:1/a.zip"], [f"--input-file={tmp_path / 'list'}"]):
        assert cli.run([*words, place]) == 2
        assert "is the root of the whole system" in capsys.readouterr().err
    with pytest.raises(crawler.ConfigError, match="the root of the whole system"):
        crawler.mirror_sync("http://127.0.0.1:1/a/", place)
    assert not Path("/.crawler").exists()
