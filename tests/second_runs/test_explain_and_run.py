"""What --explain says about an entry is what a run does about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crawler import Observer, mirror
from crawler.app.maintenance import explain
from crawler.model.config import Config
from crawler.model.options.rules import parse_rule
from crawler.model.values import Outcome, Result
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

SITUATIONS: dict[str, dict[str, Any]] = {
    "no options": {},
    "flat": {"no_recursive": True},
    "one level": {"max_depth": 1},
    "a pruned directory": {"rules": (parse_rule("sub/", include=False, where=""),)},
    "pruned and flat": {"no_recursive": True, "rules": (parse_rule("sub/", include=False, where=""),)},
    "one extension": {"ext": ("bin",)},
}
_FILES = ("a.txt", "sub/b.bin", "sub/deep/d.bin", "x#y?z%20.bin")


class Results(Observer):
    def __init__(self) -> None:
        self.of: dict[str, Result] = {}
        self.entered = {""}

    def finished(self, result: Result) -> None:
        self.of[result.path] = result

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        self.entered.add(path)

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self.entered.add(path)


def _site(site: Site) -> list[str]:
    """Serve a tree with every kind of place that an entry may have. Returns the targets to explain."""
    for path in _FILES:
        site.file(path, blob(100, len(path)))
    site.file("broken/x.bin", blob(50))
    site.on("broken/", Status(403))
    other = site.url.replace("127.0.0.1", "localhost")
    site.file("beside.bin", blob(70))
    rows = [Row(href=name, size=100, mtime=OLD) for name in ("a.txt", "x%23y%3Fz%2520.bin")]
    rows += [Row(href=f"{name}/", size=None, mtime=OLD) for name in ("sub", "broken")]
    rows += [Row(href=f"{other}beside.bin", text="beside.bin", size=70, mtime=OLD)]
    rows += [Row(href=f"{other}else.bin", text="another name", size=70, mtime=OLD)]
    site._resource("/pub/").page = lambda: nginx("/pub/", rows)
    absent = ["absent", "sub/absent", "absent/x", "../beside", "http://other.example/x", ".", site.url]
    return [*_FILES, *absent, "sub", "sub/", "broken", "broken/x.bin", f"{other}beside.bin", f"{other}unlinked"]


async def _explained(site: Site, target: str, directory: Path, options: dict[str, Any]) -> tuple[str, str, bool]:
    lines, found = await explain(target, site.url, str(directory), Config(attempts=1, **options))
    words = dict(lines)
    return words["decision"], words.get("path", ""), found


async def _run(site: Site, directory: Path, options: dict[str, Any]) -> Results:
    results = Results()
    await mirror(site.url, directory, Config(attempts=1, **options), observers=[results])
    return results


@pytest.mark.parametrize("name", SITUATIONS)
async def test_the_decision_is_that_of_a_run(site: Site, tmp_path: Path, name: str) -> None:
    targets, options = _site(site), SITUATIONS[name]
    explained = {target: await _explained(site, target, tmp_path / "d", options) for target in targets}
    done = await _run(site, tmp_path / "d", options)
    promised = []
    for target, (decision, path, found) in explained.items():
        result = done.of.get(path or target.strip("/"))
        if decision.startswith(("nothing: ", "unknown: ")):
            assert (result, found) == (None, "is not entered" in decision), (target, decision)
        elif path:
            assert result is not None, (target, decision)
            outcome, reason = decision.partition(": ")[::2]
            wanted = {"fetch": Outcome.SAVED, "skipped": Outcome.SKIPPED}[outcome]
            assert result.outcome is wanted, (target, decision, result)
            assert outcome == "fetch" or reason.startswith(result.reason), (target, decision, result)
        else:
            place = "" if target in {".", site.url} else target.strip("/")
            assert decision.startswith("not entered: ") == (place not in done.entered), (target, decision)
        if "--allow-host " in decision:
            promised.append((path, decision.partition("--allow-host ")[2].partition(" ")[0]))
    for path, host in promised:  # what an option is said to do, it does
        after = await _run(site, tmp_path / "e", {**options, "allow_host": (host,)})
        assert after.of[path].outcome is Outcome.SAVED
    if name == "no options":
        assert [path for path, _ in promised] == ["beside.bin"]


OBSTACLES = (
    (".", "flat", "the listing at URL itself"),
    ("sub/b.bin", "flat", "nothing: sub/ is not entered: depth: --no-recursive"),
    ("sub", "flat", "not entered: depth: --no-recursive"),
    ("sub/deep/d.bin", "one level", "nothing: sub/deep/ is not entered: depth: below --max-depth"),
    ("sub/deep/d.bin", "a pruned directory", "nothing: sub/ is not entered: exclude: sub/"),
    ("broken/x.bin", "no options", "unknown: the listing of broken/ cannot be read: HTTP 403"),
    ("broken", "no options", "a directory whose listing cannot be read: HTTP 403"),
    ("A.TXT", "no options", "does not show A.TXT: did you mean a.txt?"),
    ("sub/dep/d.bin", "no options", "nothing: the listing of sub/ does not show dep/: did you mean deep?"),
    ("../beside.bin", "no options", "and the listing of URL does not link to it"),
    ("http://other.example/", "no options", "nothing: on another host, and the listing of URL does not link to it"),
)
"""Target, situation, and what is said about the first obstacle on the way."""


async def test_the_first_obstacle_is_named(site: Site, tmp_path: Path) -> None:
    _site(site)
    for target, name, words in OBSTACLES:
        decision, _, _ = await _explained(site, target, tmp_path / "d", SITUATIONS[name])
        assert words in decision


async def test_rows_that_are_no_entries_do_not_decide_on_others(site: Site, tmp_path: Path) -> None:
    site.file("a.txt", blob(100))
    rows = [Row(href="a.txt", size=100, mtime=OLD), Row(href="..%2f", size=100, mtime=OLD)]
    site._resource("/pub/").page = lambda: nginx("/pub/", rows)
    await _run(site, tmp_path, {})
    assert (await _explained(site, "a.txt", tmp_path, {}))[0] == "unchanged, no request: same row"


@pytest.mark.parametrize("name", [".crawler", "a\u2028b", "x" * 300])
@pytest.mark.parametrize("ending", ["", "/"])
async def test_a_name_that_nothing_can_have_is_explained_as_it_fails(
    site: Site, tmp_path: Path, name: str, ending: str
) -> None:
    """A run names the entry, not the directory that lists it."""
    site.file("sub/b.bin", blob(100))
    rows = [Row(href="b.bin", size=100, mtime=OLD), Row(href=quote(name) + ending, size=None, mtime=OLD)]
    site._resource("/pub/sub/").page = lambda: nginx("/pub/sub/", rows)
    decision, _, found = await _explained(site, f"sub/{quote(name)}{ending}", tmp_path / "d", {})
    assert decision.startswith(("nothing can be saved: ", "failed: ")), decision
    assert found
    report = await mirror(site.url, tmp_path / "d", attempts=1)
    failed = [(each.path, each.reason) for each in (*report.failures, *report.listing_failures)]
    assert [path for path, _ in failed] == [f"sub/{name}"]
    assert failed[0][1].partition("' ")[2] in decision


GONE = ("gone.txt", "gone/x.bin", "gone/deep/keep.iso", "gone", "gone/deep", "sub/gone.iso", "sub/gone.bin", "link")
"""What lies in DIR and no listing shows: files, directories, and a symbolic link."""
DELETING: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "no --delete": ({}, {"gone.txt": "only --delete removes", "link": "never deleted"}),
    "--delete": (
        {"delete": True},
        {"gone": "delete: gone upstream", "link": "a symbolic link, which is never deleted"},
    ),
    "an excluded file": (
        {"delete": True, "exclude": "*.iso"},
        {"sub/gone.iso": "excluded by the filters", "gone/deep": "gone/deep/keep.iso stays (excluded by the filters)"},
    ),
    "--delete-excluded": ({"delete": True, "exclude": "*.iso", "delete_excluded": True}, {"gone": "delete: "}),
    "a pruned directory": ({"delete": True, "exclude": "sub/"}, {"sub/gone.bin": "sub/ is not entered: exclude: sub/"}),
    "flat": ({"delete": True, "no_recursive": True}, {"sub/gone.bin": "not entered: depth", "gone": "delete: "}),
}
"""Options of a run → the words in its decision about a path."""


@pytest.mark.parametrize("name", DELETING)
@pytest.mark.parametrize("is_second", [False, True], ids=["first run", "second run"])
async def test_the_decision_about_what_is_gone_is_that_of_a_run(
    site: Site, tmp_path: Path, name: str, *, is_second: bool
) -> None:
    """In a second run the pages are those of the state, which prove nothing absent until they are read again."""
    options, words = DELETING[name]
    site.file("a.txt", blob(100))
    site.file("sub/b.bin", blob(100))
    if is_second:
        await mirror(site.url, tmp_path, attempts=1)
    for path in GONE[:3] + GONE[5:7]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"local")
    (tmp_path / "link").symlink_to("a.txt")
    config = Config(attempts=1, **options)
    explained = {}
    for target in (*GONE, "absent", "sub/absent"):
        lines, decided = await explain(target, site.url, str(tmp_path), config)
        explained[target] = dict(lines)["decision"]
        is_pruned = "sub/ is not entered" in explained[target]
        assert decided == (not target.endswith("absent") or is_pruned), explained
    assert not [path for path, part in words.items() if part not in explained[path]], explained
    await mirror(site.url, tmp_path, config)
    for path in GONE:
        stays = (tmp_path / path).exists()
        assert explained[path].startswith("nothing: " if stays else "delete: "), (path, explained[path])
