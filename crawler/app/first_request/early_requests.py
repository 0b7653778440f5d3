"""Decides which requests a run sends before its event loop is imported. Pure functions.

They are those that the run would send first in any case, byte for byte. A run that is not plain sends none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from crawler.http.framing.request_head import (
    DEFAULT_AGENT,
    FIRST_BYTE,
    for_lane,
    header_fields,
    merged,
    page_headers,
    request_head,
)
from crawler.http.sockets.endpoint import Endpoint
from crawler.model.config import Config, option_fields
from crawler.model.options.option import default_of
from crawler.model.values import Validators
from crawler.text.urls import before_query

PLAIN = frozenset({
    "attempts", "backlog", "ca_file", "check", "connect_timeout", "delete", "delete_excluded", "ext", "format",
    "fsync", "ignore_errors", "insecure", "last", "limit_rate", "listers", "lock", "lock_wait", "log_format",
    "max_delete", "max_depth", "max_duration", "max_files", "max_size", "max_total_size", "min_size", "min_speed",
    "moved", "no_recursive", "no_robots", "on_change", "on_end", "on_failure", "pipeline", "progress", "read_timeout",
    "rules", "segments", "trash", "trust_pages", "user_agent", "verify_digests", "workers",
})  # fmt: skip
"""Options that neither change the first requests, except as is seen here, nor give a reason to refuse the run.

Under TLS, nothing is sent before the certificates have been read: a connection is opened.
"""
OUTPUTS = frozenset({"changes", "log_file", "metrics", "report", "summary"})
"""Options that name files which the run writes."""
CHECKED = OUTPUTS | {"allow_host", "header", "netrc", "newer_than", "older_than"}
"""Options that may give a reason to refuse the run; see ``run_checks``."""
BESIDE = 2
"""Number of connections of a run that requests its first page while robots.txt is on its way."""


def is_plain(given: Collection[str], environment: Mapping[str, str]) -> bool:
    """Whether a run with the options ``given`` depends on nothing else than URL and DIR until its first request."""
    return (PLAIN | CHECKED).issuperset(given) and not any(name.lower().endswith("_proxy") for name in environment)


def given_in(config: Config) -> set[str]:
    """The keys of the options that are not at their defaults, as far as they are options of files."""
    return {key for key, item in option_fields().items() if getattr(config, key) != default_of(item)}


def early_requests(
    root: str,
    config: Config,
    *,
    connections: int,
    is_first: bool,
    validators: Validators | None,
    own: Mapping[str, str] | None = None,
    asks: bool = False,
) -> tuple[Endpoint, list[bytes]]:
    """The host of ``root``, and the request for each of its first connections; empty if it is not known, or under TLS.

    ``connections``: how many may be opened. ``is_first``: nothing is known of ``root``, so that its page is requested
    without a content coding because it may turn out to be a file. ``validators``: those of the page; None if its
    request is unknown. ``own``: the fields of --header. ``asks``: .netrc has a login for the host, which is asked first
    how to log in. Raises ValueError.
    """
    parts = for_lane(root, None)
    if parts is None:
        raise ValueError("not requested on a lane")
    where, host, target = parts
    agent = config.user_agent or DEFAULT_AGENT

    def get(path: str, headers: Mapping[str, str]) -> bytes:
        headers = merged(headers, own) if own else headers
        return request_head("GET", path, header_fields(host, agent, tuple(headers.items())))

    def page(path: str, known: Validators, *, may_be_file: bool) -> bytes:
        return get(path, page_headers(known, is_plain=may_be_file))

    requests = [] if config.no_robots else [page("/robots.txt", Validators(), may_be_file=False)]
    if asks:
        requests = [get(target, FIRST_BYTE)]
    elif config.no_robots or (connections >= BESIDE and before_query(root).endswith("/")):
        requests.append(b"" if validators is None else page(target, validators, may_be_file=is_first))
    return where, [b""] * len(requests) if where.is_tls else requests
