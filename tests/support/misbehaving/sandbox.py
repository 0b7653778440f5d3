"""DIR between canaries, and the program run as a subprocess with a time limit.

    base/inside/mirror/   DIR
    base/inside/canary    must not change; others are in ``outside``, ``home`` and ``base`` itself
    base/home, base/tmp   HOME and TMPDIR of the program; must not change

Whatever a server sends, everything outside DIR must be unchanged after a test, byte for byte.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import warm_start
from tests.support.memory import peak
from tests.support.starvation import Stopwatch

from . import tools
from .tools import Options

STATE = ".crawler"
BAD_SIGNS = (
    "Traceback (most recent call last)",
    "Exception ignored",
    "was never retrieved",
    "was never awaited",
    "Task was destroyed",
    "Unclosed ",
    "ExceptionGroup",
)
PATIENCE = float(os.environ.get("FAULTS_PATIENCE", "100"))
"""Seconds after which a run counts as hanging, by a Stopwatch: several times the longest test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one run ended."""

    argv: Sequence[str]
    code: int
    """Exit status; negative: killed by that signal."""
    output: str
    errors: str
    seconds: float
    peak: int
    """Largest resident size of the process in bytes, as last sampled."""
    ended: bool = True
    """False if it was killed after the time limit."""

    @property
    def text(self) -> str:
        return self.output + self.errors

    def succeeds(self) -> None:
        assert self.ended, f"hung: {self}"
        assert self.code == 0, f"exit {self.code}, wanted 0: {self}"

    def fails(self, *codes: int) -> None:
        """Assert that it exited by itself with one of these codes; for a peer, with any code but 0."""
        assert self.ended, f"hung: {self}"
        wanted = codes if tools.NAME == "crawler" else range(1, 126)
        assert self.code in wanted, f"exit {self.code}, wanted one of {codes}: {self}"

    def ends(self, *codes: int) -> None:
        """Assert that it exited by itself with one of these codes; for a peer, with any code."""
        assert self.ended, f"hung: {self}"
        wanted = codes if tools.NAME == "crawler" else range(126)
        assert self.code in wanted, f"exit {self.code}, wanted one of {codes}: {self}"

    def says(self, *texts: str) -> None:
        """Assert that the output contains these texts, ignoring case. Peers may use other words."""
        silent = [text for text in texts if text.lower() not in self.text.lower()]
        assert tools.NAME != "crawler" or not silent, f"{silent} not in the output of {self}"

    def __str__(self) -> str:
        return f"{' '.join(self.argv)}\n({self.seconds:.1f} s)\n{self.output[-3000:]}\n---\n{self.errors[-3000:]}"


class Program:
    """A run in progress."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], logs: Path, stdin: int | None = None) -> None:
        self.argv = argv
        self.started = time.monotonic()
        logs.mkdir(parents=True, exist_ok=True)
        number = len(list(logs.iterdir()))
        self._out, self._err = logs / f"{number}.out", logs / f"{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err, open(os.devnull, "rb") as null:
            self.process = warm_start.start(
                argv,
                env=env,
                cwd=logs,
                stdin=null.fileno() if stdin is None else stdin,
                stdout=out.fileno(),
                stderr=err.fileno(),
            )
        self._watch = Stopwatch(self.process.pid)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    @property
    def is_running(self) -> bool:
        """Whether the program is still running."""
        return self.process.poll() is None

    def finish(self, patience: float = PATIENCE) -> Run:
        """Wait for the end; kill it after ``patience`` seconds."""
        deadline = self._watch.now() + patience
        code, ended, most = self.process.poll(), True, 0
        while code is None:
            # Not from wait4, whose maximum includes what this process had resident when it forked.
            most = max(most, peak(self.process.pid))
            if self._watch.now() > deadline and ended:
                ended = False
                self.process.kill()
            with suppress(subprocess.TimeoutExpired):
                code = self.process.wait(0.03)
        return Run(
            argv=self.argv,
            code=code,
            output=self._out.read_text("utf-8", "backslashreplace"),
            errors=self._err.read_text("utf-8", "backslashreplace"),
            seconds=time.monotonic() - self.started,
            peak=most,
            ended=ended,
        )


@dataclass(slots=True)
class Sandbox:
    """DIR between canaries (see the module).

    ``directory`` is DIR, which does not exist until the program creates it.
    """

    base: Path
    runs: list[Run] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    _before: dict[str, tuple[object, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for directory in ("inside", "outside", "home", "tmp"):
            (self.base / directory).mkdir(parents=True)
            (self.base / directory / "canary").write_bytes(f"canary in {directory}\n".encode())
        (self.base / "canary").write_bytes(b"canary\n")
        (self.base / "outside" / "victim").write_bytes(b"a file that is none of the mirror's business\n")
        keep = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START", "FAULTS_INTO")
        self.env = {name: os.environ[name] for name in keep if name in os.environ}
        self.env |= {"HOME": str(self.home), "TMPDIR": str(self.base / "tmp"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self.remember()

    @property
    def directory(self) -> Path:
        return self.base / "inside" / "mirror"

    @property
    def outside(self) -> Path:
        return self.base / "outside"

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def reports(self) -> Path:
        """A directory for logs and summaries of the program."""
        directory = self.base.parent / f"{self.base.name}-reports"
        directory.mkdir(exist_ok=True)
        return directory

    def remember(self) -> None:
        """Record everything outside DIR, to be compared at the end."""
        self._before = self._snapshot()

    # --- running

    def start(self, url: str, *, env: Mapping[str, str] | None = None, **options: object) -> Program:
        """Start mirroring ``url`` into DIR; keywords are those of Options."""
        return self.start_raw(self.command(url, **options), env=env)

    def command(self, url: str, **options: object) -> list[str]:
        """The command line that ``start`` would run."""
        return tools.argv(Options(**options), url, str(self.directory))  # type: ignore[arg-type]

    def start_raw(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> Program:
        logs = self.base.parent / f"{self.base.name}-logs"
        return Program(argv, self.env | dict(env or {}), logs)

    def mirror(
        self, url: str, *, env: Mapping[str, str] | None = None, patience: float = PATIENCE, **options: object
    ) -> Run:
        """Mirror ``url`` into DIR and wait for the end."""
        return self.note(self.start(url, env=env, **options).finish(patience))

    def note(self, run: Run) -> Run:
        """Record a run for the checks at the end of the test."""
        self.runs.append(run)
        return run

    # --- results

    def tree(self) -> dict[str, bytes]:
        """Regular files in DIR except the program's own: path → bytes."""
        found: dict[str, bytes] = {}
        for directory, directories, names in os.walk(os.fsencode(self.directory)):
            if directory == os.fsencode(self.directory) and STATE.encode() in directories:
                directories.remove(STATE.encode())
            for name in names:
                path = os.path.join(directory, name)
                if stat.S_ISREG(os.lstat(path).st_mode) and not tools.is_own(name):
                    with open(path, "rb") as file:
                        found[os.fsdecode(os.path.relpath(path, os.fsencode(self.directory)))] = file.read()
        return found

    def holds(self, wanted: Mapping[str, bytes]) -> None:
        """Assert that DIR holds exactly these files."""
        there = self.tree()
        assert sorted(there) == sorted(wanted)
        for path, data in wanted.items():
            assert there[path] == data, f"{path}: {len(there[path])} bytes differ from the {len(data)} wanted"

    def holds_only_whole(self, *versions: Mapping[str, bytes]) -> None:
        """Assert that every file in DIR equals one of its versions."""
        for path, data in self.tree().items():
            wanted = [each[path] for each in versions if path in each]
            assert data in wanted, f"{path}: {len(data)} bytes are none of its {len(wanted)} versions"

    def parts(self) -> list[str]:
        """Paths of incomplete downloads in the program's own directory."""
        directory = self.directory / STATE / "parts"
        return sorted(str(path) for path in directory.rglob("*") if path.is_file()) if directory.exists() else []

    def largest_part(self) -> int:
        """Size of the largest incomplete download in bytes, while the program may rename or remove any of them."""
        sizes = [0]
        for part in self.parts():
            with suppress(FileNotFoundError):
                sizes.append(os.path.getsize(part))
        return max(sizes)

    def inodes(self) -> dict[str, tuple[int, int]]:
        """(inode, mtime in nanoseconds) of every file in DIR."""
        state = {path: os.lstat(self.directory / path) for path in self.tree()}
        return {path: (info.st_ino, info.st_mtime_ns) for path, info in state.items()}

    # --- at the end of every case

    def check(self) -> None:
        """Assert that nothing outside DIR changed, and that no run hung, died of a signal or printed a traceback."""
        assert self._snapshot() == self._before, "something outside DIR was created, changed or deleted"
        for run in self.runs:
            assert run.ended, f"hung: {run}"
            assert run.code >= 0, f"died of signal {-run.code}: {run}"
            signs = [sign for sign in BAD_SIGNS if sign in run.text]
            assert tools.NAME != "crawler" or not signs, f"{signs} in the output of {run}"

    def _snapshot(self) -> dict[str, tuple[object, ...]]:
        return {str(path): _fingerprint(path) for path in self._outside()}

    def _outside(self) -> Iterable[Path]:
        for directory, directories, names in os.walk(self.base):
            here = Path(directory)
            with contextlib.suppress(ValueError):
                if here == self.directory.parent:
                    directories.remove(self.directory.name)
            if tools.NAME != "crawler" and {self.home, self.base / "tmp"} & {here, *here.parents}:
                names = [name for name in names if name == "canary"]  # peers keep caches and locks there
                directories.clear()
            # a directory's own mtime changes with its entries: the entries themselves are compared
            yield from (here / name for name in (*directories, *names) if here / name != self.directory)


def _fingerprint(path: Path) -> tuple[object, ...]:
    info = path.lstat()
    if stat.S_ISLNK(info.st_mode):
        return ("link", os.readlink(path))
    if stat.S_ISREG(info.st_mode):
        return ("file", info.st_mode, info.st_ino, info.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
    return ("other", info.st_mode)
