"""How we introduce ourselves: credentials, own headers, proxies. Reads the environment and the files it names."""

from __future__ import annotations

import base64
import netrc
from collections.abc import Iterable
from pathlib import Path
from urllib.request import getproxies

from crawler import __version__
from crawler.client import ClientOptions
from crawler.config import Config
from crawler.errors import ConfigError
from crawler.proxies import Proxies, proxy_url
from crawler.urls import Origin, origin, userinfo

DEFAULT_AGENT = f"crawler/{__version__}"


def client_options(config: Config, starts: Iterable[str]) -> ClientOptions:
    """What the client needs, from options, ``~/.netrc``, header files and proxy variables.

    ``starts`` are the URLs that the user named, with their user and password: each origin gets its own
    credentials and nothing of another's. Raises ConfigError.
    """
    headers = dict(line for text in config.header for line in _header_lines(text))
    proxies = _proxies(config)
    secrets: dict[Origin, dict[str, str]] = {}
    for start in starts:
        bare, login = userinfo(start)
        where = origin(bare)
        if where is None or where in secrets:
            continue
        try:
            proxies.of(bare)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        login = login or (_netrc_login(where[1]) if config.netrc else None)
        secrets[where] = {**({"Authorization": _basic(*login)} if login else {}), **headers}
    return ClientOptions(
        user_agent=config.user_agent or DEFAULT_AGENT,
        connect_timeout=config.connect_timeout,
        read_timeout=config.read_timeout,
        min_speed=config.min_speed,
        secrets={where: own for where, own in secrets.items() if own},
        proxies=proxies,
        ca_file=config.ca_file,
        client_cert=config.client_cert,
        insecure=config.insecure,
    )


def _basic(user: str, password: str) -> str:
    """RFC 7617 with UTF-8."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _header_lines(text: str) -> Iterable[tuple[str, str]]:
    lines = [text]
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"--header {text}: {error}") from None
    for line in lines:
        name, colon, value = line.partition(":")
        if line.strip() and not colon:
            raise ConfigError(f"--header {text}: a line is not 'Name: value'")
        if colon:
            yield name.strip(), value.strip()


def _netrc_login(host: str) -> tuple[str, str] | None:
    """The entry of exactly this host; a default entry is for no particular host, so it is not used."""
    try:
        found = netrc.netrc().hosts.get(host)
    except FileNotFoundError:
        raise ConfigError("--netrc: there is no ~/.netrc") from None
    except (netrc.NetrcParseError, OSError) as error:
        raise ConfigError(f"--netrc: {error}") from None
    return (found[0], found[2]) if found else None


def _proxies(config: Config) -> Proxies:
    if config.proxy:
        try:
            proxy_url(config.proxy, bare=False)
        except ValueError as error:
            raise ConfigError(f"--proxy {error}") from None
        return Proxies(by_scheme={"http": config.proxy, "https": config.proxy})
    found = getproxies()
    return Proxies(
        by_scheme={scheme: found[scheme] for scheme in ("http", "https") if found.get(scheme)},
        exempt=tuple(found.get("no", "").lower().replace(",", " ").split()),
    )
