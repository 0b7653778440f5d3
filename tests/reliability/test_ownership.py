"""Who owns a path: files of the program in DIR, links, nested mirrors, and a DIR that belongs to another URL."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.binding import Bindings, bindings
from tests.support.misbehaving.behaviours import Paced, Stall
from tests.support.misbehaving.samples import blob, many, populate
from tests.support.misbehaving.sandbox import STATE, Run, Sandbox
from tests.support.misbehaving.server import Site
from tests.support.waiting import wait_until

OWN = {"state": "s.db", "log-file": "log", "summary": "sum.json", "changes": "changes", "metrics": "crawler.prom"}


def clean(run: Run) -> None:
    run.succeeds()
    assert run.text == ""


@pytest.mark.own
@pytest.mark.row("F09", "M22")
def test_files_of_the_program_and_mirrors_in_dir_stay_and_are_not_counted(sandbox: Sandbox, site: Site) -> None:
    wanted = many(site, 12)
    sandbox.directory.mkdir()
    (sandbox.base / "inside" / "other name").symlink_to(sandbox.directory)
    sandbox.remember()
    options = [f"--{option}={sandbox.base / 'inside' / 'other name' / name}" for option, name in OWN.items()]
    for _ in range(2):
        clean(sandbox.mirror(site.url, delete=True, more=[*options, "--max-delete=0"]))
    (sandbox.directory / "log").rename(sandbox.directory / "log.1")
    with Site() as other:
        inner = many(other, 20)
        command = sandbox.command(other.url)
        command[-1] += "/inner"
        sandbox.note(sandbox.start_raw(command).finish()).succeeds()
    site.remove("f003")
    del wanted["f003"]
    clean(sandbox.mirror(site.url, delete=True, more=[*options, "--max-delete=1"]))
    there = sandbox.tree()
    assert {path for path in there if "inner" not in path} == {*wanted, *OWN.values(), "log.1"}
    assert {path for path in there if "inner/" in path and ".crawler" not in path} == {
        f"inner/{path}" for path in inner
    }
    assert '"deleted": 1' in (sandbox.directory / "sum.json").read_text()
    with (sandbox.directory / "redirected").open("wb") as output:
        argv = sandbox.command(site.url, delete=True, more=[*options, "-v", "--max-delete=0"])
        assert subprocess.run(argv, stdout=output, stderr=output, env=sandbox.env, check=False).returncode == 0
    assert b"Kept" not in (sandbox.directory / "redirected").read_bytes()
    (sandbox.directory / "redirected").unlink()
    shown = sandbox.mirror(site.url, delete=True, more=[*options, "-v"])
    shown.says("Left alone: changes (--changes), crawler.prom (--metrics), inner (another mirror), log (--log-file)")


@pytest.mark.own
@pytest.mark.row("M22")
def test_a_listed_directory_that_is_the_mirror_of_another_url_is_not_written_into(sandbox: Sandbox, site: Site) -> None:
    """A mirror of the same URL, such as /pub/same/ in DIR/same, is written into."""
    site.file("top", blob(50))
    for directory in ("theirs", "theirs/new", "same"):
        site.file(f"{directory}/x", blob(100))
    site.directory("theirs/empty")
    with Site() as other:
        inner = {f"theirs/{path}": data for path, data in (("x", blob(100, 7)), ("y", blob(90)))}
        for path, data in inner.items():
            other.file(path.removeprefix("theirs/"), data)
        for url, directory in ((other.url, "theirs"), (f"{site.url}same/", "same")):
            command = sandbox.command(url)
            command[-1] += f"/{directory}"
            sandbox.note(sandbox.start_raw(command).finish()).succeeds()
    runs = (["--dry-run"], ["--delete", "--max-delete=100%"], ["--delete", "--processes=2"], [])
    for number, more in enumerate(runs):
        site.file("same/x", blob(120 + number))
        run = sandbox.mirror(site.url, more=more)
        run.fails(5)
        for path in ("theirs/x", "theirs/new/x"):
            run.says(f"failed: {path}", "belongs to another mirror, the one in theirs")
        assert ("/theirs/empty" in run.text) == ("--dry-run" not in more)
        assert {p: d for p, d in sandbox.tree().items() if p[:7] == "theirs/" and ".crawler" not in p} == inner
        assert not (sandbox.directory / "theirs/new").exists()
        assert not (sandbox.directory / "theirs/empty").exists()
    assert sandbox.tree()["same/x"] == blob(123)
    assert not [request.target for request in site.log if request.target.endswith("theirs/x")]
    sandbox.mirror(site.url, more=["--exclude=theirs/"]).succeeds()


def run_in(sandbox: Sandbox, url: str, directory: str, *more: str) -> Run:
    """Mirror ``url`` into ``directory`` below DIR."""
    command = sandbox.command(url, more=more)
    command[-1] += f"/{directory}"
    return sandbox.note(sandbox.start_raw(command).finish())


def below(sandbox: Sandbox, directory: str) -> dict[str, bytes]:
    return {
        path: data for path, data in sandbox.tree().items() if path.startswith(f"{directory}/") and STATE not in path
    }


ALL = ("--delete", "--max-delete=100%")


@pytest.mark.own
@pytest.mark.row("M24")
def test_a_first_run_inside_another_mirror_removes_none_of_its_files(sandbox: Sandbox, site: Site) -> None:
    site.file("top", blob(50))
    for directory in ("in", "same"):
        site.file(f"{directory}/deep/x", blob(100))
    wanted = site.contents()
    with Site() as other:
        other.file("y", blob(90))
        sandbox.mirror(site.url, more=["--delete"]).succeeds()
        for directory, options in (("in", ALL), ("in", ()), ("in/deep", ("--dry-run", *ALL))):
            refused = run_in(sandbox, other.url, directory, *options)
            refused.fails(2)
            refused.says(
                site.url, other.url, f"{sandbox.directory}/{directory} is inside {sandbox.directory}", "--moved"
            )
            assert not (sandbox.directory / directory / STATE).exists()
        assert len(other.log) == 0
        clean(run_in(sandbox, f"{site.url}same/", "same", *ALL))
        clean(run_in(sandbox, other.url, "new/deep", *ALL))
        theirs = {"new/deep/y": blob(90)}
        clean(sandbox.mirror(site.url, more=ALL))
        clean(run_in(sandbox, other.url, "new/deep", *ALL))
        assert {path: data for path, data in sandbox.tree().items() if STATE not in path} == wanted | theirs
        run_in(sandbox, other.url, "in", "--moved", *ALL).succeeds()
        clean(run_in(sandbox, other.url, "in", *ALL))
        run = sandbox.mirror(site.url, more=ALL)
        run.fails(5)
        run.says("belongs to another mirror, the one in in")
        assert below(sandbox, "in") == {"in/y": blob(90)}


@pytest.mark.own
@pytest.mark.row("M24")
def test_a_first_run_inside_another_mirror_begins_where_doubt_costs_nothing(sandbox: Sandbox, site: Site) -> None:
    """The outer mirror keeps its state elsewhere, so it is unknown which files belong to it."""
    site.file("in/x", blob(100))
    with Site() as other:
        other.file("y", blob(90))
        state = f"--state={sandbox.reports / 'state'}"
        sandbox.mirror(site.url, more=["--delete", state]).succeeds()
        refused = run_in(sandbox, other.url, "in", *ALL)
        refused.fails(2)
        refused.says("the mirror of an unknown URL, whose state does not show", other.url, "--moved")
        assert below(sandbox, "in") == {"in/x": blob(100)}
        (sandbox.directory / "empty").mkdir()
        for directory in ("empty", "new"):
            clean(run_in(sandbox, other.url, directory, *ALL))
        clean(sandbox.mirror(site.url, more=[state]))
        assert below(sandbox, "in") == {"in/x": blob(100)}


@pytest.mark.own
@pytest.mark.row("M24")
def test_a_first_run_inside_another_mirror_waits_until_that_has_ended(sandbox: Sandbox, site: Site) -> None:
    site.file("in/x", blob(100))
    sandbox.mirror(site.url, more=["--delete"]).succeeds()  # so that in/x is recorded whenever the next run is killed
    site.file("zz", blob(900), Stall(at=0.5, times=1), Paced(pieces=3, every=0.3))
    with Site() as other:
        other.file("y", blob(90))
        outer = sandbox.start(site.url, delete=True)
        wait_until(lambda: bool(site.log.of("/pub/zz")), "the outer run in its middle")
        refused = run_in(sandbox, other.url, "in", *ALL)
        refused.fails(7)
        refused.says(
            f"{sandbox.directory}/in is inside {sandbox.directory}, where another run is in progress", "--lock-wait"
        )
        assert not (sandbox.directory / "in" / STATE).exists()
        outer.signal(signal.SIGKILL)
        outer.finish()
        (sandbox.directory / "late").mkdir()
        (sandbox.directory / "late" / "x").touch()  # as if named but not recorded
        for directory, reason in (("in", "contains files of it"), ("late", "whose state does not show")):
            refused = run_in(sandbox, other.url, directory, *ALL)
            refused.fails(2)
            refused.says(reason, site.url)
        outer = sandbox.start(site.url, delete=True)
        wait_until(lambda: len(site.log.of("/pub/zz")) > 1, "the outer run in its middle again")
        refused = run_in(sandbox, other.url, "in", "--lock-wait=1h", *ALL)
        sandbox.note(outer.finish()).succeeds()
        refused.fails(2)
        refused.says("and contains files of it")
        assert len(other.log) == 0
    sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("F10", "H13")
def test_a_link_in_place_of_a_directory_is_named_and_neither_followed_nor_removed(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    for path in sorted(sandbox.directory.joinpath("sub").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (sandbox.directory / "sub").rmdir()
    (sandbox.directory / "sub").symlink_to(sandbox.outside)
    (sandbox.directory / "unlisted").symlink_to(sandbox.outside)
    for delete in (False, True):
        run = sandbox.mirror(site.url, delete=delete)
        run.fails(5)
        run.says("sub is a symbolic link, never written through: replace it by a directory", "Left alone: unlisted")
        assert "gone upstream" not in run.text
        assert os.path.islink(sandbox.directory / "sub")
        assert os.path.islink(sandbox.directory / "unlisted")
        sandbox.holds({path: data for path, data in wanted.items() if not path.startswith("sub/")})


@pytest.fixture
def bound(sandbox: Sandbox) -> Iterator[Bindings]:
    assert sandbox.base.exists()  # checked once everything is unmounted
    with bindings() as made:
        yield made


@pytest.mark.own
@pytest.mark.row("F13")
def test_what_is_bound_in_from_the_same_file_system_stays_and_a_listed_directory_is_written_into(
    sandbox: Sandbox, site: Site, bound: Bindings
) -> None:
    wanted = many(site, 12) | {"listed/x": blob(90), "listed/gone": blob(80)}
    for path in ("listed/x", "listed/gone"):
        site.file(path, wanted[path])
    clean(sandbox.mirror(site.url))
    source, disk = sandbox.reports / "elsewhere", sandbox.reports / "disk"
    for number in range(30):
        (source / "deep").mkdir(parents=True, exist_ok=True)
        (source / "deep" / str(number)).write_bytes(blob(60, number))
    precious = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    (sandbox.directory / "listed").rename(disk)
    for directory in ("listed", "a b", "old/ünï\nx"):
        (sandbox.directory / directory).mkdir(parents=True)
    (sandbox.directory / "old" / "pinned").touch()
    bound.bind(disk, sandbox.directory / "listed")
    bound.bind(source, sandbox.directory / "a b")
    bound.bind(source / "deep", sandbox.directory / "old" / "ünï\nx")
    bound.bind(source / "deep" / "0", sandbox.directory / "old" / "pinned")
    clean(sandbox.mirror(site.url, delete=True, more=["--max-delete=0", "--trash=9"]))
    site.remove("f003")
    site.remove("listed/gone")
    site.file("listed/x", blob(95))
    site.file("listed/new/y", blob(40))
    for more in (["--dry-run"], ["--processes=2"], ["--trash=9"]):
        run = sandbox.mirror(site.url, delete=True, more=["--max-delete=2", "-v", *more])
        run.succeeds()
        if more != ["--dry-run"]:
            run.says("Left alone: a b (a mount point), old/pinned (a mount point)")
        assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == precious
    assert {path.name: path.read_bytes() for path in disk.rglob("*") if path.is_file()} == {
        "x": blob(95),
        "y": blob(40),
    }
    assert not (sandbox.directory / "f003").exists()
    site.file("old/pinned", blob(60, 1))
    refused = sandbox.mirror(site.url, delete=True, more=["--max-delete=2"])
    refused.fails(5)
    refused.says("failed: old/pinned", "a mount point is in its place")
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == precious


@pytest.mark.own
@pytest.mark.row("X14")
def test_a_directory_of_another_url_is_refused_without_moved(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(f"{site.url}nothing-here/").fails(3)
    sandbox.mirror(site.url).succeeds()
    sandbox.mirror(site.url.rstrip("/")).fails(3)  # a name that this server does not know, for the same tree
    sandbox.mirror(site.url.replace("http://", "HTTP://")).succeeds()
    with Site() as other:
        theirs = many(other, 3)
        for more in ([], ["--dry-run"], ["--delete"]):
            refused = sandbox.mirror(other.url, more=more)
            refused.fails(2)
            refused.says(site.url, other.url, "--moved")
            sandbox.holds(wanted)
        assert len(other.log) == 0
        sandbox.mirror(other.url, delete=True, more=["--moved", "--max-delete=100%"]).succeeds()
        sandbox.holds(theirs)
        sandbox.mirror(other.url).succeeds()
    sandbox.mirror(site.url).fails(2)


@pytest.mark.own
@pytest.mark.row("X15")
@pytest.mark.parametrize("spelling", ["dots", "link"])
def test_two_mirrors_of_a_file_in_one_directory_are_refused(sandbox: Sandbox, site: Site, spelling: str) -> None:
    populate(site)
    second = sandbox.directory.parent / "." / "mirror/"
    if spelling == "link":
        second = sandbox.base / "inside" / "link"
        second.symlink_to(sandbox.directory)
        sandbox.remember()
    file = sandbox.reports / "mirrors.toml"
    text = "".join(
        f'[[mirror]]\nname = "{name}"\nurl = "{site.url}{name}/"\ndir = "{place}"\n'
        for name, place in (("a", sandbox.directory), ("b", f"{second}/"))
    )
    file.write_text(text)
    argv = sandbox.command(site.url)[:-2]
    run = sandbox.note(sandbox.start_raw([*argv, "--config", str(file)]).finish())
    run.fails(2)
    run.says("mirrors 'a' and 'b' have the same directory")
    assert not sandbox.directory.exists()


@pytest.mark.own
@pytest.mark.row("X23")
def test_a_mistake_in_one_mirror_of_a_file_keeps_all_from_running(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    file = sandbox.reports / "mirrors.toml"
    text = "".join(
        f'[[mirror]]\nname = "{name}"\nurl = "{site.url}"\ndir = "{sandbox.directory}{name}"\n' for name in ("a", "b")
    )
    file.write_text(f"{text}ca_file = '/no/such/file'\nmax_size = 'a lot'\n")
    run = sandbox.note(sandbox.start_raw([*sandbox.command(site.url)[:-2], "--config", str(file)]).finish())
    run.fails(2)
    run.says(
        f"crawler: {file}:9: mirror 2 (b): ca_file: /no/such/file: ", f"crawler: {file}:10: mirror 2 (b): max_size"
    )
    assert len(run.text.splitlines()) == 2
    assert not Path(f"{sandbox.directory}a").exists()
    assert len(site.log) == 0


WEAK = """
import errno, fcntl, os
def refuse(*args, **options):
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
fcntl.flock = os.fsync = os.utime = refuse
"""


@pytest.mark.own
@pytest.mark.row("F11", "F12")
def test_a_file_system_that_can_do_little_is_named_and_can_be_used(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    (sandbox.reports / "sitecustomize.py").write_text(WEAK)
    path = os.pathsep.join(filter(None, (str(sandbox.reports), sandbox.env.get("PYTHONPATH"))))
    env = {"PYTHONPATH": path}
    locked = sandbox.mirror(site.url, env=env)
    locked.fails(4)
    locked.says(".crawler/lock: this file system has no locks", "--lock none")
    unflushed = sandbox.mirror(site.url, env=env, more=["--lock=none"])
    unflushed.fails(4)
    unflushed.says("cannot flush (fsync", "--fsync none")
    more = ["--lock=none", "--fsync=none"]
    first = sandbox.mirror(site.url, env=env, more=more)
    first.succeeds()
    assert first.text.count("does not store modification times") == 1
    sandbox.holds(wanted)
    before = len(site.log)
    clean(sandbox.mirror(site.url, env=env, more=more))
    assert not {request.path.rpartition("/")[2] for request in list(site.log)[before:]} & {
        Path(path).name for path in wanted
    }
