"""New small files as columns: nearly all that a first run saves, from the responses to the records.

Most of what is done with them is done with many at a time. Whoever looks at one of them gets the value that the general
rules have for any file, which is built then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from crawler.model.freshness import Currency
from crawler.model.struct import Struct, field
from crawler.model.values import Job, Known, Outcome, Result, Staged, Validators

if TYPE_CHECKING:
    from crawler.model.network.receiving import HeldBody

_LISTED, _SAVED = Currency.LISTED, Outcome.SAVED  # a member of an enumeration takes 80 ns to look up


Row = tuple[Job, int, int, str | None, str | None, float, Currency, float]
"""What ``Columns`` has of one file, in the order of its fields."""


class Columns(Struct):
    """What is known of new files, in lists of the same length."""

    jobs: list[Job] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    """Sizes of their bodies in bytes."""
    mtimes: list[int] = field(default_factory=list)
    """Modification times to set, in nanoseconds since the epoch."""
    etags: list[str | None] = field(default_factory=list)
    """ETag of each response as received; likewise its Last-Modified."""
    modified: list[str | None] = field(default_factory=list)
    checked: list[float] = field(default_factory=list)
    """``Known.checked`` of their records."""
    currencies: list[Currency] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """Duration of each job."""

    @property
    def paths(self) -> list[str]:
        return [job.path for job in self.jobs]

    def extend(self, more: Columns) -> None:
        """Add the files of ``more``."""
        for name in self.__struct_fields__:
            getattr(self, name).extend(getattr(more, name))

    def cut(self, which: slice) -> Columns:
        """The files at these places."""
        return Columns(*[getattr(self, name)[which] for name in self.__struct_fields__])

    def record(self, at: int, digest: str | None) -> Known:
        """The record of the file at the place ``at``, whose body has ``digest``."""
        job = self.jobs[at]
        return Known(
            path=job.path,
            url=job.url,
            row=job.row,
            size=self.sizes[at],
            mtime=self.mtimes[at],
            validators=Validators(etag=self.etags[at], last_modified=self.modified[at]),
            digest=digest,
            checked=self.checked[at],
        )

    def result(self, at: int, known: Known) -> Result:
        """The result of the file at the place ``at``, whose record is ``known``."""
        job, size = self.jobs[at], self.sizes[at]
        return Result(
            path=job.path,
            url=job.url,
            outcome=_SAVED,
            reason=job.reason,
            size=size,
            received=size,
            seconds=self.seconds[at],
            attempts=job.spent + 1,
            digest=known.digest,
            known=known,
            currency=self.currencies[at],
            dating=job.dating,
        )


Recorded = tuple[str, str, str, int, int, float, bool, "int | None"]
"""Path, URL, row, size, mtime and ``checked`` of a record; whether the file was saved by this program, on a disk;
``Job.mark``."""
Facts = tuple[Recorded, str | None, str | None, str | None]
"""These of a record, its validators (ETag, Last-Modified), and its digest."""


def facts_of(known: Known) -> Facts:
    """What is in ``known``."""
    said, is_own = known.validators, not (known.version or known.adopted)
    row = known.path, known.url, known.row, known.size, known.mtime, known.checked, is_own, None
    return row, said.etag, said.last_modified, known.digest


def columns_of(rows: Sequence[Row]) -> Columns:
    """The columns of ``rows``."""
    return Columns(*map(list, zip(*rows, strict=True))) if rows else Columns()


class NewFiles(Sequence[Staged]):
    """Complete bodies for files of which nothing is here or known, here or held. None has its digest or name yet."""

    __slots__ = ("bodies", "columns")

    def __init__(self, columns: Columns, bodies: list[bytes | HeldBody]) -> None:
        self.columns, self.bodies = columns, bodies

    def __len__(self) -> int:
        return len(self.bodies)

    @overload
    def __getitem__(self, index: int) -> Staged: ...
    @overload
    def __getitem__(self, index: slice) -> NewFiles: ...
    def __getitem__(self, index: int | slice) -> Staged | NewFiles:
        columns = self.columns
        if isinstance(index, slice):
            is_all = index.indices(len(self)) == (0, len(self), 1)
            return self if is_all else NewFiles(columns.cut(index), self.bodies[index])
        known = columns.record(index, None)
        return Staged(
            job=columns.jobs[index],
            part="",
            body=read(self.bodies[index]),
            size=known.size,
            mtime=known.mtime,
            result=columns.result(index, known),
            lacks_digest=True,
        )

    @property
    def size(self) -> int:
        """The total size of the bodies in bytes."""
        return sum(self.columns.sizes)

    def extend(self, more: NewFiles) -> None:
        """Add the files of ``more``."""
        self.columns.extend(more.columns)
        self.bodies += more.bodies


def read(body: bytes | HeldBody) -> bytes:
    """The bytes of ``body``."""
    return body if isinstance(body, bytes) else body.read()


class SavedFiles(Sequence[Known]):
    """The records of new files, all of which have their names and bodies with ``digests``."""

    __slots__ = ("columns", "digests")

    def __init__(self, columns: Columns, digests: Sequence[str]) -> None:
        self.columns, self.digests = columns, digests

    def __len__(self) -> int:
        return len(self.digests)

    @overload
    def __getitem__(self, index: int) -> Known: ...
    @overload
    def __getitem__(self, index: slice) -> SavedFiles: ...
    def __getitem__(self, index: int | slice) -> Known | SavedFiles:
        if isinstance(index, slice):
            return SavedFiles(self.columns.cut(index), self.digests[index])
        return self.columns.record(index, self.digests[index])

    def rows(self) -> Iterator[Recorded]:
        """The first of ``facts``."""
        columns = self.columns
        several = zip(columns.jobs, columns.sizes, columns.mtimes, columns.checked, strict=True)
        return (
            (job.path, job.url, job.row, size, mtime, checked, True, job.mark) for job, size, mtime, checked in several
        )

    def facts(self) -> Iterator[Facts]:
        """``facts_of`` each record, without building it."""
        return zip(self.rows(), self.columns.etags, self.columns.modified, self.digests, strict=True)


def joined(outcomes: Sequence[Known | str], more: Sequence[Known]) -> Sequence[Known | str]:
    """``outcomes`` and ``more`` as one sequence."""
    if isinstance(outcomes, SavedFiles) and isinstance(more, SavedFiles):
        columns = outcomes.columns.cut(slice(None))
        columns.extend(more.columns)
        return SavedFiles(columns, [*outcomes.digests, *more.digests])
    return [*outcomes, *more] if outcomes else more


class SavedResults(Sequence[Result]):
    """The results of files that are saved, as ``saved`` records them."""

    __slots__ = ("saved",)

    def __init__(self, saved: SavedFiles) -> None:
        self.saved = saved

    def __len__(self) -> int:
        return len(self.saved)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> SavedResults: ...
    def __getitem__(self, index: int | slice) -> Result | SavedResults:
        if isinstance(index, slice):
            return SavedResults(self.saved[index])
        return self.saved.columns.result(index, self.saved[index])

    @property
    def size(self) -> int:
        """The total size of the files in bytes, all of which has been received."""
        return sum(self.saved.columns.sizes)

    @property
    def listed(self) -> int:
        """Number of files that are the listed version; none is an older one."""
        return self.saved.columns.currencies.count(_LISTED)


def one_by_one(done: Iterable[Result | Staged | NewFiles]) -> list[Result | Staged]:
    """``done`` with a value for each of the new files."""
    found = list[Result | Staged]()
    for each in done:
        found += each if isinstance(each, NewFiles) else [each]
    return found


def directories_of(items: Sequence[Staged]) -> set[str]:
    """The paths of the directories in which ``items`` are."""
    paths = items.columns.paths if isinstance(items, NewFiles) else [item.job.path for item in items]
    return {path.rpartition("/")[0] for path in paths}
