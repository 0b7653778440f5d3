"""Published checksum files verify bodies and show which copies are current; without changes they cost nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from crawler import mirror
from crawler.model.config import Config
from crawler.model.report import Report
from crawler.model.values import Entry, Kind, Known, Local, Span
from crawler.pipeline.plan.checksum_files import WARNINGS, Published, by_digest, may_be_checksums
from crawler.pipeline.rules.compare import Decision, Need
from tests.support.misbehaving.behaviours import Page, Status
from tests.support.misbehaving.samples import DAY, LOGIN, blob
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

FILES = {"a.bin": blob(3000, 1), "b.bin": blob(3000, 2), "sub/c.bin": blob(400_000, 3)}
"""Path → content. The last file is large enough to be streamed into a part."""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


async def run(site: Site, directory: Path, **options: object) -> Report:
    site.log.clear()
    return await mirror(site.url, directory, Config(attempts=2, **options))  # type: ignore[arg-type]


def sums(files: dict[str, bytes], algorithm: str = "sha256") -> bytes:
    lines = [f"{hashlib.new(algorithm, data).hexdigest()}  {path}\n" for path, data in files.items()]
    return "".join(lines).encode()


def publish(site: Site, files: dict[str, bytes] = FILES, *, mtime: float = OLD) -> None:
    for path, data in files.items():
        site.file(path, data, mtime=mtime)


def bodies(site: Site) -> list[str]:
    return sorted(request.path.removeprefix("/pub/") for request in site.log.bodies())


async def test_a_body_that_has_its_published_digest_is_saved(site: Site, directory: Path) -> None:
    publish(site)
    site.file("SHA256SUMS", sums(FILES))
    report = await run(site, directory)
    assert (report.saved, report.failed, report.warnings) == (4, 0, ())
    assert site.log.of("/pub/SHA256SUMS")[-1] is site.log[-1]


WRONG = {**FILES, "a.bin": b"x", "sub/c.bin": b"y"}


@pytest.mark.parametrize(
    ("names", "failed"),
    [
        pytest.param({"SHA256SUMS": sums(WRONG)}, ["a.bin", "sub/c.bin"], id="of the tree"),
        pytest.param({"SHA512SUMS": sums(WRONG, "sha512")}, ["a.bin", "sub/c.bin"], id="sha512"),
        pytest.param({"MD5SUMS": sums(WRONG, "md5")}, ["a.bin", "sub/c.bin"], id="md5"),
        pytest.param({"sub/sha1sum.txt": sums({"c.bin": b"y"}, "sha1")}, ["sub/c.bin"], id="of a folder"),
        pytest.param({"a.bin.sha256": hashlib.sha256(b"x").hexdigest().encode()}, ["a.bin"], id="beside the file"),
        pytest.param({"Tool-39-CHECKSUM": f"SHA256 (a.bin) = {'0' * 64}\n".encode()}, ["a.bin"], id="BSD"),
        pytest.param({"MD5SUMS": sums(WRONG, "md5"), "SHA256SUMS": sums(FILES)}, [], id="the stronger one decides"),
    ],
)
async def test_a_body_that_contradicts_its_published_digest_is_never_saved(
    names: dict[str, bytes], failed: list[str], site: Site, directory: Path
) -> None:
    publish(site)
    for name, data in names.items():
        site.file(name, data)
    report = await run(site, directory)
    assert sorted(result.path for result in report.failures) == failed
    assert all("published digest" in result.reason for result in report.failures)
    assert all(site.log.times(f"/pub/{path}") == 2 for path in failed)
    assert [path for path in FILES if not (directory / path).exists()] == failed
    assert list((directory / ".crawler" / "parts").iterdir()) == []


async def test_the_old_file_stays_when_the_new_one_contradicts_its_digest(site: Site, directory: Path) -> None:
    publish(site)
    site.file("SHA256SUMS", sums(FILES))
    await run(site, directory)
    site.file("a.bin", blob(3000, 9), mtime=OLD + DAY)
    site.file("sub/c.bin", blob(400_000, 9), mtime=OLD + DAY)
    site.file("SHA256SUMS", sums(WRONG), mtime=OLD + DAY)
    report = await run(site, directory)
    assert sorted(result.path for result in report.failures) == ["a.bin", "sub/c.bin"]
    assert report.exit_code == 5
    assert {path: (directory / path).read_bytes() for path in FILES} == FILES
    assert (directory / "SHA256SUMS").read_bytes() == sums(FILES), "it is held back with what it names"


async def test_nothing_is_verified_if_disabled(site: Site, directory: Path) -> None:
    publish(site)
    site.file("SHA256SUMS", sums(WRONG))
    report = await run(site, directory, verify_digests=False)
    assert report.failed == 0
    assert site.log.times("/pub/SHA256SUMS") == 1


@pytest.mark.parametrize("name", ["SHA256SUMS", "a.bin.sha256"])
async def test_an_unchanged_tree_costs_no_request_for_its_checksums(site: Site, directory: Path, name: str) -> None:
    publish(site)
    site.file(name, sums({"a.bin": FILES["a.bin"]}))
    await run(site, directory)
    report = await run(site, directory)
    assert (report.unchanged, bodies(site)) == (4, [])
    assert not [request for request in site.log if request.path.endswith((name, ".bin"))]


async def test_checksums_that_are_current_locally_are_not_requested_again(site: Site, directory: Path) -> None:
    publish(site)
    site.file("SHA256SUMS", sums(FILES))
    await run(site, directory)
    site.file("a.bin", blob(3000, 9), mtime=OLD + DAY)
    report = await run(site, directory)
    assert [result.path for result in report.failures] == ["a.bin"], "the sums on the disk still bind"
    assert site.log.times("/pub/SHA256SUMS") == 0


async def test_equal_digests_prove_a_copy_current_without_a_request(site: Site, directory: Path) -> None:
    publish(site)
    site.file("SHA256SUMS", sums(FILES))
    await run(site, directory)
    publish(site, mtime=OLD + DAY)
    site.file("SHA256SUMS", sums(FILES), mtime=OLD + DAY)
    report = await run(site, directory)
    assert bodies(site) == ["SHA256SUMS", "SHA256SUMS"]
    assert not [request for request in site.log if request.path.endswith(".bin")]
    assert report.unchanged == 3
    report = await run(site, directory)
    assert [request.path for request in site.log] == ["/robots.txt", "/pub/", "/pub/sub/"], "the new rows are known"
    assert report.unchanged == 4
    report = await run(site, directory, check="headers")
    assert (report.saved, report.received, report.unchanged) == (0, 0, 4), "and no body comes for the new validators"
    report = await run(site, directory, check="headers")
    assert (bodies(site), report.unchanged) == ([], 4), "which are known then"


async def test_another_digest_proves_a_copy_outdated_though_its_row_is_the_same(site: Site, directory: Path) -> None:
    publish(site)
    site.file("SHA256SUMS", sums(FILES))
    await run(site, directory)
    new = {**FILES, "b.bin": blob(3000, 7)}
    site.file("b.bin", new["b.bin"])
    site.file("SHA256SUMS", sums(new), mtime=OLD + DAY)
    report = await run(site, directory)
    assert bodies(site) == ["SHA256SUMS", "SHA256SUMS", "b.bin"]
    assert report.exit_code == 0
    assert (directory / "b.bin").read_bytes() == new["b.bin"]


async def test_checksums_that_the_filters_exclude_verify_all_the_same(site: Site, directory: Path) -> None:
    publish(site)
    site.file("SHA256SUMS", sums(WRONG))
    report = await run(site, directory, ext=("bin",))
    assert sorted(result.path for result in report.failures) == ["a.bin", "sub/c.bin"]
    assert not (directory / "SHA256SUMS").exists()


@pytest.mark.parametrize(
    ("data", "behaviour", "problem"),
    [
        (sums(WRONG), Status(404), "HTTP 404"),
        (sums(WRONG), Status(503), "HTTP 503"),
        (sums(WRONG), Page(LOGIN), "it contains no digest"),
        (b"\0\xff garbage \n" * 40, None, "it contains no digest"),
    ],
)
async def test_checksums_that_are_of_no_use_are_a_warning(
    site: Site, directory: Path, data: bytes, behaviour: object, problem: str
) -> None:
    publish(site)
    site.file("SHA256SUMS", data, *([behaviour] if behaviour else []))  # type: ignore[list-item]
    report = await run(site, directory, last=())
    assert [warning.startswith("SHA256SUMS: this checksum file is not used") for warning in report.warnings] == [True]
    assert problem in report.warnings[0]
    assert {result.path for result in report.failures} <= {"SHA256SUMS"}
    assert all((directory / path).exists() for path in FILES)


async def test_the_number_of_checksum_files_read_per_directory_is_limited(
    site: Site, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.model.limits.CHECKSUM_FILES", 3)
    publish(site)
    for number in range(5):
        site.file(f"v{number}_checksums.txt", sums({f"other-{number}": b"x"}))
    report = await run(site, directory)
    assert report.warnings == ("/: only 3 of its checksum files are read",)
    assert len(bodies(site)) == 3 + 5 + 3


async def test_checksum_files_beside_a_file_are_read_by_the_workers_and_only_the_strongest(
    site: Site, directory: Path
) -> None:
    for number in range(30):
        data = blob(100, number)
        site.file(f"f{number}", data)
        site.file(f"f{number}.md5", b"of no use")
        site.file(f"f{number}.sha256", hashlib.sha256(data).hexdigest().encode())
    report = await run(site, directory)
    assert (report.saved, report.failed, report.warnings) == (90, 0, ())
    assert all(site.log.times(f"/pub/f{number}.sha256") == 2 for number in range(30))
    assert all(site.log.times(f"/pub/f{number}.md5") == 1 for number in range(30))
    report = await run(site, directory)
    assert bodies(site) == []


async def test_many_useless_checksum_files_are_not_reported_one_by_one(site: Site, directory: Path) -> None:
    for number in range(30):
        site.file(f"f{number}", blob(100, number))
        site.file(f"f{number}.sha256", b"of no use")
    report = await run(site, directory)
    assert report.saved == 60
    assert len(report.warnings) == WARNINGS + 1


async def test_a_plan_requests_no_checksum_file_beside_a_file(site: Site, directory: Path) -> None:
    site.file("a.bin", FILES["a.bin"])
    site.file("a.bin.sha256", hashlib.sha256(b"x").hexdigest().encode())
    await run(site, directory, dry_run=True)
    assert bodies(site) == []


async def test_checksums_too_large_for_the_memory_are_not_read(
    site: Site, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.model.limits.CHECKSUM_BYTES", 100)
    publish(site)
    site.file("SHA256SUMS", sums(WRONG))
    report = await run(site, directory)
    assert "too large for a checksum file" in report.warnings[0]
    assert report.failed == 0
    assert site.log.times("/pub/SHA256SUMS") == 1, "saved, and that is all"


async def test_checksums_that_the_server_confirms_are_read_from_the_disk(directory: Path) -> None:
    with Site(shape="python") as site:
        publish(site)
        site.file("SHA256SUMS", sums(FILES))
        await run(site, directory)
        report = await run(site, directory)
        assert bodies(site) == []
        assert report.unchanged == 4
        site.file("a.bin", blob(3000, 9), mtime=OLD + DAY)
        report = await run(site, directory)
        assert [result.path for result in report.failures] == ["a.bin"]
        assert bodies(site) == ["a.bin", "a.bin"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("SHA256SUMS", True), ("x.MD5", True), ("a.b2", True), ("CHECKSUM", True), ("summary.txt", False), ("a", False)],
)
def test_only_files_named_like_checksum_files_are_read(name: str, expected: bool) -> None:
    assert may_be_checksums(name) is expected


ENTRY = Entry(name="a", kind=Kind.FILE, url="http://h/a", size=Span(5, 5), row="new")
KNOWN = Known(path="a", url="http://h/a", row="old", size=5, mtime=7, digest="sha256:aa")
LOCAL = Local(Kind.FILE, 5, 7)
CHANGED, SAME = Decision(Need.CONFIRM, "row changed"), Decision(Need.NOTHING, "same row")


AGREES, DIFFERS = Published("sha256:aa", True), Published("sha256:bb", False)


@pytest.mark.parametrize(
    ("decision", "published", "known", "local", "need"),
    [
        (CHANGED, AGREES, KNOWN, LOCAL, Need.NOTHING),
        (CHANGED, Published("sha256:aa", False), KNOWN, LOCAL, Need.CONFIRM),
        (CHANGED, DIFFERS, KNOWN, LOCAL, Need.FETCH),
        (SAME, AGREES, KNOWN, LOCAL, Need.NOTHING),
        (SAME, DIFFERS, KNOWN, LOCAL, Need.FETCH),
        (SAME, None, KNOWN, LOCAL, Need.NOTHING),
        (CHANGED, Published("md5:aa", True), KNOWN, LOCAL, Need.CONFIRM),
        (CHANGED, AGREES, None, LOCAL, Need.CONFIRM),
        (CHANGED, AGREES, replace(KNOWN, digest=None), LOCAL, Need.CONFIRM),
        (CHANGED, AGREES, KNOWN, None, Need.CONFIRM),
        (CHANGED, AGREES, KNOWN, Local(Kind.FILE, 4, 7), Need.CONFIRM),
        (CHANGED, AGREES, KNOWN, Local(Kind.FILE, 5, 8), Need.CONFIRM),
        (CHANGED, AGREES, KNOWN, Local(Kind.SYMLINK, 5, 7), Need.CONFIRM),
        (CHANGED, AGREES, replace(KNOWN, size=6), Local(Kind.FILE, 6, 7), Need.CONFIRM),
    ],
)
def test_a_published_digest_decides_about_an_intact_copy(
    decision: Decision, published: Published | None, known: Known | None, local: Local | None, need: Need
) -> None:
    assert by_digest(decision, published, ENTRY, known, local).need is need
