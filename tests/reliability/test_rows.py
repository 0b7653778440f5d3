"""Rows L: rows of a listing that cannot be fetched as they are."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Resource


def rows(site: Site, *shown: tuple[str, str]) -> None:
    """Make the root list exactly these (href, text). Queries are ignored."""
    listed = [Row(href=href, size=None if text.endswith("/") else 100, mtime=OLD, text=text) for href, text in shown]
    site.listing("", lambda: nginx(site.root, listed))

    def resource(target: str) -> Resource | None:
        path, mark, _ = target.partition("?")
        return site.resource(path) if mark else None

    site.otherwise = resource


@pytest.mark.row("L19")
def test_no_row_of_a_listing_is_lost(sandbox: Sandbox, site: Site) -> None:
    for number, name in enumerate(("a.zip", "what?.txt", "epoch1:2.deb", "own.bin")):
        site.file(name, blob(100, number))
    site.file("sub/b.bin", blob(100, 9))
    wanted = site.contents()
    entries = (
        ("own.bin", "own.bin"), ("a.zip?k=KEY&sort=name", "a.zip"), ("sub/;jsessionid=1?C=M&O=D", "sub/"),
        ("what?.txt", "what?.txt"), ("epoch1:2.deb", "epoch1:2.deb"),
    )  # fmt: skip
    elsewhere = (
        ("get.php?id=1", "lost.bin"), ("javascript:get(2)", "lost.iso"), ("http://cdn.invalid/far.bin", "far.bin"),
        ("/up.bin", "up.bin"), ("ftp://h.invalid/f.bin", "f.bin"),
    )  # fmt: skip
    rows(site, *entries, *elsewhere)
    summary, changes = sandbox.reports / "summary.json", sandbox.reports / "changes.jsonl"
    run = sandbox.mirror(site.url, more=[f"--summary={summary}", f"--changes={changes}"])
    run.fails(5)
    run.says("lost.bin", "lost.iso", "which file is meant")
    sandbox.holds(wanted)
    assert "/pub/a.zip?k=KEY" in site.log.targets
    assert "/pub/sub/" in site.log.targets
    written = json.loads(summary.read_text())
    assert [written[key] for key in ("listed", "saved", "skipped", "failed")] == [10, 5, 3, 2]
    assert written["skipped_by"] == {"above": 1, "other-host": 1, "scheme": 1}
    lost = [json.loads(line)["path"] for line in changes.read_text().splitlines() if '"failed"' in line]
    assert sorted(lost) == ["lost.bin", "lost.iso"]
    # excluded rows are not failures, and are counted again although the page is unchanged
    sandbox.mirror(site.url, more=["--exclude=lost.*", f"--summary={summary}"]).succeeds()
    written = json.loads(summary.read_text())
    assert [written[key] for key in ("listed", "unchanged", "skipped", "failed")] == [10, 5, 5, 0]


@pytest.mark.row("L20")
def test_a_run_that_wanted_nothing_says_so(sandbox: Sandbox, site: Site) -> None:
    with Site() as other:
        other.file("far.bin", blob(100))
        rows(site, (f"{other.url}far.bin", "far.bin"), ("ftp://h.invalid/f.bin", "f.bin"))
        for _ in range(2):
            run = sandbox.mirror(site.url)
            run.fails(5)
            run.says("nothing to save: all 2 rows of the listing are skipped: 1 other-host, 1 scheme", "--allow-host")
        assert other.log == []
        sandbox.mirror(site.url, more=[f"--allow-host={other.host}"]).succeeds()
        sandbox.holds({"far.bin": blob(100)})


@pytest.mark.row("L20")
def test_a_root_with_dot_segments_or_a_query_is_the_directory_that_is_meant(sandbox: Sandbox, site: Site) -> None:
    site.file("a.bin", blob(100))
    site.file("sub/b.bin", blob(100, 1))
    page = nginx(site.root, [Row(href="a.bin?C=M", size=100, mtime=OLD, text="a.bin"), Row(href="sub/?C=M", size=None)])
    query = Version(data=page, mtime=OLD, content_type="text/html")
    site.otherwise = lambda target: Resource(path=target, state=query) if target == "/pub/?C=M" else None
    for root in ("./pub/", "x/../pub/", "pub/sub/..", "pub/?C=M"):
        sandbox.mirror(f"{site.origin}/{root}").succeeds()
        sandbox.holds(site.contents())


@pytest.mark.row("L21")
def test_a_name_that_looks_like_a_session_and_a_row_without_a_name(sandbox: Sandbox, site: Site) -> None:
    names = ("a", "a;jsessionid=1", "a;jsessionid=2", "a;type=i", "d;sid=7/in")
    for number, name in enumerate(names):
        site.file(name, blob(100, number))
    wanted = site.contents()
    rows(site, *((name, name) for name in names[:-1]), ("d;sid=7/", "d;sid=7/"))
    site.otherwise = lambda target: site.resource(quote(target, safe="/=")) if ";" in target else None
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)
    shown = [{"name": name, "type": "file", "size": 100, "mtime": OLD} for name in ("a", "a;type=i")]
    clash = {"name": "a", "type": "file", "size": 101, "mtime": OLD}
    site.listing("", lambda: json.dumps([*shown, {"name": None, "type": "file", "size": 1}, clash]).encode())
    run = sandbox.mirror(site.url)
    run.fails(5)
    run.says("has no name", "another row has the same address")
    sandbox.holds(wanted)
