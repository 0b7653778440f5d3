"""The run for a list of URLs: ``--input-file`` and ``download``. There is no listing, so nothing is deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.model.network.listed_file import ListedFile
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Job, Kind, Known, Local, Outcome, Rejection, Result, Span, Staged
from crawler.pipeline import engine
from crawler.pipeline.plan.single_path import look
from crawler.pipeline.rules.compare import Need, is_intact, lost, needs_fetch
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import ListScope
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.header_names import HeaderNames
from crawler.pipeline.runs.transfers import Transfers
from crawler.pipeline.save.committer import Committer
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.text import urls
from crawler.text.hosts import named_hosts

if TYPE_CHECKING:
    from crawler.pipeline.walk.upstreams.list_mirrors import ListMirrors

_SAME_DIGEST = "same published digest"
_FOREIGN = "the server gives it the name of something here that no run has saved: rename or remove that first"


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

    def __init__(self, parts: Components, *, rules: RobotsTxt | None = None, has_mirrors: bool = False) -> None:
        """``rules``: the robots.txt fetched so far, if any. ``has_mirrors``: some files have several URLs."""
        self.parts = parts
        self._rules = rules or RobotsTxt(parts.client, parts.config, parts.agent)
        self._scope = ListScope(named_hosts(parts.config.allow_host))
        self._filters = Filters(parts.config, datetime.now(UTC))
        self._taken: set[str] = set()
        self._seen: set[tuple[str | Rejection, str]] = set()
        results = _NoDirectories(parts.observer)
        self._mirrors = _mirrors(self._rules) if has_mirrors else None
        self.transfers = Transfers(
            parts, self._filters, self._rules, lambda: self._scope, results=results, upstreams=self._mirrors
        )

    async def run(self, items: Sequence[ListedFile]) -> None:
        """Fetch ``items``. Raises DestinationError."""

        async def work(committer: Committer) -> None:
            await self.transfers.run(lambda put: self._produce(items, put), committer)

        await self.transfers.guarded(work)
        for problem in self._mirrors.problems() if self._mirrors is not None else ():
            self.parts.tally.warn(problem)

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

    async def _produce(self, items: Sequence[ListedFile], put: engine.Put) -> None:
        async for item, wanted in self._named(items):
            job = await self.announce(item, wanted, is_given=wanted not in (item.path, urls.last_name(item.url)))
            if job is not None:
                await put(job)
        self.parts.observer.walked()

    async def announce(
        self, item: ListedFile, wanted: str | Rejection, size: int | None = None, *, is_given: bool = False
    ) -> Job | None:
        """The job for ``item``, to be saved as ``wanted``; None if nothing is fetched and its result is reported.

        ``size``: that of the file in bytes, for observers and --max-total-size; None if only the list may give it.
        ``is_given``: the server has given the name, and so it does not replace what only happens to be called so.
        """
        parts, url = self.parts, item.url
        path = wanted if isinstance(wanted, Rejection) else urls.entry_path("", wanted)
        if (path, url) in self._seen:
            parts.observer.rejected("", Rejection(Reason.DUPLICATE, url))
            return None
        self._seen.add((path, url))
        shown = path if isinstance(path, str) else urls.last_name(url) if isinstance(wanted, Rejection) else wanted
        parts.observer.listed(shown, item.size if size is None else size)
        problem = self._misplaced(path, item)
        if problem is not None or isinstance(path, Rejection):
            self._fail(shown, url, problem or "")
            return None
        self._taken.add(path)
        if self._is_refused(item, path) or await self._is_unchanged(item, path):
            return None
        item, problem = await self._permitted(item)
        if problem is not None:
            self._fail(path, url, problem)
            return None
        local, known = await look(parts.destination, path), await parts.state.file(path)
        if is_given and local is not None and known is None:
            self._fail(path, url, _FOREIGN)
            return None
        digest = item.digest if parts.config.verify_digests else None
        job = as_job(item.url, path, known, local, described=replace(item, digest=digest))
        refused = await parts.allowance.book(job if size is None else replace(job, size=Span(size, size)))
        if refused is not None:
            self._end(path, url, Outcome.SKIPPED, refused)
            return None
        return job

    def _is_refused(self, item: ListedFile, path: str) -> bool:
        """Whether a filter, or DIR, refuses a file at ``path``; if so, that is reported."""
        listed = None if item.size is None else Span(item.size, item.size)
        rejection = self._filters.rejects(path, path.rpartition("/")[2], listed, None)
        unfit = None if rejection is not None else self.parts.destination.rejects(path)
        if rejection is not None:
            self._end(path, item.url, Outcome.SKIPPED, rejection.reason)
        elif unfit is not None:
            self._fail(path, item.url, f"{path!r} {unfit}")
        return rejection is not None or unfit is not None

    def _misplaced(self, path: str | Rejection, item: ListedFile) -> str | None:
        """The reason why ``item`` cannot be saved as ``path``; None if it can."""
        if path in self._taken:
            return "two URLs for one path"
        if isinstance(path, Rejection):
            if path.reason != Reason.BAD_NAME:
                return path.detail
            from crawler.text.advice.arguments import item_path_problem  # imported only if needed

            return item_path_problem(path.subject, path.detail)
        return item.problem or None if item.url else "the list names no http or https URL for it"

    async def _is_unchanged(self, item: ListedFile, path: str) -> bool:
        """Whether the file at ``path`` is known to have the digest of ``item``: then that is reported, and no request
        is needed.
        """
        state, digest = self.parts.state, item.digest if self.parts.config.verify_digests else None
        known = await state.file(path) if digest is not None else None
        if digest is None or known is None or digest not in (known.row, known.digest):
            return False
        if not is_intact(known, await look(self.parts.destination, path)):
            return False
        state.remember([] if known.row == digest else [replace(known, row=digest)])
        self._end(path, item.url, Outcome.UNCHANGED, _SAME_DIGEST, size=known.size)
        return True

    async def _permitted(self, item: ListedFile) -> tuple[ListedFile, str | None]:
        """``item`` with a URL that may be requested, or the reason why none may be."""
        reasons = []
        for number, url in enumerate((item.url, *item.mirrors)):
            reason = await self._forbidden(url)
            if reason is None:
                return replace(item, url=url, mirrors=item.mirrors[number:]), None
            reasons.append(reason)
        return item, "; ".join(reasons)

    async def _forbidden(self, url: str) -> str | None:
        """The reason why ``url`` must not be requested; None if it may be."""
        rejection = await self._rules.check(url)
        return rejection.detail if rejection else None

    async def _named(self, items: Sequence[ListedFile]) -> AsyncIterator[tuple[ListedFile, str | Rejection]]:
        """Yield each file with its path, or with the rejection because of which it has none."""
        if self.parts.config.name_from == "url":
            for item in items:
                yield item, item.path or urls.last_name(item.url)
            return
        permit, left = self._rules.permit(self._scope.file_redirect), iter(items)
        pairs = [(item.url, item.path) for item in items]
        async for _, name in HeaderNames(self.parts, self._rules, permit).named(pairs):
            yield next(left), name

    def _fail(self, path: str, url: str, reason: str) -> None:
        self._end(path, url, Outcome.FAILED, reason)

    def _end(self, path: str, url: str, outcome: Outcome, reason: str, *, size: int = 0) -> None:
        self.parts.observer.finished(Result(path=path, url=url, outcome=outcome, reason=reason, size=size))


def _mirrors(rules: RobotsTxt) -> ListMirrors:
    from crawler.pipeline.walk.upstreams.list_mirrors import ListMirrors  # imported only if needed

    return ListMirrors(rules)


def as_job(
    url: str, path: str, known: Known | None, local: Local | None, *, described: ListedFile | None = None
) -> Job:
    """The job for a file that is in no listing but was named in --input-file or ``download``.

    ``described``: what the list says about it. With a digest no condition is sent: only that version is wanted, and the
    digest is noted like a row.
    """
    size = None if described is None or described.size is None else Span(described.size, described.size)
    digest, mirrors = (described.digest, described.mirrors) if described is not None else (None, ())
    entry = Entry(name=path.rpartition("/")[2], kind=Kind.FILE, url=url, size=size, row=digest or "")
    decision = needs_fetch(entry, known, local)
    copy = known if is_intact(known, local) and not decision.is_disproved else None
    job = Job(url=url, path=path, reason=decision.reason, size=size, local=local, copy=copy, mirrors=mirrors)
    job = replace(job, recorded=lost(known, local, url), is_listed=False)
    if digest is not None:
        return replace(job, digest=digest, row=digest, vouched=True)
    if decision.need is Need.CONFIRM:
        return replace(job, known=known)
    return replace(job, probe=decision.need is Need.PROBE)
