"""The command line: parses arguments, dispatches to a mode, and returns the exit code."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from crawler.cli.arguments.declared import MODE_KEYS, ONCE, RULE_SIGNS, RULES
from crawler.cli.arguments.exact import read_exact
from crawler.cli.dispatch import dispatch
from crawler.cli.invocation import Invocation, WrongUsageError
from crawler.cli.printing import flush, print_error, print_line, print_problem, print_result
from crawler.cli.signals import QueryInterrupted
from crawler.model.config import Config, parse_options
from crawler.model.errors import ConfigError
from crawler.model.exit_codes import ExitCode
from crawler.model.options.option import COMMAND_LINE
from crawler.model.options.rules import parse_rule
from crawler.text.advice.scarcity import lacking

_COMPLETION = "_CRAWLER_COMPLETE"
"""The environment variable by which a shell requests completions from click; then there are no arguments."""


def run(args: Sequence[str]) -> int:
    """Run the program with ``args`` and return its exit code. Never raises."""
    if not args and _COMPLETION not in os.environ:
        from crawler.cli.help.texts import DEFAULT_DIR, SYNOPSIS

        print_line(f"Usage:\n{SYNOPSIS}\n\n{DEFAULT_DIR}\ncrawler --help explains all options.")
        return ExitCode.CONFIG
    verbose = any(arg == "--verbose" or (arg.startswith("-v") and set(arg[1:]) == {"v"}) for arg in args)
    call: Invocation | str = ""
    try:
        call = _parse(args)
        code = dispatch(call) if isinstance(call, Invocation) else print_result(call)
    except WrongUsageError as error:
        code = ExitCode.CONFIG
        for text in error.args:
            print_error(text, code)
    except QueryInterrupted as stopped:
        code = stopped.code
    except KeyboardInterrupt:
        code = ExitCode.SIGINT
    except Exception as error:  # noqa: BLE001 - a user gets one line, not a traceback
        code = print_problem(error, verbose=verbose)
        if isinstance(call, Invocation) and (call.given or call.config_file):
            code = _told(call, error, code)
    flush()
    return code


def _told(call: Invocation, error: Exception, code: int) -> int:
    """Run the commands of ``call``, which ``error`` has ended. Returns the exit code. Never raises."""
    try:
        from crawler.cli.early_ends import told

        return told(call, error, code)
    except Exception as problem:  # noqa: BLE001 - as above
        if (lack := lacking(problem)) is not None and lack == lacking(error):
            return code  # it has been reported
        return print_problem(problem, verbose=False)


def _parse(args: Sequence[str]) -> Invocation | str:
    """The parsed command line, or the text of --help, --version or a completion.

    Raises WrongUsageError, ConfigError.
    """
    values = read_exact(args) if _COMPLETION not in os.environ else None
    if values is not None:
        return _invocation(**values)
    if _COMPLETION in os.environ:
        from crawler.cli.arguments.completion import register

        register()
    from crawler.cli.arguments.with_click import read_with_click

    found = read_with_click(args)
    return found if isinstance(found, str) else _invocation(**found)


def _invocation(*, positional: Sequence[str], **options: Any) -> Invocation:
    _refuse_swallowed(options)
    fields = {name: options.pop(name) for name in MODE_KEYS}
    fields |= {key: _only_one(option, fields[key]) for key, option in ONCE.items()}
    given: dict[str, object] = {key: value for key, value in options.items() if value not in (None, ())}
    signed = given.pop(RULES, ())
    if signed:
        assert isinstance(signed, tuple)
        given["rules"] = tuple(
            parse_rule(text[1:], include=text[0] == "+", where="--include" if text[0] == "+" else "--exclude")
            for text in signed
        )
    return Invocation(
        config=_config_of(given, fields["config_file"]), positional=tuple(positional), given=given, **fields
    )


def _only_one(option: str, values: Sequence[str]) -> str | None:
    """The value of ``option``, None if it is not given. Raises ConfigError if there are several."""
    if len(values) > 1:
        from crawler.cli.help.mistakes import repeated

        raise ConfigError(repeated(option, values))
    return values[0] if values else None


def _refuse_swallowed(options: Mapping[str, Any]) -> None:
    """Raise ConfigError for an option that took another option as its value."""
    signed = options.get(RULES) or ()
    rules = {name[2:]: tuple(text[1:] for text in signed if text[0] == sign) for name, sign in RULE_SIGNS.items()}
    values = {**options, **rules, RULES: ()}
    texts = (text for value in values.values() for text in (value if isinstance(value, tuple) else (value,)))
    if any(isinstance(text, str) and text[:1] == "-" for text in texts):
        from crawler.cli.arguments.with_click import visible_options
        from crawler.cli.help.mistakes import swallowed_option

        if problem := swallowed_option(values, visible_options()):
            raise ConfigError(problem)


def _config_of(given: Mapping[str, object], config_file: str | None) -> Config:
    """The options of the command line; with a config file they override those of each mirror later."""
    if config_file is None:
        return Config.from_mapping(given, where=COMMAND_LINE)
    parse_options(given, COMMAND_LINE)
    return Config()
