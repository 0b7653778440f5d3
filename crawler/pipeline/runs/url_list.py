"""A run over a given list of URLs: ``--input-file`` and ``download``. There is no listing, so nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crawler.model.interfaces import Redirects
from crawler.model.values import Entry, Job, Kind, Known, Local, Outcome, Rejection, Result, Staged
from crawler.pipeline import engine
from crawler.pipeline.rules.compare import Need, needs_fetch
from crawler.pipeline.rules.scope import ListScope
from crawler.pipeline.runs.base import Components, Run
from crawler.text import urls
from crawler.text.hosts import named_hosts


class DownloadRun(Run):
    """Fetches a given list of URLs."""

    def __init__(self, parts: Components) -> None:
        super().__init__(parts)
        self._scope = ListScope(named_hosts(parts.config.allow_host))

    async def run(self, items: Sequence[tuple[str, str]]) -> None:
        """Raises DestinationError."""
        await self.guarded(lambda: self.engine(lambda put: self._produce(items, put)))

    def redirects(self) -> Redirects:
        return self._scope

    async def _finish(self, done: Result | Staged) -> None:
        """Nobody walks what a listed URL turns out to be: a directory is a file that did not come."""
        if isinstance(done, Result) and done.outcome is Outcome.DIRECTORY:
            done = replace(done, outcome=Outcome.FAILED, reason="it is a directory on the server")
        await super()._finish(done)

    async def _produce(self, items: Sequence[tuple[str, str]], put: engine.Put) -> None:
        parts = self.parts
        taken: set[str] = set()
        seen: set[tuple[str | Rejection, str]] = set()
        for url, wanted in items:
            path = urls.entry_path("", wanted or urls.last_name(url))
            if (path, url) in seen:
                parts.observer.rejected("", Rejection("duplicate", url))
                continue
            seen.add((path, url))
            parts.observer.listed(path if isinstance(path, str) else wanted, None)
            problem = f"{path.subject!r} {path.detail}" if isinstance(path, Rejection) else None
            if path in taken:
                problem = "two URLs for one path"
            if problem is None:
                problem = await self._forbidden(url)
            if problem is not None or isinstance(path, Rejection):
                self._fail(wanted or urls.last_name(url), url, problem or "")
                continue
            taken.add(path)
            folder, _, name = path.rpartition("/")
            local = (await parts.destination.scan(folder)).get(name)
            known = (await parts.state.folder(folder)).get(name)
            job = as_job(url, path, known, local)
            refused = await parts.allowance.refuses(job)
            if refused is None:
                await put(job)
            else:
                parts.observer.finished(Result(path=path, url=url, outcome=Outcome.SKIPPED, reason=refused))
        parts.observer.walked()

    async def _forbidden(self, url: str) -> str | None:
        """Why ``url`` may not be asked for, or None."""
        rejection = await self.rules.check(url)
        return rejection.detail if rejection else None

    def _fail(self, path: str, url: str, reason: str) -> None:
        self.parts.observer.finished(Result(path=path, url=url, outcome=Outcome.FAILED, reason=reason))


def as_job(url: str, path: str, known: Known | None, local: Local | None) -> Job:
    """A job for a file that no listing shows: from --input-file or ``download``."""
    entry = Entry(name=path.rpartition("/")[2], kind=Kind.FILE, url=url)
    decision = needs_fetch(entry, known, local)
    job = Job(url=url, path=path, reason=decision.reason, local=local)
    if decision.need is Need.CONFIRM:
        return replace(job, known=known)
    return replace(job, probe=decision.need is Need.PROBE)
