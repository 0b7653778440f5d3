"""Checks URL and DIR as given by the user, and puts URLs into canonical form."""

from __future__ import annotations

from pathlib import Path

from crawler.model.errors import ConfigError
from crawler.text.urls import before_query, has_dot_segments, resolve, userinfo


def start_directory(directory: str | Path) -> Path:
    """DIR as given. Raises ConfigError if it is empty.

    An unset variable in a script gives an empty DIR. If that meant the working directory, --delete would empty it.
    """
    if not str(directory):
        raise ConfigError("DIR: expected a path; use . for the current directory")
    return Path(directory)


def start_url(text: str, directory: str = "") -> str:
    """``text`` as an http or https URL: percent-encoded, without dot segments. Raises ConfigError.

    ``directory``: DIR, if it was given beside it, for the error message.
    """
    if not isinstance(text, str):
        raise ConfigError(f"URL: expected text, not {type(text).__name__}")
    url = resolve("", text)
    if url is None:
        from crawler.text.advice.arguments import url_problem

        raise ConfigError(url_problem(text, directory))
    return _without_dots(url)


def _without_dots(url: str) -> str:
    """``url`` without dot segments, which are resolved before a request is sent (RFC 3986 section 5.2.4)."""
    path = before_query(url)
    path = path[path.find("/", path.find("://") + 3) :] if path.count("/") > 2 else ""
    if not has_dot_segments(path):
        return url
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        dots = segment.lower().replace("%2e", ".")
        if dots == ".." and kept:
            kept.pop()
        elif dots not in {".", ".."}:
            kept.append(segment)
    is_directory = dots in {".", ".."}
    start, end = url.partition(path)[::2]
    return f"{start}/{'/'.join(kept)}{'/' if is_directory and kept else ''}{end}"


def named_url(text: str, directory: str = "") -> str:
    """``start_url`` without user and password, for messages. Raises ConfigError."""
    return userinfo(start_url(text, directory))[0]
