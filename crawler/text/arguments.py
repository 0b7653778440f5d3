"""Checks URL and DIR as given by the user, and puts URLs into canonical form."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes, urlsplit

from crawler.model.errors import ConfigError
from crawler.model.options.readers import path_problem
from crawler.text.escape import redacted
from crawler.text.patterns import pattern
from crawler.text.urls import (
    before_query,
    decoded,
    file_name_problem,
    has_dot_segments,
    looks_like_file,
    resolve,
    userinfo,
)

_FOLDED = pattern(r"(s3|gs|az|file|https?):/", re.IGNORECASE)
"""The start of a URL of which a Path has removed a slash."""

_OF_SSH = ("rsync", "scp", "sftp", "ssh")
"""Schemes of URLs that name a directory on another machine."""


class UrlObject(Protocol):
    """A URL object, such as that of yarl or httpx, whose text is the URL. The attributes may be descriptors."""

    @property
    def scheme(self) -> Any:
        """``http`` or ``https``."""
        ...

    @property
    def host(self) -> Any:
        """The host."""
        ...


OBJECT_STORES = ("s3", "gs", "az")
"""Schemes of the URLs of object stores."""


def is_object_url(directory: object) -> bool:
    """Whether DIR is a location in an object store, such as ``s3://bucket/prefix``."""
    scheme, separator, _ = str(directory).partition("://")
    return bool(separator) and scheme.lower() in OBJECT_STORES


def start_directory(directory: str | PathLike[str]) -> Path:
    """The path of DIR, given as a path or a file URL. Raises ConfigError if it is empty, any other URL, or not text.

    An unset variable in a script makes DIR empty. If that meant the working directory, --delete would empty it. Nor are
    ``host:path`` and ``~/x`` accepted: nobody who writes these means a local directory of that name.
    """
    text = path_text(directory, "DIR")
    if not text.strip():
        raise ConfigError("DIR: expected a path; use . for the current directory")
    if problem := path_problem(text):
        raise ConfigError(f"DIR: {problem}")
    if not isinstance(directory, str):
        if folded := _FOLDED.match(text):
            raise ConfigError(f"DIR: {text}: a Path folds the slashes of a URL: give {folded[1]}://… as text")
        if text.startswith("~"):
            raise ConfigError(
                f"DIR: {text}: a Path keeps ~ as it is: call its expanduser(), or resolve() if you mean it"
            )
        return Path(text)
    if "://" not in text:
        first = text.partition("/")[0]
        is_odd = (
            not text.strip("/")
            or ":" in first[1:]
            or "\\" in first
            or first.strip(" .;,").lower() in OBJECT_STORES
            or first[:1] in {"~", "$", "%", "<"}
            or first == "-"
        )
        if os.name != "nt" and is_odd:
            from crawler.text.advice.arguments import directory_problem

            if problem := directory_problem(text):
                raise ConfigError(problem)
        return Path(text)
    return _directory_of_url(text)


def _directory_of_url(text: str) -> Path:
    """The path of DIR, given with ``://``: that of a file URL, or of no URL. Raises ConfigError for any other URL."""
    scheme = text.partition("://")[0].lower()
    if scheme == "file":
        return _file_path(text)
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme.strip()):
        return Path(text)
    if scheme in {"http", "https"}:
        raise ConfigError(f"DIR: {redacted(text)} is a URL: name the directory to save files in")
    from crawler.text.advice.stores import store_meant

    if meant := store_meant(text):
        raise ConfigError(f"DIR: {redacted(text)} is not a destination: write {redacted(meant)}")
    known = ", ".join(f"{name}://" for name in OBJECT_STORES)
    more = "; mirror into a path, then copy it there with rsync" if scheme in _OF_SSH else ""
    raise ConfigError(f"DIR: {scheme}:// is not a destination: expected a path, file:///, {known}{more}")


def path_text(path: object, what: str) -> str:
    """The text of a path. Raises ConfigError, which names ``what``, for anything but text and path objects."""
    text = fspath(path) if isinstance(path, PathLike) else path
    if isinstance(text, str):
        return text
    advice = ": decode it with os.fsdecode" if isinstance(text, bytes) else ""
    raise ConfigError(f"{what}: expected text or a path, not {type(path).__name__}{advice}")


def url_text(url: object, what: str) -> str:
    """The text of a URL, which may be a URL object. Raises ConfigError, which names ``what``."""
    if isinstance(url, str):
        return url
    if not isinstance(url, type):
        if hasattr(url, "scheme") and hasattr(url, "host"):
            return str(url)
        if hasattr(url, "geturl") and isinstance(text := url.geturl(), str):
            return text
    advice = ": a Path folds the slashes of a URL" if isinstance(url, PathLike) else ""
    raise ConfigError(f"{what}: expected text, not {type(url).__name__}{advice}")


def _file_path(url: str) -> Path:
    """The path of a file URL (RFC 8089). Raises ConfigError."""
    host, slash, path = url[len("file://") :].partition("/")
    if host.lower() not in {"", "localhost"} or not slash or re.search("[?#]", path):
        raise ConfigError(f"DIR: not a file URL: {redacted(url)}: write it as file:///path, with ? as %3F, # as %23")
    name = unquote_to_bytes(f"/{path}".encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    if "\0" in name:
        raise ConfigError("DIR: a path cannot contain NUL")
    return Path(name)


def start_url(given: str | UrlObject, directory: str = "") -> str:
    """``given`` as an http or https URL: percent-encoded, without dot segments. Raises ConfigError.

    ``directory``: DIR, if it was given, too, for the error message.
    """
    text = url_text(given, "URL")
    url = resolve("", text)
    if url is None:
        from crawler.text.advice.arguments import url_problem

        raise ConfigError(url_problem(text, directory))
    return _without_dots(url)


def fallback_urls(texts: Iterable[str]) -> list[str]:
    """The URLs of --fallback as http or https URLs. Raises ConfigError."""
    found = []
    for text in texts:
        try:
            found.append(start_url(text))
        except ConfigError as error:
            raise ConfigError(f"--fallback: {error}") from None
    return found


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


def named_url(text: str | UrlObject, directory: str = "") -> str:
    """``start_url`` without user and password, for messages. Raises ConfigError."""
    return userinfo(start_url(text, directory))[0]


def default_directory(url: str) -> str:
    """The name of DIR if none is given: the last directory of ``url`` (valid), or its host.

    A last segment that looks like a file, such as ``x.zip``, is not taken for a directory.
    """
    names = [decoded(segment) for segment in urlsplit(url).path.split("/")]
    if looks_like_file(url):
        names.pop()
    name = next((each for each in reversed(names) if each), "")
    return name if name and file_name_problem(name) is None else urlsplit(url).hostname or "mirror"
