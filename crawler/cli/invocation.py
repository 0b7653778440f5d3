"""The parsed command line, as the other modules of ``cli`` use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crawler.model.config import Config
from crawler.model.struct import Value

if TYPE_CHECKING:
    from crawler.app.first_request.early import EarlyStart


class WrongUsageError(Exception):
    """The words of a command line cannot be read. ``args`` are the messages, one for each mistake."""


class Invocation(Value, frozen=True, kw_only=True):
    """A parsed command line."""

    config: Config
    positional: tuple[str, ...]
    input_file: str | None
    list_only: bool
    history: bool
    verify: bool
    repair: bool
    explain: str | None
    rollback: str | None
    list_snapshots: bool
    config_file: str | None
    status: str | None
    status_public: bool
    only: tuple[str, ...]
    verbosity: int
    quiet: bool
    given: dict[str, object]
    """The options as given; they override those of a config file."""
    early: EarlyStart | None = None
    """The start of the run, if it began before the event loop was imported."""
    name: str = ""
    """Name of the mirror of a configuration file that this call concerns; "" without such a file."""

    @property
    def say(self) -> Callable[[str], str]:
        """Words a text about options, which is in the notation of the command line, in that of a configuration file.

        Without such a file, texts are unchanged.
        """
        if not self.name and self.config_file is None:
            return str
        from crawler.cli.notation import of_file

        return of_file(self.given)
