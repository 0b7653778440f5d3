"""Builds the walker of a run from its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.model.config import Config
from crawler.model.interfaces import Client, Parser
from crawler.model.observer import Observer
from crawler.model.state.store import StateStore
from crawler.model.struct import replace
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import Bounds
from crawler.pipeline.runs.components import Components, is_first_contact
from crawler.pipeline.walk.admission import AdmittedPages
from crawler.pipeline.walk.page_reader import PageReader, Root
from crawler.pipeline.walk.pages import Source
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.pipeline.walk.sibling_listings import Siblings
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories, wishes
from crawler.pipeline.walk.walker import Refuse, Walker
from crawler.text.arguments import fallback_urls
from crawler.text.hosts import named_hosts
from crawler.text.urls import userinfo

if TYPE_CHECKING:
    from crawler.pipeline.walk.upstreams.upstreams import Upstreams

_DEPTH = 16
"""Listings that may share a connection."""
_LISTERS = 640
"""Maximum number of listings that are read concurrently, unless there are more workers."""


def lister_count(config: Config) -> int:
    """Number of listings that are read concurrently. They share the connections with the files.

    Unless --listers limits them, each lister requests several listings together if these may share a connection. Those
    of several upstreams it reads one by one, so that there are more listers than connections.
    """
    if config.listers or not config.fallback:
        return config.listers or config.workers
    return max(config.workers, min(2 * config.workers * (config.pipeline or _DEPTH), _LISTERS))


def names_directory(url: str) -> bool:
    """Whether ``url`` looks like that of a directory."""
    return urlsplit(url).path.endswith("/")


def expected_requests(config: Config, url: str, state: StateStore) -> int:
    """Number of requests that follow those for robots.txt and the listing at ``url``, as far as can be expected.

    A first run fetches whatever is listed. Later ones request every listing that they know, and maybe nothing else.
    """
    if state.knew_files:
        return 0 if config.no_recursive else max(0, state.known_pages - 1)
    if config.dry_run or not names_directory(url):
        return 0
    return config.workers if config.max_files is None else config.max_files


def refuse_by(filters: Filters, rules: RobotsTxt | Upstreams) -> Refuse:
    """Build the rule that refuses directories that a filter prunes or robots.txt forbids."""
    return lambda path, url: filters.prunes(path) or rules.rejection(url)


def build_unchanged(parts: Components, url: str, rules: RobotsTxt) -> UnchangedDirectories:
    """Build what recognises unchanged directories in a run at ``url``."""
    return UnchangedDirectories(
        parts.destination,
        parts.state,
        parts.observer,
        allows=rules.allows,
        allows_below=rules.allows_below,
        wishes=wishes(parts.config, url),
    )


def build_reader(
    config: Config,
    client: Client,
    state: StateStore,
    observer: Observer,
    parser: Parser,
    *,
    unchanged: UnchangedDirectories | None = None,
    root: Root | None = None,
) -> PageReader:
    """Build the reader of the listings of a run."""
    siblings = Siblings(client, most_alone=config.listers or config.workers)
    return PageReader(
        client=siblings,
        groups=siblings if config.listers is None else None,
        state=state,
        observer=observer,
        parse=parser.pieces,
        parse_whole=parser.whole,
        attempts=config.attempts,
        unchanged=unchanged,
        is_new=is_first_contact(config, state),
        root=root,
    )


def admitted(reader: PageReader, rules: RobotsTxt, client: Client) -> PageReader:
    """``reader``, which gets no page before ``rules`` have been read for its host. ``client`` sends all requests."""
    pages = AdmittedPages(reader.client, rules, client, groups=reader.groups)
    return replace(reader, client=pages, groups=pages)


def bounds_of(config: Config) -> Bounds:
    """The bounds of a walk according to ``config``."""
    return Bounds(
        listers=lister_count(config),
        max_depth=config.max_depth,
        recursive=not config.no_recursive,
        hosts=named_hosts(config.allow_host),
        trusts_pages=config.trust_pages,
    )


def build_walker(
    config: Config,
    reader: PageReader,
    observer: Observer,
    *,
    rules: RobotsTxt,
    refuse: Refuse = lambda _path, _url: None,
    source: Source | None = None,
) -> Walker:
    """Build a walker within the bounds of ``config``. ``source`` reads listings in place of ``reader``."""
    return Walker(reader, observer, bounds=bounds_of(config), refuse=refuse, permit_as=rules.permit, source=source)


def build_upstreams(
    config: Config, url: str, reader: PageReader, rules: RobotsTxt, state: StateStore, observer: Observer
) -> Upstreams | None:
    """Build the upstreams of the mirror of ``url``; None if there is only one."""
    if not config.fallback:
        return None
    from crawler.pipeline.walk.upstreams.upstreams import Means, Upstreams  # imported only if needed

    urls = [url, *(userinfo(fallback)[0] for fallback in fallback_urls(config.fallback))]
    means = Means(reader=reader, rules=rules, bounds=bounds_of(config), state=state, observer=observer)
    return Upstreams(urls, means)
