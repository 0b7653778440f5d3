"""Print the manual page, made from the options themselves: ``python docs/man_page.py > docs/crawler.1``.

A test compares what this prints with ``docs/crawler.1``, which is installed as ``man crawler``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from crawler import __version__
from crawler.cli.arguments.declared import MODES
from crawler.cli.arguments.with_click import command as click_command
from crawler.cli.help.texts import DEFAULT_DIR, EXAMPLES, EXIT_CODES, SYNOPSIS

_DESCRIPTION = """\
Mirrors directory\\-listing sites: the index pages that Apache, nginx, lighttpd, Caddy, object stores and many \
others generate for a directory of files. What lies below \\fIURL\\fR is saved below \\fIDIR\\fR, with the server's \
names, bytes and times. A second run fetches only what has changed; an unchanged tree costs one request for each \
directory.
.PP
Nothing outside \\fIDIR\\fR is created, changed or deleted. A file appears under its final name only when it is \
complete and checked. Nothing is deleted without \\-\\-delete, and then only what is proven to be gone upstream."""
_RULES = """\
The rules are tried in the given order; the first that matches decides. If there is an include, files that match no \
rule are skipped. A pattern without / matches the name, one with / the path below URL; * and ? stay within one name, \
** crosses directories, [a\\-z] is a set, and re: begins a regular expression. An exclude that ends in / keeps \
directories of that name from being entered."""
_FILES = (
    ("DIR/.crawler/state.sqlite3", "What is known of every file and listing. Without it a run is slower, never wrong."),
    ("DIR/.crawler/lock", "Held while a run is in progress; a crash releases it."),
    ("DIR/.crawler/parts/", "Incomplete downloads, for the next run to continue."),
    ("DIR/.crawler/trash/", "What \\-\\-trash keeps."),
    ("DIR/.crawler/snapshots/", "What \\-\\-snapshots publishes; current is a link to the one to serve."),
    ("~/.netrc", "User names and passwords, with \\-\\-netrc."),
)
_ENVIRONMENT = (
    ("http_proxy, https_proxy, all_proxy, no_proxy", "Proxies, unless \\-\\-proxy is given."),
    ("NO_COLOR", "No colours in the progress display."),
    ("TERM", "dumb: no bars."),
)


def _escaped(text: str) -> str:
    """``text`` as roff prints it: hyphens that can be copied, no line that begins with a command."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in {".", "'"} else line for line in text.splitlines())


def _groups(command: click.Command) -> dict[str, list[tuple[str, str]]]:
    """Group of the help page → (option, meaning)."""
    groups: dict[str, list[tuple[str, str]]] = {}
    context = command.make_context("crawler", [], resilient_parsing=True)
    for param in command.get_params(context):
        record = param.get_help_record(context) if isinstance(param, click.Option) else None
        if record is not None:
            groups.setdefault(getattr(param, "group", MODES), []).append(record)
    return groups


def _lines(command: click.Command) -> Iterator[str]:
    yield f'.TH CRAWLER 1 "" "crawler {__version__}" "User Commands"'
    yield from (".SH NAME", "crawler \\- mirror directory\\-listing sites", ".SH SYNOPSIS")
    for usage in SYNOPSIS.splitlines():
        form = usage.strip().partition("  ")[0]
        yield from (".B " + _escaped(form), ".br")
    yield from (".SH DESCRIPTION", _DESCRIPTION, ".PP", _escaped(DEFAULT_DIR), ".SH OPTIONS")
    for name, records in _groups(command).items():
        yield f".SS {_escaped(name)}"
        for option, meaning in records:
            yield from (".TP", f".B {_escaped(option)}", _escaped(meaning))
    yield from (".SH UNITS", _escaped("SIZE and RATE take K M G T (powers of 1024): 500, 10K, 1.5GiB."))
    yield _escaped("TIME takes s m h d w: 30s, 2h. AGE is a TIME before now, or a date: 7d, 2025-01-31.")
    yield _escaped("DAYS is a TIME whose default unit is days: 30, 12h, 4w.")
    yield from (".SH FILTER RULES", _RULES, ".SH EXIT STATUS")
    for code in EXIT_CODES.split("; "):
        number, _, meaning = code.partition(" ")
        yield from (".TP", f".B {number}", _escaped(meaning))
    for title, pairs in (("ENVIRONMENT", _ENVIRONMENT), ("FILES", _FILES)):
        yield f".SH {title}"
        for name, meaning in pairs:
            yield from (".TP", f".I {_escaped(name)}", meaning)
    yield ".SH EXAMPLES"
    for what, line in EXAMPLES:
        yield from (what, ".PP", ".nf", ".RS", _escaped(line), ".RE", ".fi", ".PP")
    yield from (".SH SEE ALSO", ".BR wget (1),", ".BR rclone (1),", ".BR lftp (1),", ".BR rsync (1)")


def render() -> str:
    """The manual page in the man macros of groff_man(7)."""
    return "\n".join(_lines(click_command())) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
