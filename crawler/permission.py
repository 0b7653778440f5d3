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
from crawler.reading import refused_page
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

    Raises ListingError if there is no connection to the host, RobotsForbidden if its robots.txt cannot be had.
    """
    if config.no_robots:
        return lambda _url: True
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}/robots.txt"

    async def ask() -> Robots:
        page = await client.fetch_page(where, validators=Validators(), permit=same_host_redirect)
        robots = rules_for(page.status, page.body)
        if robots is None or page.status in RETRYABLE_STATUS:
            raise refused_page(page, where)
        return robots

    try:
        robots = await persist(ask, config.attempts)
    except VerificationError:
        robots = ALLOW_ALL
    except FetchError as error:
        if error.connection:  # the name, the port, the certificate: nothing that robots.txt has to do with
            raise ListingError(f"{masked(url)}: {error}") from error
        if error.rejection is None:
            problem = f"{masked(where)} cannot be read ({error}), so nothing may be fetched"
            raise RobotsForbidden(f"{problem}: --no-robots goes on without it") from error
        robots = ALLOW_ALL  # its redirects end nowhere
    return lambda target: robots.allows(target, agent)
