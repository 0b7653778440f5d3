"""Row D19: a file that its listing does not show any more is asked for before it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import pytest

from crawler.text.names.spellings import plain
from tests.support.misbehaving.behaviours import Behaviour, HangUp, Redirect, ResetAtOnce, Says, Status
from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Resource

SIZE = 300
_UNMARKED: dict[str, Any] = {"etag": None, "dated": False}
_SERVED = "is not listed any more, but the server still has it"
_UNSAID = "is not listed any more, but the server does not say that it is gone"
_LEFT = {"03", "16", "17", "18", "19"}
"""Directories with the file that is not said to be gone, or with files that are then not asked for."""
STAYS: dict[str, Sequence[Behaviour]] = {
    "as before": (),
    "head breaks off": (HangUp(when="head"),),
    "head is not found": (Status(404, when="head"),),
    "fresh from a cache": (Says(headers=(("Age", "0"),)),),
    "weak": (Says(headers=(("ETag", "W/same"),)),),
    "another version": (Says(headers=(("ETag", '"other"'),)),),
}
GOES: dict[str, Sequence[Behaviour]] = {
    "not found": (Status(404),),
    "gone": (Status(410),),
    "forbidden": (Status(403),),
    "bad request": (Status(400),),
    "moved": (Redirect("/pub/kept.bin"),),
    "moved away": (Redirect("http://elsewhere.invalid/f.bin"),),
    "from a cache": (Says(headers=(("Age", "60"),)),),
    "a similar name": (Says(headers=(("ETag", '"other"'), ("Content-Location", "f.bin.html"))),),
}


def fill(site: Site, directory: str, number: int, **version: object) -> None:
    site.file(f"{directory}/f.bin", blob(SIZE, number), **version)  # type: ignore[arg-type]
    site.file(f"{directory}/kept.bin", blob(SIZE, number + 1000))


def half(site: Site, directory: str) -> Callable[[], bytes]:
    """The listing of ``directory`` without f.bin."""
    return lambda: nginx(f"{site.root}{directory}/", [Row(href="kept.bin", size=SIZE, mtime=OLD)])


@pytest.mark.own
@pytest.mark.row("D19")
def test_a_file_is_deleted_only_if_the_server_does_not_have_it_any_more(sandbox: Sandbox, site: Site) -> None:
    site.file("kept.bin", blob(SIZE, 1))
    for number, name in enumerate([*STAYS, *GOES], 2):
        version = {"etag": "W/same"} if name == "weak" else {}
        fill(site, name.replace(" ", "-"), number, **version)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for name in (*STAYS, *GOES):
        directory = name.replace(" ", "-")
        site.listing(directory, half(site, directory))
        site.at(f"{directory}/f.bin").behave(tuple((STAYS | GOES)[name]))
    run = sandbox.mirror(site.url, delete=True, max_delete="100%", attempts=1, more=["--ignore-errors"])
    run.fails(5)
    run.says(*(f"{name.replace(' ', '-')}/f.bin {_SERVED}" for name in STAYS), "--trust-pages")
    gone = {f"{name.replace(' ', '-')}/f.bin" for name in GOES}
    sandbox.holds({path: data for path, data in wanted.items() if path not in gone})
    sandbox.mirror(site.url, delete=True, max_delete="100%", attempts=1, more=["--trust-pages"]).succeeds()
    sandbox.holds({path: data for path, data in wanted.items() if not path.endswith("/f.bin")})


@pytest.mark.own
@pytest.mark.row("D19")
@pytest.mark.parametrize("silence", [Status(503), Status(304), HangUp(), ResetAtOnce()])
def test_nothing_is_deleted_once_the_server_does_not_say_whether_it_has_a_file(
    sandbox: Sandbox, site: Site, silence: Behaviour
) -> None:
    for number in range(20):
        fill(site, f"{number:02}", number)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for number in range(20):
        site.listing(f"{number:02}", half(site, f"{number:02}"))
        site.vanish(f"{number:02}/f.bin")
    site.file("03/f.bin", blob(SIZE, 3), silence, listed=False)
    site.listing("03", half(site, "03"))
    run = sandbox.mirror(site.url, delete=True, max_delete="100%", attempts=1, more=["--ignore-errors"])
    run.fails(5)
    run.says(f"03/f.bin {_UNSAID}", "17/f.bin is not listed any more, but was not asked for")
    sandbox.holds({path: data for path, data in wanted.items() if not path.endswith("/f.bin") or path[:2] in _LEFT})
    site.at("03/f.bin").behave(())
    site.vanish("03/f.bin")
    sandbox.mirror(site.url, delete=True, max_delete="100%").succeeds()
    sandbox.holds({path: data for path, data in wanted.items() if not path.endswith("/f.bin")})


@pytest.mark.own
@pytest.mark.row("D19")
def test_the_size_tells_where_a_file_has_neither_etag_nor_time(sandbox: Sandbox, site: Site) -> None:
    for number, name in enumerate(("same", "other")):
        fill(site, name, number, **_UNMARKED)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.otherwise = lambda target: Resource(path=target, state=Version(data=b"for any URL", mtime=OLD, **_UNMARKED))
    site.file("other/f.bin", b"for any URL", listed=False, **_UNMARKED)
    for name in ("same", "other"):
        site.listing(name, half(site, name))
    run = sandbox.mirror(site.url, delete=True, more=["--ignore-errors"])
    run.fails(5)
    sandbox.holds({path: data for path, data in wanted.items() if path != "other/f.bin"})


@pytest.mark.own
@pytest.mark.row("D19")
@pytest.mark.parametrize("suffix", ["", ".html"])
def test_a_server_that_has_a_page_for_every_url_says_nothing(sandbox: Sandbox, site: Site, suffix: str) -> None:
    site.file(f"f{suffix}", blob(SIZE, 1))
    site.file("kept.bin", blob(SIZE, 2))
    sandbox.mirror(site.url).succeeds()
    site.remove(f"f{suffix}")
    anything = Version(data=b"<html><title>Not found</title></html>", mtime=OLD + 5)
    site.otherwise = lambda target: Resource(path=target, state=anything) if target.endswith(suffix) else None
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds({"kept.bin": blob(SIZE, 2)})


@pytest.mark.own
@pytest.mark.row("D19")
def test_nothing_is_deleted_where_one_file_is_still_there(sandbox: Sandbox, site: Site) -> None:
    names = [f"{number:02}.bin" for number in range(9)]
    for name in names:
        site.file(f"half/{name}", blob(SIZE, 5))
        site.file(f"other/{name}", blob(SIZE, 5))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for name in names[:2]:
        site.remove(f"half/{name}")
        site.remove(f"other/{name}")
    rows = [Row(href=name, size=SIZE, mtime=OLD) for name in names[4:]]
    site.listing("half", lambda: nginx(f"{site.root}half/", rows))
    sandbox.mirror(site.url, delete=True).fails(6)
    sandbox.holds(wanted)
    run = sandbox.mirror(site.url, delete=True, more=["--ignore-errors"])
    run.fails(5)
    run.says("half/02.bin", "(and 1 more)")
    sandbox.holds({path: data for path, data in wanted.items() if path not in {"other/00.bin", "other/01.bin"}})


@pytest.mark.own
@pytest.mark.row("D19")
@pytest.mark.parametrize("is_there", [False, True])
def test_the_files_of_a_directory_that_is_not_listed_are_asked_for(
    sandbox: Sandbox, site: Site, *, is_there: bool
) -> None:
    for path in ("deep/er/a b%20#?.bin", "deep/er/ü.bin", "kept.bin"):
        site.file(path, blob(SIZE, 5))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.listing("", lambda: nginx(site.root, [Row(href="kept.bin", size=SIZE, mtime=OLD)]))
    if not is_there:
        site.remove("deep/er/a b%20#?.bin")
        site.remove("deep/er/ü.bin")
    planned = sandbox.mirror(site.url, delete=True, more=["--dry-run"])
    run = sandbox.mirror(site.url, delete=True)
    assert (planned.code, run.code) == ((5, 5) if is_there else (0, 0)), run
    sandbox.holds(wanted if is_there else {"kept.bin": wanted["kept.bin"]})


@pytest.mark.own
@pytest.mark.row("D19")
@pytest.mark.parametrize("is_exact", [False, True])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Read.TXT", "READ.txt"),
        ("caf\u00e9\u00e9", "cafe\u0301e\u0301"),
        ("STRASSE", "stra\u00dfe"),
        ("Sub/x.bin", "SUB/x.bin"),
        ("caf\u00e9", "cafe\u0301"),
    ],
)
def test_a_name_that_is_spelt_otherwise_now_is_asked_for_if_the_server_distinguishes_spellings(
    sandbox: Sandbox, site: Site, before: str, after: str, *, is_exact: bool
) -> None:
    """A server that does not distinguish them has the file under both names. Of one accent there is no third form."""
    site.file(before, blob(SIZE, 5))
    sandbox.mirror(site.url).succeeds()
    site.file(after, blob(SIZE, 5))
    row = Row(href=after.partition("/")[0] + "/" * after.count("/"), size=None if "/" in after else SIZE, mtime=OLD)
    site.listing("", lambda: nginx(site.root, [row]))
    if not is_exact:
        served = Version(data=blob(SIZE, 5), mtime=OLD)
        wanted = plain(f"{site.root}{after}")
        site.otherwise = lambda path: Resource(path=path, state=served) if plain(unquote(path)) == wanted else None
    is_told = is_exact and before != "caf\u00e9"
    run = sandbox.mirror(site.url, delete=True)
    run.fails(5) if is_told else run.succeeds()
    sandbox.holds({after: blob(SIZE, 5)} | ({before: blob(SIZE, 5)} if is_told else {}))


@pytest.mark.own
@pytest.mark.row("D19")
def test_a_file_of_another_host_is_asked_for_there(sandbox: Sandbox, site: Site) -> None:
    with Site(address="127.0.0.2", host="127.0.0.2") as other:
        other.file("f.bin", blob(SIZE, 5))
        site.file("kept.bin", blob(SIZE, 6))
        more = ["--allow-host=127.0.0.2"]
        site.links(f"{other.url}f.bin", size=SIZE)
        sandbox.mirror(site.url, more=more).succeeds()
        wanted = sandbox.tree()
        assert wanted == {"f.bin": blob(SIZE, 5), "kept.bin": blob(SIZE, 6)}
        site.listing("", lambda: nginx(site.root, [Row(href="kept.bin", size=SIZE, mtime=OLD)]))
        sandbox.mirror(site.url, delete=True, more=more).fails(5)
        sandbox.holds(wanted)
        other.vanish("f.bin")
        sandbox.mirror(site.url, delete=True, more=more).succeeds()
        sandbox.holds({"kept.bin": blob(SIZE, 6)})


@pytest.mark.own
@pytest.mark.row("D19")
def test_a_deletion_that_is_refused_anyway_asks_for_nothing(sandbox: Sandbox, site: Site) -> None:
    for number in range(20):
        site.file(f"{number}.bin", blob(SIZE, number))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.listing("", lambda: nginx(site.root, [Row(href="1.bin", size=SIZE, mtime=OLD)]))
    before = len(site.log)
    sandbox.mirror(site.url, delete=True, max_delete="5").fails(6)
    assert {request.path for request in site.log[before:]} <= {"/robots.txt", site.root}
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("D20")
def test_a_listing_that_hides_a_file_has_failed_although_nothing_is_to_be_deleted(sandbox: Sandbox, site: Site) -> None:
    fill(site, "a", 1)
    fill(site, "b", 2)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.listing("a", half(site, "a"))
    for more in (["--dry-run"], [], [], ["--delete"]):
        run = sandbox.mirror(site.url, more=more)
        run.fails(5)
        run.says(f"a/f.bin {_SERVED}", "--trust-pages")
    sandbox.mirror(site.url, more=["--trust-pages"]).succeeds()
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("D20")
def test_a_page_that_proves_nothing_absent_hides_no_file_either(sandbox: Sandbox, site: Site) -> None:
    fill(site, "a", 1)
    site.file("b.bin", blob(SIZE, 2))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    rows, script = half(site, "a"), b"<script>document.write('<a href=x>x</a>')</script>"
    site.listing("a", lambda: rows().replace(b"</body>", script + b"</body>"))
    run = sandbox.mirror(site.url)
    run.fails(5)
    run.says(f"a/f.bin {_SERVED}")
    site.vanish("a/f.bin")
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("D20")
def test_a_file_that_is_listed_no_more_is_asked_for_once_unless_it_comes_back(sandbox: Sandbox, site: Site) -> None:
    fill(site, "a", 1)
    fill(site, "b/c", 2)
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()

    def asked_for(*more: str) -> list[str]:
        before = len(site.log)
        sandbox.mirror(site.url, more=more).succeeds()
        sandbox.holds(wanted)
        return sorted(each.path for each in site.log[before:] if each.path.endswith(".bin"))

    def vanish() -> None:
        site.remove("a/f.bin")
        site.remove("b/c/f.bin")
        site.remove("b/c/kept.bin")
        site.listing("", lambda: nginx(site.root, [Row(href="a/", size=None)]))

    vanish()
    assert asked_for("--exclude=*.bin") == [], "what a filter excludes is no failure"
    gone = [f"{site.root}{path}" for path in ("a/f.bin", "b/c/f.bin", "b/c/kept.bin")]
    assert asked_for("--dry-run") == gone
    assert [asked_for(), asked_for(), asked_for()] == [gone, [], []]
    assert asked_for("--delete", "--max-delete=0", "--exclude=*.bin") == []
    fill(site, "a", 1)
    assert asked_for() == gone[:1], "it may be another version, with the same row"
    assert asked_for() == []
    site.remove("a/f.bin")
    assert [asked_for(), asked_for()] == [gone[:1], []]
