"""``--explain``: tells what a run would do about one entry, and which rule decides. Changes nothing, fetches no file.

The walk enters only the directories that lead to the entry; then the planner decides on it as in a normal run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote

from crawler.model.interfaces import UNLIMITED
from crawler.model.observer import Observer
from crawler.model.reasons import NAVIGATION, Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Job, Kind, Outcome, Rejection, Result
from crawler.pipeline.plan.checksum_files import Checksums, may_be_checksums
from crawler.pipeline.plan.planner import Planner
from crawler.pipeline.plan.policy import Policy
from crawler.pipeline.plan.single_path import look
from crawler.pipeline.rules.budgets import Room, new_budget
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import Scope, allowing, same_host_redirect
from crawler.pipeline.rules.time_zones import ZoneLearner
from crawler.pipeline.rules.unusable_rows import entry_of, result_of
from crawler.pipeline.runs.build import build_reader, build_walker, refuse_by
from crawler.pipeline.runs.components import Components
from crawler.pipeline.runs.explain.absence import Way, decision
from crawler.pipeline.runs.explain.lines import (
    HELD,
    Line,
    job_lines,
    known_text,
    local_text,
    result_text,
    size_text,
    time_text,
)
from crawler.pipeline.runs.explain.unlisted import UnlistedEntries
from crawler.pipeline.runs.mirror import RootOfRun
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.text.hosts import named_hosts
from crawler.text.urls import entry_path, is_same, relative_path

_ELSEWHERE = "not on the way"


class Explainer(Observer):
    """Explains an entry of the mirror of ``root``. The components in ``parts`` must be read-only.

    ``response`` takes the response to ``root`` if it is a file; None if there is certainly a listing.
    """

    def __init__(self, parts: Components, root: str, target: str, rules: RobotsTxt, response: RootOfRun | None) -> None:
        self._parts = parts
        self._root = root
        self._response = response
        self._target = target.rstrip("/")
        self._filters = Filters(parts.config, datetime.now(UTC))
        self._rules = rules
        self._refusal = refuse_by(self._filters, self._rules)
        reader = build_reader(parts.config, parts.client, parts.state, self, parts.parser, root=response)
        self._walker = build_walker(parts.config, reader, self, rules=self._rules, refuse=self._refuse)
        self._lines: list[Line] = []
        self._result: Result | None = None
        self._found: tuple[DirectoryPage, Entry] | None = None
        self._unusable: tuple[Result, str] | None = None
        """The result of a row that is not an entry, and what would make it one."""
        self._unlisted = UnlistedEntries(parts, self._filters)
        self._barred, self._failed = dict[str, str](), dict[str, str]()
        self._names = dict[str, list[str]]()

    async def explain(self) -> tuple[list[Line], bool]:
        """The lines of the explanation, and whether the entry is listed, or a rule decides on it.

        Raises ListingError, RobotsForbidden, and ConfigError for a run that would be refused.
        """
        lines = self._lines
        await self._rules.enter(self._root)
        await self._walker.walk([Directory(path="", url=self._root)], self._visit)
        scope = self._walker.scope
        lines.insert(0, ("scope", scope.base))
        if self._found is not None and self._found[1].kind is not Kind.DIRECTORY:
            await self._decide(*self._found)
        elif self._found is not None:
            lines.append(("decision", self._of_directory()))
        elif self._unusable is not None:
            result, advice = self._unusable
            lines += [("path", result.path), ("decision", result_text(result) + advice)]
        elif self._is_root():
            lines.append(("decision", "the listing at URL itself: each of its entries is decided separately"))
            return lines, True
        else:
            return lines, await self._decide_on_absent()
        return lines, True

    async def _decide_on_absent(self) -> bool:
        """Note the decision about an entry that no listing shows. Returns whether a rule decides on it."""
        path, is_decided = self._path(), True
        words = await self._unlisted.decision(path, self._walker) if path else ""
        if words:
            local = await look(self._parts.destination, path)
            self._lines += [("path", path), ("disk", local_text(local))]
            is_decided = not words.startswith("unknown")
        else:
            words, is_decided = decision(self._way())
        self._lines.append(("decision", words))
        return is_decided

    def _is_root(self) -> bool:
        """Whether the target is URL itself, or where that leads."""
        return any(is_same(self._target, url.rstrip("/")) for url in (self._root, self._walker.scope.base))

    def _of_directory(self) -> str:
        """The decision about a directory that a listing shows."""
        path = self._path()
        if path in self._barred:
            return f"not entered: {self._barred[path]}"
        if path in self._failed:
            return f"a directory whose listing cannot be read: {self._failed[path]}"
        return "a directory: each entry of its listing is decided separately"

    def _way(self) -> Way:
        scope, path = self._walker.scope, self._path()
        found, outside, unusable = relative_path(self._target, scope.base), "", ""
        if isinstance(found, Rejection) and found.reason == Reason.BAD_NAME:
            unusable = f"{found.subject!r} {found.detail}"
        elif not path:
            outside = "on another host" if same_host_redirect(scope.base, self._target) else f"not below {scope.base}"
        return Way(
            base=scope.base,
            path=path,
            outside=outside,
            unusable=unusable,
            barred=self._barred,
            failed=self._failed,
            names=self._names,
        )

    # --- the walk to the entry ---------------------------------------------------------------------

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        self._lines.append(("listing", f"{url}: {family}, confidence {confidence:.2f}, {entries:,} entries"))

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self._lines.append(("listing", f"{url}: failed: {reason}"))
        self._failed[path] = reason

    def rejected(self, path: str, rejection: Rejection) -> None:
        if rejection.reason != _ELSEWHERE and rejection.reason not in NAVIGATION and self._is_above(path):
            self._bar(path, f"{rejection.reason}: {rejection.detail}")

    def _bar(self, path: str, reason: str) -> None:
        """Note that a run does not enter the directory at ``path``."""
        self._lines.append(("directory", f"{path}/ is not entered: {reason}"))
        self._barred[path] = reason

    def finished(self, result: Result) -> None:
        self._result = result

    def _is_above(self, path: str) -> bool:
        """Whether ``path`` is the path of the entry, or of a directory above it."""
        return bool(path) and f"{self._path()}/".startswith(f"{path}/")

    def _path(self) -> str:
        """Path of the entry, relative to the root; "" if it is outside of the root."""
        path = relative_path(self._target, self._walker.scope.base)
        return path if isinstance(path, str) else ""

    def _refuse(self, path: str, url: str) -> Rejection | None:
        if not self._is_above(path):
            return Rejection(_ELSEWHERE, url)
        return self._refusal(path, url)

    async def _visit(self, page: DirectoryPage) -> bool:
        if self._response is not None and not page.directory.path:
            await self._response.refuse_if_bound(page.scope.base)
        self._lines += [("doubt", f"{page.url}: {flaw}") for flaw in page.flaws]
        await self._unlisted.note(page)
        names = self._names.setdefault(page.directory.path, [])
        for entry in page.entries:
            path = _path_of(page, entry)
            names.append(entry.name)
            if self._parts.config.no_recursive and entry.kind is Kind.DIRECTORY and self._is_above(str(path)):
                self._bar(str(path), f"{Reason.DEPTH}: --no-recursive")
            if path == self._path() or unquote(entry.url).rstrip("/") == unquote(self._target):
                self._found = page, entry
        for row in page.unusable:
            result = result_of(row, page.directory.path, page.url, self._filters, page.scope)
            if result.path == self._path() or result.url.rstrip("/") == self._target:
                self._unusable = result, self._advice(row, page)
        return True

    def _advice(self, row: Rejection, page: DirectoryPage) -> str:
        """What would make a run fetch the file of ``row``, which is not an entry; "" if nothing would."""
        result = result_of(row, page.directory.path, page.url, self._filters, page.scope)
        option = allowing(result.url)
        if not _with_option(result, option):
            return ""
        wider = Scope(page.scope.base, page.scope.hosts | named_hosts((option.rpartition(" ")[2],)))
        return _with_option(result, option) if entry_of(row, page.url, wider) else ""

    # --- the entry --------------------------------------------------------------------------------

    async def _decide(self, page: DirectoryPage, entry: Entry) -> None:
        """Let the planner decide on the entry, together with the other entries that may affect the decision."""
        path = _path_of(page, entry)
        if isinstance(path, str):
            await self._describe(path, entry, ZoneLearner(page.entries))
        jobs: list[Job] = []

        async def put(*more: Job) -> None:
            jobs.extend(more)

        checksums = self._checksums() if self._parts.config.verify_digests else None
        policy = self._policy(checksums)
        planner = Planner(self._parts.destination, self._parts.state, self, self._filters, policy)
        beside = tuple(
            each
            for each in page.entries
            if may_be_checksums(each.name) or (each.kind is Kind.DIRECTORY and each.name == entry.name)
        )
        entries = (*(each for each in beside if each is not entry), entry)
        await planner.visit(
            replace(page, entries=entries, unusable=(), complete=False, last=False), put, rows=page.entries
        )
        is_held = any(job.path == path for job in planner.findings.held)
        job = next((job for job in [*jobs, *planner.findings.held] if job.path == path), None)
        if job is not None:
            if checksums:
                job = await checksums.beside(job)
            self._lines += job_lines(job, new_budget(self._parts.config), held=is_held)
        elif self._result is not None:
            result = self._result
            self._lines.append(("decision", result_text(result) + _with_option(result, allowing(result.url))))

    def _checksums(self) -> Checksums:
        return Checksums(
            self._parts.client,
            self._parts.destination,
            self._parts.state,
            self._rules.permit(self._walker.scope.file_redirect),
            attempts=self._parts.config.attempts,
            warn=lambda text: self._lines.append(("checksums", text)),
        )

    def _policy(self, checksums: Checksums | None) -> Policy:
        """The policy of a run, without the limits that depend on other entries of the mirror."""
        config = self._parts.config
        return Policy(
            rules=self._rules, room=Room("", UNLIMITED), last=config.last, check=config.check, checksums=checksums
        )

    async def _describe(self, path: str, entry: Entry, zone: ZoneLearner) -> None:
        lines = self._lines
        directory, _, name = path.rpartition("/")
        states = await self._parts.state.directory(directory)
        timed = zone.timed(entry, states)
        lines.append(("path", path))
        lines.append(("row", f"{entry.row!r}: size {size_text(entry.size)}, time {time_text(entry.modified)}"))
        if timed.modified != entry.modified:
            lines.append(("zone", f"by Last-Modified of other files that is {time_text(timed.modified)}"))
        lines += [
            ("rule", f"{check.rule}: {HELD[check.matched]}")
            for check in self._filters.explains(path, entry.name, entry.size, timed.modified)
        ]
        known = states.get(name)
        lines.append(("state", known_text(known, entry.row)))
        local = await look(self._parts.destination, path)
        if (stored := self._parts.destination.stored_as(path)) != path:
            lines.append(("stored", f"as {stored}"))
        lines.append(("disk", local_text(local)))


def _path_of(page: DirectoryPage, entry: Entry) -> str | Rejection:
    return entry_path(page.directory.path, f"{entry.folder}/{entry.name}" if entry.folder else entry.name)


def _with_option(result: Result, option: str) -> str:
    """What ``option`` would change about a file that is skipped only because of where it is; "" if nothing."""
    is_elsewhere = result.outcome is Outcome.SKIPPED and result.reason in {Reason.OTHER_HOST, Reason.ABOVE}
    return f": {option} would fetch it, if robots.txt there allows it" if is_elsewhere else ""
