"""Chooses the proxy for a URL from ``--proxy``, ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

from crawler.model.struct import Brief, field
from crawler.text.escape import redacted
from crawler.text.patterns import pattern
from crawler.text.urls import canonical_url, origin

_WITH_PORT = pattern(r"(\[[^]]*\]|[^:]*):(\d+)")
_SOCKS_REST = pattern(r"[^/?#]+/?")
_SOCKS_PORT = 1080


class Proxies(Brief, frozen=True, kw_only=True):
    """Proxies as given; one is validated only when a request needs it. Its representation hides them."""

    _shown: ClassVar[str] = "exempt"
    by_scheme: Mapping[str, str] = field(default_factory=dict)
    """Scheme of the request → proxy."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Scheme of the request → environment variable that named the proxy; empty for ``--proxy``."""
    exempt: tuple[str, ...] = ()
    """Entries of ``no_proxy``."""

    def choose(self, url: str) -> str | None:
        """The URL of the proxy for ``url``, or None. Raises ValueError if it is invalid."""
        where = origin(url) if self.by_scheme else None
        if where is None or where[0] not in self.by_scheme or _is_exempt(*where[1:], self.exempt):
            return None
        try:
            return proxy_url(self.by_scheme[where[0]], bare=True)
        except ValueError as error:
            variable = self.variables.get(where[0], f"{where[0]}_proxy")
            raise ValueError(f"{variable}={error}; set no_proxy={where[1]} to connect without it") from None

    def named(self, text: str, url: str) -> str:
        """``text`` about the proxy for ``url`` with its address, without password, and the name of its variable."""
        where = origin(url)
        if where is None or where[0] not in self.by_scheme:
            return text
        of = self.variables.get(where[0], "--proxy")
        return text.replace("proxy", f"proxy {redacted(self.by_scheme[where[0]])} of {of}", 1)


def proxy_url(text: str, *, bare: bool) -> str:
    """The URL of a proxy. With ``bare`` the scheme may be missing, which means http. Adds the port of a SOCKS proxy.

    Raises ValueError if ``text`` is not the URL of a proxy.
    """
    url = f"http://{text}" if bare and "://" not in text else text
    scheme, _, rest = url.partition("://")
    place = origin(canonical_url(f"http://{rest}" if is_socks(url) else url) or "")
    if place is None or re.search(r"\s", url) or (is_socks(url) and not _SOCKS_REST.fullmatch(rest)):
        raise ValueError(f"{redacted(text)}: expected http://host:port, socks5://host:port or socks5h://host:port")
    if not is_socks(url):
        return url
    rest = rest.rstrip("/")
    has_port = _WITH_PORT.fullmatch(rest.rpartition("@")[2]) is not None
    return f"{scheme.lower()}://{rest}" + ("" if has_port else f":{_SOCKS_PORT}")


def proxy_host(proxy: str) -> str:
    """The host of a proxy, a URL that ``proxy_url`` returned, without brackets."""
    where = origin(f"http://{proxy.partition('://')[2]}")
    return where[1] if where is not None else ""


def is_socks(proxy: str) -> bool:
    """Whether ``proxy`` is a SOCKS proxy: ``socks5h://``, which resolves host names itself, or ``socks5://``."""
    return proxy.partition("://")[0].lower() in {"socks5", "socks5h"}


@lru_cache(maxsize=256)
def _is_exempt(host: str, port: int, names: tuple[str, ...]) -> bool:
    return any(_covers(name, host.rstrip("."), port) for name in names)


def _covers(name: str, host: str, port: int) -> bool:
    """True if ``name`` covers ``host``: ``*``, a domain with its subdomains, an address or a network; each may have a
    port."""
    if name == "*":
        return True
    with_port = _WITH_PORT.fullmatch(name)
    if with_port is not None:
        name = with_port[1]
        if int(with_port[2]) != port:
            return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = name.removeprefix("*").strip(".")
        return host == name or host.endswith(f".{name}")
    try:
        return address in ipaddress.ip_network(name.strip("[]"), strict=False)
    except ValueError:
        return False
