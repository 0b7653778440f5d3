"""Advice about failed requests: one table, which maps what is known about a failure to a clause."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from crawler.model.errors import Cause, CrawlerError, FetchError, ListingError
from crawler.model.reasons import Reason
from crawler.model.struct import Value
from crawler.text.escape import masked
from crawler.text.patterns import pattern
from crawler.text.urls import INDEX_PAGE, before_query, directory_of, last_name, looks_like_file, origin

_DOWN = "try again later"
_NOTHING = "there is nothing at that URL: open it in a browser"
_NO_SERVER = "is it a web server for files?"
_PROXY_LOGIN = "write user:password@ before the host of the proxy"
_STATUSES = {
    **dict.fromkeys((300, 301, 302, 303, 307, 308), "the server redirects without saying where: open it in a browser"),
    204: "the server has no page at that URL",
    205: "the server has no page at that URL",
    206: "the server sent a part although the whole was requested: is a proxy or cache in between (--proxy)?",
    402: "the server requires payment",
    403: "the server refuses access: is a login needed (--netrc, --header @FILE), or is it not public?",
    404: _NOTHING,
    405: "the server does not allow GET there: is it the URL of a page?",
    406: "some servers refuse programs that they do not know: --user-agent TEXT sends another name",
    407: f"the proxy needs a login: {_PROXY_LOGIN}",
    410: "the server removed it for good: look for its new URL",
    421: "the server does not serve that host name: is the name right?",
    429: f"the server asks for fewer requests: {_DOWN}, with --requests-per-second 1",
    451: "it is blocked for legal reasons, perhaps only in your region",
    501: f"the server does not know GET: {_NO_SERVER}",
    503: f"the server is overloaded or under maintenance: {_DOWN}",
    505: f"the server does not speak HTTP/1.1: {_NO_SERVER}",
    511: "the network requires a login: open any page in a browser first",
}
"""HTTP status → advice, if it depends on nothing else."""
_STATUS = pattern(r"HTTP (\d{3})\b")
_OF_ALL_FILES = frozenset({401, 402, 403, 406, 407, 429, 451, 511})
"""Statuses that concern a whole site; they are explained if all files fail with the same one."""
_WILDCARD = pattern(r"\*|(?:\{|%7B)[^/{}]*,[^/{}]*(?:\}|%7D)|(?:\[|%5B)\w+-\w+(?:\]|%5D)(?=.*/|[^/]*$)", re.I)
_CHOICE = pattern(r"\{([^/{}]*,[^/{}]*)\}")
_CHOICES = 3
"""Maximum number of patterns that are proposed in place of one."""
_LOGINS = {
    "Basic": "--netrc, or --header @FILE",
    "Digest": "--netrc",
    "Bearer": "--header @FILE with a line 'Authorization: Bearer TOKEN'",
}
"""Authentication scheme → how to log in with it."""


class Failure(Value, frozen=True, kw_only=True):
    """The known facts about a request without a usable response."""

    url: str
    """The URL as the user gave it, or the URL of the directory."""
    status: int | None = None
    """HTTP status, or None if there was no response."""
    cause: Cause | None = None
    """Why there was no response, if the cause is known."""
    logins: tuple[str, ...] = ()
    """Authentication schemes that a 401 response offers."""
    is_circle: bool = False
    """Whether the redirects formed a loop or were too many."""
    content_type: str | None = None
    """Content-Type of a page that is not a listing; None for any other failure."""

    @property
    def is_plain(self) -> bool:
        """Whether the request was sent without TLS."""
        return self.url.startswith("http:")

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def name(self) -> str:
        """The last segment of the URL's path, decoded."""
        return last_name(self.url)


Advice = tuple[Callable[[Failure], bool], Callable[[Failure], str]]


def failure_of(url: str, error: CrawlerError) -> Failure:
    """The known facts about the ``error`` of a request for ``url``."""
    if isinstance(error, FetchError):
        is_circle = error.rejection is not None and error.rejection.reason == Reason.REDIRECTS
        return Failure(url=url, status=error.status, cause=error.cause, logins=error.logins, is_circle=is_circle)
    return Failure(url=url, content_type=error.content_type if isinstance(error, ListingError) else None)


def advice(failure: Failure) -> str:
    """What to do about ``failure``, in one clause; "" if nothing is known to help."""
    return next((text(failure) for fits, text in _TABLE if fits(failure)), "")


def with_advice(url: str, error: CrawlerError) -> str:
    """``error`` of a request for ``url``, and advice on what to do about it, in one line."""
    is_advised = isinstance(error, ListingError) and error.is_advised
    clause = "" if is_advised else advice(failure_of(url, error))
    return f"{error}: {clause}" if clause else str(error)


def advice_on_files(failures: Iterable[tuple[str, str]]) -> str:
    """Advice on the ``failures`` of all files, (URL, reason) each, if one status of the whole site explains them.

    Returns "" if there are several reasons, or if the reason concerns single files.
    """
    reasons = {reason: url for url, reason in failures}
    found = _STATUS.match(next(iter(reasons), "")) if len(reasons) == 1 else None
    if found is None or int(found[1]) not in _OF_ALL_FILES:
        return ""
    return advice(Failure(url=next(iter(reasons.values())), status=int(found[1])))


def advice_on_list(failures: Iterable[tuple[str, str]]) -> str:
    """Advice on the ``failures`` of a list of URLs, (URL, reason) each, if one of the URLs has a wildcard; else ""."""
    for url, reason in failures:
        found = _STATUS.match(reason)
        failure = Failure(url=url, status=int(found[1]) if found else None)
        if _has_wildcard(failure):
            return f"{_without_wildcard(failure)}, in a run without --input-file"
    return ""


def with_scheme(url: str, error: CrawlerError) -> str:
    """The advice to try https instead, if ``error`` looks like plain HTTP sent to a port for TLS; else ""."""
    failure = failure_of(url, error)
    is_likely = failure.is_plain and failure.cause is Cause.NO_HTTP and (origin(url) or ("", "", 80))[2] != 80
    return advice(failure) if is_likely else ""


def _other_scheme(failure: Failure) -> str:
    rest = failure.url.partition("://")[2]
    return masked(f"{'https' if failure.is_plain else 'http'}://{rest}")


def _login(failure: Failure) -> str:
    ways = list(dict.fromkeys(_LOGINS[scheme] for scheme in failure.logins if scheme in _LOGINS))
    if "Basic" in failure.logins and "Digest" in failure.logins:
        ways = [_LOGINS["Basic"]]
    offered = f" ({', '.join(failure.logins)})" if failure.logins else ""
    if failure.logins and not ways:
        return f"it needs a login{offered}, which crawler does not support: --cookies FILE may carry one"
    return f"it needs a login{offered}, or refuses the one given: {'; '.join(ways or [_LOGINS['Basic']])}"


def _wildcard(failure: Failure) -> re.Match[str] | None:
    """The first wildcard in the path of the URL: of a shell, or of curl (``{a,b}``, ``[1-9]``), maybe encoded."""
    return _WILDCARD.search(before_query(failure.url).partition("://")[2])


def _without_wildcard(failure: Failure) -> str:
    found = _wildcard(failure)
    assert found is not None
    above = masked(directory_of(f"{failure.url.partition('://')[0]}://{found.string[: found.start()]}"))
    name = masked(failure.name) or "*"
    choice = _CHOICE.search(name)
    names = [f"{name[: choice.start()]}{each}{name[choice.end() :]}" for each in choice[1].split(",")] if choice else []
    rules = " ".join(f"--include '{each}'" for each in names[:_CHOICES] or [name])
    return f"a URL has no wildcards: write {above} and {rules}{' …' * (len(names) > _CHOICES)}"


def _has_wildcard(failure: Failure) -> bool:
    is_wrong = failure.status in {400, 403, 404, 410} or failure.content_type is not None
    return is_wrong and _wildcard(failure) is not None


def _is_file(failure: Failure) -> bool:
    kind = failure.content_type or ""
    return bool(kind and failure.name) and "html" not in kind.lower()


def _is_page_of_file(failure: Failure) -> bool:
    is_named = looks_like_file(failure.url) or bool(urlsplit(failure.url).query)
    return failure.content_type is not None and is_named and not _is_index_page(failure)


def _is_index_page(failure: Failure) -> bool:
    return INDEX_PAGE.fullmatch(failure.name.encode("utf-8", "surrogateescape")) is not None


def _caused(cause: Cause) -> Callable[[Failure], bool]:
    return lambda failure: failure.cause is cause


def _says(text: str) -> Callable[[Failure], str]:
    return lambda _failure: text


_TABLE: tuple[Advice, ...] = (
    (_caused(Cause.REFUSED), _says("is the port right, and the server running?")),
    (_caused(Cause.PROXY_REFUSED), _says("is its port right, and is it running?")),
    (_caused(Cause.PROXY_LOGIN), _says(_PROXY_LOGIN)),
    (_caused(Cause.PROXY), _says("is its address right, and does it serve this host?")),
    (_caused(Cause.UNKNOWN_HOST), _says("is the host name right?")),
    (_caused(Cause.NOT_TLS), lambda failure: f"that port does not speak TLS: try {_other_scheme(failure)}"),
    (_caused(Cause.TLS_CLOSED), lambda failure: f"if that port does not speak TLS, try {_other_scheme(failure)}"),
    (_caused(Cause.UNTRUSTED), _says("--ca-file FILE trusts the certificates in FILE")),
    (
        _caused(Cause.EXPIRED),
        _says("is the clock of this machine right? If it is, only the owner can renew the certificate"),
    ),
    (_caused(Cause.OTHER_NAME), _says("use a host name for which the certificate is valid")),
    (
        lambda failure: failure.cause is Cause.NO_HTTP and failure.is_plain,
        lambda failure: f"if it expects https, try {_other_scheme(failure)}",
    ),
    (_caused(Cause.NO_HTTP), _says("is it a web server?")),
    (_caused(Cause.SILENT), _says("--read-timeout waits longer")),
    (_caused(Cause.RECEIVER_LOST), _says("was it killed for lack of memory? The next run goes on")),
    (
        lambda failure: failure.is_circle,
        _says("the server may want a cookie (--cookies FILE) or a login (--netrc, --header @FILE)"),
    ),
    (
        lambda failure: (
            failure.url.count("://") > 1 and re.search(r"(?:[,;|\s]|%20)+https?://", failure.url) is not None
        ),
        _says("run it once for each URL, or list them as mirrors in a --config file"),
    ),
    (_has_wildcard, _without_wildcard),
    (
        lambda failure: failure.status in {400, 426},
        lambda failure: f"if it expects https, try {_other_scheme(failure)}" if failure.is_plain else "",
    ),
    (lambda failure: failure.status == 401, _login),
    (
        lambda failure: failure.status in {404, 410} and _is_index_page(failure),
        lambda failure: f"leave out the name of the page: {masked(directory_of(failure.url))}",
    ),
    (
        lambda failure: failure.status == 404 and not failure.path.endswith("/") and not looks_like_file(failure.url),
        _says(f"{_NOTHING}, or end it in / if it is that of a directory"),
    ),
    (lambda failure: failure.status in _STATUSES, lambda failure: _STATUSES[failure.status or 0]),
    (lambda failure: (failure.status or 0) >= 500, _says(f"the server has an error of its own: {_DOWN}")),
    (_is_file, _says("that is a file, not the page of a directory")),
    (
        lambda failure: failure.content_type is not None and _is_index_page(failure),
        _says("that name stands for the listing of its directory; --input-file saves any page"),
    ),
    (_is_page_of_file, _says("a web page came instead of a file, perhaps a login or error page: open it in a browser")),
    (lambda failure: failure.content_type is not None, _says("is it the page of a directory?")),
)
"""Rows of (condition, advice). The first row whose condition is true of the failure decides."""
