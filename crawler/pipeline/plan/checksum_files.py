"""Reads the digests that a site publishes in files: SHA256SUMS, CHECKSUM, ``name.sha256`` and the like.

A checksum file is read when a file that it may cover is about to be requested, so an unchanged tree costs no request.
It is read from the disk if the local copy is current. If it cannot be read or parsed, there is a warning, and the files
that it may cover are not checked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from crawler.model import limits
from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import Client, Destination, Permit
from crawler.model.state.store import BY_ROW, StateStore
from crawler.model.struct import Struct, Value, field, replace
from crawler.model.values import UNCONFIRMED, UNPROVEN, Entry, Job, Known, Local
from crawler.pipeline.attempts import persist
from crawler.pipeline.rules.compare import Decision, Need, needs_fetch
from crawler.pipeline.rules.directory_digest import is_as_saved
from crawler.pipeline.rules.racy import is_racy
from crawler.text.digests import HEX_LENGTHS, is_checksum_file, parse_checksums

WARNINGS = 10
"""Maximum number of unusable checksum files that are reported one by one."""


def may_be_checksums(name: str) -> bool:
    """Whether ``name`` is that of a checksum file. Faster than ``is_checksum_file`` for names that are not."""
    return _has_sign(name.lower()) and is_checksum_file(name)


def may_list_checksums(entries: Sequence[Entry]) -> bool:
    """Whether any of ``entries`` may be a checksum file; nearly always False if none is."""
    return _has_sign("\n".join([entry.name for entry in entries]).lower())


def _has_sign(text: str) -> bool:
    """Whether ``text``, in lower case, contains a part of a name of a checksum file."""
    return "sum" in text or "sha" in text or "md5" in text or ".b2" in text or "blake" in text


class _Source(Struct, eq=False):
    """One checksum file."""

    path: str
    entry: Entry
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    digests: dict[str, str] | None = None
    """Path, relative to the directory of the checksum file → digest; None until the checksum file has been read."""
    is_news: bool = False
    """True if its content differs from the copy on the disk, so that it was published after the last run."""
    checked: float = UNCONFIRMED
    """``Known.checked`` for the version that was fetched."""


class Published(Value, frozen=True):
    """A digest from a checksum file."""

    digest: str
    is_news: bool
    """True if the checksum file has changed since it was saved, so that it describes the file's current version."""
    checked: float = UNCONFIRMED
    """``Known.checked`` of the checksum file."""

    @property
    def is_vouched(self) -> bool:
        """Whether the server sent the checksum file in this run: a body with its digest is then the listed version.

        One that has not changed since the last run may not have been updated when the file was replaced.
        """
        return self.checked != UNCONFIRMED


class _ChecksumFiles(Struct):
    """The checksum files in one directory. Those with the strongest algorithms come first."""

    sums: list[_Source] = field(default_factory=list)
    """Checksum files that cover many files."""
    sidecars: dict[str, list[_Source]] = field(default_factory=dict)
    """Name of a file → the checksum files that cover only this file."""


class Checksums:
    """Reads the checksum files of a run when they are needed. ``warn`` is called for each that is unusable."""

    def __init__(
        self,
        client: Client,
        destination: Destination,
        state: StateStore,
        permit: Permit,
        *,
        attempts: int,
        warn: Callable[[str], None],
    ) -> None:
        self._client = client
        self._destination = destination
        self._state = state
        self._attempts = attempts
        self._warn_user = warn
        self._warnings = 0
        self._permit = permit
        self._directories: dict[str, _ChecksumFiles] = {}
        self._awaited: dict[str, list[_Source]] = {}
        """Path of a file that is to be fetched → its sidecars."""

    @property
    def is_empty(self) -> bool:
        """Whether no checksum file is known."""
        return not self._directories

    def note(self, files: Mapping[str, Entry], shown: Collection[str]) -> list[str]:
        """Note the checksum files ``files`` (path → entry). Returns the paths of those that cover many files.

        Must be called before anything that they cover is decided on, subdirectories included; so it does not wait.
        ``shown``: all names in their directory.
        """
        many, left_out = [], set()
        for path, entry in sorted(files.items(), key=lambda item: _rank(item[1].name)):
            directory = path.rpartition("/")[0]
            known = self._directories.setdefault(directory, _ChecksumFiles())
            subject = entry.name.rpartition(".")[0]
            if subject in shown:
                known.sidecars.setdefault(subject, []).append(_Source(path, entry))
            elif len(known.sums) < limits.CHECKSUM_FILES:
                known.sums.append(_Source(path, entry))
                many.append(path)
            else:
                left_out.add(directory)
        for directory in sorted(left_out):
            self._warn(f"{directory or '/'}: only {limits.CHECKSUM_FILES} of its checksum files are read")
        return many

    def leave(self, directories: Collection[str]) -> None:
        """Drop the digests that are no longer needed, because every entry of ``directories`` has been decided on.

        Digests of files in their subdirectories are kept.
        """
        for directory in self._directories.keys() & directories:
            known = self._directories[directory]
            known.sidecars = {}
            for source in known.sums:
                if source.digests is not None:
                    source.digests = {path: digest for path, digest in source.digests.items() if "/" in path}
            if not known.sums:
                del self._directories[directory]

    def expect(self, path: str) -> None:
        """Announce that the file at ``path`` will be fetched, so that ``beside`` will be called for it."""
        directory, _, name = path.rpartition("/")
        known = self._directories.get(directory)
        if known is not None and name in known.sidecars:
            self._awaited[path] = known.sidecars[name]

    async def beside_all(self, jobs: list[Job]) -> list[Job]:
        """``beside`` of each of ``jobs``; the same list if it changes none."""
        return [await self.beside(job) for job in jobs] if self._awaited else jobs

    async def beside(self, job: Job) -> Job:
        """``job`` with the digest in the sidecar of its file, if it had none. Workers may call this concurrently."""
        if job.digest is not None:
            return job
        published = await self._first(self._awaited.pop(job.path, ()), job.path.rpartition("/")[2])
        return replace(job, digest=published.digest, vouched=published.is_vouched) if published else job

    async def of(self, path: str) -> Published | None:
        """The digest of the file at ``path`` by a checksum file for many files, in its directory or one above it."""
        directory = path.rpartition("/")[0]
        found = None
        while found is None and self._directories:
            known = self._directories.get(directory)
            below = path[len(directory) + 1 :] if directory else path
            found = (
                await self._first([source for source in known.sums if source.path != path], below) if known else None
            )
            if not directory:
                break
            directory = directory.rpartition("/")[0]
        return found

    async def _first(self, sources: Sequence[_Source], below: str) -> Published | None:
        for source in sources:
            digest = (await self._read(source)).get(below)
            if digest is not None:
                return Published(digest, source.is_news, source.checked)
        return None

    def _warn(self, text: str) -> None:
        """Warn about an unusable checksum file. Not all are reported: a dead server may have one for each file."""
        self._warnings += 1
        if self._warnings <= WARNINGS:
            self._warn_user(text)
        elif self._warnings == WARNINGS + 1:
            self._warn_user("more checksum files are not used, for similar reasons")

    async def _read(self, source: _Source) -> dict[str, str]:
        async with source.lock:
            if source.digests is None:
                source.digests = await self._load(source)
            return source.digests

    async def _load(self, source: _Source) -> dict[str, str]:
        size = source.entry.size
        if size is not None and size.low > limits.CHECKSUM_BYTES:
            self._warn(f"{source.path}: too large for a checksum file ({size.low} bytes): it is not used")
            return {}
        local = await self._destination.read(source.path, limits.CHECKSUM_BYTES)
        known = await self._state.file(source.path)
        try:
            body, source.checked = await persist(lambda: self._body(source.entry, known, local), self._attempts)
        except (FetchError, VerificationError) as error:
            self._warn(f"{source.path}: this checksum file is not used ({error})")
            return {}
        source.is_news = source.checked != UNCONFIRMED and local is not None and body is not local[1]
        found = await asyncio.to_thread(parse_checksums, source.entry.name, body)
        if body.strip() and not found:
            self._warn(f"{source.path}: this checksum file is not used (it contains no digest)")
        return found

    async def _body(self, entry: Entry, known: Known | None, local: tuple[Local, bytes] | None) -> tuple[bytes, float]:
        """The body of a checksum file, and its ``Known.checked``.

        It is read from the disk if the listing or the server shows that the local copy is current. Raises FetchError,
        VerificationError.
        """
        need = needs_fetch(entry, known, local[0] if local else None).need
        if local is not None and need is Need.NOTHING:
            return local[1], UNCONFIRMED
        job = Job(url=entry.url, path=entry.name, reason="checksums", modified=entry.modified)
        if local is not None and need is Need.CONFIRM:
            job = replace(job, known=known)
        from crawler.pipeline.rules.responses.conditional_requests import request_headers  # imported only if needed
        from crawler.pipeline.rules.responses.evidence import prove

        headers = request_headers(job, None)
        async with self._client.open("GET", entry.url, headers=headers, permit=self._permit) as reply:
            if reply.status == 304 and local is not None and job.known is not None:
                return local[1], UNCONFIRMED
            if reply.status != 200:
                retryable = reply.status >= 500 or reply.status == 429
                raise FetchError(f"HTTP {reply.status}", url=entry.url, status=reply.status, retryable=retryable)
            proof = prove(job, 200, reply.headers, time.time())
            return await reply.read(limits.CHECKSUM_BYTES), proof.checked


def _rank(name: str) -> int:
    """Sort key of a checksum file by its algorithm, strongest first; names without an algorithm come in the middle."""
    lowered = name.lower().replace("-", "")
    ranks = [rank for rank, algorithm in enumerate(HEX_LENGTHS) if algorithm in lowered]
    return min(ranks, default=list(HEX_LENGTHS).index("sha1"))


def by_digest(
    decision: Decision, published: Published | None, entry: Entry, known: Known | None, local: Local | None
) -> Decision:
    """``decision``, corrected by a published digest if the state has a digest computed with the same algorithm.

    A different digest proves an intact copy outdated. An equal one proves it current, without a request, if
    the checksum file is new. If the file's row has changed and the checksum file has not, its publisher may have
    forgotten to update it.
    """
    if published is None or known is None or known.digest is None or local is None:
        return decision
    comparable = published.digest.partition(":")[0] == known.digest.partition(":")[0]
    if not comparable or not is_as_saved(known, local):
        return decision
    if published.digest != known.digest:
        return Decision(Need.FETCH, "published digest differs", is_disproved=True)
    is_current = published.is_news or was_proven(published, entry, known)
    if is_current and (entry.size is None or known.size in entry.size):
        return Decision(Need.NOTHING, "same published digest")
    return decision


def was_proven(published: Published | None, entry: Entry, known: Known | None) -> bool:
    """Whether an earlier run has confirmed that the version with this published digest is the one of this row."""
    if published is None or known is None or known.checked in {*UNPROVEN, BY_ROW} or entry.modified is None:
        return False
    return (known.row, known.digest) == (entry.row, published.digest) and not is_racy(entry.modified, known)
