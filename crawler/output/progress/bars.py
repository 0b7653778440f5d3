"""The progress display on a terminal: a line of totals, and below it the transfers in flight."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.control import Control
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import ControlType, Segment
from rich.style import Style
from rich.text import Text

from crawler.output.progress.counters import Clock
from crawler.output.progress.display import Display
from crawler.output.progress.totals_line import render_bytes, render_parts
from crawler.output.progress.transfers import TransferProgress
from crawler.text.units import render_size

SETTLED = 1.0
"""Seconds that a transfer must last before it is shown, so that small files do not flicker."""
BAR = (8, 30)
"""Minimum and maximum width of the bar, in columns."""
FIGURES = 36
"""Width in columns of the figures beside a name."""
_LEAST_FIRST = ("bar", "elapsed", "percent", "eta", "rate", "bytes", "mirrors", "failed")
"""Parts to drop on a narrow terminal, first to last; the bar leaves its percentage."""
_STYLES = {
    "files": Style(bold=True),
    "eta": Style(color="cyan"),
    "failed": Style(color="red", bold=True),
    "figures": Style(dim=True),
    "waiting": Style(color="yellow"),
}


class Bars(Display):
    """Totals and transfers, drawn five times a second below all other output, and erased at the end.

    While it is entered, lines for the terminal must go through ``write``.
    """

    interval = 0.2

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic, *, console: Console | None = None) -> None:
        super().__init__(stream, clock)
        self._console = console or Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(
            self,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._lines: deque[str] = deque()
        self._drawn: list[int] = []
        self._drawn_for = 0

    def __enter__(self) -> Self:
        self._live.start()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        with suppress(OSError):  # the terminal is gone
            self._print_lines()
            self._live.stop()

    def write(self, line: str) -> None:
        if self._live.is_started:
            self._lines.append(line)
        else:
            super().write(line)

    def tick(self) -> None:
        self._clear_rewrapped_lines()
        if not self._print_lines():
            self._live.refresh()
        # A terminal prints ^C at the cursor. At the end of a full line it would wrap and shift the frame.
        self._console.control(Control(ControlType.CARRIAGE_RETURN))

    def _clear_rewrapped_lines(self) -> None:
        """Erase lines of the last frame that wrapped when the window became narrower, which rich does not do."""
        width = self._console.size.width
        if width < self._drawn_for:
            rows = sum(-(-cells // width) - 1 for cells in self._drawn)
            self._console.control(
                Control(*((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)) * rows),
            )

    def _print_lines(self) -> bool:
        """Print the lines written since the last call above the display, and redraw it. Returns False if none."""
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._console.print(Text("\n".join(lines)), soft_wrap=True)
        return bool(lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One frame, built from segments: several times faster than rich's tables."""
        now, width = self._clock(), options.max_width - 1  # some terminals wrap after the last column
        lines = [self._totals_line(now, width, console)]
        if (waiting := self.waiting(now)) and options.size.height > 2:
            lines.append([Segment(f"  {cut(waiting, width - 2, self.ellipsis)}", _STYLES["waiting"])])
        transfers = self.transfers(now, older_than=SETTLED)
        room = max(0, options.size.height - 1 - len(lines))
        shown = transfers if len(transfers) <= room else transfers[: max(0, room - 1)]
        lines += [self._transfer_segments(transfer, now, width) for transfer in shown]
        if room and len(shown) < len(transfers):
            lines.append([Segment(f"  {self.ellipsis} and {len(transfers) - len(shown):,} more", _STYLES["figures"])])
        self._drawn, self._drawn_for = [Segment.get_line_length(line) for line in lines], options.size.width
        for number, line in enumerate(lines):
            if number:
                yield Segment.line()
            yield from line

    def _totals_line(self, now: float, width: int, console: Console) -> list[Segment]:
        totals = self.totals(now)
        parts = render_parts(totals, at_least=self.at_least, ellipsis=self.ellipsis)
        fraction = totals.fraction
        percent = "" if fraction is None else f"{int(fraction * 100)}%"
        if percent:
            parts = {"bar": f"{'':{BAR[0]}} {percent:>4}", **parts}
        for name in _LEAST_FIRST:
            if _line_length(parts) > width and parts.pop(name, "") and name == "bar":
                parts = {"percent": percent, **parts}
        line: list[Segment] = []
        for name, text in parts.items():
            if line:
                line.append(Segment("  "))
            if name == "bar":
                line += _bar(fraction or 0.0, min(BAR[1], BAR[0] + width - _line_length(parts)), console)
                text = text[BAR[0] :]
            line.append(Segment(text, _STYLES.get(name)))
        return line

    def _transfer_segments(self, transfer: TransferProgress, now: float, width: int) -> list[Segment]:
        rate = f"{render_size(transfer.rate(now))}/s"
        if transfer.expected:
            part = min(1.0, transfer.arrived / transfer.expected)
            size, percent = (
                render_bytes(min(transfer.arrived, transfer.expected), transfer.expected),
                f"{int(part * 100)}%",
            )
        else:
            size, percent = render_size(transfer.arrived), ""
        name = self.shown(transfer.path)
        if width < FIGURES + 12:
            return [Segment(f"  {fit(name, width - 2, self.ellipsis)}")]
        figures = Segment(f"{size:>18}{percent:>5}{rate:>13}", _STYLES["figures"])
        return [Segment(f"  {fit(name, width - FIGURES - 2, self.ellipsis)}"), figures]


def _line_length(parts: dict[str, str]) -> int:
    return sum(map(len, parts.values())) + 2 * (len(parts) - 1)


def _bar(fraction: float, width: int, console: Console) -> list[Segment]:
    bar = list(console.render(ProgressBar(total=1.0, completed=fraction, width=width)))
    missing = width - Segment.get_line_length(bar)  # without colours rich draws no empty part
    return [*bar, Segment(" " * missing)]


def cut(text: str, width: int, ellipsis: str) -> str:
    """``text`` in at most ``width`` terminal columns; the beginning is kept."""
    return text if cell_len(text) <= width else set_cell_size(text, width - len(ellipsis)) + ellipsis


def fit(text: str, width: int, ellipsis: str) -> str:
    """``text`` in exactly ``width`` terminal columns; of a long path the end with the name is kept."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    tail = set_cell_size(text[::-1], width - len(ellipsis))[::-1]
    return ellipsis + tail
