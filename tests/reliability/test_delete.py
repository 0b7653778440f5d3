"""Rows D: a local file is deleted only if a complete, recognised listing proves that it is gone upstream."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest

from tests.support.misbehaving.behaviours import Behaviour, Cut, Page, Redirect, Says, Silent, Stall, Status
from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.samples import DAY, LOGIN, SILENCE, blob, many, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Resource
from tests.support.waiting import wait_until

ROOT = (3, 5, 6)
"""Exit codes of a run whose root listing cannot be trusted."""


def mirrored(sandbox: Sandbox, site: Site) -> dict[str, bytes]:
    """Ten files in the root and a tree below it, mirrored. Returns the content of DIR."""
    many(site, 10)
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)
    return wanted


@pytest.mark.row("D00")
def test_what_left_the_listing_stays_without_delete_and_goes_with_it(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    site.remove("f003")
    site.remove("sub/deep/e")
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(before)
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("D00")
def test_a_directory_that_left_the_listing_goes_with_all_it_held(sandbox: Sandbox, site: Site) -> None:
    mirrored(sandbox, site)
    for path in ("other/f", "other/g"):
        site.remove(path)
    del site._rows[""]["other"], site._rows["other"]
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())
    assert not (sandbox.directory / "other").exists()


@pytest.mark.row("D01", "D02", "D03", "D04", "D05", "D06")
@pytest.mark.parametrize(
    "behaviours",
    [
        pytest.param((Status(500),), id="D01 500"),
        pytest.param((Status(404),), id="D02 404"),
        pytest.param((Page(b"<html><head></head><body></body></html>"),), id="D03 empty page"),
        pytest.param((Page(b""),), id="D03 no byte"),
        pytest.param((Page(LOGIN),), id="D06 login page"),
        pytest.param((Page(b"[]", "application/json"),), id="D03 empty json"),
        pytest.param((Cut(at=1 / 3),), id="D04 cut"),
        pytest.param((Cut(at=0.99),), id="D04 cut near the end"),
        pytest.param((Stall(at=0.5),), id="D04 stalled"),
        pytest.param((Says(framing="close", http="HTTP/1.0"), Cut(at=0.5)), id="D05 no length, cut"),
        pytest.param((Says(framing="chunked"), Cut(at=0.5)), id="D05 chunked, cut"),
        pytest.param((Silent(),), id="N06 never answered"),
    ],
)
def test_a_root_that_cannot_be_trusted_deletes_nothing(
    sandbox: Sandbox, site: Site, behaviours: tuple[Behaviour, ...]
) -> None:
    before = mirrored(sandbox, site)
    site.on("", *behaviours)
    sandbox.mirror(site.url, delete=True, attempts=2, timeout=SILENCE).fails(*ROOT)
    sandbox.holds(before)


@pytest.mark.own
@pytest.mark.row("D03")
def test_even_ignored_errors_do_not_delete_below_a_root_that_is_not_a_listing(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    site.on("", Page(b"<html><head></head><body></body></html>"))
    sandbox.mirror(site.url, delete=True, more=["--ignore-errors", "--max-delete=100%"]).fails(*ROOT)
    sandbox.holds(before)


GONE = "gone upstream"
"""How a run says that a complete listing lacks files."""
ELSEWHERE: dict[str, Callable[[bytes], bytes]] = {
    "base": lambda page: page.replace(b"</title>", b'</title><base href="http://cdn.invalid/pub/base/">'),
    "host": lambda page: re.sub(rb'href="([fg])"', rb'href="http://cdn.invalid/pub/host/\1', page),
    "signed": lambda page: re.sub(rb'href="([fg])"', rb'href="\1?token=abc"', page),
    "script": lambda page: re.sub(rb'href="([fg])"', b'href="javascript:get(1)"', page),
}
"""Name of a directory → its page, changed so that all of its rows lead elsewhere."""


@pytest.mark.own
@pytest.mark.row("D03", "H04")
@pytest.mark.parametrize("shape", ["nginx", "apache", "python"])
def test_a_listing_whose_rows_lead_elsewhere_is_not_that_of_an_empty_directory(sandbox: Sandbox, shape: str) -> None:
    with Site(shape=shape) as site:
        for name in ELSEWHERE:
            site.file(f"{name}/f", blob(400))
            site.file(f"{name}/g", blob(300))
        before = mirrored(sandbox, site)
        whole = {name: site.at(f"{name}/").version().data for name in ELSEWHERE}
        for name, lead in ELSEWHERE.items():
            site.listing(name, lead(whole[name]))
        for _ in range(2):  # the second run may recall pages that the first has read
            run = sandbox.mirror(site.url, delete=True)
            run.fails(6)
            assert GONE not in run.text, "which is said even if nothing is deleted because something else failed"
            sandbox.holds(before)
        for name, page in whole.items():
            site.listing(name, page)
        site.remove("sub/b.bin")
        sandbox.mirror(site.url, delete=True).succeeds()
        sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("H04")
@pytest.mark.parametrize("shape", ["nginx", "apache", "python"])
def test_a_name_that_the_page_still_shows_is_not_proven_absent(sandbox: Sandbox, shape: str) -> None:
    with Site(shape=shape) as site:
        before = mirrored(sandbox, site)
        site.remove("f003")
        page = site.at("").version().data
        site.listing("", page.replace(b'href="f004"', b'href="http://cdn.invalid/x/f004?token=abc"'))
        for _ in range(2):
            run = sandbox.mirror(site.url, delete=True)
            run.succeeds()
            run.says("not deleted: f004")
            sandbox.holds({path: data for path, data in before.items() if path != "f003"})


@pytest.mark.row("D05")
@pytest.mark.parametrize("shape", ["nginx", "apache", "python"])
@pytest.mark.parametrize("at", [0.5, 0.9])
def test_a_listing_that_ends_with_its_connection_must_end_as_a_listing_does(
    sandbox: Sandbox, shape: str, at: float
) -> None:
    with Site(shape=shape) as site:
        before = mirrored(sandbox, site)
        site.on("", Says(framing="close", http="HTTP/1.0"), Cut(at=at))
        sandbox.mirror(site.url, delete=True, attempts=2).fails(*ROOT)
        sandbox.holds(before)


@pytest.mark.row("D05")
def test_a_whole_listing_without_a_length_still_proves_absence(sandbox: Sandbox, site: Site) -> None:
    """The control for the rows above: files are kept because of the truncation, not of the missing length."""
    mirrored(sandbox, site)
    site.remove("f003")
    site.on("", Says(framing="close", http="HTTP/1.0"))
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())


BARE = {
    "lines": ("{}", '<a href="{0}">{0}</a>  2024-05-06 03:08  100<br>\n', ""),
    "divs": ("{}", '<div><a href="{0}">{0}</a> <span>2024-05-06 03:08</span> <span>100</span></div>\n', ""),
    "nested": ("<div>\n{}", '<div><a href="{0}">{0}</a> <span>2024-05-06</span> <b>100</b></div>\n', "</div>"),
    "items": ("{}", '<li><a href="{0}">{0}</a>\n', ""),
    "tables": ("{}", '<table><tr><td><a href="{0}">{0}</a></td><td>100</td></tr></table>\n', ""),
}


@pytest.mark.own
@pytest.mark.row("D05")
def test_a_page_without_closing_marks_is_believed_by_its_framing_alone(sandbox: Sandbox, site: Site) -> None:
    names = [f"f{number:03}" for number in range(9)]
    for shape in BARE:
        many(site, len(names), shape)
    before = site.contents()

    def show(count: int, *, whole: bool) -> None:
        for shape, (around, row, end) in BARE.items():
            rows = "".join(row.format(name) for name in names[:count])
            page = f"<h1>Index of /pub/{shape}/</h1>\n{around.format(rows)}{end if whole else ''}"
            site.listing(shape, page.encode())
            site.on(f"{shape}/", *([] if whole else [Says(framing="close", http="HTTP/1.0")]))

    show(9, whole=True)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(before)
    for left in (6, 1):
        show(left, whole=False)
        run = sandbox.mirror(site.url, delete=True)
        run.fails(5, 6)
        assert GONE not in run.text, "which is said even if nothing is deleted because something else failed"
        sandbox.holds(before)
    show(7, whole=True)
    site.vanish(*(path for path in before if path[-4:] in names[7:]))
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds({path: data for path, data in before.items() if path[-4:] in names[:7]})


@pytest.mark.row("D06")
def test_a_portal_that_responds_to_every_request_changes_nothing(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    site.portal = (Page(LOGIN),)
    sandbox.mirror(site.url, delete=True).fails(*ROOT)
    sandbox.holds(before)


@pytest.mark.own
@pytest.mark.row("D06", "H01")
def test_a_root_that_redirects_upward_is_not_followed(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    page = nginx("/", [Row(href="other.bin", size=5, mtime=OLD), Row(href="private/", size=None)])
    site.otherwise = lambda target: Resource(path="/", page=lambda: page) if target == "/" else None
    site.on("", Redirect("/"))
    site.log.clear()
    run = sandbox.mirror(site.url, delete=True)
    run.fails(3)
    run.says("that is above URL: start there if this is intended")
    sandbox.holds(before)
    assert set(site.log.targets) <= {"/robots.txt", "/pub/"}


@pytest.mark.own
@pytest.mark.row("H01")
def test_a_root_that_moved_sideways_is_followed(sandbox: Sandbox, site: Site) -> None:
    """The control for the row above."""
    wanted = populate(site, "moved/here/")
    site.on("", Redirect("/pub/moved/here/"))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds({path.removeprefix("moved/here/"): data for path, data in wanted.items()})


@pytest.mark.row("D06")
def test_a_portal_that_appears_in_mid_run_changes_nothing(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    for path in before:
        site.file(path, before[path][::-1], Page(LOGIN), mtime=OLD + DAY)
    for directory in ("sub/", "other/"):
        site.on(directory, Page(LOGIN))
    sandbox.mirror(site.url, delete=True).fails(5)
    sandbox.holds(before)


@pytest.mark.row("D07")
@pytest.mark.parametrize(
    "fault", [Status(503), Status(404), Silent(), Cut(at=0.5)], ids=["503", "404", "silent", "cut"]
)
def test_a_directory_whose_listing_failed_keeps_its_files(sandbox: Sandbox, site: Site, fault: Behaviour) -> None:
    before = mirrored(sandbox, site)
    site.on("sub/", fault)
    site.remove("f003")
    sandbox.mirror(site.url, delete=True, attempts=2, timeout=SILENCE).fails(5, 6)
    there = sandbox.tree()
    assert {path: there[path] for path in before if path.startswith("sub/")} == {
        path: data for path, data in before.items() if path.startswith("sub/")
    }


@pytest.mark.own
@pytest.mark.row("D07")
def test_ignored_errors_spare_only_the_directory_that_failed(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    site.on("sub/", Status(503))
    site.remove("f003")
    site.remove("other/g")
    sandbox.mirror(site.url, delete=True, attempts=2, more=["--ignore-errors"]).fails(5)
    del before["f003"], before["other/g"]
    sandbox.holds(before)


@pytest.mark.own
@pytest.mark.row("D08")
@pytest.mark.parametrize(
    "fault", [Status(500), Status(404), Cut(at=0.5), Page(LOGIN)], ids=["500", "404", "cut", "page"]
)
def test_one_failed_file_withholds_all_deletions(sandbox: Sandbox, site: Site, fault: Behaviour) -> None:
    before = mirrored(sandbox, site)
    site.file("a.txt", blob(800, 99), fault, mtime=OLD + DAY)
    site.remove("f003")
    sandbox.mirror(site.url, delete=True, attempts=2).fails(5, 6)
    sandbox.holds(before)


@pytest.mark.own
@pytest.mark.row("D09")
def test_a_listing_that_lost_nearly_everything_deletes_nothing(sandbox: Sandbox, site: Site) -> None:
    before = many(site, 26)
    sandbox.mirror(site.url).succeeds()
    for number in range(25):
        site.remove(f"f{number:03}")
    run = sandbox.mirror(site.url, delete=True)
    run.fails(6)
    sandbox.holds(before)
    run.says("--max-delete")
    sandbox.mirror(site.url, delete=True, max_delete="100%").succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("D09")
def test_a_listing_that_lost_nearly_everything_is_refused_by_default(sandbox: Sandbox, site: Site) -> None:
    before = many(site, 26)
    sandbox.mirror(site.url).succeeds()
    for number in range(25):
        site.remove(f"f{number:03}")
    sandbox.mirror(site.url, delete=True).fails(6)
    sandbox.holds(before)


@pytest.mark.row("D12")
def test_more_than_the_limit_is_refused_before_the_first_deletion(sandbox: Sandbox, site: Site) -> None:
    before = many(site, 26)
    sandbox.mirror(site.url).succeeds()
    for number in range(10):
        site.remove(f"f{number:03}")
    sandbox.mirror(site.url, delete=True, max_delete="3").fails(6)
    assert len(before) - len(sandbox.tree()) <= 3
    for given in ("0", "0%", "35%"):  # even the smallest number is taken literally
        sandbox.mirror(site.url, delete=True, max_delete=given).fails(6)
        sandbox.holds(before)


@pytest.mark.own
@pytest.mark.row("D12")
def test_the_default_limit_never_applies_to_ten_files(sandbox: Sandbox, site: Site) -> None:
    many(site, 12)
    sandbox.mirror(site.url).succeeds()
    for number in range(10):
        site.remove(f"f{number:03}")
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("D10")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_deletes_nothing(sandbox: Sandbox, site: Site, number: signal.Signals) -> None:
    before = mirrored(sandbox, site)
    site.file("a.txt", blob(900_000), Stall(at=0.5), mtime=OLD + DAY)
    site.remove("f003")
    program = sandbox.start(site.url, delete=True)
    wait_until(lambda: any(request.sent for request in site.log.bodies("/pub/a.txt")[1:]), "the update has begun")
    program.signal(number)
    run = program.finish()
    assert run.ended
    assert run.code != 0
    sandbox.holds(before)


@pytest.mark.own
@pytest.mark.row("D10", "X03")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_has_its_exit_code(sandbox: Sandbox, site: Site, number: signal.Signals, code: int) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("the tests run under nohup")
    site.file("a.txt", blob(900_000), Stall(at=0.5))
    program = sandbox.start(site.url)
    wait_until(lambda: any(request.sent for request in site.log.bodies()), "the download has begun")
    program.signal(number)
    run = sandbox.note(program.finish())
    run.fails(code)
    run.says("Listed 1: 0 saved, 0 unchanged, 1 skipped, 0 failed", f"Stopped by {number.name}")


@pytest.mark.row("D14")
@pytest.mark.parametrize("when", ["head", "any"])
@pytest.mark.parametrize("shape", ["nginx", "python"])
def test_a_listed_file_that_cannot_be_requested_is_kept(sandbox: Sandbox, shape: str, when: str) -> None:
    with Site(shape=shape) as site:
        before = mirrored(sandbox, site)
        site.file("a.txt", blob(800, 99), Status(504, when=when), mtime=OLD + DAY)  # type: ignore[arg-type]
        run = sandbox.mirror(site.url, delete=True, attempts=2)
        run.ends(*((0,) if when == "head" else (5, 6)))
        there = sandbox.tree()
        assert sorted(there) == sorted(before)
        assert there["a.txt"] in (before["a.txt"], blob(800, 99))


@pytest.mark.own
@pytest.mark.row("E10")
def test_what_the_filters_exclude_is_not_deleted(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    site.remove("f003")
    sandbox.mirror(site.url, delete=True, more=["--exclude=*.iso", "--exclude=other/"]).succeeds()
    del before["f003"]
    sandbox.holds(before)


@pytest.mark.own
@pytest.mark.row("E10")
def test_an_extension_filter_does_not_make_other_files_extraneous(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    sandbox.mirror(site.url, delete=True, ext="iso").succeeds()
    sandbox.holds(before)


@pytest.mark.own
@pytest.mark.row("E11")
@pytest.mark.parametrize("option", ["--max-files=1", "--max-duration=1s", "--max-depth=0", "--no-recursive"])
def test_a_run_that_stops_early_deletes_nothing_it_did_not_look_at(sandbox: Sandbox, site: Site, option: str) -> None:
    before = mirrored(sandbox, site)
    site.file("a.txt", blob(800, 99), Stall(at=0.5, times=1), mtime=OLD + DAY)
    site.file("README", blob(801, 99), mtime=OLD + DAY)
    site.remove("sub/deep/e")
    sandbox.mirror(site.url, delete=True, timeout=SILENCE, more=[option])
    assert "sub/deep/e" in sandbox.tree()
    sandbox.holds_only_whole(before, site.contents())


@pytest.mark.own
@pytest.mark.row("E12")
def test_a_dry_run_changes_nothing_at_all(sandbox: Sandbox, site: Site) -> None:
    before = mirrored(sandbox, site)
    inodes = sandbox.inodes()
    site.remove("f003")
    site.file("new", blob(500))
    site.file("a.txt", blob(800, 99), mtime=OLD + DAY)
    site.log.clear()
    run = sandbox.mirror(site.url, delete=True, more=["--dry-run"])
    run.succeeds()
    sandbox.holds(before)
    assert sandbox.inodes() == inodes
    assert site.log.bodies() == []
    for name in ("f003", "new", "a.txt"):
        assert name in run.output


@pytest.mark.row("D03")
@pytest.mark.parametrize("shape", ["nginx", "apache", "python"])
def test_a_directory_that_is_truly_empty_is_believed(sandbox: Sandbox, shape: str) -> None:
    """The control for D03: a recognised empty listing proves absence."""
    with Site(shape=shape) as site:
        many(site, 3, "sub")
        populate(site)
        sandbox.mirror(site.url).succeeds()
        removed: list[str] = [path for path in site.contents() if path.startswith("other/")]
        for path in removed:
            site.remove(path)
        sandbox.mirror(site.url, delete=True).succeeds()
        sandbox.holds(site.contents())
