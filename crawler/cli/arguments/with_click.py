"""Reads any command line with click: bundled options, help, completion, and what is wrong with a line."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from typing import Any

import click
from click.shell_completion import CompletionItem

from crawler.cli.arguments.declared import MODES, RULE_SIGNS, RULES, VERBOSITY, Declared, declared_options
from crawler.cli.help.texts import DEFAULT_DIR, EXAMPLES, EXIT_CODES, SYNOPSIS
from crawler.cli.invocation import WrongUsageError
from crawler.version import __version__

_MOST = 10
"""Maximum number of unknown options that are named."""


def read_with_click(args: Sequence[str]) -> dict[str, Any] | str:
    """The value of each option and of ``positional`` by key, or the text of --help, --version or a completion.

    Raises WrongUsageError.
    """
    if any(arg[:1] == "-" and arg[1:2].isalpha() and len(arg) > 2 for arg in args):
        from crawler.cli.help.mistakes import one_dash

        if problem := one_dash(args, visible_options()):
            raise WrongUsageError(problem)
    content = io.BytesIO()
    printed = io.TextIOWrapper(content, encoding="utf-8", errors="surrogateescape", newline="")
    try:
        with redirect_stdout(printed), suppress(SystemExit):  # click exits after a completion
            found = command().main(list(args), standalone_mode=False)
            if isinstance(found, dict):
                return found
    except click.NoSuchOption as error:
        raise WrongUsageError(*_unknown_options(error.option_name, args)) from None
    except click.BadOptionUsage as error:
        from crawler.cli.help.mistakes import flag_with_value

        text = flag_with_value(error.option_name, args) or _missing_value(error.option_name)
        raise WrongUsageError(text) from None
    except click.UsageError as error:
        raise WrongUsageError(f"{error.format_message()} (see --help)") from None
    printed.flush()
    return content.getvalue().decode("utf-8", "surrogateescape").removesuffix("\n")


class _Command(click.Command):
    """Groups options in --help, and keeps the order of --include and --exclude on the command line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # during completion the last word may be incomplete
            args = _ordered_rules(args)
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(f"Usage:\n{SYNOPSIS}\n{DEFAULT_DIR}\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                groups.setdefault(getattr(param, "group", MODES), []).append(record)
        for name, records in groups.items():
            with formatter.section(name):
                formatter.write_dl(records, col_max=26)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Units"):
            formatter.write_text(
                "SIZE and RATE take K M G T (powers of 1024); TIME takes s m h d w; AGE also a date; "
                "DAYS is a TIME whose default unit is days."
            )
        with formatter.section("Exit codes"):
            formatter.write_text(EXIT_CODES)
        with formatter.section("Examples"):
            for purpose, command in EXAMPLES:
                formatter.write(f"  {purpose}\n    {command}\n")


class _Option(click.Option):
    def __init__(self, declarations: Sequence[str], group: str, **more: Any) -> None:
        super().__init__(declarations, shell_complete=_complete_value, **more)
        self.group = group


def _complete_value(_ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completions for the value of an option or for URL and DIR, chosen by the metavar."""
    metavar = param.metavar or ""
    if "|" in metavar:
        words = [word for word in metavar.split("|") if word.islower()]
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]
    if metavar in {"FILE", "PATH"}:
        return [CompletionItem(incomplete, type="file")]
    return [CompletionItem(incomplete, type="dir")] if isinstance(param, click.Argument) else []


def _unknown_options(name: str | None, args: Sequence[str]) -> list[str]:
    """The messages for the unknown option ``name`` in ``args``, and for those that are found once it is left out."""
    from crawler.cli.help.mistakes import unknown_option, without_option

    known, found = visible_options(), dict[str, None]()
    while name is not None and len(found) < _MOST:
        found[unknown_option(name, args, known)] = None
        args, before = without_option(name, args), args
        name = _unknown_option(args) if len(args) < len(before) else None
    return list(found)


def _unknown_option(args: Sequence[str]) -> str | None:
    """The first unknown option in ``args``; None if something else comes first."""
    try:
        with redirect_stdout(io.StringIO()):
            command().make_context("crawler", list(args))
    except click.NoSuchOption as error:
        return error.option_name
    except (click.UsageError, click.exceptions.Exit):
        pass
    return None


def _missing_value(name: str) -> str:
    """The message for the option ``name`` at the end of the command line, without its value."""
    each = next(each for each in declared_options() if name in each.spellings)
    long = name if name in RULE_SIGNS else each.spellings[-1]
    return f"{long} takes a value: write {long} {each.metavar} (see --help)"


def _ordered_rules(args: Sequence[str]) -> list[str]:
    """Rewrite --include and --exclude as --rule with a sign, because click keeps the order only within one option."""
    ordered: list[str] = []
    pending = ""
    for position, arg in enumerate(args):
        name, equals, value = arg.partition("=")
        if name == f"--{RULES}" and not pending:  # it is for this module alone
            raise click.NoSuchOption(name)
        if arg == "--" and not pending:
            return ordered + list(args[position:])
        if pending:
            ordered.append(pending + arg)
            pending = ""
        elif name in RULE_SIGNS:
            sign = RULE_SIGNS[name]
            ordered.append(f"--{RULES}")
            if equals:
                ordered.append(sign + value)
            else:
                pending = sign
        else:
            ordered.append(arg)
    if pending:
        raise click.BadOptionUsage("--include" if pending == "+" else "--exclude", "")
    return ordered


def _click_options(option: Declared) -> list[click.Option]:
    """``option`` as click takes it; the options of filter rules become one hidden option, which keeps their order."""
    if option.key == RULES:
        return _rule_options(option.group)
    *short, flag = option.spellings
    names = [*short, f"{flag}/{option.negative}" if option.negative else flag, option.key]
    if option.key == VERBOSITY:
        return [_Option(names, option.group, count=True, help=option.help)]
    if option.metavar is None:
        return [_Option(names, option.group, is_flag=True, default=option.default, help=option.help)]
    more = {"metavar": option.metavar, "multiple": option.has_tuple}
    return [_Option(names, option.group, default=None, help=option.help, **more)]


def _rule_options(group: str) -> list[click.Option]:
    glob = "GLOB or re:REGEX"
    return [
        _Option(["--include", "include"], group, metavar="GLOB", expose_value=False,
                help=f"keep what matches {glob}; the first match decides; with a /, it matches the path below URL"),
        _Option(["--exclude", "exclude"], group, metavar="GLOB", expose_value=False,
                help="skip what matches; a pattern that ends in / keeps directories from being entered"),
        _Option([f"--{RULES}", RULES], group, multiple=True, hidden=True),
    ]  # fmt: skip


def command() -> click.Command:
    """The command with all options; it returns their values by key."""
    version = click.version_option(__version__, prog_name="crawler", message="%(prog)s %(version)s")
    options = [each for option in declared_options() for each in _click_options(option)]
    found = _Command(
        "crawler",
        params=[click.Argument(["positional"], nargs=-1, shell_complete=_complete_value), *options],
        callback=lambda **values: values,
        help="Mirror directory-listing sites: the index pages of Apache, nginx, lighttpd, object stores and others.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 98},
    )
    return version(found)


def visible_options() -> list[str]:
    """All long options that --help shows."""
    options = [param for param in command().params if isinstance(param, click.Option) and not param.hidden]
    return [name for param in options for name in (*param.opts, *param.secondary_opts) if name.startswith("--")]
