"""Asks the server for the files that are to be deleted: what it still has is not gone, whatever its listings show.

Half a listing, or an older one from a cache, may look like a whole one. The files themselves tell.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from unicodedata import normalize
from urllib.parse import quote

from crawler.model.errors import FetchError
from crawler.model.flaws import TRUST
from crawler.model.interfaces import Client
from crawler.model.state.store import StateStore
from crawler.model.struct import Value
from crawler.model.values import Known, Rejection, Validators
from crawler.pipeline.attempts import persist
from crawler.pipeline.rules.extraneous import Extraneous
from crawler.pipeline.rules.responses.conditional_requests import UNCONDITIONAL
from crawler.pipeline.rules.responses.evidence import is_served
from crawler.text.http_fields import RETRYABLE_STATUS
from crawler.text.names.places import directories_above
from crawler.text.names.windows import folded
from crawler.text.urls import is_same_site, origin

_TOGETHER = 256
"""Number of files that are asked for together."""
_GONE = frozenset({404, 410})
_PLAIN = _GONE | {200}
"""Statuses of responses to HEAD that GET would have, too; some servers support only GET."""
_HEADERS: Mapping[str, str] = {**UNCONDITIONAL, "Cache-Control": "no-cache"}


class Doubtful(Value, frozen=True):
    """A file that is listed no more, but may still be there."""

    path: str
    reason: str


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


class Inquiry(Value, frozen=True, kw_only=True):
    """What it takes to ask for files."""

    client: Client
    state: StateStore
    attempts: int
    base: str
    """URL of DIR."""

    async def doubtful(self, files: Mapping[str, int]) -> list[Doubtful]:
        """Those of ``files`` (path → size in bytes) that the server still has, or about which it says nothing."""
        by_directory: dict[str, dict[str, int]] = defaultdict(dict)
        for path, size in files.items():
            directory, _, name = path.rpartition("/")
            by_directory[directory][name] = size
        found = list[Doubtful]()
        for directory, sizes in by_directory.items():
            asked = list(_distinct(sizes, await self.state.directory(directory)))
            for start in range(0, len(asked), _TOGETHER):
                some = asked[start : start + _TOGETHER]
                paths = [f"{directory}/{name}" if directory else name for name, _ in some]
                problems = await asyncio.gather(
                    *(self._problem(path, sizes[name], known) for path, (name, known) in zip(paths, some, strict=True))
                )
                found += [Doubtful(path, problem) for path, problem in zip(paths, problems, strict=True) if problem]
                if any(problems):
                    break  # the listing is refuted
        return found

    async def _problem(self, path: str, size: int, known: Known | None) -> str:
        """Why the file at ``path`` may not be deleted; "" if it may."""
        url = self.base + quote(path, errors="surrogateescape")
        if known is not None and is_same_site(origin(known.url), origin(url)):
            url = known.url
        try:
            status, headers = await persist(lambda: self._ask(url), self.attempts)
            is_there = is_served(status, headers, Validators() if known is None else known.validators, size)
            if is_there is None:
                unknown, _ = await persist(lambda: self._ask(_no_file(url)), self.attempts)
                is_there = unknown in _GONE
        except FetchError as error:
            return f"is not listed any more, but the server does not say that it is gone ({error})"
        return "is not listed any more, but the server still has it" if is_there else ""

    async def _ask(self, url: str) -> tuple[int, Mapping[str, str]]:
        """Status and headers of the response from ``url`` to HEAD or, where that is not supported, to GET.

        The status is 0 for a redirect: what it leads to is not what was saved. Raises FetchError.
        """
        with suppress(FetchError):  # some servers break off after HEAD
            async with self.client.open("HEAD", url, headers=_HEADERS, permit=_nowhere) as reply:
                if reply.status in _PLAIN:
                    return reply.status, reply.headers
        try:
            async with self.client.open("GET", url, headers=_HEADERS, permit=_nowhere) as reply:
                if reply.status not in RETRYABLE_STATUS:
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


def _distinct(sizes: Mapping[str, int], known: Mapping[str, Known]) -> Iterator[tuple[str, Known | None]]:
    """The names in ``sizes``, each with what is ``known`` of its file, unless another file has the same name but for
    letter case and Unicode form: a server that does not distinguish them has both if it has one.
    """
    others = {_plain(name) for name in known.keys() - sizes.keys()}
    return ((name, known.get(name)) for name in sizes if _plain(name) not in others)


def _plain(name: str) -> str:
    return folded(normalize("NFC", name))
