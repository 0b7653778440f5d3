"""The upstreams of a mirror: which of them work, and what each has served in this run.

The first one is URL, to which DIR belongs. The others are used in order where it fails.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from crawler.model.errors import FetchError, ListingError, RobotsForbidden, VerificationError
from crawler.model.freshness import Source
from crawler.model.observer import Observer, Silent
from crawler.model.reasons import Reason
from crawler.model.state.store import StateStore
from crawler.model.struct import Value, replace
from crawler.model.values import Job, Known, Outcome, Rejection, Result, Staged, result_of, with_result
from crawler.pipeline.rules.scope import Bounds, Scope
from crawler.pipeline.rules.upstreams.ages import Comparison, compare
from crawler.pipeline.rules.upstreams.roots import counterpart, root_of
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.pages import Directory, DirectoryPage, Elsewhere, PagePiece
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.pipeline.walk.upstreams.reading import Reading, read_whole, recording
from crawler.pipeline.walk.upstreams.root import Failure, Root, advised, combined, named
from crawler.pipeline.walk.walker import Walker
from crawler.text.escape import masked


class Means(Value, frozen=True, kw_only=True):
    """The components that read listings and receive their events."""

    reader: PageReader
    rules: RobotsTxt
    bounds: Bounds
    state: StateStore
    observer: Observer


class Upstreams:
    """Several hosts with the same tree, in the order of preference."""

    def __init__(self, urls: Sequence[str], means: Means) -> None:
        self._roots = [Root(url) for url in urls]
        self._means = means

    # --- which of them work ------------------------------------------------------------------------

    async def enter(self, url: str) -> None:
        """Check whether the run may begin at ``url``. Raises the errors of ``RobotsTxt.enter`` if no upstream works."""
        first = self._roots[0]
        try:
            await self._means.rules.enter(url)
        except (ListingError, RobotsForbidden) as error:
            first.condition.give_up(str(error))
            for number in range(1, len(self._roots)):
                if await self._is_ready(number):
                    return
            kind = next((root.content_type for root in self._roots if root.content_type is not None), None)
            reasons = "; ".join(advised(root.condition.reason or "", root, None) for root in self._roots)
            if kind is None and isinstance(error, RobotsForbidden):
                raise RobotsForbidden(reasons) from None
            raise ListingError(reasons, content_type=kind) from None

    async def _is_ready(self, number: int) -> bool:
        """Whether an upstream is used. A fallback must have a listing at its URL, which is read once."""
        root = self._roots[number]
        if number:
            async with root.lock:
                if root.scope is None and root.condition.reason is None:
                    try:
                        root.settle(await self._scope_of(root.url))
                    except (FetchError, VerificationError, ListingError, RobotsForbidden) as error:
                        root.refuse(error)
        return root.condition.reason is None

    async def _scope_of(self, url: str) -> Scope:
        await self._means.rules.enter(url)
        walker = self._walker(recording(self._means.reader, Reading(), url, is_fallback=True), None)

        async def visit(_page: DirectoryPage) -> bool:
            return False

        await walker.read_one(Directory(path="", url=url), visit)
        return walker.scope

    def rejection(self, url: str) -> Rejection | None:
        """The rejection of the directory at ``url`` by robots.txt of the first host; None if it may be entered.

        A robots.txt that cannot be read forbids its own host, not the others.
        """
        rejection = self._means.rules.rejection(url)
        return None if rejection is not None and rejection.reason == Reason.ROBOTS_UNREADABLE else rejection

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        """The rejection of a redirect of a file; None if any of the upstreams may redirect there."""
        first = self._of_first().file_redirect(source, target)
        if first is None or first.reason == Reason.DIRECTORY:
            return first
        scopes = [root.scope for root in self._roots[1:] if root.scope is not None]
        return None if any(scope.file_redirect(source, target) is None for scope in scopes) else first

    def _of_first(self) -> Scope:
        first = self._roots[0]
        return first.scope or Scope(first.base, self._means.bounds.hosts)

    # --- listings -----------------------------------------------------------------------------------

    async def read(self, directory: Directory, scope: Scope) -> AsyncGenerator[PagePiece, None]:
        """Yield the listing of ``directory`` as one page, from the first upstream that sends all of it. A ``Source``.

        If none does, what the first upstream showed is followed by its error. Listings are never mixed.
        """
        first, failures = Reading(), dict[int, Failure]()
        if scope.base:
            self._roots[0].settle(scope)
        for number, root in enumerate(self._roots):
            if not await self._is_ready(number):
                continue
            reading, comparison = await self._read_from(number, directory), Comparison()
            if number and reading.error is None:
                comparison = await self._compared(directory, reading, first)
                if comparison.behind is not None:
                    reading.fail(_behind(comparison.behind))
            if reading.error is None:
                root.condition.answered(listings=1)
                reading.events.report(self._means.observer)
                for piece in reading.as_one_page(self._elsewhere(number, comparison)):
                    yield piece
                return
            if not number and not directory.path and self._is_file():
                raise reading.error
            place = root.url if number else directory.url
            root.condition.failed(reading.error, problem=named(place, reading.error))
            failures[number], first = reading.error, first if number else reading
        if first.is_listing:
            first.events.report(self._means.observer)
            for piece in first.as_one_page():
                yield piece
        raise combined(directory.url, failures, self._roots)

    def _is_file(self) -> bool:
        """Whether URL is that of a file, which has no listing anywhere."""
        return self._means.reader.root is not None and self._means.reader.root.is_taken

    async def _read_from(self, number: int, directory: Directory) -> Reading:
        root, reading = self._roots[number], Reading()
        url = directory.url
        if number:
            found = counterpart(url, self._roots[0].base, root.base) if directory.path else root.url
            rejection = await self._means.rules.check(found) if found is not None else None
            if found is None or rejection is not None:
                text = rejection.detail if rejection is not None else "it is not below the URL of the mirror"
                reading.fail(FetchError(text, url=url, retryable=False, rejection=rejection))
                return reading
            url = found
        walker = self._walker(recording(self._means.reader, reading, url, is_fallback=bool(number)), root.scope)
        await read_whole(walker, replace(directory, url=url, above=()), reading)
        return reading

    def _walker(self, reader: PageReader, scope: Scope | None) -> Walker:
        bounds = replace(self._means.bounds, recursive=False)
        return Walker(reader, Silent(), bounds=bounds, scope=scope, permit_as=self._means.rules.permit)

    def _elsewhere(self, number: int, comparison: Comparison) -> Elsewhere | None:
        scope = self._roots[number].scope
        return Elsewhere(scope=scope, base=self._roots[0].base, same=comparison.same) if number and scope else None

    async def _compared(self, directory: Directory, reading: Reading, first: Reading) -> Comparison:
        """Compare the listing of a fallback with the local files and with what the first upstream showed."""
        known: dict[str, Known] = {}
        entries = list(reading.entries)
        for folder in {"", *(entry.folder for entry in entries)}:
            parent = "/".join(filter(None, (directory.path, folder)))
            for name, one in (await self._means.state.directory(parent)).items():
                known[f"{folder}/{name}" if folder else name] = one
        return compare(entries, known, first.entries if first.is_listing else ())

    # --- files --------------------------------------------------------------------------------------

    def number_of(self, url: str) -> int:
        """The number of the upstream of the file at ``url``; that of the first one if the file is on any other host."""
        return root_of(url, [root.base for root in self._roots]) or 0

    def name_of(self, url: str) -> str:
        """The URL of the upstream of the file at ``url``."""
        return masked(self._roots[self.number_of(url)].url)

    def given_up(self, url: str) -> str | None:
        """The reason why the upstream of the file at ``url`` is no longer used; None if it is."""
        return self._roots[self.number_of(url)].condition.reason

    async def others(self, job: Job) -> AsyncGenerator[Job, None]:
        """Yield ``job`` for each of the other upstreams that may be used, in order."""
        own = self.number_of(job.url)
        base = self._roots[own].base
        for number, root in enumerate(self._roots):
            if number == own or not await self._is_ready(number):
                continue
            url = counterpart(job.url, base, root.base)
            if url is not None and await self._means.rules.check(url) is None:
                moment = job.moment or self._roots[own].zone.localize(job.modified)
                yield replace(job, url=url, source=Source.ELSEWHERE, moment=moment)

    def ended(self, url: str, error: Exception | None) -> None:
        """Note that the request for the file at ``url`` has ended after all its attempts."""
        root = self._roots[self.number_of(url)]
        if error is None:
            root.condition.answered()
        else:
            root.condition.failed(error, problem=named(url, error))

    def noted(self, done: Result | Staged) -> Result | Staged:
        """``done`` with the upstream that served it, which is counted; a directory with its URL on the first host."""
        result = result_of(done)
        number = self.number_of(result.url)
        root = self._roots[number]
        if result.outcome is Outcome.DIRECTORY:
            return replace(result, url=counterpart(result.url, root.base, self._roots[0].base) or result.url)
        if result.outcome not in {Outcome.SAVED, Outcome.UNCHANGED} or not result.attempts:
            return done
        root.condition.answered(files=int(result.outcome is Outcome.SAVED))
        if isinstance(done, Staged) and done.job.source is not Source.ELSEWHERE and result.known is not None:
            root.zone.learn(done.job.modified, result.known.validators.last_modified)
        result = replace(result, upstream=masked(root.url))
        return with_result(done, result)

    # --- at the end ---------------------------------------------------------------------------------

    @property
    def has_fallback_listings(self) -> bool:
        """Whether any listing of this run came from an upstream other than the first; then nothing is proven absent."""
        return any(root.condition.listings for root in self._roots[1:])

    def problem(self) -> str | None:
        """A text about which upstreams failed and what the others served instead; None if none failed."""
        served = []
        for root in self._roots[1:]:
            counts = ((root.condition.listings, "listing"), (root.condition.files, "file"))
            what = " and ".join(_count(number, word) for number, word in counts if number)
            if what:
                served.append(f"{what} came from {masked(root.url)}")
        failed = [problem for root in self._roots if (problem := root.condition.reason or root.condition.problem)]
        has_more = served or any(root.condition.reason for root in self._roots[1:])
        return "; ".join([*failed, *served]) if has_more and failed else None


def _behind(path: str) -> Failure:
    return ListingError(f"it is behind: {path} is older there, or missing, so its listing is not followed")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
