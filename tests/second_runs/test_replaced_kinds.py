"""A file that became a directory upstream, and directories that look like files: what is deleted and what must stay."""

from __future__ import annotations

import pytest

from tests.support.misbehaving.behaviours import Redirect, Status
from tests.support.misbehaving.paged import Linked
from tests.support.misbehaving.samples import blob, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

OLD, INNER = blob(500), blob(600, 1)


def became_a_directory(sandbox: Sandbox, site: Site) -> dict[str, bytes]:
    """``x`` was a file saved by this program and is now a directory. Returns what else is in DIR."""
    others = populate(site)
    site.file("x", OLD)
    sandbox.mirror(site.url).succeeds()
    site.remove("x")
    site.file("x/inner.txt", INNER)
    site.file("x/deep/er.txt", INNER)
    return others


def test_the_file_makes_room_for_its_directory_in_a_run_that_deletes(sandbox: Sandbox, site: Site) -> None:
    became_a_directory(sandbox, site)
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())
    site.log.clear()
    sandbox.mirror(site.url, delete=True).succeeds()
    assert not site.log.bodies()


@pytest.mark.parametrize("delete", [True, False])
def test_an_index_comes_after_the_directory_that_had_to_wait_or_not_at_all(
    sandbox: Sandbox, site: Site, delete: bool
) -> None:
    became_a_directory(sandbox, site)
    site.file("InRelease", b"names x/inner.txt")
    site.log.clear()
    run = sandbox.mirror(site.url, delete=delete)
    requested = [request.path for request in site.log.bodies()]
    if delete:
        run.succeeds()
        assert requested[-1] == "/pub/InRelease"
        sandbox.holds(site.contents())
    else:
        run.fails(5)
        assert "/pub/InRelease" not in requested
        assert "InRelease" not in sandbox.tree()


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--delete"]], ids=["", "dry run", "deleting"])
@pytest.mark.parametrize("was", ["x", "x/old.bin"], ids=["file to directory", "directory to file"])
def test_an_index_is_held_back_if_what_is_in_the_way_is_excluded(
    sandbox: Sandbox, site: Site, was: str, more: list[str]
) -> None:
    """All that waited for a deletion has failed before any: the index, too, ends in the account."""
    others = populate(site)
    site.file(was, OLD)
    sandbox.mirror(site.url).succeeds()
    site.remove(was)
    site.file("x" if was != "x" else "x/inner.txt", INNER)
    site.file("InRelease", b"names what is new")
    run = sandbox.mirror(site.url, more=[f"--exclude={was}", *more])
    run.fails(5)
    run.says("move it away", "1 skipped, 1 failed", "1 held back")
    sandbox.holds({**others, was: OLD})


def test_a_run_that_does_not_delete_says_how_to_make_room(sandbox: Sandbox, site: Site) -> None:
    others = became_a_directory(sandbox, site)
    run = sandbox.mirror(site.url)
    run.fails(5)
    run.says("--delete removes it")
    sandbox.holds({**others, "x": OLD})


@pytest.mark.parametrize(
    "more", [["--max-depth=0"], ["--exclude=x/"], ["--no-recursive"]], ids=["depth", "filter", "flat"]
)
def test_a_directory_that_is_not_read_proves_nothing_about_the_file(
    sandbox: Sandbox, site: Site, more: list[str]
) -> None:
    became_a_directory(sandbox, site)
    sandbox.mirror(site.url, delete=True, more=more).succeeds()
    assert sandbox.tree()["x"] == OLD


def test_a_directory_whose_listing_fails_proves_nothing_about_the_file(sandbox: Sandbox, site: Site) -> None:
    others = became_a_directory(sandbox, site)
    site.on("x/", Status(404))
    sandbox.mirror(site.url, delete=True).fails(5)
    sandbox.holds({**others, "x": OLD})


@pytest.mark.parametrize(("broken", "rows"), [("", 3), ("x/", 1)], ids=["that of its parent", "its own"])
@pytest.mark.parametrize("more", [[], ["--ignore-errors"]], ids=["", "ignoring errors"])
def test_a_listing_that_is_not_complete_proves_nothing_about_the_file(
    sandbox: Sandbox, site: Site, broken: str, rows: int, more: list[str]
) -> None:
    others = became_a_directory(sandbox, site)
    site.on(broken, Linked(site=site, rows=rows, path=broken.rstrip("/"), broken=True))
    site.log.clear()
    run = sandbox.mirror(site.url, delete=True, more=more)
    run.fails(5, 6)
    run.says("x stays until complete listings show that it is a directory now")
    sandbox.holds({**others, "x": OLD})
    assert not [request for request in site.log.bodies() if "/x/" in request.path], "it could not be saved"


def test_a_dry_run_plans_both_the_removal_and_what_comes_instead(sandbox: Sandbox, site: Site) -> None:
    others = became_a_directory(sandbox, site)
    run = sandbox.mirror(site.url, delete=True, more=["--dry-run"])
    run.succeeds()
    run.says("delete", "x/inner.txt")
    sandbox.holds({**others, "x": OLD})


def test_a_dry_run_that_would_not_delete_fails_as_the_run_would(sandbox: Sandbox, site: Site) -> None:
    others = became_a_directory(sandbox, site)
    run = sandbox.mirror(site.url, more=["--dry-run"])
    run.fails(5)
    run.says("--delete removes it")
    sandbox.holds({**others, "x": OLD})


def test_a_directory_that_a_listing_shows_as_a_file_is_never_removed_for_it(sandbox: Sandbox) -> None:
    with Site(shape="python") as site:
        wanted = populate(site)
        names = ("README", "a.txt", "x.tar.gz", "sub", "other/")
        rows = "".join(f'<li><a href="{name}">{name}</a></li>\n' for name in names)
        title = "Directory listing for /pub/"
        page = f"<html><title>{title}</title><body><h1>{title}</h1><ul>\n{rows}</ul><hr></body></html>\n"
        site.listing("", page.encode())
        site.on("sub", Redirect("/pub/sub/", status=301))
        for _ in range(3):
            sandbox.mirror(site.url, delete=True).succeeds()
            sandbox.holds(wanted)


def without_slashes(site: Site) -> None:
    """Have ``site`` list its root like Netty, without a slash after ``x``, a size or a time."""
    title, names = "Directory listing for /pub/", ("README", "a.txt", "x.tar.gz", "sub/", "other/", "x")
    rows = "".join(f'<li><a href="{name}">{name}</a></li>\n' for name in names)
    page = f"<html><title>{title}</title><body><h1>{title}</h1><ul>\n{rows}</ul><hr></body></html>\n"
    site.listing("", page.encode())


def became_one_that_redirects(sandbox: Sandbox, site: Site) -> None:
    """``x`` was a file and is now a directory, and no listing shows which of them it is."""
    populate(site)
    site.file("x", OLD)
    without_slashes(site)
    sandbox.mirror(site.url).succeeds()
    site.remove("x")
    site.file("x/inner.txt", INNER)
    site.file("x/deep/er.txt", INNER)
    site.on("x", Redirect("/pub/x/", status=301))
    without_slashes(site)


def test_a_file_makes_room_for_a_directory_that_only_a_redirect_shows(sandbox: Sandbox) -> None:
    with Site(shape="python") as site:
        became_one_that_redirects(sandbox, site)
        for _ in range(2):
            sandbox.mirror(site.url, delete=True).succeeds()
            sandbox.holds(site.contents())
        site.remove("x/inner.txt")
        site.remove("x/deep/er.txt")
        site.on("x")
        site.file("x", OLD)
        without_slashes(site)
        sandbox.mirror(site.url, delete=True, more=["--max-delete=100%"]).succeeds()
        sandbox.holds(site.contents())


def test_a_file_stays_for_a_directory_that_only_a_redirect_shows_without_delete(sandbox: Sandbox) -> None:
    with Site(shape="python") as site:
        became_one_that_redirects(sandbox, site)
        run = sandbox.mirror(site.url)
        run.fails(5)
        run.says("--delete removes it")
        assert sandbox.tree()["x"] == OLD


@pytest.mark.parametrize("rows", [0, 1])
def test_a_redirect_to_a_listing_that_fails_proves_nothing_about_the_file(sandbox: Sandbox, rows: int) -> None:
    with Site(shape="python") as site:
        became_one_that_redirects(sandbox, site)
        site.on("x/", Linked(site=site, rows=rows, path="x", broken=True) if rows else Status(404))
        sandbox.mirror(site.url, delete=True, more=["--ignore-errors"]).fails(5)
        assert sandbox.tree()["x"] == OLD
