"""A run over a given list of URLs: ``--input-file`` and ``download``. There is no listing, so nothing is deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Job, Kind, Known, Local, Outcome, Rejection, Result
from crawler.pipeline import engine
from crawler.pipeline.plan.look import look
from crawler.pipeline.rules.compare import Need, needs_fetch
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import ListScope
from crawler.pipeline.runs.base import Components, Transfers
from crawler.pipeline.runs.header_names import HeaderNames
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.text import urls
from crawler.text.hosts import named_hosts


class _NoDirectories(Observer):
    """Receives the results of a run without a walk: there a directory is a file that could not be fetched."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def finished(self, result: Result) -> None:
        if result.outcome is Outcome.DIRECTORY:
            result = replace(result, outcome=Outcome.FAILED, reason="it is a directory on the server")
        self._observer.finished(result)


class DownloadRun:
    """Fetches a given list of URLs."""

    def __init__(self, parts: Components) -> None:
        self.parts = parts
        self._rules = RobotsTxt(parts.client, parts.config, parts.agent)
        self._scope = ListScope(named_hosts(parts.config.allow_host))
        filters = Filters(parts.config, datetime.now(UTC))
        results = _NoDirectories(parts.observer)
        self.transfers = Transfers(parts, filters, self._rules, lambda: self._scope, results=results)

    async def run(self, items: Sequence[tuple[str, str]]) -> None:
        """Raises DestinationError."""

        async def work(committer: Committer) -> None:
            await self.transfers.run(lambda put: self._produce(items, put), committer)

        await self.transfers.guarded(work)

    async def _produce(self, items: Sequence[tuple[str, str]], put: engine.Put) -> None:
        parts = self.parts
        taken: set[str] = set()
        seen: set[tuple[str | Rejection, str]] = set()
        async for url, wanted in self._named(items):
            path = wanted if isinstance(wanted, Rejection) else urls.entry_path("", wanted)
            if (path, url) in seen:
                parts.observer.rejected("", Rejection(Reason.DUPLICATE, url))
                continue
            seen.add((path, url))
            shown = path if isinstance(path, str) else urls.last_name(url) if isinstance(wanted, Rejection) else wanted
            parts.observer.listed(shown, None)
            if isinstance(path, str) and (unfit := parts.destination.rejects(path)) is not None:
                path = Rejection(Reason.BAD_NAME, path, unfit)
            problem = _problem(path) if isinstance(path, Rejection) else None
            if path in taken:
                problem = "two URLs for one path"
            if problem is None:
                problem = await self._forbidden(url)
            if problem is not None or isinstance(path, Rejection):
                self._fail(shown, url, problem or "")
                continue
            taken.add(path)
            directory, _, name = path.rpartition("/")
            local = await look(parts.destination, path)
            known = (await parts.state.directory(directory)).get(name)
            job = as_job(url, path, known, local)
            refused = await parts.allowance.book(job)
            if refused is None:
                await put(job)
            else:
                parts.observer.finished(Result(path=path, url=url, outcome=Outcome.SKIPPED, reason=refused))
        parts.observer.walked()

    async def _named(self, items: Sequence[tuple[str, str]]) -> AsyncIterator[tuple[str, str | Rejection]]:
        """(URL, path), or why it has none."""
        if self.parts.config.name_from == "url":
            for url, wanted in items:
                yield url, wanted or urls.last_name(url)
            return
        permit = self._rules.permit(self._scope.file_redirect)
        async for url, name in HeaderNames(self.parts, self._rules, permit).named(items):
            yield url, name

    async def _forbidden(self, url: str) -> str | None:
        """Why ``url`` may not be requested, or None."""
        rejection = await self._rules.check(url)
        return rejection.detail if rejection else None

    def _fail(self, path: str, url: str, reason: str) -> None:
        self.parts.observer.finished(Result(path=path, url=url, outcome=Outcome.FAILED, reason=reason))


def _problem(rejection: Rejection) -> str:
    return f"{rejection.subject!r} {rejection.detail}" if rejection.subject else rejection.detail


def as_job(url: str, path: str, known: Known | None, local: Local | None) -> Job:
    """The job for a file that is in no listing: from --input-file or ``download``."""
    entry = Entry(name=path.rpartition("/")[2], kind=Kind.FILE, url=url)
    decision = needs_fetch(entry, known, local)
    job = Job(url=url, path=path, reason=decision.reason, local=local)
    if decision.need is Need.CONFIRM:
        return replace(job, known=known)
    return replace(job, probe=decision.need is Need.PROBE)
