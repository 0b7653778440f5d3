"""Progress on a terminal: one line of totals, and the transfers under way below it."""

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

from crawler.output.progress.counters import Clock, Flight, Speed, render_bytes, render_parts
from crawler.output.progress.display import Display
from crawler.text.units import render_size

SETTLED = 0.3
"""Seconds before a transfer is shown: thousands of small files need not flicker by."""
BAR = (8, 30)
"""Least and greatest width of the bar."""
FIGURES = 36
"""Columns of the figures beside a name."""
_LEAST_FIRST = ("bar", "eta", "rate", "bytes", "mirrors", "failed")
"""What is left out first where the terminal is narrow."""
_STYLES = {
    "files": Style(bold=True),
    "eta": Style(color="cyan"),
    "failed": Style(color="red", bold=True),
    "figures": Style(dim=True),
    "waiting": Style(color="yellow"),
}


class Bars(Display):
    """The sums and the transfers, drawn five times a second below whatever else is printed.

    Leaves nothing on the screen. Lines for the terminal go through ``write`` while it is entered.
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
        self._climb_over_broken_lines()
        if not self._print_lines():
            self._live.refresh()

    def _climb_over_broken_lines(self) -> None:
        """In a window that was made narrower each line of the last frame may fill several: rich does not know."""
        width = self._console.size.width
        if width < self._drawn_for:
            rows = sum(-(-cells // width) - 1 for cells in self._drawn)
            self._console.control(
                Control(*((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)) * rows),
            )

    def _print_lines(self) -> bool:
        """Print what has been written since the last time, above the display, which is redrawn by that."""
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._console.print(Text("\n".join(lines)), soft_wrap=True)
        return bool(lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One frame, made of segments: rich's tables would take several times as long."""
        now, width = self._clock(), options.max_width - 1  # the last column makes some terminals wrap
        lines = [self._totals_line(now, width, console)]
        if (waiting := self.waiting(now)) and options.size.height > 2:
            lines.append([Segment(f"  {cut(waiting, width - 2, self.ellipsis)}", _STYLES["waiting"])])
        flights = self.flights(now, older_than=SETTLED)
        room = max(0, options.size.height - 1 - len(lines))
        shown = flights if len(flights) <= room else flights[: max(0, room - 1)]
        lines += [self._flight_line(flight, now, width) for flight in shown]
        if room and len(shown) < len(flights):
            lines.append([Segment(f"  {self.ellipsis} and {len(flights) - len(shown):,} more", _STYLES["figures"])])
        self._drawn, self._drawn_for = [Segment.get_line_length(line) for line in lines], options.size.width
        for number, line in enumerate(lines):
            if number:
                yield Segment.line()
            yield from line

    def _totals_line(self, now: float, width: int, console: Console) -> list[Segment]:
        totals = self.totals(now)
        parts = render_parts(totals, at_least=self.at_least, ellipsis=self.ellipsis)
        fraction = totals.fraction
        if fraction is not None:
            parts = {"bar": f"{'':{BAR[0]}} {int(fraction * 100):3}%", **parts}
        for name in _LEAST_FIRST:
            if _line_length(parts) > width:
                parts.pop(name, None)
        line: list[Segment] = []
        for name, text in parts.items():
            if line:
                line.append(Segment("  "))
            if name == "bar":
                line += _bar(fraction or 0.0, min(BAR[1], BAR[0] + width - _line_length(parts)), console)
                text = text[BAR[0] :]
            line.append(Segment(text, _STYLES.get(name)))
        return line

    def _flight_line(self, flight: Flight, now: float, width: int) -> list[Segment]:
        if flight.speed is None:
            flight.speed = Speed(flight.since)
        rate = f"{render_size(flight.speed.rate(now, flight.received))}/s"
        if flight.expected:
            part = min(1.0, flight.received / flight.expected)
            size, percent = render_bytes(min(flight.received, flight.expected), flight.expected), f"{int(part * 100)}%"
        else:
            size, percent = render_size(flight.received), ""
        name = self.shown(flight.path)
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
    """``text`` in at most ``width`` columns of a terminal; its beginning is kept."""
    return text if cell_len(text) <= width else set_cell_size(text, width - len(ellipsis)) + ellipsis


def fit(text: str, width: int, ellipsis: str) -> str:
    """``text`` in exactly ``width`` columns of a terminal; of a long path the end is kept, where the name is."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    tail = set_cell_size(text[::-1], width - len(ellipsis))[::-1]
    return ellipsis + tail
