"""The run for a list of URLs: ``--input-file`` and ``download``. There is no listing, so nothing is deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Job, Kind, Known, Local, Outcome, Rejection, Result, Span, Staged
from crawler.pipeline import engine
from crawler.pipeline.plan.look import look
from crawler.pipeline.rules.compare import Need, is_intact, needs_fetch
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import ListScope
from crawler.pipeline.runs.base import Components, Transfers
from crawler.pipeline.runs.header_names import HeaderNames
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.text import urls
from crawler.text.hosts import named_hosts


class _NoDirectories(Observer):
    """Turns each directory into a failure: a run without a walk cannot enter it. Passes other results on."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def finished(self, result: Result) -> None:
        if result.outcome is Outcome.DIRECTORY:
            result = replace(result, outcome=Outcome.FAILED, reason="it is a directory on the server")
        self._observer.finished(result)


class DownloadRun:
    """Fetches the files of a list of URLs."""

    def __init__(self, parts: Components, *, rules: RobotsTxt | None = None) -> None:
        """``rules``: the robots.txt fetched so far, if any."""
        self.parts = parts
        self._rules = rules or RobotsTxt(parts.client, parts.config, parts.agent)
        self._scope = ListScope(named_hosts(parts.config.allow_host))
        self._filters = Filters(parts.config, datetime.now(UTC))
        self._taken: set[str] = set()
        self._seen: set[tuple[str | Rejection, str]] = set()
        results = _NoDirectories(parts.observer)
        self.transfers = Transfers(parts, self._filters, self._rules, lambda: self._scope, results=results)

    async def run(self, items: Sequence[tuple[str, str]]) -> None:
        """Fetch ``items``: (URL, path under DIR or "" if it is to be found). Raises DestinationError."""

        async def work(committer: Committer) -> None:
            await self.transfers.run(lambda put: self._produce(items, put), committer)

        await self.transfers.guarded(work)

    async def finish(self, job: Job, done: Result | Staged | None) -> None:
        """Finish a job that ``announce`` returned. ``done``: its outcome, None if it still has to be done.

        Raises DestinationError.
        """

        async def work(committer: Committer) -> None:
            if done is None:
                await self.transfers.run(lambda put: put(job), committer)
            else:
                await committer.put(done)

        await self.transfers.guarded(work)

    async def _produce(self, items: Sequence[tuple[str, str]], put: engine.Put) -> None:
        async for url, wanted in self._named(items):
            job = await self.announce(url, wanted)
            if job is not None:
                await put(job)
        self.parts.observer.walked()

    async def announce(self, url: str, wanted: str | Rejection, size: int | None = None) -> Job | None:
        """The job for ``url``, to be saved as ``wanted``; None if it must not be fetched and its result is reported.

        ``size``: that of the file in bytes, for observers and --max-total-size; None if it is not known.
        """
        parts = self.parts
        path = wanted if isinstance(wanted, Rejection) else urls.entry_path("", wanted)
        if (path, url) in self._seen:
            parts.observer.rejected("", Rejection(Reason.DUPLICATE, url))
            return None
        self._seen.add((path, url))
        shown = path if isinstance(path, str) else urls.last_name(url) if isinstance(wanted, Rejection) else wanted
        parts.observer.listed(shown, size)
        if isinstance(path, str) and (unfit := parts.destination.rejects(path)) is not None:
            path = Rejection(Reason.BAD_NAME, path, unfit)
        problem = await self._problem(path, url)
        if problem is not None or isinstance(path, Rejection):
            self._fail(shown, url, problem or "")
            return None
        self._taken.add(path)
        directory, _, name = path.rpartition("/")
        if (rejection := self._filters.rejects(path, name, None, None)) is not None:
            self._end(path, url, Outcome.SKIPPED, rejection.reason)
            return None
        local = await look(parts.destination, path)
        job = as_job(url, path, (await parts.state.directory(directory)).get(name), local)
        refused = await parts.allowance.book(job if size is None else replace(job, size=Span(size, size)))
        if refused is not None:
            self._end(path, url, Outcome.SKIPPED, refused)
            return None
        return job

    async def _problem(self, path: str | Rejection, url: str) -> str | None:
        """The reason why ``url`` cannot be saved as ``path``; None if it can."""
        if path in self._taken:
            return "two URLs for one path"
        if isinstance(path, Rejection):
            return f"{path.subject!r} {path.detail}" if path.subject else path.detail
        return await self._forbidden(url)

    async def _forbidden(self, url: str) -> str | None:
        """The reason why ``url`` must not be requested; None if it may be."""
        rejection = await self._rules.check(url)
        return rejection.detail if rejection else None

    async def _named(self, items: Sequence[tuple[str, str]]) -> AsyncIterator[tuple[str, str | Rejection]]:
        """Yield each URL with its path, or with the rejection because of which it has none."""
        if self.parts.config.name_from == "url":
            for url, wanted in items:
                yield url, wanted or urls.last_name(url)
            return
        permit = self._rules.permit(self._scope.file_redirect)
        async for url, name in HeaderNames(self.parts, self._rules, permit).named(items):
            yield url, name

    def _fail(self, path: str, url: str, reason: str) -> None:
        self._end(path, url, Outcome.FAILED, reason)

    def _end(self, path: str, url: str, outcome: Outcome, reason: str) -> None:
        self.parts.observer.finished(Result(path=path, url=url, outcome=outcome, reason=reason))


def as_job(url: str, path: str, known: Known | None, local: Local | None) -> Job:
    """The job for a file that is in no listing but was named in --input-file or ``download``."""
    entry = Entry(name=path.rpartition("/")[2], kind=Kind.FILE, url=url)
    decision = needs_fetch(entry, known, local)
    copy = known if is_intact(known, local) and not decision.is_disproved else None
    job = Job(url=url, path=path, reason=decision.reason, local=local, copy=copy)
    if decision.need is Need.CONFIRM:
        return replace(job, known=known)
    return replace(job, probe=decision.need is Need.PROBE)
