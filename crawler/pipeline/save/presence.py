"""Asks the server for the files that are listed no more: what it still has is not gone, whatever its listings show.

Half a listing, or an older one from a cache, may look like a whole one. The files themselves tell.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from urllib.parse import quote

from crawler.model.errors import FetchError
from crawler.model.flaws import TRUST
from crawler.model.interfaces import Client
from crawler.model.state.store import StateStore
from crawler.model.struct import Value
from crawler.model.values import GONE, Kind, Known, Rejection, Validators
from crawler.pipeline.attempts import persist
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.rules.responses.conditional_requests import UNCONDITIONAL
from crawler.pipeline.rules.responses.evidence import is_served
from crawler.text.http_fields import RETRYABLE_STATUS
from crawler.text.names.places import directories_above
from crawler.text.names.spellings import another_spelling, twins

_FIRST, _TOGETHER = 16, 256
"""Number of files that are asked for together, at first and then: the first ones refute most listings."""
_GONE = frozenset({404, 410})
_NONE: Mapping[str, str] = {}
_UNSAID = RETRYABLE_STATUS | {304}
"""Statuses that do not say whether there is a file, now or to a request without conditions."""
_UNASKED = "is not listed any more, but was not asked for, because the server did not say whether it has others"
_HEADERS: Mapping[str, str] = {**UNCONDITIONAL, "Cache-Control": "no-cache"}


class Doubtful(Value, frozen=True):
    """A file that is listed no more, but may still be there."""

    path: str
    reason: str
    is_silent: bool = False
    """Whether the server did not say whether it has the file."""


class Answers(Value, frozen=True):
    """What the server says of files that are listed no more."""

    doubtful: Sequence[Doubtful]
    gone: Sequence[Known]
    """Records of files that it does not have, or of which only the listing tells."""


async def listed_before(items: Iterable[Extraneous], state: StateStore) -> list[Known]:
    """The records of the files at and below ``items`` that are not known to be gone."""
    by_kind = defaultdict[bool, list[str]](list)
    for item in items:
        by_kind[item.kind is Kind.DIRECTORY].append(item.path)
    found = [known for path in by_kind[True] for known in await state.listed_below(path)]
    for directory, paths in by_parent(by_kind[False]).items():
        names = {path.rpartition("/")[2] for path in paths}
        found += [known for known in (await state.directory(directory, names)).values() if known.checked != GONE]
    return found


def by_listing(doubtful: Iterable[Doubtful], items: Iterable[Extraneous]) -> dict[str, list[Doubtful]]:
    """``doubtful`` by the directories whose listings do not show them, or the directories above them, as ``items``."""
    absent = {item.path for item in items}
    found = defaultdict[str, list[Doubtful]](list)
    for each in doubtful:
        item = next(path for path in (each.path, *directories_above(each.path)) if path in absent)
        found[item.rpartition("/")[0]].append(each)
    return found


def explanation(doubtful: Sequence[Doubtful]) -> str:
    """Why a listing that does not show the ``doubtful`` files is not believed, and what to do."""
    more = f" (and {len(doubtful) - 1} more)" if len(doubtful) > 1 else ""
    first = min(doubtful, key=lambda each: each.path)
    return f"{first.path} {first.reason}{more}: {TRUST}"


def by_parent(paths: Iterable[str]) -> dict[str, list[str]]:
    """``paths`` by the directories in which they are."""
    found = defaultdict[str, list[str]](list)
    for path in paths:
        found[path.rpartition("/")[0]].append(path)
    return found


def spellings(items: Iterable[Extraneous], local: Collection[str]) -> dict[str, str]:
    """Path of each of ``items``, all of one directory, of whose name one of the ``local`` names there is a spelling.

    Its value is a path with a third spelling, or "" if there is none. A server that does not distinguish letter case or
    Unicode forms has a file under all spellings if it has one.
    """
    by_name = {item.path.rpartition("/")[2]: item.path for item in items}
    found = {}
    for name, others in twins(by_name, local).items():
        third = another_spelling(name, local, others)
        found[by_name[name]] = "" if third is None else f"{by_name[name].removesuffix(name)}{third}"
    return found


class Inquiry(Value, frozen=True, kw_only=True):
    """What it takes to ask for files."""

    client: Client
    state: StateStore
    attempts: int
    base: str
    """URL of DIR."""
    forbids: Callable[[str], Awaitable[Rejection | None]]
    """The rule of robots.txt for a URL. What is forbidden is not asked for: the listing decides."""
    url_of: Callable[[Known], str | None]
    """The URL from which a file was saved, if it is to be asked for there; None: by its path, below ``base``."""

    async def ask(self, files: Mapping[str, int], spelt: Mapping[str, str] = _NONE) -> Answers:
        """Ask for ``files`` (path → size in bytes). Doubtful are those that it has, or about which it is silent.

        ``spelt``: path of a file or of a directory above it → its path with a third spelling (see ``spellings``).

        Where it has one in a directory, no more are asked for there. Once it has not said whether it has one, no more
        are asked for at all: each may take as long as a request may, and that listing has failed anyway.
        """
        asked = list[tuple[str, Known | None]]()
        for directory, paths in by_parent(files).items():
            known = await self.state.directory(directory)
            asked += [(path, known.get(path.rpartition("/")[2])) for path in paths]
        found, gone, refuted, most = list[Doubtful](), list[Known](), set[str](), _FIRST
        while asked:
            some, asked = asked[:most], asked[most:]
            some = [each for each in some if each[0].rpartition("/")[0] not in refuted]
            answers = await asyncio.gather(*(self._doubt(path, files[path], record, spelt) for path, record in some))
            gone += [record for (_, record), doubt in zip(some, answers, strict=True) if record and doubt is None]
            doubts = [each for each in answers if each is not None]
            found += doubts
            if any(each.is_silent for each in doubts):
                return Answers([*found, *(Doubtful(path, _UNASKED, is_silent=True) for path, _ in asked)], gone)
            refuted.update(each.path.rpartition("/")[0] for each in doubts)
            most = _TOGETHER
        return Answers(found, gone)

    async def _doubt(self, path: str, size: int, known: Known | None, spelt: Mapping[str, str]) -> Doubtful | None:
        """Why the file at ``path`` may not be gone; None if it is, as far as the server says."""
        url = None if known is None else self.url_of(known)
        url = self._url(path) if url is None else url
        if await self.forbids(url) is not None:
            return None
        try:
            if not await self._is_distinct(path, url, spelt):
                return None
            status, headers = await persist(lambda: self._ask(url), self.attempts)
            is_there = is_served(status, headers, Validators() if known is None else known.validators, size)
            if is_there is None:
                unknown, _ = await persist(lambda: self._ask(_no_file(url)), self.attempts)
                is_there = unknown in _GONE
        except FetchError as error:
            reason = f"is not listed any more, but the server does not say that it is gone ({error})"
            return Doubtful(path, reason, is_silent=True)
        return Doubtful(path, "is not listed any more, but the server still has it") if is_there else None

    async def _is_distinct(self, path: str, url: str, spelt: Mapping[str, str]) -> bool:
        """Whether the server has other files, or none, under other spellings of ``path``. Raises FetchError."""
        twin = next((each for each in (path, *directories_above(path)) if each in spelt), None)
        if twin is None:
            return True
        if not spelt[twin] or url != self._url(path):
            return False
        status, _ = await persist(lambda: self._ask(self._url(spelt[twin] + path.removeprefix(twin))), self.attempts)
        return status in _GONE

    def _url(self, path: str) -> str:
        return self.base + quote(path, errors="surrogateescape")

    async def _ask(self, url: str) -> tuple[int, Mapping[str, str]]:
        """Status and headers of the response from ``url``, whose body is not read. Raises FetchError.

        HEAD is not asked, because some servers respond to it as if there were no file, or any. The status is 0 for a
        redirect: what it leads to is not what was saved.
        """
        try:
            async with self.client.open("GET", url, headers=_HEADERS, permit=_nowhere) as reply:
                if reply.status not in _UNSAID:
                    return reply.status, reply.headers
        except FetchError as error:
            if error.rejection is not None:
                return 0, {}
            raise
        raise FetchError(f"HTTP {reply.status}", url=url, status=reply.status)


async def _nowhere(_source: str, target: str) -> Rejection:
    return Rejection("redirect", target)


def _no_file(url: str) -> str:
    """A URL that leads to no file, although it looks like ``url``."""
    directory, _, name = url.partition("?")[0].rpartition("/")
    dot = name.rfind(".")
    return f"{directory}/{secrets.token_hex(8)}{name[dot:] if dot > 0 else ''}"
