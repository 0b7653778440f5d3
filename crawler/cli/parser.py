"""The command line: parses arguments, dispatches to a mode, and returns the exit code."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from typing import Any

import click
from click.shell_completion import CompletionItem

from crawler.cli.dispatch import dispatch
from crawler.cli.help.texts import DEFAULT_DIR, EXAMPLES, EXIT_CODES, SYNOPSIS
from crawler.cli.invocation import Invocation
from crawler.cli.printing import flush, print_error, print_line, print_problem, print_result
from crawler.cli.signals import QueryInterrupted
from crawler.model.config import Config, option_fields, parse_options
from crawler.model.errors import ConfigError
from crawler.model.exit_codes import ExitCode
from crawler.model.options.option import COMMAND_LINE, default_of, option_of
from crawler.model.options.rules import parse_rule
from crawler.version import __version__

_MODES = "Other modes"

_COMPLETION = "_CRAWLER_COMPLETE"
"""The environment variable by which a shell requests completions from click; then there are no arguments."""


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
                groups.setdefault(getattr(param, "group", _MODES), []).append(record)
        for name, records in groups.items():
            with formatter.section(name):
                formatter.write_dl(records, col_max=26)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Units"):
            formatter.write_text("SIZE and RATE take K M G T (powers of 1024); TIME takes s m h d w; AGE also a date.")
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
    if "|" in metavar and metavar.islower():
        return [CompletionItem(word) for word in metavar.split("|") if word.startswith(incomplete)]
    if metavar in {"FILE", "PATH"}:
        return [CompletionItem(incomplete, type="file")]
    return [CompletionItem(incomplete, type="dir")] if isinstance(param, click.Argument) else []


def _ordered_rules(args: Sequence[str]) -> list[str]:
    """Rewrite --include and --exclude as --rule with a sign, because click keeps the order only within one option."""
    ordered: list[str] = []
    pending = ""
    for position, arg in enumerate(args):
        name, equals, value = arg.partition("=")
        if arg == "--" and not pending:
            return ordered + list(args[position:])
        if pending:
            ordered.append(pending + arg)
            pending = ""
        elif name in {"--include", "--exclude"}:
            sign = "+" if name == "--include" else "-"
            ordered.append("--rule")
            if equals:
                ordered.append(sign + value)
            else:
                pending = sign
        else:
            ordered.append(arg)
    if pending:
        raise click.UsageError(f"{'--include' if pending == '+' else '--exclude'} needs a pattern")
    return ordered


def _options() -> list[click.Parameter]:
    options: list[click.Parameter] = []
    for name, item in option_fields().items():
        option = option_of(item)
        flag = "--" + name.replace("_", "-")
        default = default_of(item)
        shown = option.shown if option.shown is not None else _shown(default)
        text = f"{option.help} [{shown}]" if shown else option.help
        if option.metavar is None:
            negative = f"{flag}/--{option.negative.replace('_', '-')}" if option.negative else flag
            options.append(_Option([negative, name], option.group, is_flag=True, default=None, help=text))
        else:
            names = [option.short, flag, name] if option.short else [flag, name]
            options.append(
                _Option(names, option.group, metavar=option.metavar, multiple=option.multiple, default=None, help=text)
            )
        if name == "ext":
            options += _rule_options(option.group)
    return options


def _rule_options(group: str) -> list[click.Parameter]:
    glob = "GLOB or re:REGEX"
    return [
        _Option(["--include", "include"], group, metavar="GLOB", expose_value=False,
                help=f"keep what matches {glob}; the first match decides; with a /, it matches the path below URL"),
        _Option(["--exclude", "exclude"], group, metavar="GLOB", expose_value=False,
                help="skip what matches; a pattern that ends in / keeps directories from being entered"),
        _Option(["--rule", "rule"], group, multiple=True, hidden=True),
    ]  # fmt: skip


def _shown(default: object) -> str:
    """A default value as --help shows it; "" for options that are off."""
    if default is None or default is False or default == () or default == "":
        return ""
    if default is True:
        return "on"
    if isinstance(default, float):
        return f"{default:g} s" if default else "0 s"
    return str(default)


def _command() -> click.Command:
    modes = [
        _Option(["--input-file"], _MODES, metavar="FILE", help="read the URLs from FILE; - is standard input"),
        _Option(["--list", "list_only"], _MODES, is_flag=True, help="print the entries of URL with size and time"),
        _Option(["--verify"], _MODES, is_flag=True, help="re-hash the files in DIR against the state; no network"),
        _Option(["--repair"], _MODES, is_flag=True, help="with --verify: fetch again the files that differ"),
        _Option(["--explain"], _MODES, metavar="ENTRY", help="explain what would be done with URL ENTRY, and why"),
        _Option(["--history"], _MODES, is_flag=True, help="print the last runs on DIR"),
        _Option(["--list-snapshots"], _MODES, is_flag=True, help="print the snapshots of DIR"),
        _Option(["--rollback"], _MODES, metavar="NAME", help="make snapshot NAME of DIR current again"),
        _Option(["--config", "config_file"], _MODES, metavar="FILE", help="run the mirrors of this TOML file"),
        _Option(["--only"], _MODES, metavar="NAME", multiple=True, help="with --config: run only this mirror"),
        _Option(["--status"], _MODES, metavar="FILE", help="with --config: write an HTML page about all mirrors"),
        _Option(["--status-public"], _MODES, is_flag=True, help="without reasons, paths and URLs on that page"),
        _Option(["-v", "--verbose", "verbosity"], _MODES, count=True, help="log each decision; twice: everything"),
        _Option(["-q", "--quiet"], _MODES, is_flag=True, help="print only errors"),
    ]
    version = click.version_option(__version__, prog_name="crawler", message="%(prog)s %(version)s")
    command = _Command(
        "crawler",
        params=[click.Argument(["positional"], nargs=-1, shell_complete=_complete_value), *modes, *_options()],
        callback=_call,
        help="Mirror directory-listing sites: the index pages of Apache, nginx, lighttpd, object stores and others.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 98},
    )
    return version(command)


_FIELDS = (
    "input_file", "list_only", "history", "verify", "repair", "explain", "list_snapshots", "rollback", "config_file",
    "only", "status", "status_public", "verbosity", "quiet",
)  # fmt: skip
"""Options that are fields of Invocation, not of Config."""


def _call(positional: tuple[str, ...], **options: Any) -> Invocation:
    fields = {name: options.pop(name) for name in _FIELDS}
    given: dict[str, object] = {key: value for key, value in options.items() if value not in (None, ())}
    signed = given.pop("rule", ())
    if signed:
        assert isinstance(signed, tuple)
        given["rules"] = tuple(
            parse_rule(text[1:], include=text[0] == "+", where="--include" if text[0] == "+" else "--exclude")
            for text in signed
        )
    return Invocation(config=_config_of(given, fields["config_file"]), positional=positional, given=given, **fields)


def _config_of(given: Mapping[str, object], config_file: str | None) -> Config:
    """The options of the command line; with a config file they override those of each mirror later."""
    if config_file is None:
        return Config.from_mapping(given, where=COMMAND_LINE)
    parse_options(given, COMMAND_LINE)
    return Config()


def run(args: Sequence[str]) -> int:
    """Run the program with ``args`` and return its exit code. Never raises."""
    if not args and _COMPLETION not in os.environ:
        print_line(f"Usage:\n{SYNOPSIS}\n\n{DEFAULT_DIR}\ncrawler --help explains all options.")
        return ExitCode.CONFIG
    verbose = any(arg == "--verbose" or (arg.startswith("-v") and set(arg[1:]) == {"v"}) for arg in args)
    call: Invocation | str = ""
    try:
        call = _parse(args)
        code = dispatch(call) if isinstance(call, Invocation) else print_result(call)
    except click.NoSuchOption as error:
        from crawler.cli.help.mistakes import unknown_option

        code = print_error(unknown_option(error.option_name, args, _visible_options()), ExitCode.CONFIG)
    except click.UsageError as error:
        code = print_error(f"{error.format_message()} (see --help)", ExitCode.CONFIG)
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
    from crawler.cli.early_ends import told

    try:
        return told(call, error, code)
    except Exception as problem:  # noqa: BLE001 - as above
        return print_problem(problem, verbose=False)


def _visible_options() -> list[str]:
    options = [param for param in _command().params if isinstance(param, click.Option) and not param.hidden]
    return [name for param in options for name in (*param.opts, *param.secondary_opts) if name.startswith("--")]


def _parse(args: Sequence[str]) -> Invocation | str:
    """The parsed command line, or the text of --help, --version or a completion. Raises UsageError."""
    content = io.BytesIO()
    printed = io.TextIOWrapper(content, encoding="utf-8", errors="surrogateescape", newline="")
    with redirect_stdout(printed), suppress(SystemExit):  # click exits after a completion
        try:
            call = _command().main(list(args), standalone_mode=False)
        except ConfigError as error:
            if not any(arg[:1] == "-" and arg[1:2].isalpha() for arg in args):
                raise
            from crawler.cli.help.mistakes import one_dash

            if problem := one_dash(args, _visible_options()):
                raise ConfigError(problem) from None
            raise error from None
        if isinstance(call, Invocation):
            return call
    printed.flush()
    return content.getvalue().decode("utf-8", "surrogateescape").removesuffix("\n")
