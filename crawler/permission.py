"""robots.txt of a host, fetched: which of its URLs we may ask for."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from crawler.attempts import persist
from crawler.config import Config
from crawler.errors import FetchError, ListingError, RobotsForbidden, VerificationError
from crawler.escape import masked
from crawler.interfaces import Client
from crawler.models import Validators
from crawler.retry import RETRYABLE_STATUS
from crawler.robots import ALLOW_ALL, Robots, rules_for
from crawler.scope import same_host_redirect


async def fetch_robots(client: Client, config: Config, agent: str, url: str) -> Callable[[str], bool]:
    """Which URLs robots.txt allows us. Raises as ``fetch_rules`` does, and RobotsForbidden if it forbids ``url``."""
    allows = await fetch_rules(client, config, agent, url)
    if not allows(url):
        where = urlsplit(url)
        raise RobotsForbidden(
            f"{where.scheme}://{where.netloc}/robots.txt forbids {url}: --no-robots goes on without asking"
        )
    return allows


async def fetch_rules(client: Client, config: Config, agent: str, url: str) -> Callable[[str], bool]:
    """Which URLs on the host of ``url`` robots.txt allows us.

    Raises ListingError if the host cannot be talked to, RobotsForbidden if its robots.txt cannot be had.
    """
    if config.no_robots:
        return lambda _url: True
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}/robots.txt"

    async def ask() -> Robots | None:
        page = await client.fetch_page(where, validators=Validators(), permit=same_host_redirect)
        if page.status in RETRYABLE_STATUS:
            raise FetchError(f"HTTP {page.status}", url=where, status=page.status)
        return rules_for(page.status, page.body)

    try:
        robots = await persist(ask, config.attempts)
    except VerificationError:
        robots = ALLOW_ALL
    except FetchError as error:
        if error.status is None and error.rejection is None:  # not an answer: the certificate, the host, the protocol
            raise ListingError(f"{masked(url)}: {error}") from error
        robots = ALLOW_ALL if error.rejection else None
    if robots is None:
        raise RobotsForbidden(f"{where} cannot be read, so nothing may be fetched: --no-robots goes on without it")
    rules = robots
    return lambda target: rules.allows(target, agent)
