"""The scope of a run: which URLs are listings or files of this mirror, and which redirects are followed."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from crawler.model.reasons import Reason
from crawler.model.struct import Value
from crawler.model.values import Rejection
from crawler.text.hosts import is_named
from crawler.text.urls import directory_of, has_dot_segments, in_scope, is_above, is_upgrade, origin, segments


class Bounds(Value, frozen=True, kw_only=True):
    """The bounds of a walk: its depth, the other hosts it may visit, and which pages of a listing it takes for all."""

    listers: int = 4
    max_depth: int | None = None
    recursive: bool = True

    def enters(self, depth: int) -> bool:
        """Whether the directories in a listing at ``depth`` are entered."""
        return self.recursive and (self.max_depth is None or depth < self.max_depth)

    hosts: frozenset[str] = frozenset()
    """The hosts and patterns of --allow-host, as ``named_hosts`` returns them."""
    trusts_pages: bool = False
    """Whether the pages of each listing are all of it, whatever is wrong with the links between them."""


def all_in_scope(urls: Sequence[str], base: str) -> bool:
    """Whether ``in_scope`` is true for all of ``urls``."""
    text = "\n".join(urls)
    if "/." in text or "%" in text or "\\" in text or [url.startswith(base) for url in urls].count(False):
        return all(in_scope(url, base) for url in urls)
    return True


class Scope(Value, frozen=True):
    """The scope of a mirror. ``base``: URL of the root listing up to its last slash. ``hosts``: see ``named_hosts``."""

    base: str
    hosts: frozenset[str] = frozenset()

    def listing(self, url: str) -> Rejection | None:
        """The rejection of the listing at ``url``; None if it is entered."""
        if in_scope(url, self.base):
            return None
        if origin(url) != origin(self.base):
            return Rejection(Reason.OTHER_HOST, url, "listings are read from the host of URL only")
        return Rejection(Reason.ABOVE, url, f"not below {self.base}")

    def file(self, url: str) -> Rejection | None:
        """The rejection of the file at ``url``; None if it is fetched."""
        if in_scope(url, self.base) or self._is_named(url):
            return None
        where = origin(url)
        if where is None:
            return Rejection(Reason.SCHEME, url, "not an http or https URL")
        if where != origin(self.base):
            return Rejection(Reason.OTHER_HOST, url, f"on another host: {allowing(url)} would fetch it")
        return Rejection(Reason.ABOVE, url, f"not below {self.base}: {allowing(url)} would fetch it")

    def _is_named(self, url: str) -> bool:
        where = origin(url)
        return where is not None and bool(self.hosts) and is_named(where[1], where[2], self.hosts)

    def root_redirect(self, source: str, target: str, *, start: str = "") -> Rejection | None:
        """The rejection of a redirect of the root, requested as ``start``; None if it is followed.

        The root may move within its host, but not upwards, and to hosts that --allow-host names in full (no pattern).
        """
        rejection = same_host_redirect(source, target)
        if rejection is None:
            return upward(start or source, target)
        exact = Scope(self.base, frozenset(host for host in self.hosts if not host.startswith("*")))
        if exact._is_named(target) and not _downgrade(source, target):
            return None
        advice = f"on another host: start there, or allow {allowing(target)}"
        return _downgrade(source, target) or Rejection(Reason.OTHER_HOST, target, advice)

    def listing_redirect(self, source: str, target: str) -> Rejection | None:
        if self._upgrades(source, target):
            return None
        return _downgrade(source, target) or self.listing(target)

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        if _is_its_directory(source, target):
            return Rejection(Reason.DIRECTORY, _with_slash(source), "it is a directory")
        if self._upgrades(source, target):
            return None
        return _downgrade(source, target) or self.file(target)

    def _upgrades(self, source: str, target: str) -> bool:
        """Whether a redirect leads from http to https on the same host, to the same path or below it."""
        if not is_upgrade(source, target):
            return False
        parts = urlsplit(target)
        plain = parts._replace(scheme=urlsplit(source).scheme, netloc=parts.netloc.removesuffix(":443")).geturl()
        return in_scope(plain, self.base) or self._is_named(plain)


class ListScope(Value, frozen=True):
    """The scope of a list of URLs: redirects stay on the host of their URL or on ``hosts``; any path is allowed."""

    hosts: frozenset[str] = frozenset()

    def file_redirect(self, source: str, target: str) -> Rejection | None:
        """The rejection of a redirect of a file; None if it is followed."""
        where = urlsplit(source)
        return Scope(f"{where.scheme}://{where.netloc}/", self.hosts).file_redirect(source, target)


def upward(start: str, target: str) -> Rejection | None:
    """The rejection of ``target``, if it lies above the root ``start``; otherwise None."""
    is_up = is_above(target, start) or has_dot_segments(urlsplit(target).path)
    if is_up and same_host_redirect(start, target) is None:
        return Rejection(Reason.ABOVE, target, "that is above URL: start there if this is intended")
    return None


def same_host_redirect(source: str, target: str) -> Rejection | None:
    """The rejection of a redirect, unless it leads to the same host or from http to https on it; otherwise None."""
    if origin(source) == origin(target) or is_upgrade(source, target):
        return None
    return Rejection(Reason.OTHER_HOST, target, "on another host")


def _is_its_directory(source: str, target: str) -> bool:
    """Whether ``target`` is ``source`` with a slash, in any equivalent spelling (RFC 3986 section 6.2.2).

    Servers decode a path and escape it in their own way before they send it in Location.
    """
    here, there = urlsplit(_with_slash(source)), urlsplit(target)
    return (
        origin(source) == origin(target) and here.query == there.query and segments(here.path) == segments(there.path)
    )


def _with_slash(url: str) -> str:
    """``url`` with a slash at the end. Its spelling stays, because the listing and its scope must have the same."""
    parts = urlsplit(url)
    return parts._replace(path=parts.path + "/").geturl()


def _downgrade(source: str, target: str) -> Rejection | None:
    first, second = origin(source), origin(target)  # origin() accepts schemes in upper case, too
    if first is not None and second is not None and (first[0], second[0]) == ("https", "http"):
        return Rejection(Reason.SCHEME, target, "from https to http is never followed")
    return None


def allowing(url: str) -> str:
    """The option that allows files on the host of ``url``, with its port if that is not the default."""
    return f"--allow-host {urlsplit(url).netloc.rpartition('@')[2].lower()}"


def scope_base(url: str, entry_urls: list[str]) -> str:
    """The base URL of a root listing that was received from ``url``.

    It is the directory of ``url``. But if a listing at ``/pub`` has only entries at ``/pub/…`` (as serve-index prints
    them), its base is ``/pub/``, so that its siblings stay outside.
    """
    inner = directory_of(_with_slash(url))
    if not urlsplit(url).path.endswith("/") and entry_urls and all(in_scope(entry, inner) for entry in entry_urls):
        return inner
    return directory_of(url)
