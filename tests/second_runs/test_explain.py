"""--explain shows how a decision is made, without changing anything or requesting a file."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler import mirror
from crawler.app.maintenance import explain
from crawler.model.config import Config
from crawler.model.errors import ConfigError, ListingError, RobotsForbidden
from crawler.model.options.rules import parse_rule
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.samples import DAY, blob, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD


async def facts(site: Site, path: str, directory: Path, **options: object) -> dict[str, list[str]]:
    """The printed lines by their first word."""
    site.log.clear()
    config = Config(attempts=2, **options)  # type: ignore[arg-type]
    lines, found = await explain(site.url + path, site.url, directory, config)
    assert site.log.bodies("/pub/") == []
    explained: dict[str, list[str]] = {"found": [str(found)]}
    for word, text in lines:
        explained.setdefault(word, []).append(text)
    return explained


async def test_a_new_file_is_explained_without_a_directory(site: Site, tmp_path: Path) -> None:
    populate(site)
    explained = await facts(site, "sub/deep/d.bin", tmp_path / "d")
    assert explained["scope"] == [site.url]
    assert [text.partition(": ")[0] for text in explained["listing"]] == [
        site.url,
        f"{site.url}sub/",
        f"{site.url}sub/deep/",
    ]
    assert explained["path"] == ["sub/deep/d.bin"]
    assert "size 2517 bytes" in explained["row"][0]
    assert (explained["state"], explained["disk"]) == (["nothing is known"], ["nothing is there"])
    assert explained["decision"] == ["fetch: new"]
    assert explained["request"] == [f"GET {site.url}sub/deep/d.bin"]
    assert not (tmp_path / "d").exists()
    assert not site.log.times("/pub/other/"), "only what is on the way is read"


async def test_an_unchanged_file_is_distinguished_from_a_changed_one(site: Site, tmp_path: Path) -> None:
    populate(site)
    await mirror(site.url, tmp_path)
    explained = await facts(site, "a.txt", tmp_path)
    assert explained["decision"] == ["unchanged, no request: same row"]
    assert "the same row, 517 bytes" in explained["state"][0]
    assert hashlib.sha256(site.contents()["a.txt"]).hexdigest() in explained["state"][0]
    assert "a file, 517 bytes" in explained["disk"][0]
    site.file("a.txt", blob(517, 9), mtime=OLD + DAY)
    explained = await facts(site, "a.txt", tmp_path)
    assert explained["decision"] == ["conditional request: row changed"]
    assert "If-None-Match: " in explained["request"][0]
    explained = await facts(site, "a.txt", tmp_path, check="headers")
    assert "another row" in explained["state"][0]


async def test_each_rule_is_named_with_what_it_says(site: Site, tmp_path: Path) -> None:
    populate(site)
    rules = (parse_rule("sub/**", include=False, where=""), parse_rule("*.iso", include=True, where=""))
    explained = await facts(site, "sub/c.iso", tmp_path, rules=rules, ext=("iso",), min_size=10)
    assert explained["rule"] == [
        "--ext iso: matches",
        "--exclude sub/**: matches",
        "--include *.iso: matches",
        "--min-size 10: matches",
    ]
    assert explained["decision"] == ["skipped: exclude"]


@pytest.mark.parametrize(
    ("options", "word"),
    [({"rules": (parse_rule("sub/", include=False, where=""),)}, "exclude: sub/"), ({"max_depth": 0}, "depth: below")],
)
async def test_a_directory_that_is_not_entered_is_named(
    site: Site, tmp_path: Path, options: dict[str, object], word: str
) -> None:
    populate(site)
    explained = await facts(site, "sub/deep/e", tmp_path, **options)
    assert explained["directory"][0].startswith(f"sub/ is not entered: {word}")
    assert explained["decision"][0].startswith(f"nothing: sub/ is not entered: {word}")
    assert explained["found"] == ["True"], "a rule decides, whatever is in it"


async def test_robots_of_a_file_and_of_the_root(site: Site, tmp_path: Path) -> None:
    populate(site)
    site._resource("/robots.txt").page = lambda: b"User-agent: *\nDisallow: /pub/a.txt\n"
    explained = await facts(site, "a.txt", tmp_path)
    assert explained["decision"] == ["skipped: robots"]
    site._resource("/robots.txt").page = lambda: b"User-agent: *\nDisallow: /\n"
    with pytest.raises(RobotsForbidden):
        await facts(site, "a.txt", tmp_path)


async def test_published_digests_and_the_order_are_part_of_it(site: Site, tmp_path: Path) -> None:
    site.file("a.bin", blob(100))
    digest = hashlib.sha256(blob(100)).hexdigest()
    site.file("SHA256SUMS", f"{digest}  a.bin\n".encode())
    await mirror(site.url, tmp_path)
    site.file("a.bin", blob(101, 2), mtime=OLD + DAY)
    explained = await facts(site, "a.bin", tmp_path)
    assert explained["digest"] == [f"must be sha256:{digest}"]
    site.file("SHA256SUMS.new", b"")
    (tmp_path / "SHA256SUMS").unlink()
    explained = await facts(site, "SHA256SUMS", tmp_path)
    assert explained["order"] == ["after everything else (--last)"]


@pytest.mark.parametrize("path", ["sub/", "sub"])
async def test_a_directory_is_an_entry_too(site: Site, tmp_path: Path, path: str) -> None:
    populate(site)
    explained = await facts(site, path, tmp_path)
    assert explained["decision"] == ["a directory: each entry of its listing is decided separately"]


async def test_a_time_zone_found_from_neighbouring_files_is_shown_and_used(site: Site, tmp_path: Path) -> None:
    populate(site)
    await mirror(site.url, tmp_path, Config(rules=(parse_rule("README", include=False, where=""),)))
    (tmp_path / "README").write_bytes(site.contents()["README"])
    os.utime(tmp_path / "README", (OLD - 3600, OLD - 3600))
    explained = await facts(site, "README", tmp_path, newer_than=datetime.fromtimestamp(OLD - 3600, UTC))
    assert explained["decision"] == ["fetch: time differs"]
    assert "+00:00 to " in explained["zone"][0]
    assert explained["rule"][0].endswith(": matches")
    explained = await facts(site, "README", tmp_path, newer_than=datetime.fromtimestamp(OLD + 3600, UTC))
    assert explained["decision"] == ["skipped: too-old"]
    assert explained["rule"][0].endswith(": does not match")


async def test_a_link_in_place_of_the_state_is_not_followed(site: Site, tmp_path: Path) -> None:
    """The state of another mirror would be used to explain this one. With --state, the user has chosen the link."""
    populate(site)
    await mirror(site.url, tmp_path / "d")
    state, elsewhere = tmp_path / "d/.crawler/state.sqlite3", tmp_path / "state.sqlite3"
    state.rename(elsewhere)
    state.symlink_to(elsewhere)
    content = elsewhere.read_bytes()
    explained = await facts(site, "a.txt", tmp_path / "d")
    assert explained["state"] == ["nothing is known"]
    explained = await facts(site, "a.txt", tmp_path / "d", state=str(state))
    assert "the same row, 517 bytes" in explained["state"][0]
    assert (elsewhere.read_bytes(), state.is_symlink()) == (content, True)


async def test_entries_outside_the_scope_or_not_listed_are_reported_as_such(site: Site, tmp_path: Path) -> None:
    populate(site)
    explained = await facts(site, "absent", tmp_path)
    assert explained["decision"] == [f"nothing: the listing of {site.url} does not show absent"]
    explained = await facts(site, "../beside.txt", tmp_path)
    assert "not below" in explained["decision"][0]
    explained = await facts(site, "no url", tmp_path)
    assert explained["decision"] == [f"nothing: the listing of {site.url} does not show no url"], (
        "it is a path below URL"
    )
    with pytest.raises(ConfigError):
        await explain("a.txt", "no url", tmp_path, Config())


async def test_a_single_file_is_explained_too(site: Site, tmp_path: Path) -> None:
    site.file("x.iso", b"content")
    site.file("page.html", b"<html><body><p>No listing</p></body></html>", content_type="text/html")
    site.file("app", b"<html><body><p>No listing</p></body></html>", content_type="text/html")

    async def of(name: str, entry: str = "", **options: object) -> dict[str, str]:
        config = Config(attempts=2, **options)  # type: ignore[arg-type]
        url = site.url + name
        lines, found = await explain(entry or url, url, str(tmp_path / "d"), config)
        return {"found": str(found), **dict(lines)}

    explained = await of("x.iso")
    assert explained["file"] == f"{site.url}x.iso is that of a single file, not of a listing"
    assert (explained["found"], explained["path"], explained["decision"]) == ("True", "x.iso", "fetch: new")
    assert explained["request"] == f"GET {site.url}x.iso"
    assert (await of("page.html"))["decision"] == "fetch: new"
    excluded = await of("x.iso", ext=("zip",))
    assert (excluded["rule"], excluded["decision"]) == ("--ext zip: does not match", "skipped: ext")
    other = await of("x.iso", f"{site.url}page.html")
    assert (other["found"], other["decision"]) == ("False", "nothing: no other file is saved")
    with pytest.raises(ListingError, match="not a directory listing"):
        await of("app")
    assert not (tmp_path / "d").exists()
    await mirror(f"{site.url}x.iso", tmp_path / "d")
    saved = await of("x.iso")
    assert saved["decision"].startswith("conditional request")
    assert "7 bytes" in saved["state"]
    assert "7 bytes" in saved["disk"]


async def test_what_a_run_refuses_is_refused(site: Site, tmp_path: Path) -> None:
    populate(site)
    await mirror(site.url, tmp_path / "d")
    await mirror(f"{site.url}a.txt", tmp_path / "file")
    sub = f"{site.url}sub/"
    for directory, refusal in {
        "d": f"is the mirror of {site.url}, not of {sub}",
        "d/other": "is inside",
        "file": "holds files of other URLs",
    }.items():
        (tmp_path / directory).mkdir(exist_ok=True)
        with pytest.raises(ConfigError, match=refusal):
            await explain("b.txt", sub, str(tmp_path / directory), Config())
        with pytest.raises(ConfigError, match=refusal):
            await mirror(sub, tmp_path / directory, dry_run=True)
    await explain("b.txt", sub, str(tmp_path / "d"), Config(moved=True))


async def test_names_are_matched_however_they_are_encoded(site: Site, tmp_path: Path) -> None:
    site.file("a b%20c.txt", blob(10))
    for path in ("a%20b%2520c.txt", "%61%20b%2520c.txt"):
        explained = await facts(site, path, tmp_path)
        assert explained["path"] == ["a b%20c.txt"]


def test_the_command_line_prints_it_and_masks_passwords(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    url = site.url.replace("//", "//user:secret@")
    run = sandbox.mirror(url, more=[f"--explain={url}sub/c.iso"])
    run.succeeds()
    assert "secret" not in run.text
    assert run.output.splitlines()[-2].split() == ["decision", "fetch:", "new"]
    assert not sandbox.directory.exists()
    site.on("sub/", Status(404))
    run = sandbox.mirror(site.url, more=[f"--explain={site.url}sub/c.iso"])
    run.fails(5)
    assert "HTTP 404" in run.output
    sandbox.mirror(site.url, more=[f"--explain={site.url}a", "--verify"]).fails(2)


async def test_limits_on_what_a_run_saves_are_named_and_a_file_that_no_run_can_save(site: Site, tmp_path: Path) -> None:
    populate(site)
    explained = await facts(site, "a.txt", tmp_path, max_files=2, max_total_size=5000)
    assert explained["decision"] == ["fetch: new"]
    assert [text.partition(":")[0] for text in explained["limit"]] == ["--max-files 2", "--max-total-size 5000"]
    assert "limit" not in await facts(site, "a.txt", tmp_path)
    for path, size in (("a.txt", 500), ("sub/deep/d.bin", 2516)):
        explained = await facts(site, path, tmp_path, max_total_size=size)
        assert explained["decision"] == ["skipped: larger than --max-total-size: no run will save it"]
        assert "request" not in explained
    assert "request" in await facts(site, "sub/deep/d.bin", tmp_path, max_total_size=2517)
