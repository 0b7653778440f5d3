"""The observers of a caller: checked when they are given, and kept apart from the run if they raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from traceback import format_exception_only
from typing import Any

from crawler.model.errors import ConfigError
from crawler.model.observer import Observer, is_overridden
from crawler.output.log import LOGGER
from crawler.text.escape import printable

_TOGETHER = {"all_listed", "all_started", "all_received", "all_saved", "counts_unchanged", "count_unchanged"}
"""Methods that are not called on the observers of a caller, who are told of each file."""
_EVENTS = tuple(
    name
    for name, each in vars(Observer).items()
    if callable(each) and not name.startswith("_") and name not in _TOGETHER
)
"""The methods of an observer."""
_LONGEST = 500
"""The length at which the text of an exception is cut."""
_OF_ONE_FILE = {"listed", "finished"}
"""The methods that ``Observer.all_unchanged`` calls for each file."""


class Guarded(Observer):
    """Passes the events of a run to an observer of the caller, until that raises an exception.

    The exception is logged with its traceback and ends neither the run nor the other observers. Afterwards the observer
    is only told of the end of the run, so that it can close what it has opened.
    """

    def __init__(self, observer: Observer) -> None:
        own = {name for name in _EVENTS if is_overridden(observer, name)}
        if own & _OF_ONE_FILE:
            own.add("all_unchanged")
        self._methods: dict[str, Callable[..., object]] = {name: getattr(observer, name) for name in own}
        for name in own:
            setattr(self, name, partial(self._tell, name))
        self._name = type(observer).__name__
        self.problem = ""
        """What went wrong, in one line; "" if nothing did."""

    def _tell(self, event: str, *values: object, **more: object) -> None:
        method = self._methods.get(event)
        if method is None:
            return
        try:
            method(*values, **more)
        except Exception as error:  # noqa: BLE001 - code of the caller, which must not decide what is saved
            self._give_up(event, error)

    def _give_up(self, event: str, error: Exception) -> None:
        text = " ".join("".join(format_exception_only(error)).split())  # also if the text of the exception raises
        problem = f"observer {self._name}: {event} raised {printable(text[:_LONGEST])}"
        self.problem = self.problem or f"{problem}; it receives no more events"
        LOGGER.error("%s", problem, exc_info=error)
        self._methods = {name: each for name, each in self._methods.items() if name == "run_finished" != event}


def guarded(observers: Observer | Iterable[Observer]) -> list[Guarded]:
    """The observers of a call: one, or several. Raises ConfigError for anything that is not an Observer."""
    given: Any = observers
    if isinstance(given, str | bytes | type) or not isinstance(given, Iterable):
        given = [given]
    return [Guarded(_checked(observer)) for observer in given]


def _checked(observer: Any) -> Observer:
    """``observer``, which has all methods of an Observer. Raises ConfigError."""
    if observer is Observer:
        raise ConfigError("observers: Observer is an interface: derive a class from it, and pass an instance of that")
    if isinstance(observer, type):
        raise ConfigError(f"observers: {observer.__name__} is a class: write {observer.__name__}(), an instance")
    missing = [name for name in _EVENTS if not callable(getattr(observer, name, None))]
    kind = type(observer).__name__
    if len(missing) == len(_EVENTS):
        raise ConfigError(f"observers: expected instances of crawler.Observer, not {kind}")
    if missing:
        raise ConfigError(f"observers: {kind} lacks {', '.join(missing)}: derive it from crawler.Observer")
    for name in _EVENTS:
        method = getattr(observer, name)
        if iscoroutinefunction(method) or isasyncgenfunction(method):
            raise ConfigError(f"observers: {kind}.{name} would have to be awaited: write 'def {name}', without async")
        if isgeneratorfunction(method):
            raise ConfigError(f"observers: {kind}.{name} is a generator, whose body never runs: write it without yield")
    checked: Observer = observer
    return checked
