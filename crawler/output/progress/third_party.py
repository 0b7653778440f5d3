"""Observers that show a run with the progress bars of tqdm or rich, which are imported on first use."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from crawler.model.observer import Observer
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Job, Outcome, Result
from crawler.text.units import render_size

if TYPE_CHECKING:
    from rich.progress import Progress


_OF_A_BAR = "n set_postfix_str update refresh close"
_OF_A_DISPLAY = "add_task update live start stop"


class _Counts(Observer):
    """Base class that counts files; ``draw`` must show the counts."""

    def __init__(self) -> None:
        self.files = self.done = self.failed = self.bytes = 0

    @abstractmethod
    def draw(self) -> None:
        """Show the counts."""

    @property
    def figures(self) -> str:
        """Text with what a bar of files does not show: bytes received, and failures."""
        return render_size(self.bytes) + (f", {self.failed:,} failed" if self.failed else "")

    def listed(self, path: str, size: int | None) -> None:
        self.files += 1
        self.draw()

    def received(self, job: Job, count: int) -> None:
        self.bytes += count
        self.draw()

    def finished(self, result: Result) -> None:
        if result.outcome is Outcome.DIRECTORY:  # it was listed as a file
            self.files -= 1
        elif result.outcome is not Outcome.DELETED:
            self.done += 1
        self.failed += result.outcome is Outcome.FAILED
        self.draw()

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self.failed += 1
        self.draw()

    def all_unchanged(self, folder: str, files: Sequence[StoredFile], reason: str) -> None:
        self.files += len(files)
        self.done += len(files)
        self.draw()


class TqdmProgress(_Counts):
    """Shows a run as a bar of tqdm: ``observers=[crawler.TqdmProgress()]``. One for each run.

    ``bar`` is a bar of your own, which goes on from where it is and which you close, or a class of bars; the default is
    that of ``tqdm.auto``, which suits terminals and notebooks. ``options`` are arguments for the class, such as
    ``desc="pub"``. Raises TypeError for anything else, and ImportError if tqdm is not installed.
    """

    def __init__(self, bar: Any = None, **options: Any) -> None:
        super().__init__()
        self._is_own = bar is None or callable(bar)
        if not self._is_own and options:
            raise TypeError(f"bar: this bar exists already: create it with {', '.join(options)}, or pass its class")
        if self._is_own:
            bar = _made(
                _bar_of_tqdm() if bar is None else bar,
                "bar",
                {"unit": " files", "total": 0, "dynamic_ncols": True} | options,
            )
        self._bar = _checked(bar, "bar", "a bar of tqdm, or a class of bars", _OF_A_BAR)
        self._begun = self._bar.n
        self._total = getattr(self._bar, "total", None) or 0

    def draw(self) -> None:
        """Pass the counts to tqdm, which redraws the bar at most ten times a second."""
        self._bar.total = self._total + self.files
        self._bar.set_postfix_str(self.figures, refresh=False)
        self._bar.update(self._begun + self.done - self._bar.n)

    def run_finished(self) -> None:
        """Draw the final counts, and close the bar unless it is the caller's."""
        self._bar.refresh()
        if self._is_own:
            self._bar.close()


def _made(factory: Callable[..., Any], argument: str, options: dict[str, Any]) -> Any:
    """What ``factory`` makes with ``options``. Raises TypeError, which names ``argument``, if it does not take them."""
    try:
        return factory(**options)
    except TypeError as error:
        raise TypeError(f"{argument}: {error}") from error


def _checked(given: Any, argument: str, expected: str, methods: str) -> Any:
    """``given``, which has the ``methods`` that are used. Raises TypeError, which names ``argument``."""
    if isinstance(given, type) or not all(hasattr(given, name) for name in methods.split()):
        kind = given.__name__ if isinstance(given, type) else type(given).__name__
        raise TypeError(f"{argument}: expected {expected}, not {kind}")
    return given


def _bar_of_tqdm() -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("TqdmProgress needs tqdm: pip install tqdm") from error
    return tqdm


class RichProgress(_Counts):
    """Shows a run as a task of rich's progress display: ``observers=[crawler.RichProgress()]``. One for each run.

    ``progress`` is a display of your own that gets the task, and that you start and stop, or a class of displays; its
    columns may use ``{task.fields[figures]}``. ``description`` stands before the bar. Raises TypeError for any other
    ``progress``.
    """

    def __init__(
        self, progress: Progress | Callable[[], Progress] | None = None, *, description: str = "Files"
    ) -> None:
        super().__init__()
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Display

        self._own = progress is None or callable(progress)
        if progress is None:
            progress = Display(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[figures]}"),
                TimeElapsedColumn(),
            )
        made = _made(progress, "progress", {}) if callable(progress) else progress
        self._progress: Progress = _checked(
            made, "progress", "a display of rich, or a class of displays", _OF_A_DISPLAY
        )
        self._task = self._progress.add_task(description, total=None, figures="")
        self._walked = False

    def walked(self) -> None:
        """Note that the total is known from now on."""
        self._walked = True
        self.draw()

    def draw(self) -> None:
        """Pass the counts to rich, which redraws ten times a second."""
        if self._own and not self._progress.live.is_started:
            self._progress.start()
        total = self.files if self._walked else None
        self._progress.update(self._task, completed=self.done, total=total, figures=self.figures)

    def run_finished(self) -> None:
        """Draw the final counts, and stop the display unless it is the caller's."""
        if self._own:
            self._progress.stop()
