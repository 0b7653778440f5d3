"""Progress displays: observers that show a run while it lasts. rich is imported only for bars."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TextIO

from crawler.model.observer import Observer, is_overridden
from crawler.output.progress.silent import SilentDisplay


def choose_display(mode: str, stream: TextIO) -> SilentDisplay:
    """The display for ``--progress`` on ``stream``: a context manager and Observer with a ``write`` method for lines.

    ``auto`` means ``bars`` on a terminal that can move its cursor, else ``none``; ``bars`` on any other stream means
    ``plain``.
    """
    capable = stream.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", "unknown", ""}
    if mode == "auto":
        mode = "bars" if capable else "none"
    if mode == "bars" and capable:
        from crawler.output.progress.bars import Bars

        return Bars(stream)
    if mode == "none":
        return SilentDisplay(stream)
    from crawler.output.progress.plain import Plain

    return Plain(stream)


EVENTS: dict[str, tuple[str, ...]] = {
    "listing_read": (),
    "listing_failed": (),
    "rejected": (),
    "listed": (),
    "walked": (),
    "started": (),
    "received": (),
    "resumed": (),
    "finished": (),
    "all_listed": ("listed",),
    "all_started": ("started",),
    "all_received": ("received",),
    "all_saved": ("finished",),
    "all_unchanged": ("listed", "finished"),
    "count_unchanged": ("listed", "finished", "all_unchanged"),
}
"""Event → the others that an observer receives instead if it does not override its method."""


class Fanout(Observer):
    """Several observers as one, called in order. An event reaches only observers that are interested in it."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        for event, others in EVENTS.items():
            concerned = [each for each in observers if any(is_overridden(each, name) for name in (event, *others))]
            if concerned or others:  # otherwise it has no effect, as in any observer
                setattr(self, event, _in_turn([getattr(each, event) for each in concerned]))
            if event == "count_unchanged":
                self._counting = concerned

    def counts_unchanged(self) -> bool:
        return all(each.counts_unchanged() for each in self._counting)


def _in_turn(calls: Sequence[Callable[..., None]]) -> Callable[..., None]:
    def notify(*values: object, **more: object) -> None:
        for call in calls:
            call(*values, **more)

    return calls[0] if len(calls) == 1 else notify
