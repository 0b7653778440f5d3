"""Makes the runs of a soak, checking each as soon as it has ended."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.e2e.soak import checks, program
from tests.e2e.soak.checks import Content, Wrong, equal, none
from tests.e2e.soak.program import Blow, TooLate
from tests.e2e.soak.server import Log, Plan, Server
from tests.e2e.soak.tree import Tree
from tests.support.misbehaving.sandbox import BAD_SIGNS

MEGABYTE = 1_000_000
PROMPT = 10.0
"""Seconds within which a run must end after SIGTERM: twice the limit of the test on an idle machine."""
ROOM = 48 * MEGABYTE
"""Bytes by which memory may grow in the second half of a run, or over a run on a tenth of the tree: buffers, and the
state, which is read at once. Keeping each of 200,000 jobs would take twice as much.
"""
WATCHED_FROM = 20_000
"""Requests of a run from which on its memory is compared: shorter ones are starting up half of their time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the program is called, and how long the soak may take."""

    plan: Plan
    directory: Path
    """An empty directory for the mirrors; its content is lost."""
    deadline: float
    """When the soak must have ended, on the monotonic clock."""
    read_timeout: str = "2s"
    say: Callable[[str], None] = lambda _text: None
    more: Sequence[str] = ()
    """Additional options for all runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run to be made."""

    name: str
    verdicts: bool = True
    """Whether final faults are injected too; otherwise only those that a retry cures."""
    delete: bool = False
    ignore_errors: bool = False
    below: str = ""
    """If not empty, mirror only this directory of the tree, into a separate directory."""
    blow: signal.Signals | None = None
    after: int = 0
    """Number of requests after which the signal is sent; 0: at the first deletion."""


@dataclass(slots=True, kw_only=True)
class Row:
    """How the run ended, for the table."""

    name: str
    end: str = ""
    seconds: float = 0.0
    log: Log = field(default_factory=Log)
    summary: dict[str, object] = field(default_factory=dict)
    half: int = 0
    peak: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """A finished run, and the content of DIR before and after it."""

    step: Step
    row: Row
    run: program.Run
    directory: Path
    wanted: dict[str, int]
    before: Content
    after: Content


class Soak:
    """A tree, its server and its mirror. Raises Wrong if a check fails, TooLate when the time is up."""

    def __init__(self, terms: Terms, server: Server) -> None:
        self._terms = terms
        self._server = server
        plan = terms.plan
        self.tree = Tree(plan.files, plan.directories, plan.seed)
        self.rows: list[Row] = []
        self._files = self.tree.files()
        self._contents: dict[Path, Content] = {}
        self._reference = 0

    @property
    def mirror(self) -> Path:
        return self._terms.directory / "mirror"

    def advance(self) -> None:
        """A day passes upstream."""
        self._server.advance()
        self.tree.advance()
        self._files = self.tree.files()

    def run(self, step: Step) -> Row:
        """Make one run and check everything that must hold after it."""
        self._terms.say(f"run {len(self.rows) + 1}: {step.name}")
        directory = self._terms.directory / f"only-{step.below}" if step.below else self.mirror
        before = self._contents.get(directory, Content())
        wanted = self._below(step.below)
        self._server.begin(verdicts=step.verdicts)
        ran = self._program(self._arguments(step, directory), self._blow(step, before, wanted))
        row = Row(name=step.name, seconds=ran.seconds, half=ran.half, peak=ran.peak, log=self._log(step.below))
        row.end = {-signal.SIGKILL: "kill -9", 143: "SIGTERM"}.get(ran.code, str(ran.code))
        self.rows.append(row)
        try:
            none("signs of a bug in the output", [sign for sign in BAD_SIGNS if sign in ran.text])
            after = self._contents[directory] = checks.look(directory, wanted, before)
            ended = _Ended(step=step, row=row, run=ran, directory=directory, wanted=wanted, before=before, after=after)
            self._check(ended)
        except Wrong as wrong:
            raise Wrong(f"run {len(self.rows)}, {step.name} (exit {ran.code}): {wrong}\n{ran.text[-3000:]}") from None
        return row

    def verify(self) -> None:
        """Let the program verify DIR, and check the result by reading everything again."""
        self._terms.say(f"run {len(self.rows) + 1}: --verify")
        ran = self._program(["--verify", "-v", str(self.mirror)], None)
        self.rows.append(Row(name="--verify", end=str(ran.code), seconds=ran.seconds, peak=ran.peak))
        found = re.search(r"Verified ([\d,]+) in .*: ([\d,]+) good, ([\d,]+) bad", ran.text)
        if found is None or ran.code != 0:
            raise Wrong(f"--verify ended with {ran.code}\n{ran.text[-3000:]}")
        known, good, bad = (int(figure.replace(",", "")) for figure in found.groups())
        files = len(self._contents[self.mirror].files)
        equal("files that --verify knows, and bad ones", (known, bad), (files, 0))
        # A kill can come between the name of a file and its row in the state. The next run asks for it with HEAD,
        # which brings no digest.
        heads = sum(row.log.heads for row in self.rows)
        if good < files - heads:
            raise Wrong(f"{good:,} of {files:,} files are known by their digest, {heads:,} were asked for with HEAD")
        content = checks.look(self.mirror, {}, self._contents[self.mirror], all_again=True)
        equal("files in DIR", len(content.files), files)

    def _program(self, arguments: list[str], blow: Blow | None) -> program.Run:
        return program.run(arguments, self._terms.directory / "output", self._terms.deadline, blow)

    def _below(self, directory: str) -> dict[str, int]:
        if not directory:
            return self._files
        return {path[len(directory) + 1 :]: n for path, n in self._files.items() if path.startswith(f"{directory}/")}

    def _log(self, below: str) -> Log:
        """The server's log, with paths relative to the mirrored directory."""
        log = self._server.log()
        if not below:
            return log

        def cut(path: str) -> str:
            return path[len(below) :].lstrip("/")

        return replace(
            log,
            served={cut(path) for path in log.served},
            failed_files={cut(path): fault for path, fault in log.failed_files.items()},
            failed_listings={cut(path): fault for path, fault in log.failed_listings.items()},
        )

    def _arguments(self, step: Step, directory: Path) -> list[str]:
        scratch = self._terms.directory
        for name in ("summary", "changes"):
            (scratch / name).unlink(missing_ok=True)
        # The server predicts failures by request; one that shared a connection is repeated without counting an attempt.
        timeout = f"--read-timeout={self._terms.read_timeout}"
        options = ["--pipeline=off", "--attempts=5", timeout, "--workers=32", "--listers=8"]
        options += self._terms.more
        options += ["--delete"] if step.delete else []
        options += ["--ignore-errors"] if step.ignore_errors else []
        options += [f"--summary={scratch / 'summary'}", f"--changes={scratch / 'changes'}"]
        return [*options, f"{self._server.url}{step.below}{'/' if step.below else ''}", str(directory)]

    def _blow(self, step: Step, before: Content, wanted: dict[str, int]) -> Blow | None:
        if step.blow is None:
            return None
        if step.after:
            return Blow(number=step.blow, moment=lambda: self._server.requests() >= step.after)
        gone = [self.mirror / path for path in sorted(before.files.keys() - wanted.keys())]
        some = gone[:: max(1, len(gone) // 10)]
        return Blow(number=step.blow, moment=lambda: not all(path.exists() for path in some))

    def _check(self, ended: _Ended) -> None:
        step, row = ended.step, ended.row
        checks.nothing_lost(ended.before, ended.after, ended.wanted)
        if ended.run.code == -signal.SIGKILL:
            equal("a signal from us", step.blow, signal.SIGKILL)
            return
        row.summary = json.loads((self._terms.directory / "summary").read_text())
        equal("exit code of the summary", row.summary["exit_code"], ended.run.code)
        checks.account(row.summary, row.log, ended.wanted)
        changes = (self._terms.directory / "changes").read_text()
        checks.change_list(changes, row.summary, ended.before, ended.after)
        if step.blow is signal.SIGTERM:
            equal("exit code after SIGTERM", ended.run.code, 143)
            if ended.run.struck is None or ended.run.struck > PROMPT:
                raise Wrong(f"it took {ended.run.struck} s to end after SIGTERM")
            return
        equal("exit code", ended.run.code, _exit_code(step, row))
        checks.up_to_date(row.log, ended.before, ended.after, ended.wanted)
        self._check_deletions(ended)
        if ended.run.code == 0:
            self._check_clean(ended)
        self._check_memory(row)

    def _check_deletions(self, ended: _Ended) -> None:
        gone = ended.before.files.keys() - ended.after.files.keys()
        if not ended.step.delete or (ended.run.code != 0 and not ended.step.ignore_errors):
            none("deleted, though nothing may be", gone)
            return
        proven = checks.proven_gone(ended.row.log, ended.before, set(self.tree.directories), ended.wanted)
        none("gone upstream, proven, and still here", proven - gone)
        none("deleted without proof", gone - proven)

    def _check_clean(self, ended: _Ended) -> None:
        """Check after exit 0 that DIR equals the tree, apart from files that are gone upstream, without --delete."""
        wanted, after = ended.wanted, ended.after
        none("not current after exit 0", {path for path in wanted if after.files.get(path) != wanted[path]})
        none("parts left after exit 0", checks.parts(ended.directory))
        if ended.step.below:
            return
        directories = self.tree.directories.keys() - {""}
        none("directories that are not here", directories - after.directories)
        if ended.step.delete:
            none("files that are gone upstream", after.files.keys() - wanted.keys())
            none("directories that are gone upstream", after.directories - directories)

    def _check_memory(self, row: Row) -> None:
        if row.log.requests < WATCHED_FROM:
            return
        self._reference = self._reference or row.peak
        for when, less in (("in the first half", row.half), ("over a tenth of the tree", self._reference)):
            if row.peak > less + ROOM:
                raise Wrong(f"memory grows: {row.peak / MEGABYTE:.0f} MB, {when} {less / MEGABYTE:.0f} MB")


def _exit_code(step: Step, row: Row) -> int:
    """The expected exit code of the run, given the faults of the server."""
    if not row.log.failed_files and not row.log.failed_listings:
        return 0
    refused = step.delete and not step.ignore_errors and row.summary["extraneous"] and row.log.failed_listings
    return 6 if refused else 5


def soak(terms: Terms, schedule: Callable[[Soak, Plan], None]) -> tuple[list[Row], str]:
    """Make the runs of ``schedule``. Returns (the runs, the first violation or "")."""
    with Server(terms.plan) as server:
        work = Soak(terms, server)
        try:
            schedule(work, terms.plan)
        except Wrong as wrong:
            return work.rows, str(wrong)
        except TooLate:
            return work.rows, f"the time limit is over in run {len(work.rows) + 1}"
    return work.rows, ""
