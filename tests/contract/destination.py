"""The contract of destinations. To test a new one, write a subclass that provides ``place``.

``DestinationContract`` is for all of them, ``ResumingContract`` for those whose parts outlive a run. See
``test_local.py`` and ``test_sqlite_archive.py``.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

import pytest

from crawler.model.interfaces import UNREAD, Destination, Part
from crawler.model.struct import replace
from crawler.model.values import Job, Kind, Known, Local, Outcome, Result, Staged, Validators
from crawler.pipeline.plan.single_path import look

STRONG = Validators(etag='"v1"')
SECOND = 1_000_000_000


class Place(ABC):
    """A destination as seen from outside: opens it, and inspects what it stored."""

    bytes_in_names = True
    """Whether names may contain bytes that are not UTF-8. If not, such files get a reason."""

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[Destination]:
        """Open the destination for one run; what that run leaves is there for the next one."""

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """The content under a final name; None if there is nothing."""

    @abstractmethod
    def names(self) -> list[str]:
        """All final names, sorted."""


def job(path: str, url: str = "") -> Job:
    return Job(url=url or f"http://host/{path}", path=path, reason="new", row="1K 2024")


def staged(path: str, body: bytes = b"body", mtime: int | None = 1_700_000_000 * SECOND, part: str = "") -> Staged:
    result = Result(path=path, url=job(path).url, outcome=Outcome.SAVED, digest="sha256:00", size=len(body))
    return Staged(job=job(path), part=part, body=b"" if part else body, size=len(body), mtime=mtime, result=result)


async def seen(destination: Destination, folder: str) -> dict[str, Local]:
    """The contents of ``folder`` with all times, but without versions, which are specific to the destination."""
    found = await destination.scan(folder)
    unread = [name for name, local in found.items() if local.mtime == UNREAD]
    if unread:
        asked = destination.inspect(folder, unread)
        assert asked is not None
        found = {**found, **await asked}
    return {name: replace(local, version="") for name, local in found.items()}


async def stream(part: Part, body: bytes, step: int = 1000) -> None:
    part.note(STRONG)
    for start in range(0, len(body), step):
        await part.write(body[start : start + step])


def pattern(size: int) -> bytes:
    """Bytes in which no two sections are equal."""
    return (bytes(i * i % 251 for i in range(251)) * (size // 251 + 1))[:size]


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


FOREIGN = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
"""A response that a server sends in the middle of a body."""


class DestinationContract(ABC):
    @pytest.fixture
    @abstractmethod
    def place(self) -> Place: ...

    async def test_a_file_gets_its_final_name_by_commit_alone(self, place: Place) -> None:
        body = pattern(700_000)
        async with place.open() as destination:
            part = await destination.open_part(job("a/large"))
            await stream(part, body)
            await part.finish()
            assert place.names() == []
            await destination.commit([staged("a/large", body, part=part.name), staged("small", b"s")])
            assert place.names() == ["a/large", "small"]
        assert place.read("a/large") == body
        assert place.read("small") == b"s"

    async def test_commit_returns_what_is_now_there(self, place: Place) -> None:
        async with place.open() as destination:
            [known] = await destination.commit([staged("sub/name", b"12345")])
        assert isinstance(known, Known)
        assert (known.path, known.size, known.mtime) == ("sub/name", 5, 1_700_000_000 * SECOND)
        assert (known.url, known.row, known.digest) == ("http://host/sub/name", "1K 2024", "sha256:00")

    async def test_what_the_flow_knows_of_a_file_is_kept(self, place: Place) -> None:
        known = Known(
            path="n", url="http://mirror/n", row="r", size=0, mtime=0, validators=STRONG, digest="md5:1", checked=9.0
        )
        item = staged("n", b"123")
        async with place.open() as destination:
            [now] = await destination.commit([replace(item, result=replace(item.result, known=known))])
        assert isinstance(now, Known)
        assert (now.url, now.validators, now.digest, now.checked) == ("http://mirror/n", STRONG, "md5:1", 9.0)
        assert (now.size, now.mtime) == (3, 1_700_000_000 * SECOND)

    async def test_outcomes_come_in_the_order_of_the_batch(self, place: Place) -> None:
        names = [f"d{i % 7}/n{i}" for i in range(600)]
        async with place.open() as destination:
            outcomes = await destination.commit([staged(name, name.encode()) for name in names])
        assert [known.path for known in outcomes if isinstance(known, Known)] == names
        assert place.names() == sorted(names)
        assert all(place.read(name) == name.encode() for name in names[::50])

    async def test_an_empty_batch_is_fine(self, place: Place) -> None:
        async with place.open() as destination:
            assert await destination.commit([]) == []

    @pytest.mark.parametrize(
        "path",
        [
            "",
            ".",
            "..",
            "/absolute",
            "a//b",
            "a/",
            "../up",
            "a/../../up",
            "a/./b",
            ".crawler/state.sqlite3",
            "a/.crawler",
            "nul\0byte",
            "line\nfeed",
            "esc\x1b[2J",
            "dir\x07/name",
            "n" * 256,
            "ü" * 128,
            "half \ud800 pair",
        ],
    )
    async def test_a_path_that_cannot_be_is_a_reason_and_the_others_are_stored(self, place: Place, path: str) -> None:
        async with place.open() as destination:
            before, reason, after = await destination.commit([staged("before"), staged(path), staged("after")])
        assert isinstance(before, Known)
        assert isinstance(after, Known)
        assert isinstance(reason, str)
        assert reason
        assert place.names() == ["after", "before"]

    @pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "byte \udcff", "-rf", "a b", "日本", "...", "~", "x.part"])
    async def test_a_strange_name_is_stored_as_it_is(self, place: Place, name: str) -> None:
        async with place.open() as destination:
            [known] = await destination.commit([staged(f"{name}/{name}", b"strange")])
            if not (place.bytes_in_names or name.isprintable()):
                assert known and known == destination.rejects(f"{name}/{name}")
                return
            assert isinstance(known, Known), known
            assert list(await destination.scan(name)) == [name]
        assert place.read(f"{name}/{name}") == b"strange"

    async def test_a_file_is_replaced_whole(self, place: Place) -> None:
        async with place.open() as destination:
            await destination.commit([staged("name", b"old and longer")])
            await destination.commit([staged("name", b"new")])
        assert place.read("name") == b"new"

    async def test_a_file_and_a_directory_cannot_have_one_name(self, place: Place) -> None:
        async with place.open() as destination:
            outcomes = await destination.commit([staged("x"), staged("x/in"), staged("y/in"), staged("y")])
        assert [isinstance(outcome, str) for outcome in outcomes] == [False, True, False, True]
        assert place.names() == ["x", "y/in"]

    async def test_a_part_that_lost_bytes_gets_no_name(self, place: Place) -> None:
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, b"12345")
            await part.finish()
            [reason] = await destination.commit([staged("x", b"123456", part=part.name)])
        assert isinstance(reason, str)
        assert place.names() == []

    @pytest.mark.parametrize("part", ["../../x", "nobody", "", ".."])
    async def test_a_part_that_is_none_gets_no_name(self, place: Place, part: str) -> None:
        async with place.open() as destination:
            [outcome] = await destination.commit([replace(staged("x", b"1", part=part), size=1)])
        assert isinstance(outcome, str) == bool(part)

    async def test_the_time_of_writing_stays_where_the_server_gave_none(self, place: Place) -> None:
        async with place.open() as destination:
            [known] = await destination.commit([staged("x", mtime=None)])
        assert isinstance(known, Known)
        assert known.mtime > 1_700_000_000 * SECOND

    async def test_a_time_before_1970_is_kept_and_an_impossible_one_is_a_reason_or_not_set(self, place: Place) -> None:
        async with place.open() as destination:
            early, never = await destination.commit([staged("x", mtime=-SECOND), staged("y", mtime=10**30)])
        assert isinstance(early, Known)
        assert early.mtime == -SECOND
        assert isinstance(never, str) or 0 < never.mtime < 10**30
        assert place.names() == (["x"] if isinstance(never, str) else ["x", "y"])

    # --- parts ------------------------------------------------------------------------------------

    @pytest.mark.parametrize("size", [0, 1, 999, 262_144, 600_000])
    async def test_finish_gives_the_digest_of_the_whole_body(self, place: Place, size: int) -> None:
        body = pattern(size)
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, body, 7777)
            assert part.offset == size
            assert await part.finish() == sha256(body)
            assert await part.matches(sha256(body))
            assert await part.matches(f"md5:{hashlib.md5(body).hexdigest().upper()}")
            assert not await part.matches("md5:00")
            assert not await part.matches("sha256:00")
            assert not await part.matches("crc-of-tomorrow:00")

    async def test_restart_forgets_what_was_written(self, place: Place) -> None:
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, pattern(400_000))
            await part.restart()
            assert part.offset == 0
            assert not part.validators
            await stream(part, b"second")
            assert await part.finish() == sha256(b"second")
            await destination.commit([staged("x", b"second", part=part.name)])
        assert place.read("x") == b"second"

    async def test_restart_is_possible_after_the_end(self, place: Place) -> None:
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, b"first")
            await part.finish()
            await part.restart()
            await stream(part, b"2")
            assert await part.finish() == sha256(b"2")

    async def test_a_part_without_a_strong_validator_is_not_kept(self, place: Place) -> None:
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, b"12345")
            part.note(Validators())
            await part.keep()
        async with place.open() as destination:
            assert not destination.has_part("x")
            assert (await destination.open_part(job("x"))).offset == 0

    async def test_a_part_of_another_url_is_not_offered(self, place: Place) -> None:
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, b"12345")
            await part.keep()
        async with place.open() as destination:
            part = await destination.open_part(job("x", url="http://other/x"))
            assert (part.offset, part.validators) == (0, Validators())

    async def test_a_discarded_part_leaves_nothing(self, place: Place) -> None:
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, pattern(300_000))
            await part.discard()
        async with place.open() as destination:
            assert not destination.has_part("x")

    # --- scanning and deleting --------------------------------------------------------------------

    async def test_scan_shows_the_names_of_one_directory(self, place: Place) -> None:
        async with place.open() as destination:
            assert await destination.scan("") == {}
            await destination.commit([staged("a", b"123"), staged("sub/b"), staged("sub/deep/c")])
            root = await seen(destination, "")
            assert root.pop("sub").kind is Kind.DIRECTORY
            assert root == {"a": Local(Kind.FILE, 3, 1_700_000_000 * SECOND)}
            assert sorted(await destination.scan("sub")) == ["b", "deep"]
            assert await destination.scan("absent") == {}
            assert await destination.scan("a") == {}
            assert await destination.scan("../" * 5) == {}

    async def test_walk_local_gives_directories_after_their_content(self, place: Place) -> None:
        paths = ["top", "a/1", "a/b/2", "a/b/c/3", "z/4"]
        async with place.open() as destination:
            await destination.commit([staged(path) for path in paths])
            walked = await destination.walk_local("")
            below = await destination.walk_local("a/b")
            assert await destination.walk_local("absent") == []
        order = [path for path, _, _ in walked]
        assert sorted(order) == sorted([*paths, "a", "a/b", "a/b/c", "z"])
        assert all(order.index(path) < order.index(path.rpartition("/")[0]) for path in order if "/" in path)
        assert {kind for path, kind, _ in walked if path in paths} == {Kind.FILE}
        assert sorted(row for row in below if row[1] is Kind.FILE) == [
            ("a/b/2", Kind.FILE, 4),
            ("a/b/c/3", Kind.FILE, 4),
        ]
        assert [path for path, kind, _ in below if kind is Kind.DIRECTORY] == ["a/b/c"]

    async def test_a_file_that_is_as_it_was_left_gets_another_time(self, place: Place) -> None:
        later = 1_800_000_000 * SECOND
        async with place.open() as destination:
            await destination.commit([staged("sub/a"), staged("sub/b")])
            local = await look(destination, "sub/a")
            assert local is not None
            assert await destination.set_time("sub/a", local, later) == later
            assert (await seen(destination, "sub"))["a"] == Local(Kind.FILE, local.size, later)
            assert (await seen(destination, "sub"))["b"] == replace(local, version="")
            assert await destination.set_time("sub/a", local, 5 * SECOND) is None, "it is not as it was"
            for elsewhere in ("sub/c", "c/a", "../a", "sub", ""):
                assert await destination.set_time(elsewhere, local, 5 * SECOND) is None
        assert place.read("sub/a") == b"body"

    async def test_delete_says_for_each_path_whether_it_is_gone(self, place: Place) -> None:
        async with place.open() as destination:
            await destination.commit([staged("a/1"), staged("a/2"), staged("b/3"), staged("stays")])
            reasons = await destination.delete(["a/1", "a", "a/2", "b/3", "b", "never/was", "../x", ".crawler", ""])
            assert [reason is None for reason in reasons] == [True, False, True, True, True, True, False, False, False]
            assert place.names() == ["stays"]
            assert await destination.delete(["a"]) == [None]

    async def test_a_deleted_directory_can_come_back(self, place: Place) -> None:
        async with place.open() as destination:
            await destination.commit([staged("a/b/1")])
            assert await destination.delete(["a/b/1", "a/b", "a"]) == [None] * 3
            [known] = await destination.commit([staged("a/b/2")])
            assert isinstance(known, Known)
        assert place.names() == ["a/b/2"]

    async def test_an_empty_directory_can_be_made(self, place: Place) -> None:
        async with place.open() as destination:
            await destination.commit([staged("file")])
            assert await destination.make_folder("a/b") is None
            assert await destination.make_folder("a/b") is None
            assert (await destination.scan("a"))["b"].kind is Kind.DIRECTORY
            for path in ("file/c", "a/../b", "/d", "n" * 256, ".crawler/e"):
                assert await destination.make_folder(path), path

    async def test_the_space_that_is_left_is_known(self, place: Place) -> None:
        async with place.open() as destination:
            assert await destination.free_space() > 0

    async def test_digest_reads_the_file_again(self, place: Place) -> None:
        body = pattern(2_000_000)
        async with place.open() as destination:
            await destination.commit([staged("d/x", body)])
            assert await destination.digest("d/x") == sha256(body)
            assert await destination.digest("absent") == ""
            assert await destination.digest("d") == ""

    async def test_read_gives_a_whole_file_that_is_small_enough(self, place: Place) -> None:
        async with place.open() as destination:
            await destination.commit([staged("d/x", b"12345"), staged("empty", b"")])
            expected = Local(Kind.FILE, 5, 1_700_000_000 * SECOND), b"12345"
            found = await destination.read("d/x", 5)
            assert found is not None
            assert (replace(found[0], version=""), found[1]) == expected
            assert await destination.read("d/x", 4) is None
            assert await destination.read("d", 5) is None
            assert await destination.read("absent", 5) is None
            found = await destination.read("empty", 0)
            assert found is not None
            assert (replace(found[0], version=""), found[1]) == (Local(Kind.FILE, 0, 1_700_000_000 * SECOND), b"")

    @pytest.mark.parametrize("size", [0, 5, 70_000, 400_000])
    @pytest.mark.parametrize("foreign", [b"", FOREIGN, FOREIGN[:7], FOREIGN + pattern(20_000)])
    async def test_an_incomplete_body_goes_on_before_what_may_be_another_response(
        self, place: Place, size: int, foreign: bytes
    ) -> None:
        body = pattern(500_000)
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, body[:size] + foreign)
            await part.rewind()
            assert part.offset in {0, size}
            await stream(part, body[part.offset :])
            assert await part.finish() == sha256(body)
            await destination.commit([staged("x", body, part=part.name)])
        assert place.read("x") == body


class ResumingContract(DestinationContract):
    """For destinations that keep incomplete bodies between runs."""

    @pytest.mark.parametrize("size", [5, 400_000])
    async def test_a_later_run_goes_on_before_what_may_be_another_response(self, place: Place, size: int) -> None:
        body = pattern(500_000)
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, body[:size] + FOREIGN)
            await part.keep()
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            assert (part.offset, part.validators) == (size, STRONG)
            await part.rewind()
            await stream(part, body[size:])
            assert await part.finish() == sha256(body)

    @pytest.mark.parametrize("cut", [1, 262_144, 300_001])
    async def test_a_later_run_goes_on_where_a_kept_part_ends(self, place: Place, cut: int) -> None:
        body = pattern(500_000)
        async with place.open() as destination:
            part = await destination.open_part(job("d/x"))
            await stream(part, body[:cut])
            await part.keep()
        assert place.names() == []
        async with place.open() as destination:
            assert destination.has_part("d/x")
            assert not destination.has_part("d/y")
            assert destination.has_parts()
            part = await destination.open_part(job("d/x"))
            assert (part.offset, part.validators) == (cut, STRONG)
            await stream(part, body[cut:])
            assert await part.finish() == sha256(body)
            await destination.commit([staged("d/x", body, part=part.name)])
        assert place.read("d/x") == body
        async with place.open() as destination:
            assert not destination.has_part("d/x")

    async def test_the_same_run_can_go_on_with_a_kept_part(self, place: Place) -> None:
        async with place.open() as destination:
            part = await destination.open_part(job("x"))
            await stream(part, b"12345")
            await part.keep()
            assert destination.has_part("x")
            assert (await destination.open_part(job("x"))).offset == 5

    async def test_parts_that_nobody_wants_are_cleaned(self, place: Place) -> None:
        async with place.open() as destination:
            for name in ("wanted", "gone/upstream"):
                part = await destination.open_part(job(name))
                await stream(part, b"12345")
                await part.keep()
            await destination.clean_parts({"wanted"})
            assert [destination.has_part(name) for name in ("wanted", "gone/upstream")] == [True, False]
