"""``python -m benchmarks``: runs crawler and each other installed program alternately on the same work."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import figures, parsing, tables
from benchmarks.corpora import CORPORA, MIB, Corpus, contents, differs
from benchmarks.figures import Costs
from benchmarks.measure import Cost, run, scratch_directory
from benchmarks.programs import PROGRAMS, VARIANTS, Program, Work
from benchmarks.server import Access, Server, distant, running_nginx

RESULTS = Path(__file__).with_name("RESULTS.md")
PAGES = "pages"
"""The work of reading pages, without network and files."""
_LIBRARIES = ("aiohttp", "uvloop", "yarl", "aiofiles", "lxml")


class Bench:
    """One measurement: each program does each work, alternately."""

    def __init__(self, server: Server, scratch: Path, programs: Sequence[Program], rounds: int, figures: Costs) -> None:
        """``figures``: where those of each run are added."""
        self._server = server
        self.scratch = scratch
        self._programs = programs
        self._rounds = rounds
        self.figures = figures

    def measure(self, corpus: Corpus) -> None:
        """Run all rounds of one corpus, which is created first and removed at the end."""
        source = self.scratch / "www" / corpus.name
        source.mkdir()
        say(f"{corpus.name}: {corpus.what}")
        corpus.make(source)
        wanted = contents(source)
        try:
            near, is_far = self._server.ports[corpus.access], corpus.delay or corpus.rate
            is_secret = corpus.access is Access.TLS
            with distant(near, corpus.delay, corpus.rate) if is_far else nullcontext(near) as port:
                for number in range(min(self._rounds, corpus.rounds)):
                    for program in self._programs:
                        if corpus.name in program.skips or (program.works and corpus.name not in program.works):
                            continue
                        work = Work(
                            url=f"{'https' if is_secret else 'http'}://127.0.0.1:{port}/{corpus.name}/",
                            target=self.scratch / "mirror",
                            corpus=corpus,
                            paths=wanted,
                            scratch=self.scratch,
                            certificate=self._server.certificate if is_secret else None,
                        )
                        self._turn(program, work, source, wanted, read=number == 0)
        finally:
            shutil.rmtree(source)

    def _turn(self, program: Program, work: Work, source: Path, wanted: dict[str, int], *, read: bool) -> None:
        work.target.mkdir()
        try:
            for name in (work.corpus.name, f"{work.corpus.name} again"):
                cost = self._timed(program.command(work))
                problem = differs(source, work.target, wanted, read=read)
                if not problem and cost.code:
                    problem = f"exit {cost.code}"
                self.figures.setdefault((name, program.name), []).append(replace(cost, problem=problem))
                say(f"  {name:14} {program.name:28} {cost.wall:6.2f} s {cost.requests:8,} requests  {problem}")
                if problem or not (work.corpus.again and program.again):
                    return
        finally:
            shutil.rmtree(work.target)

    def _timed(self, command: Sequence[str]) -> Cost:
        before = self._server.requests()
        cost = run(command)
        return replace(cost, requests=self._server.requests() - before - 1)


def say(text: str) -> None:
    """Print progress on standard error."""
    sys.stderr.write(text + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of the shorter works: about a minute")
    parser.add_argument("--rounds", type=int, help="how often each program does each work [3, with --quick 1]")
    works = [*[corpus.name for corpus in CORPORA], PAGES]
    parser.add_argument(
        "--only", action="append", metavar="WORK", choices=works, help=f"repeatable: {', '.join(works)}"
    )
    parser.add_argument("--program", action="append", metavar="NAME", help="measure this program; repeatable")
    parser.add_argument(
        "--figures", type=Path, metavar="FILE", help="measure in parts: add the figures to FILE, and show all in it"
    )
    parser.add_argument(
        "--write", action=argparse.BooleanOptionalAction, help="write RESULTS.md; not with --quick, --only, --program"
    )
    return parser.parse_args()


def chosen_programs(options: argparse.Namespace) -> list[Program]:
    names = options.program
    programs = [*PROGRAMS, *VARIANTS] if names or not options.quick else list(PROGRAMS)
    return [program for program in programs if program.is_installed and (not names or program.name in names)]


def chosen_works(options: argparse.Namespace, room: int) -> Iterator[Corpus]:
    """The corpora to run; ``room`` bytes must hold each of them and its mirror."""
    for corpus in CORPORA:
        if options.only and corpus.name not in options.only:
            continue
        if options.quick and not corpus.quick and not options.only:
            continue
        if 2 * corpus.size + 256 * MIB > room:
            say(f"{corpus.name}: skipped, {room // MIB} MiB of free space are not enough")
            continue
        yield corpus


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    processors = len(os.sched_getaffinity(0))
    return f"{platform.system()} {platform.release()} {platform.machine()}, {processors} processors, {memory:.0f} GB"


def results(bench: Bench, pages: Sequence[parsing.Parsed], command: str) -> str:
    """The text of RESULTS.md, made by ``command``."""
    programs = [program for program in (*PROGRAMS, *VARIANTS) if program.name in {name for _, name in bench.figures}]
    versions = ", ".join(f"{program.name} {program.versions()}" for program in programs if program not in VARIANTS)
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    notes = "; ".join(f"{program.name}: {program.note}" for program in programs if program.note)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    walls = tables.render_walls(bench.figures, programs)
    return f"""\
# Results

Made by `{command}` ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC): medians of interleaved rounds; the ratio is the median of
those of the rounds.
{machine()}; Python {platform.python_version()}; {libraries}.
{versions}.
{notes}.
nginx on 127.0.0.1 serves from, and every program writes to, {"memory" if on_tmpfs(bench) else "the disk"}.
A mirror is compared with its source byte by byte in the first round, by names and sizes in the others. "again" is a
second run over the same mirror, in which nothing has changed. crawler keeps all its promises in them: each file is
checked for its length, hashed, flushed before it gets its name, and recorded. Peak memory is reported by the operating
system and is never less than that of the measuring program: {own:.0f} MB.

{tables.render_corpora(bench.figures)}

## Seconds

{walls}

## Reading a listing page, without network and files

{tables.render_parsing(pages)}

## In detail

{tables.render_details(bench.figures)}
"""


def on_tmpfs(bench: Bench) -> bool:
    return bench.scratch.is_relative_to("/dev/shm")


@contextmanager
def workplace() -> Iterator[Path]:
    scratch = scratch_directory()
    try:
        (scratch / "www").mkdir()
        yield scratch
    finally:
        shutil.rmtree(scratch)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))  # so that the server ends, and files go
    options = arguments()
    rounds = options.rounds or (1 if options.quick else 3)
    costs, pages = figures.read(options.figures)
    programs = chosen_programs(options)
    with workplace() as scratch, running_nginx(scratch / "www", scratch) as server:
        bench = Bench(server, scratch, programs, rounds, costs)
        for corpus in chosen_works(options, shutil.disk_usage(scratch).free):
            bench.measure(corpus)
    if not options.only or PAGES in options.only:
        say("reading listings")
        sizes = (10_000,) if options.quick else (10_000, 100_000)
        pages = [parsing.measure(shape, rows) for shape in ("nginx", "themed") for rows in sizes]
    if options.figures is not None:
        figures.write(options.figures, costs, pages)
    is_partial = options.quick or options.only or options.program
    text = results(bench, pages, "make bench ARGS='--figures FILE --only …'" if options.figures else "make bench")
    sys.stdout.write(text)
    if options.write or (options.write is None and not is_partial):  # RESULTS.md is about all works
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
