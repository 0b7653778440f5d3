"""No output file of a run takes the place of a file of a mirror, whatever has become of that file upstream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

Output = pytest.CaptureFixture[str]
OPTIONS = ("--summary", "--changes", "--metrics", "--report", "--log-file")
BODY = b"hello b\n"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    with Site() as running:
        running.file("a.zip", b"A" * 100)
        running.file("b.prom", BODY)
        running.file("sub/c.txt", BODY)
        yield running


def refused(capsys: Output, *arguments: str) -> str:
    """What a call prints that must write nothing."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert cli.run(arguments) == 2
    after = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert after == before
    printed = capsys.readouterr()
    assert not printed.out
    return printed.err


@pytest.mark.row("D18")
def test_an_output_in_place_of_a_saved_file_is_refused_in_every_mode(site: Site, capsys: Output) -> None:
    assert cli.run(["-q", site.url, "d"]) == 0
    Path("l.txt").write_text(f"{site.url}b.prom\n")
    requests = len(site.log)
    modes = (
        [site.url, "d"],
        [site.url, "d", "--dry-run"],
        [site.url, "d", "--exclude", "b.prom"],
        ["--input-file", "l.txt", "d"],
        ["--verify", "d"],
        ["--verify", "--repair", "d"],
    )
    said = "that is b.prom of the mirror d: name another file"
    for mode in modes:
        for option in OPTIONS:
            assert refused(capsys, *mode, option, "d/b.prom") == f"crawler: {option} d/b.prom: {said}\n"
    assert refused(capsys, "--history", "d", "--report", "d/b.prom") == f"crawler: --report d/b.prom: {said}\n"
    other = "is not the state of a mirror: name another file"
    assert refused(capsys, site.url, "d", "--state", "d/b.prom") == f"crawler: --state d/b.prom: {other}\n"
    assert refused(capsys, site.url, "other", "--summary", "d/b.prom") == (
        f"crawler: --summary d/b.prom: that is b.prom of the mirror {Path('d').resolve()}: name another file\n"
    )
    assert len(site.log) == requests
    assert Path("d/b.prom").read_bytes() == BODY


@pytest.mark.row("D18")
def test_so_it_is_with_the_mirrors_of_a_file(site: Site, capsys: Output) -> None:
    mirror = f"[[mirror]]\nname = '{{0}}'\nurl = '{site.url}'\ndir = '{{0}}'\n"
    file = Path("m.toml")
    file.write_text(mirror.format("a") + mirror.format("b"))
    assert cli.run(["-q", "--config", "m.toml"]) == 0
    here = Path().resolve()
    file.write_text("status = 'a/b.prom'\n" + mirror.format("a") + "summary = 'b/b.prom'\n" + mirror.format("b"))
    page = "m.toml:1: status: a/b.prom: that is b.prom of the mirror a: name another file"
    lines = [f"crawler: m.toml:6: mirror 1 (a): summary: b/b.prom: that is b.prom of the mirror {here}/b: name another",
             f"crawler: {page}"]  # fmt: skip
    for mode in ([], ["--dry-run"], ["--verify"], ["--history"], ["--only", "a"]):
        found = refused(capsys, "--config", "m.toml", *mode).splitlines()
        assert [line.removesuffix(" file") for line in found if "summary" in line] == lines[: "--history" not in mode]
        assert f"crawler: {page}" in found
    file.write_text(mirror.format("a") + mirror.format("b"))
    site.file("n.prom", BODY)
    assert cli.run(["--config", "m.toml", "--status", "a/n.prom"]) == 5
    assert "--status a/n.prom: not written, because a listing has a file of that path" in capsys.readouterr().err
    assert not Path("a/n.prom").exists()
    given = ["--status", "b/sub/c.txt", "--report", "a/{name}.prom", "--only", "b"]
    assert refused(capsys, "--config", "m.toml", *given).splitlines() == [
        f"crawler: --report a/b.prom: that is b.prom of the mirror {here}/a: name another file",
        "crawler: --status b/sub/c.txt: that is sub/c.txt of the mirror b: name another file",
    ]


Change = Callable[[Site], object]
UNKNOWN: dict[str, tuple[list[str], Change, str, int]] = {
    "new": ([], lambda site: site.file("n.prom", b"new"), "failed", 5),
    "unchanged, saved by another program": ([], lambda site: saved("n.prom", site), "failed", 5),
    "changed, saved by another program": ([], lambda site: site.file("n.prom", b"other", mtime=saved("n.prom", site)),
                                          "failed", 5),
    "excluded": (["--exclude", "n.prom"], lambda site: site.file("n.prom", b"new"), "1 skipped", 0),
    "not listed": ([], lambda site: None, "0 failed", 0),
}  # fmt: skip
"""What the listing shows where an output is to be written and the state knows nothing → options, result, exit code."""


def saved(name: str, site: Site) -> float:
    """Serve ``name``, and have a copy in DIR that the state does not know. Returns another time than that of both."""
    site.file(name, BODY)
    Path("d", name).write_bytes(BODY)
    os.utime(f"d/{name}", (OLD, OLD))
    return OLD + 86400


@pytest.mark.row("D18")
@pytest.mark.parametrize("case", UNKNOWN)
def test_an_output_that_only_the_listing_claims_fails_and_is_not_written(case: str, site: Site, capsys: Output) -> None:
    options, change, result, code = UNKNOWN[case]
    Path("d").mkdir()
    change(site)
    there = Path("d/n.prom").read_bytes() if Path("d/n.prom").exists() else None
    for option in OPTIONS[:4]:
        assert cli.run(["-v", site.url, "d", *options, option, "d/n.prom"]) == code
        printed = "".join(capsys.readouterr())
        assert result in printed
        claim = f"'n.prom' is this run's {option} file: choose another path for it"
        refusal = f"{option} d/n.prom: not written, because the listing has a file of that path: name another file"
        assert (claim in printed, refusal in printed) == (code == 5, code == 5)
        if code == 5:
            assert (Path("d/n.prom").read_bytes() if Path("d/n.prom").exists() else None) == there
        else:
            assert Path("d/n.prom").exists()
            Path("d/n.prom").unlink()
    assert cli.run(["--dry-run", site.url, "d", *options, "--summary", "d/n.prom"]) == code
    assert ("is this run's --summary file" in capsys.readouterr().err) == (code == 5)


@pytest.mark.row("D18")
def test_a_listed_input_of_the_run_stays_a_file_of_the_mirror(site: Site) -> None:
    Path("d").mkdir()
    site.file("urls.txt", f"{site.url}a.zip\n".encode())
    assert cli.run(["-q", site.url, "d"]) == 0
    assert cli.run(["-q", "--input-file", "d/urls.txt", "d"]) == 0
    assert cli.run(["-q", "--header", "@d/b.prom", site.url, "d"]) == 2  # it is not a header
    assert Path("d/b.prom").read_bytes() == BODY


@pytest.mark.row("D18")
def test_a_log_that_shares_the_inode_of_a_saved_file_is_refused(site: Site, capsys: Output) -> None:
    assert cli.run(["-q", site.url, "d"]) == 0
    os.link("d/sub/c.txt", "log")
    said = "crawler: --log-file log: that is sub/c.txt of the mirror d: name another file\n"
    assert refused(capsys, site.url, "d", "--log-file", "log") == said
    assert cli.run(["-q", site.url, "d", "--summary", "log"]) == 0  # takes the name, and leaves the file
    assert Path("d/sub/c.txt").read_bytes() == BODY


@pytest.mark.row("D18")
def test_names_of_windows_are_those_of_the_listing(site: Site, capsys: Output) -> None:
    site.file("a:b.prom", BODY)
    assert cli.run(["-q", "--names", "windows", site.url, "d"]) == 0
    assert "stored under names that Windows can hold" in capsys.readouterr().err
    for name in ("d/a%3Ab.prom", "d/sub/c.txt"):
        known = name[2:].replace("%3A", ":")
        assert refused(capsys, "--names", "windows", site.url, "d", "--summary", name) == (
            f"crawler: --summary {name}: that is {known} of the mirror d: name another file\n"
        )
    site.file("c:d.txt", BODY)
    assert cli.run(["--names", "windows", site.url, "d", "--summary", "d/c%3Ad.txt"]) == 5
    assert not Path("d/c%3Ad.txt").exists()


@pytest.mark.row("D18")
def test_nothing_is_written_into_a_snapshot(site: Site, capsys: Output) -> None:
    assert cli.run(["-q", "--snapshots", "2", site.url, "d"]) == 0
    current = "d/.crawler/snapshots/current"
    said = f"crawler: --summary {current}/b.prom: that directory is for the state: name another\n"
    for arguments in (["--verify", current], [site.url, "d"], [site.url, "other"]):
        assert refused(capsys, *arguments, "--summary", f"{current}/b.prom") == said
