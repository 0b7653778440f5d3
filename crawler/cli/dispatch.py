"""Chooses and calls the function that does what a parsed command line asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module

from crawler.cli.invocation import Invocation
from crawler.model.config import option_fields
from crawler.model.errors import ConfigError, Problems
from crawler.model.options.combinations import without_effect
from crawler.model.options.option import option_of
from crawler.model.struct import replace

_MIRROR = ("URL", "DIR")
_ARGUMENTS = {
    "--list": ("URL",), "--input-file": ("DIR",), "--history": ("DIR",), "--verify": ("DIR",),
    "--list-snapshots": ("DIR",), "--rollback": ("DIR",),
}  # fmt: skip
"""Mode → its positional arguments, for modes that take other ones than URL and DIR."""
_MODULES = {
    "--config": ("mirrors.command", "run_config"),
    "--list": ("modes", "run_list"),
    "--history": ("modes", "run_history"),
    "--verify": ("modes", "run_verify"),
    "--explain": ("modes", "run_explain"),
    "--list-snapshots": ("snapshots", "run_list_snapshots"),
    "--rollback": ("snapshots", "run_rollback"),
}
"""Mode → its module and function, for modes that do not fetch the files of one command line."""


def dispatch(call: Invocation) -> int:
    """Do what the command line asks for. Returns the exit code. Raises ConfigError and the errors of the mode."""
    _refuse_dashes(call.positional)
    _refuse_empty(call)
    _refuse_url_as_entry(call)
    mode = _mode(call)
    if call.repair and not call.verify:
        raise ConfigError("--repair requires --verify")
    if mode == "--config":
        if call.positional:
            raise ConfigError("--config takes no URL or DIR: the file names them")
        _refuse_without_effect("--verify" if call.verify else "--history" if call.history else mode, call)
        return _run_of(mode)(call)
    for option, is_given in (("--only", call.only), ("--status", call.status), ("--status-public", call.status_public)):
        if is_given:
            raise ConfigError(f"{option} requires --config")
    if call.config.name_from != "url" and mode != "--input-file":
        raise ConfigError("--name-from header requires --input-file: listed files are named by their listing")
    if len(call.positional) < len(_ARGUMENTS.get(mode, _MIRROR)):
        from crawler.text.advice.arguments import swallowed

        if problem := swallowed(_texts(call)):
            raise ConfigError(problem)
    if len(call.positional) > 1 and "ext" in call.given:
        from crawler.text.advice.arguments import split_list

        if problem := split_list(call.config.ext, call.positional):
            raise ConfigError(problem)
    if mode in {"", "--explain"} and len(call.positional) == 1 and call.positional[0].lower() != "help":
        from crawler.cli.modes import with_default_directory

        call = with_default_directory(call)
    wanted = _ARGUMENTS.get(mode, _MIRROR)
    if len(call.positional) != len(wanted):
        raise ConfigError(_count_problem(wanted, call, mode))
    _refuse_url(wanted, call.positional, mode)
    _refuse_without_effect(mode, call)
    return _run_of(mode)(call) if mode else _mirror(call)


def _mirror(call: Invocation) -> int:
    """Mirror a URL. The first requests are sent while most of the program is imported. Returns the exit code."""
    from crawler.app.first_request.early import early_start

    url, directory = call.positional
    with early_start(url, directory, call.config, call.given) or nullcontext() as early:
        return _run_of("")(replace(call, early=early))


def _count_problem(wanted: Sequence[str], call: Invocation, mode: str) -> str:
    """Why the positional arguments do not fit those ``wanted``, in one line."""
    from crawler.cli.help.mistakes import value_before_url
    from crawler.text.advice.arguments import count_problem

    flags = [f"--{key.replace('_', '-')}" for key, value in call.given.items() if value is True]
    word = call.positional[0] if len(call.positional) > len(wanted) else ""
    return value_before_url(flags, word) or count_problem(tuple(wanted), call.positional, mode)


def _refuse_url(wanted: Sequence[str], positional: Sequence[str], mode: str) -> None:
    """Raise ConfigError if DIR, the last of ``positional`` if ``wanted``, is a URL of the web."""
    if wanted[-1] != "DIR" or "://" not in positional[-1]:
        return
    from crawler.text.advice.arguments import url_as_directory

    if problem := url_as_directory(positional[-1], mode, positional[0] if len(positional) > 1 else ""):
        raise ConfigError(problem)


def _texts(call: Invocation) -> dict[str, object]:
    """The values given on the command line, by the name of their option, but for those that are URLs."""
    known = option_fields()
    texts = {
        key: value for key, value in call.given.items() if key != "rules" and option_of(known[key]).metavar != "URL"
    }
    for key, include in (("include", True), ("exclude", False)):
        texts[key] = tuple(rule.pattern for rule in call.config.rules if rule.include == include)
    return texts


def _refuse_dashes(positional: Sequence[str]) -> None:
    """Raise ConfigError for an option that is none because it begins with a typographic dash."""
    if all(text.isascii() for text in positional):
        return
    from crawler.cli.help.mistakes import typographic_dash

    if problem := typographic_dash(positional):
        raise ConfigError(problem)


def _refuse_empty(call: Invocation) -> None:
    """Raise ConfigError for an empty path or name, which an unset variable of a script causes."""
    paths = {"--config": call.config_file, "--input-file": call.input_file, "--status": call.status}
    entries = {"--explain": call.explain}
    names = {"--only": "" if "" in call.only else None, "--rollback": call.rollback}
    for kind, values in (("path", paths), ("name", names), ("URL or path", entries)):
        for option, value in values.items():
            if value == "":
                raise ConfigError(f"{option}: expected a {kind}, not an empty text: is a variable unset?")


def _refuse_url_as_entry(call: Invocation) -> None:
    """Raise ConfigError if --explain took URL as its ENTRY."""
    if call.explain is None:
        return
    from crawler.text.advice.arguments import entry_as_url

    if problem := entry_as_url(call.explain, call.positional):
        raise ConfigError(problem)


def _refuse_without_effect(mode: str, call: Invocation) -> None:
    """Raise ConfigError for options of the command line that would silently have no effect.

    The mirrors of a --config file may have others that these need.
    """
    problems = Problems()
    problems.add(without_effect(mode, call.given, has_file=call.config_file is not None))
    if call.quiet and call.verbosity:
        problems.add(["--quiet and --verbose contradict each other: give one of them"])
    if call.quiet and call.given.get("progress", "none") != "none":
        problems.add(["--progress has no effect beside --quiet: it shows nothing"])
    if call.given.get("lock") == "none" and "lock_wait" in call.given and _is_local(call.positional):
        problems.add(["--lock-wait has no effect beside --lock none: there is no lock to wait for"])
    problems.raise_any()


def _is_local(positional: Sequence[str]) -> bool:
    """Whether DIR is given, and is no location in an object store."""
    from crawler.text.arguments import is_object_url  # imported only if needed

    return bool(positional) and not is_object_url(positional[-1])


def _run_of(mode: str) -> Callable[[Invocation], int]:
    """The function of ``mode``. Imported only here, because --version, --help and wrong options need no event loop."""
    if mode in _MODULES:
        module, function = _MODULES[mode]
        run: Callable[[Invocation], int] = getattr(import_module(f"crawler.cli.{module}"), function)
        return run
    from crawler.cli.runner import run_one

    return run_one


def _mode(call: Invocation) -> str:
    """The option that selects the mode; "" for mirroring one URL. Raises ConfigError if there are two."""
    given = {
        "--list": call.list_only,
        "--input-file": call.input_file is not None,
        "--config": call.config_file is not None,
        "--verify": call.verify,
        "--explain": call.explain is not None,
        "--history": call.history,
        "--list-snapshots": call.list_snapshots,
        "--rollback": call.rollback is not None,
    }
    modes = [mode for mode, is_given in given.items() if is_given]
    if len(modes) == 2 and "--config" in modes and (call.verify or call.history):
        return "--config"  # these modes apply to each mirror of the file
    if len(modes) > 1:
        raise ConfigError(f"{' and '.join(modes)} cannot be combined")
    return modes[0] if modes else ""
