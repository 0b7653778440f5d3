"""The options of the command line: those of ``Config``, and those that choose a mode or how much is printed."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.model.config import option_fields
from crawler.model.options.option import default_of, option_of
from crawler.model.struct import Value

MODES = "Other modes"
"""Group of the options that are not in ``Config``."""
VERBOSITY = "verbosity"
"""Key of the option that is counted."""
RULES = "rule"
"""Key of the filter rules, which keep their order; each value is a sign and the pattern."""
RULE_SIGNS = {"--include": "+", "--exclude": "-"}
"""Option of a filter rule → its sign."""


class Declared(Value, frozen=True, kw_only=True):
    """An option as it is written on the command line."""

    key: str
    spellings: tuple[str, ...]
    group: str
    """Heading in ``--help``."""
    help: str
    metavar: str | None = None
    """Placeholder of the value; None for a flag."""
    multiple: bool = False
    """Whether the option can be repeated."""
    once: bool = False
    """Whether a repetition is refused; otherwise the last value of an option that is not ``multiple`` counts."""
    negative: str | None = None
    """The flag that switches the option off, if any."""

    @property
    def has_tuple(self) -> bool:
        """Whether the readers collect all values in a tuple."""
        return self.multiple or self.once

    @property
    def default(self) -> object:
        """The value if the option is not given."""
        if self.key == VERBOSITY:
            return 0
        if self.has_tuple:
            return ()
        return False if self.metavar is None and self.group == MODES else None


def declared_options() -> Iterator[Declared]:
    """All options, in the order of the help page."""
    yield from _MODE_OPTIONS
    for key, item in option_fields().items():
        option = option_of(item)
        flag = _flag(key)
        default = default_of(item)
        shown = option.shown if option.shown is not None else _shown(default)
        yield Declared(
            key=key,
            spellings=(option.short, flag) if option.short else (flag,),
            group=option.group,
            help=f"{option.help} [{shown}]" if shown else option.help,
            metavar=option.metavar,
            multiple=option.multiple,
            negative=_flag(option.negative) if option.negative else None,
        )
        if key == "ext":
            spellings = tuple(RULE_SIGNS)
            yield Declared(key=RULES, spellings=spellings, group=option.group, help="", metavar="GLOB", multiple=True)


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def _shown(default: object) -> str:
    """A default value as --help shows it; "" for options that are off."""
    if default is None or default is False or default == () or default == "":
        return ""
    if default is True:
        return "on"
    if isinstance(default, float):
        return f"{default:g} s" if default else "0 s"
    return str(default)


def _mode(*spellings: str, help: str, key: str = "", metavar: str | None = None, multiple: bool = False) -> Declared:
    key = key or spellings[-1].removeprefix("--").replace("-", "_")
    once = metavar is not None and not multiple  # each value stands for a whole run
    return Declared(key=key, spellings=spellings, group=MODES, help=help, metavar=metavar, multiple=multiple, once=once)


_MODE_OPTIONS = (
    _mode("--input-file", metavar="FILE", help="read the URLs from FILE; - is standard input"),
    _mode("--list", key="list_only", help="print the entries of URL with size and time"),
    _mode("--verify", help="re-hash the files in DIR against the state; no network"),
    _mode("--repair", help="with --verify: fetch again the files that differ"),
    _mode("--explain", metavar="ENTRY", help="explain what would be done with URL ENTRY, and why"),
    _mode("--history", help="print the last runs on DIR"),
    _mode("--list-snapshots", help="print the snapshots of DIR"),
    _mode("--rollback", metavar="NAME", help="make snapshot NAME of DIR current again"),
    _mode("--config", key="config_file", metavar="FILE", help="run the mirrors of this TOML file"),
    _mode("--only", metavar="NAME", multiple=True, help="with --config: run only this mirror"),
    _mode("--status", metavar="FILE", help="with --config: write an HTML page about all mirrors"),
    _mode("--status-public", help="without reasons, paths and URLs on that page"),
    _mode("-v", "--verbose", key=VERBOSITY, help="log each decision; twice: everything"),
    _mode("-q", "--quiet", help="print only errors"),
)
MODE_KEYS = tuple(option.key for option in _MODE_OPTIONS)
"""Keys of the options that are fields of Invocation, not of Config."""
ONCE = {option.key: option.spellings[-1] for option in _MODE_OPTIONS if option.once}
"""Key → spelling of the options that may be given only once."""
