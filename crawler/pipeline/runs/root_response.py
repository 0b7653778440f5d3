"""The response to URL while it is not known whether a listing or a file is there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crawler.model.errors import ConfigError
from crawler.model.interfaces import Response
from crawler.model.network.listed_file import ListedFile
from crawler.model.reasons import OPTIONS
from crawler.model.struct import replace
from crawler.model.values import Job, Result, Staged
from crawler.pipeline.rules.single_file import Look, file_name, is_same_file
from crawler.pipeline.rules.upstreams.roots import base_of, root_of
from crawler.pipeline.runs.components import Components
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.text.arguments import fallback_urls
from crawler.text.escape import masked
from crawler.text.http_fields import content_length
from crawler.text.ownership import foreign_files, other_file
from crawler.text.urls import directory_of, userinfo

if TYPE_CHECKING:
    from crawler.pipeline.runs.url_list import DownloadRun
    from crawler.pipeline.walk.peeked_response import BegunResponse


class RootResponse:
    """The response to URL in a run that does not know yet whether there is a listing or a file.

    URL is requested only once: if the response turns out to be a file, the file is saved from it.
    """

    def __init__(self, parts: Components, url: str, rules: RobotsTxt) -> None:
        self._rules = rules
        self._parts = parts
        self._url = url
        self._fallbacks = tuple(userinfo(each)[0] for each in fallback_urls(parts.config.fallback))
        self._run: DownloadRun | None = None
        """The run that saves the file; None until URL is known to be that of a file."""
        self._job: Job | None = None
        self._done: Result | Staged | None = None
        """The outcome of the first attempt; None if the file still has to be requested."""
        self._is_checked = False
        self._text: BegunResponse | None = None
        """The whole response, if it is a file in case it is not a listing; otherwise None."""
        self._is_at_fallback = False

    @property
    def may_be_file(self) -> bool:
        """Whether the response counts as a file if it is not a listing."""
        return self._text is not None

    @property
    def job(self) -> Job | None:
        """The job for the file at URL; None if none is known, or if it is not to be requested."""
        return self._job

    @property
    def is_taken(self) -> bool:
        """Whether the response is a file, or may be one."""
        return self._run is not None or self._text is not None

    async def is_known_file(self) -> bool:
        """Whether an earlier run saved a file from URL, or part of it. Raises ConfigError (see ``_begin``)."""
        known = await self._parts.state.saved_from((self._url, *self._fallbacks))
        name = known.path if known else file_name(self._url, {})
        if name is None or not (known or self._parts.destination.has_part(name)):
            return False
        await self._begin(name)
        return True

    async def take(self, reply: Response) -> bytes | None:
        """The body of a page; empty if ``reply`` is a file; None if the caller has to read the body as usual.

        Raises FetchError, VerificationError, DestinationError, and ConfigError (see ``_begin``).
        """
        from crawler.pipeline.walk.peeked_response import BegunResponse

        began, begun = time.monotonic(), BegunResponse(reply)
        look, body = await begun.judge(self._url)
        if look is Look.FILE:
            await self._save(begun, began)
            return b""
        if body is not None:
            self._text = begun if look is Look.UNDECIDED else None
        return body

    def found_at_fallback(self) -> None:
        """Note that a fallback has sent a file, so that URL, which does not work, is that of a file."""
        self._is_at_fallback = True

    async def take_from_fallback(self) -> None:
        """Have the file fetched from a fallback if URL sent none and one has it. Raises ConfigError (``_begin``)."""
        name = file_name(self._url, {})
        if name is not None and self._is_at_fallback and not self.is_taken:
            await self._begin(name)

    async def is_file(self) -> bool:
        """Whether the response, which is not a listing, is a file. If so, makes the first attempt at saving it."""
        if self._run is None and self._text is not None:
            await self._save(self._text, time.monotonic())
        return self._run is not None

    async def finish(self) -> None:
        """Give the file its final name, after fetching it if necessary. Raises DestinationError."""
        assert self._run is not None
        if self._job is not None:
            await self._run.finish(self._job, self._done)
        for reason, option in OPTIONS.items():
            if reason in self._parts.tally.skipped_by:
                self._parts.tally.warn(f"{masked(self._url)} is a file, and {option} leaves it out")

    async def refuse_if_bound(self, base: str) -> None:
        """Raise ConfigError if DIR holds files that were saved from URLs outside of the listing ``base``.

        If DIR became a mirror of the listing, --delete would remove them.
        """
        if not self._parts.config.moved and not self._is_checked:
            self._is_checked = True
            bases = [base_of(url) for url in self._fallbacks]
            async for files in self._parts.state.all_files():
                found = [(each.path, each.url) for each in files if root_of(each.url, bases) is None]
                problem = foreign_files(self._parts.tally.directory, found, directory_of(base), masked(self._url))
                if problem:
                    raise ConfigError(problem)

    async def _save(self, reply: Response, began: float) -> None:
        """Make the first attempt at saving the file, with the response that has been received already."""
        name = file_name(self._url, reply.headers)
        assert name is not None
        is_given = name != file_name(self._url, {})
        run, job = await self._begin(name, content_length(reply.headers), is_given=is_given)
        if job is not None and self._parts.dry_run is None:
            self._parts.observer.started(job)
            self._done = await run.transfers.use(job, reply, began)
            if self._done is None and not job.mirrors:
                self._job = replace(job, spent=1)

    async def _begin(
        self, name: str, size: int | None = None, *, is_given: bool = False
    ) -> tuple[DownloadRun, Job | None]:
        """Start the run that saves the file. Raises ConfigError if DIR has a file of that name from another URL.

        ``size``: that of the file in bytes, for the display; None if it is not known. ``is_given``: the server has
        given the name.
        """
        from crawler.pipeline.runs.url_list import DownloadRun

        parts = self._parts
        known = await parts.state.file(name)
        is_own = known is None or any(is_same_file(known.url, url) for url in (self._url, *self._fallbacks))
        if known is not None and not is_own and not parts.config.moved:
            raise ConfigError(other_file(parts.tally.directory, name, known.url, self._url))
        self._run = DownloadRun(parts, rules=self._rules, has_mirrors=bool(parts.config.fallback))
        item = ListedFile(url=self._url, path=name, mirrors=self._fallbacks)
        self._job = await self._run.announce(item, name, size, is_given=is_given)
        parts.observer.walked()
        parts.tally.note_file(name)
        return self._run, self._job
