"""Options of the HTTP client: credentials, headers and proxies, from options, files and the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from multidict import CIMultiDict

from crawler.http.credentials.keyring import Credentials
from crawler.http.framing.request_head import DEFAULT_AGENT
from crawler.http.problem import UNKNOWN_HOST
from crawler.http.proxies import Proxies, is_socks, proxy_host, proxy_url
from crawler.http.tls import tls_context
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.request_fields import parse_header
from crawler.model.struct import Value
from crawler.paths import is_special, text_of
from crawler.text.escape import printable, redacted
from crawler.text.urls import Origin, origin, origin_name, userinfo

if TYPE_CHECKING:
    from http.cookiejar import Cookie

    from crawler.http.client import ClientOptions
    from crawler.http.credentials.login import Login

PLAIN = ("http", 80)
"""Scheme and port of origins whose headers are also sent to https on the same host."""


def client_options(
    config: Config, starts: Iterable[str], *, is_list: bool = False, fallbacks: Iterable[str] = ()
) -> ClientOptions:
    """The client's options, from ``config``, .netrc, header files and proxy variables. Raises ConfigError.

    ``starts`` are the URLs given by the user, with user and password. The login of a mirror's URL applies to its whole
    origin; in a list (``is_list``) each login applies to its own URL only. --header and .netrc apply to the origins of
    ``starts``, and to https instead of http on the same host. ``fallbacks``: URLs of other upstreams, which get only
    their own logins, from their URLs or .netrc.
    """
    from crawler.http.client import ClientOptions  # the checks below need no client
    from crawler.http.lane.pipeline_depth import DEEPEST

    proxies = _proxies(config)
    headers = own_headers(config)
    has_own = "Authorization" in headers  # it replaces all logins
    found = _credentials(config, starts, is_list=is_list and not has_own)
    others = _credentials(config, fallbacks, is_list=False)
    for where in (*found.origins, *others.origins):
        _check_proxy(proxies, where)
    if config.ca_file or config.client_cert:
        tls_context(ca_file=config.ca_file, client_cert=config.client_cert, insecure=config.insecure)
    return ClientOptions(
        user_agent=config.user_agent or DEFAULT_AGENT,
        connect_timeout=config.connect_timeout,
        read_timeout=config.read_timeout,
        min_speed=config.min_speed,
        credentials=Credentials(
            headers=dict.fromkeys(_with_upgrades(found.origins), headers) if headers else {},
            logins={**_of_others(others, found, headers), **({} if has_own else found.logins)},
            url_logins={} if has_own else found.url_logins,
            cookies=_cookies(config.cookies) if config.cookies else (),
        ),
        proxies=proxies,
        ca_file=config.ca_file,
        client_cert=config.client_cert,
        insecure=config.insecure,
        depth=config.pipeline or DEEPEST,
    )


def own_headers(config: Config) -> CIMultiDict[str]:
    """The fields of --header, which files may hold. Raises ConfigError."""
    return CIMultiDict(line for text in config.header for line in _header_lines(text))


def login_of(config: Config, start: str) -> Login | None:
    """The login of .netrc for requests for ``start``; None if they are sent without it. Raises ConfigError."""
    if "Authorization" in own_headers(config):
        return None
    return _credentials(config, [start], is_list=False).logins.get(origin(start) or ("", "", 0))


def are_read_once(config: Config) -> bool:
    """Whether the fields of --header, or the logins of --netrc, come from a pipe or the like."""
    if any(is_special(text[1:]) for text in config.header if text.startswith("@")):
        return True
    if not config.netrc:
        return False
    from crawler.http.credentials import netrc_file  # imported only if needed

    return netrc_file.is_read_once()


def option_checks(config: Config, starts: Iterable[str]) -> Iterator[Callable[[], object]]:
    """Functions that raise ConfigError for what ``client_options`` would refuse, or what could not be used later.

    Each is about one option, one file of an option, or a proxy that the environment names for one of ``starts``. A pipe
    such as ``/dev/stdin`` or ``<(command)`` is not read, because that would empty it.
    """
    for header in config.header:
        if not (header.startswith("@") and is_special(header[1:])):
            yield lambda header=header: list(_header_lines(header))  # type: ignore[misc]
    if config.netrc:
        from crawler.http.credentials import netrc_file  # imported only if needed

        if not netrc_file.is_read_once():
            yield netrc_file.entries
    if config.cookies and not is_special(config.cookies):
        yield partial(_cookies, config.cookies)
    wheres = {origin(userinfo(start)[0]) for start in starts}
    for where in (("http", "any", 80),) if config.proxy else wheres:
        if where is not None:
            yield partial(_look_up_proxy, config, where)
    if config.ca_file and not is_special(config.ca_file):
        yield partial(tls_context, ca_file=config.ca_file, client_cert=None, insecure=config.insecure)
    if config.client_cert and not is_special(config.client_cert):
        yield partial(tls_context, ca_file=None, client_cert=config.client_cert, insecure=config.insecure)


def _check_proxy(proxies: Proxies, where: Origin) -> str | None:
    """The proxy for ``where``, or None. Raises ConfigError if it cannot be used."""
    try:
        proxy = proxies.choose(origin_name(where))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    _check_library(proxy or "", proxies.variables.get(where[0], "--proxy"))
    return proxy


def _look_up_proxy(config: Config, where: Origin) -> None:
    """Raise ConfigError if the proxy for ``where`` cannot be used, or if its host has no address.

    A lookup that fails for another reason, such as a name server that does not respond, proves nothing.
    """
    import socket

    proxies = _proxies(config)
    proxy = _check_proxy(proxies, where)
    if proxy is None:
        return
    name, variable = proxy_host(proxy), proxies.variables.get(where[0])
    try:
        socket.getaddrinfo(name, None)
    except socket.gaierror as error:
        if error.errno in UNKNOWN_HOST:
            what = f"{variable}={redacted(proxies.by_scheme[where[0]])}" if variable else f"--proxy {redacted(proxy)}"
            more = f"; set no_proxy={where[1]} to connect without it" if variable else ""
            raise ConfigError(f"{what}: no host {printable(name)} is known: correct the name{more}") from None


def _of_others(others: _Found, found: _Found, headers: Collection[str]) -> dict[Origin, Login]:
    """The logins of fallbacks, except for origins of URL, to which --header may send a different one."""
    taken = _with_upgrades(found.origins) if headers else found.origins
    return {where: login for where, login in others.logins.items() if where not in taken}


class _Found(Value, frozen=True, kw_only=True):
    origins: Collection[Origin]
    """The origins of the URLs given by the user."""
    logins: Mapping[Origin, Login]
    url_logins: Mapping[str, Login]


def _credentials(config: Config, starts: Iterable[str], *, is_list: bool) -> _Found:
    """The origins of ``starts`` and the logins for them. Raises ConfigError."""
    given = [userinfo(start) for start in starts]
    if not config.netrc and all(login is None for _, login in given):
        origins = dict.fromkeys(where for bare, _ in given if (where := origin(bare)) is not None)
        return _Found(origins=tuple(origins), logins={}, url_logins={})
    from crawler.http.credentials import netrc_file  # imported only if needed
    from crawler.http.credentials.login import Login, upgraded
    from crawler.http.credentials.netrc import login_for

    entries = netrc_file.entries() if config.netrc else []
    logins: dict[Origin, Login | None] = {}
    url_logins: dict[str, Login] = {}
    for bare, login in given:
        where = origin(bare)
        if where is None:
            continue
        if login is not None and not login[1]:
            login = login_for(entries, where[1], login[0]) or login
        if login is not None and is_list:
            own = Login(user=login[0], password=login[1], start=bare)
            if url_logins.setdefault(bare, own) != own:
                raise ConfigError(f"{bare}: listed with two logins: list each URL with one login only")
            login = None
        if where not in logins:
            login = login or login_for(entries, where[1])
            logins[where] = Login(user=login[0], password=login[1], start=bare) if login else None
    secured = {where: login for where, login in logins.items() if login is not None}
    upgrades = {upgrade: upgraded(secured[where]) for where in secured if (upgrade := _upgrade(where))}
    return _Found(origins=tuple(logins), logins={**upgrades, **secured}, url_logins=url_logins)


def _with_upgrades(origins: Iterable[Origin]) -> list[Origin]:
    """``origins``, with https://host for each http://host: redirects may lead there (``is_upgrade``)."""
    return [each for where in origins for each in (where, _upgrade(where)) if each is not None]


def _upgrade(where: Origin) -> Origin | None:
    return ("https", where[1], 443) if (where[0], where[2]) == PLAIN else None


def _header_lines(text: str) -> Iterator[tuple[str, str]]:
    """The fields of one --header: a single field, or the lines of a file (``@file``). Raises ConfigError."""
    if not text.startswith("@"):
        yield parse_header(text)
        return
    content = text_of(f"--header {text}", Path(text[1:]))
    if not content.strip():
        raise ConfigError(f"--header {text}: holds no header: write 'Name: value' in it")
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                yield parse_header(line)
            except ValueError as error:
                problem = str(error).removesuffix(" or @FILE")
                raise ConfigError(f"--header {text}: line {number}: {problem}") from None


def _proxies(config: Config) -> Proxies:
    if config.proxy:
        try:
            given = proxy_url(config.proxy, bare=False)
        except ValueError as error:
            raise ConfigError(f"--proxy {error}") from None
        _check_library(given, "--proxy")
        return Proxies(by_scheme={"http": given, "https": given})
    found = _environment_proxies()
    variables = {scheme: "all_proxy" if not found.get(scheme) else f"{scheme}_proxy" for scheme in ("http", "https")}
    by_scheme = {scheme: found.get(scheme) or found.get("all") for scheme in variables}
    return Proxies(
        by_scheme={scheme: proxy for scheme, proxy in by_scheme.items() if proxy},
        variables=variables,
        exempt=tuple(found.get("no", "").lower().replace(",", " ").split()),
    )


def _environment_proxies() -> Mapping[str, str]:
    """Scheme, or ``all`` or ``no``, → the value of its variable, such as http_proxy; on macOS also system settings."""
    if sys.platform != "darwin" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return {}
    from urllib.request import getproxies

    return getproxies()


def _cookies(path: str) -> Sequence[Cookie]:
    from crawler.http.credentials.cookie_jars import read_cookies

    return read_cookies(path)


def _check_library(proxy: str, what: str) -> None:
    """Raise ConfigError if ``proxy`` needs a library that is not installed. ``what``: the option or variable."""
    if is_socks(proxy):
        from crawler.http.lane import socks

        if not socks.is_installed():
            raise ConfigError(f"{what}: {socks.LIBRARY}")
