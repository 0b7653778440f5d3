"""``--name-from header``: finds the names that servers give to files (Content-Disposition) before they are fetched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import Permit, Response
from crawler.model.reasons import Reason
from crawler.model.values import Known, Rejection
from crawler.pipeline.attempts import persist
from crawler.pipeline.runs.build import lister_count
from crawler.pipeline.runs.components import Components
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.text.http_fields import RETRYABLE_STATUS
from crawler.text.names.disposition import disposition_name
from crawler.text.urls import last_name

_FIRST_BYTE = {"Accept": "*/*", "Accept-Encoding": "identity", "Range": "bytes=0-0"}
_NOT_MODIFIED, _UNSATISFIABLE = 304, 416


class HeaderNames:
    """Finds the name of each file by a request for its first byte.

    A file that the state knows keeps its name as long as the server confirms its version. When the file changes, it
    gets the name that the server gives it then.
    """

    def __init__(self, parts: Components, rules: RobotsTxt, permit: Permit) -> None:
        self._parts = parts
        self._rules = rules
        self._permit = permit

    async def named(self, items: Sequence[tuple[str, str]]) -> AsyncIterator[tuple[str, str | Rejection]]:
        """Yield each URL of ``items``, (URL, path or ""), in order, with its path or the reason why it has none."""
        files = (await self._parts.state.directory("")).values()
        known = {each.url: each for each in sorted(files, key=lambda each: each.checked)}
        step = lister_count(self._parts.config)
        for start in range(0, len(items), step):
            some = items[start : start + step]
            found = await asyncio.gather(*(self._find(url, wanted, known.get(url)) for url, wanted in some))
            for (url, _), name in zip(some, found, strict=True):
                yield url, name

    async def _find(self, url: str, wanted: str, known: Known | None) -> str | Rejection:
        if wanted:
            return wanted
        rejection = await self._rules.check(url)
        if rejection is not None:
            return Rejection(rejection.reason, "", rejection.detail)
        try:
            return await persist(lambda: self._ask(url, known), self._parts.config.attempts)
        except (FetchError, VerificationError) as error:
            return Rejection(Reason.FAILED, "", str(error))

    async def _ask(self, url: str, known: Known | None) -> str | Rejection:
        condition = known.validators.unless if known is not None else {}
        for headers in (_FIRST_BYTE | condition, {"Accept": "*/*"}):
            async with self._parts.client.open("GET", url, headers=headers, permit=self._permit) as reply:
                if known is not None and reply.status == _NOT_MODIFIED:
                    return known.path
                if reply.status != _UNSATISFIABLE:  # an empty file has no first byte, so this status means nothing
                    return _name_of(reply, url)
        raise FetchError(f"HTTP {_UNSATISFIABLE}", url=url, retryable=False)


def _name_of(reply: Response, url: str) -> str | Rejection:
    if not 200 <= reply.status < 300:
        raise FetchError(f"HTTP {reply.status}", url=url, retryable=reply.status in RETRYABLE_STATUS)
    return disposition_name(reply.headers.get("Content-Disposition")) or last_name(url)
