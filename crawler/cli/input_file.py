"""The list of URLs of --input-file: one on each line, or a Metalink document (RFC 5854)."""

from __future__ import annotations

import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from crawler.model import limits
from crawler.model.errors import ConfigError
from crawler.model.network.listed_file import ListedFile
from crawler.paths import is_endless, unreadable
from crawler.pipeline.rules.responses.content_type import begins_like_html
from crawler.text.arguments import start_url

_BLANKS = " \t\r"
"""Characters stripped from both fields of a line."""


def read_items(name: str) -> list[ListedFile]:
    """The files that the list ``name`` names; ``-`` is standard input.

    Raises ConfigError if the list cannot be read, names no URL, or has a line that is none.
    """
    where = f"--input-file {name}"
    if is_endless(name):
        raise ConfigError(f"{where}: a device without an end: name a file")
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"{where}: {unreadable(error, name)}") from None
    if begins_like_html(content):
        raise ConfigError(f"{where}: it is an HTML page, not a list of URLs")
    _refuse_binary(content[:4096], where)
    head = _text(content[:4096]).lstrip().lower()
    if head.startswith("<") and "metalink" in head:
        return _metalink(content, where)
    items = [ListedFile(url=url, path=path) for url, path in parse_items(content, where)]
    if not items:
        raise ConfigError(f"{where}: it contains no URL: write one per line")
    return items


def _refuse_binary(head: bytes, where: str) -> None:
    """Raise ConfigError if the list, which begins with ``head``, is no text."""
    from crawler.text.advice.lists import content_problem  # imported only for a list

    problem = "" if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else content_problem(head)
    if problem:
        raise ConfigError(f"{where}: {problem}")


def _metalink(content: bytes, where: str) -> list[ListedFile]:
    from crawler.listings.xml.metalink import read_metalink

    if len(content) > limits.METALINK_BYTES:
        raise ConfigError(f"{where}: more than {limits.METALINK_BYTES // limits.MIB} MiB are too much for a Metalink")
    try:
        items = read_metalink(content)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
    if not items:
        raise ConfigError(f"{where}: it names no file")
    return items


def parse_items(content: bytes, where: str) -> list[tuple[str, str]]:
    """(URL, path or "") from each line ``URL[TAB path]``. Skips empty lines and lines that start with #.

    Bytes that are not UTF-8 are preserved; UTF-16 is told by its byte order mark. Only a line feed ends a line: names
    may contain other Unicode line separators. Raises ConfigError, which begins with ``where`` and the number of the
    line, for the first line that is not a URL.
    """
    items = []
    for number, line in enumerate(_text(content).split("\n"), 1):
        url, _, path = line.strip(_BLANKS).partition("\t")
        if url and not url.startswith("#"):
            if " " in url or "," in url or ";" in url or url.count("://") > 1:
                _refuse_joined(url.strip(_BLANKS), f"{where}:{number}")
            try:
                items.append((start_url(url.strip(_BLANKS)), path.strip(_BLANKS)))
            except ConfigError as error:
                from crawler.text.advice.lists import line_problem

                problem = line_problem(line.strip(_BLANKS))
                raise ConfigError(f"{where}:{number}: {problem or error}") from None
    return items


def _refuse_joined(url: str, where: str) -> None:
    """Raise ConfigError if the first field of a line holds more than a URL. ``where``: the list and the line."""
    from crawler.text.advice.lists import joined_problem

    if problem := joined_problem(url):
        raise ConfigError(f"{where}: {problem}")


def _text(content: bytes) -> str:
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8-sig", "surrogateescape")
