"""A copy that was damaged, however it looks now, is replaced by the file that the record or the row shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.behaviours import Page, Says
from tests.support.misbehaving.server import Site

PK = b"PK\x03\x04" + bytes(range(256))
HTML = b"<!DOCTYPE html><title>Notes</title><p>none"
# name → (the file, its type, what the damaged copy contains)
FILES = {
    "empty": (b"", "text/plain", b"not empty"), "empty.zip": (b"", "application/zip", PK),
    "words": (b"words\n", "text/plain", PK), "words.txt": (b"words\n" * 900, "text/plain", b"\0" * 5400),
    "notes": (HTML, "text/html", b"other"), "notes.zip": (HTML, "application/zip", PK),
    "stub.zip": (b"see elsewhere", "text/plain", b""), "data.csv": (b'{"a": 1}', "application/json", b"a,b"),
}  # fmt: skip


def serve(site: Site, *, framing: str = "length") -> None:
    for name, (body, kind, _) in FILES.items():
        site.file(name, body, Says(framing=framing), content_type=kind)  # type: ignore[arg-type]


def damage(directory: Path) -> None:
    for name, (_, _, bad) in FILES.items():
        (directory / name).write_bytes(bad)


def assert_repaired(directory: Path) -> None:
    assert {name: (directory / name).read_bytes() for name in FILES} == {name: of[0] for name, of in FILES.items()}


@pytest.mark.row("F19")
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_each_damaged_copy_is_repaired_whatever_it_looks_like(tmp_path: Path, framing: str) -> None:
    with Site() as site:
        serve(site, framing=framing)
        assert cli.run([site.url, str(tmp_path)]) == 0
        for again in (["--verify", "--repair", str(tmp_path)], [site.url, str(tmp_path)]):
            damage(tmp_path)
            assert cli.run(again) == 0
            assert_repaired(tmp_path)
            assert cli.run(["--verify", str(tmp_path)]) == 0


@pytest.mark.row("F19")
def test_a_damaged_copy_of_a_list_or_a_single_file_is_replaced_by_what_its_record_shows(tmp_path: Path) -> None:
    with Site() as site:
        serve(site)
        urls = tmp_path / "urls"
        urls.write_text("".join(f"{site.url}{name}\n" for name in FILES if not name.endswith(".zip")))
        single = [f"{site.url}empty.zip", str(tmp_path / "single")]
        listed = ["--input-file", str(urls), str(tmp_path / "listed")]
        for args, names in ((single, ["empty.zip"]), (listed, [name for name in FILES if not name.endswith(".zip")])):
            assert cli.run(args) == 0
            for name in names:
                Path(args[-1], name).write_bytes(FILES[name][2])
            assert cli.run(args) == 0
            assert all(Path(args[-1], name).read_bytes() == FILES[name][0] for name in names)


@pytest.mark.row("F19")
def test_what_the_record_does_not_confirm_does_not_replace_a_damaged_copy(tmp_path: Path) -> None:
    with Site() as site:
        site.file("a.bin", PK)
        url = f"{site.url}a.bin"
        assert cli.run([url, str(tmp_path)]) == 0
        (tmp_path / "a.bin").write_bytes(PK[:-1])
        for body in (b"", b"try again", b"x" * len(PK)):
            site.on("a.bin", Page(body, "application/octet-stream"))
            assert cli.run([url, str(tmp_path)]) == 5
            assert cli.run(["--verify", "--repair", str(tmp_path)]) == 5
            assert (tmp_path / "a.bin").read_bytes() == PK[:-1]
