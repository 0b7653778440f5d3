"""Reads the digests that a site publishes in files: SHA256SUMS, CHECKSUM, ``name.sha256`` and the like.

A checksum file is read when a file that it may cover is to be requested, so an unchanged tree costs no request; it is
read from the disk if the local copy is current. One that cannot be read or parsed leads to a warning and checks
nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from crawler.model import limits
from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import Client, Destination, Permit
from crawler.model.state.store import StateStore
from crawler.model.struct import Struct, Value, field, replace
from crawler.model.values import UNCONFIRMED, Entry, Job, Known, Local
from crawler.pipeline.attempts import persist
from crawler.pipeline.rules.compare import Decision, Need, is_as_saved, needs_fetch
from crawler.pipeline.rules.responses.conditional_requests import request_headers
from crawler.pipeline.rules.responses.evidence import prove
from crawler.text.digests import HEX_LENGTHS, is_checksum_file, parse_checksums

WARNINGS = 10
"""Useless checksum files that are reported one by one."""
_SIGNS = ("sum", "sha", "md5", ".b2", "blake")


def may_be_checksums(name: str) -> bool:
    """``is_checksum_file`` for millions of names, most of which are refused at once."""
    lowered = name.lower()
    return any(sign in lowered for sign in _SIGNS) and is_checksum_file(name)


class _Source(Struct, eq=False):
    """One checksum file."""

    path: str
    entry: Entry
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    digests: dict[str, str] | None = None
    """Path relative to its directory → digest; None until it was read."""
    is_news: bool = False
    """True if it is not the version on the disk, so it was published since."""
    checked: float = UNCONFIRMED
    """As in ``Known``, for the fetched version."""


class Published(Value, frozen=True):
    """A digest from a checksum file."""

    digest: str
    is_news: bool
    """True if that file has changed since it was saved, so that it covers what is there now."""
    checked: float = UNCONFIRMED
    """When the server confirmed it, as in ``Known``."""


class _Directory(Struct):
    """The checksum files of one directory, strongest algorithm first."""

    sums: list[_Source] = field(default_factory=list)
    """Checksum files that cover many files."""
    sidecars: dict[str, list[_Source]] = field(default_factory=dict)
    """Checksum files that cover one file, by the name of that file."""


class Checksums:
    """All checksum files of a run. ``warn`` is called for those that are useless."""

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
        self._tell = warn
        self._told = 0
        self._permit = permit
        self._directories: dict[str, _Directory] = {}
        self._awaited: dict[str, list[_Source]] = {}
        """Sidecars by the path of a file that is to be fetched."""

    def note(self, files: Mapping[str, Entry], shown: Collection[str]) -> list[str]:
        """Note checksum files, by path; ``shown``: all names in their directory. Returns those that cover many files.

        It must run before anything that they cover, also in subdirectories, is decided on; so it does not wait.
        """
        many, left_out = [], set()
        for path, entry in sorted(files.items(), key=lambda item: _rank(item[1].name)):
            directory = path.rpartition("/")[0]
            known = self._directories.setdefault(directory, _Directory())
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
        """All of ``directories`` is decided on: keep only what covers files below them."""
        for directory in self._directories.keys() & directories:
            known = self._directories[directory]
            known.sidecars = {}
            for source in known.sums:
                if source.digests is not None:
                    source.digests = {path: digest for path, digest in source.digests.items() if "/" in path}
            if not known.sums:
                del self._directories[directory]

    def expect(self, path: str) -> None:
        """The file at ``path`` is to be fetched: ``beside`` will be called for it."""
        directory, _, name = path.rpartition("/")
        known = self._directories.get(directory)
        if known is not None and name in known.sidecars:
            self._awaited[path] = known.sidecars[name]

    async def beside(self, path: str) -> str | None:
        """The digest of the file at ``path`` in a sidecar. For the workers, which may all call it at once."""
        published = await self._first(self._awaited.pop(path, ()), path.rpartition("/")[2])
        return published.digest if published else None

    async def of(self, path: str) -> Published | None:
        """The digest of the file at ``path`` in a file that covers many, of its directory or of one above."""
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
        """Warn of a useless checksum file. A dead server may have as many as it has files, so not all are reported."""
        self._told += 1
        if self._told <= WARNINGS:
            self._tell(text)
        elif self._told == WARNINGS + 1:
            self._tell("more checksum files are not used, for similar reasons")

    async def _read(self, source: _Source) -> dict[str, str]:
        async with source.lock:
            if source.digests is None:
                source.digests = await self._load(source)
            return source.digests

    async def _load(self, source: _Source) -> dict[str, str]:
        size = source.entry.size
        if size is not None and size.low > limits.CHECKSUM_BYTES:
            self._warn(f"{source.path}: {size.low} bytes are too many for a checksum file: it is not used")
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
        """The body of a checksum file, and when the server confirmed it, as in ``Known``.

        It comes from the disk if that copy is current, or if the server says so. Raises FetchError, VerificationError.
        """
        need = needs_fetch(entry, known, local[0] if local else None).need
        if local is not None and need is Need.NOTHING:
            return local[1], UNCONFIRMED
        job = Job(url=entry.url, path=entry.name, reason="checksums", modified=entry.modified)
        if local is not None and need is Need.CONFIRM:
            job = replace(job, known=known)
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
    """Sorts strong algorithms first; an unknown algorithm is in the middle."""
    lowered = name.lower().replace("-", "")
    ranks = [rank for rank, algorithm in enumerate(HEX_LENGTHS) if algorithm in lowered]
    return min(ranks, default=list(HEX_LENGTHS).index("sha1"))


def by_digest(
    decision: Decision, published: Published | None, entry: Entry, known: Known | None, local: Local | None
) -> Decision:
    """``decision``, corrected by a published digest if the state has one by the same algorithm.

    A different digest proves an intact copy outdated. An equal one proves it current, without a request, if the
    checksum file is new: one that has not changed while the file's row did may have been forgotten.
    """
    if published is None or known is None or known.digest is None or local is None:
        return decision
    comparable = published.digest.partition(":")[0] == known.digest.partition(":")[0]
    if not comparable or not is_as_saved(known, local):
        return decision
    if published.digest != known.digest:
        return Decision(Need.FETCH, "published digest differs", is_disproved=True)
    if published.is_news and (entry.size is None or known.size in entry.size):
        return Decision(Need.NOTHING, "same published digest")
    return decision
