"""Canonical host names and addresses, for comparing, showing and sending. Pure functions of strings.

International names become A-labels (RFC 5891 section 4.4). Short and octal IPv4 addresses get four decimal numbers, as
in the WHATWG URL standard and curl. IPv6 addresses get their shortest form (RFC 5952).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

from crawler.model.errors import ConfigError
from crawler.text.escape import printable
from crawler.text.patterns import pattern

_NAME = pattern(r"[A-Za-z0-9._-]+")
_NUMBER = pattern(r"0[xX][0-9A-Fa-f]*|[0-9]+")
_CANONICAL_IPV4 = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
_PORT = pattern(r"(?::[^\[\]@:]*)?")
_IPV6 = pattern(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[^\]]*)?")
_NAMED_HOST = pattern(r"(\*\.|\*)?(\[[^]]*\]|[^\[\]:*\s/?#@\\]*)(?::([0-9]{1,5}))?")
_FORBIDDEN = pattern(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_LONGEST_LABEL, _LONGEST_NAME = 63, 253
_ONE_PORT = range(1, 65536)
_ZONE = "%25"
"""Separator of the zone of a link-local address in a URL (RFC 6874)."""


@lru_cache(maxsize=1024)
def canonical_authority(authority: str) -> str | None:
    """``user:password@host:port`` with the canonical host, or None if the host is invalid."""
    user, at, rest = authority.rpartition("@")
    if rest.startswith("["):
        address, bracket, port = rest[1:].partition("]")
        host = _ipv6(address) if bracket else None
    else:
        name, colon, number = rest.partition(":")
        host, port = _host(name), colon + number
    if host is None or not _PORT.fullmatch(port):
        return None
    return f"{user}{at}{host}{port}"


def named_hosts(hosts: Iterable[str]) -> frozenset[str]:
    """The hosts and patterns of --allow-host in canonical form, as ``is_named`` expects them. Raises ConfigError."""
    return frozenset(_named_host(host) for host in hosts)


def _named_host(text: str) -> str:
    found = _NAMED_HOST.fullmatch(f"[{text}]" if _IPV6.fullmatch(text) else text)
    star, name, number = found.groups(default="") if found else ("", "", "")
    port = f":{int(number)}" if number else ""
    is_port = not number or int(number) in _ONE_PORT
    if star == "*" and not name and is_port:
        return f"*{port}"
    canonical = ((name and canonical_authority(name.lower())) or "").removesuffix(".")
    if star == "*" or not is_port or "," in canonical or "" in canonical.split(".") or (star and is_address(canonical)):
        wanted = "HOST, HOST:PORT, '*.DOMAIN' for its subdomains, or '*' for every host"
        wanted += ": write the option once for each" if "," in text else ""
        raise ConfigError(f"--allow-host {printable(text)}: expected {wanted}")
    return f"{star}{canonical}{port}"


def is_address(host: str) -> bool:
    """Whether a canonical host is an address, with or without brackets, and not a name."""
    return ":" in host or _CANONICAL_IPV4.fullmatch(host) is not None


@lru_cache(maxsize=4096)
def is_named(host: str, port: int, hosts: frozenset[str]) -> bool:
    """Whether one of ``hosts``, from ``named_hosts``, covers ``host``, canonical and without brackets, at ``port``.

    ``*.example.org`` covers the names below that domain, at any depth, but not the domain itself. Only ``*`` covers
    addresses that are not named. A name without a port covers all ports.
    """
    name = f"[{host}]" if ":" in host else host.removesuffix(".").lower()
    covering = [name, "*"]
    if not is_address(name):
        labels = name.split(".")
        covering += [f"*.{'.'.join(labels[place:])}" for place in range(1, len(labels)) if all(labels)]
    return any(each in hosts or f"{each}:{port}" in hosts for each in covering)


def connectable(url: str) -> str:
    """``url`` with the zone of its IPv6 address as the system's resolver expects it: only on link-local addresses."""
    zone = _zone(url)
    if not zone:
        return url
    return url.replace(zone, zone.replace(_ZONE, "%", 1) if "://[fe80:" in url else "", 1)


def without_zone(url: str) -> str | None:
    """The Host header for ``url`` if its IPv6 address has a zone, which is only meaningful locally; else None."""
    zone = _zone(url)
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2].replace(zone, "", 1) if zone else None


def _zone(url: str) -> str:
    """The zone in a URL: ``%25eth0`` of ``http://[fe80::1%25eth0]/``; "" if there is none."""
    address, bracket, _ = url.partition("]")
    zone = address.find(_ZONE)
    return address[zone:] if bracket and 0 < address.find("://[") < zone else ""


def _host(name: str) -> str | None:
    """The canonical registered name or IPv4 address, or None."""
    if name.isascii() and "%" not in name:
        if _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]):
            return _ipv4(name)
        return None if name_problem(name) else name
    try:
        text = unquote(name, errors="strict")
        label = text if text.isascii() else _a_labels(text)
    except (UnicodeError, ValueError):
        return None
    return _host(label) if _NAME.fullmatch(label) else None


def name_problem(name: str) -> str:
    """Why ``name``, a host in a URL, cannot exist; "" if it can, or if it is empty.

    The limits are those of RFC 1035 section 2.3.4, the characters and numbers those of WHATWG URL section 3.5.
    """
    if not name.isascii() or "%" in name:
        return "" if _host(name) is not None else "that is not an international host name"
    if _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]):
        return "" if _ipv4(name) else "a host that ends in a number is an IPv4 address: four numbers up to 255"
    if forbidden := _FORBIDDEN.search(name):
        return f"a host name has no {forbidden[0]!r}"
    bare = name.removesuffix(".")
    labels = bare.split(".")
    if name and not all(labels):
        return "a host name has no dot at its start, and no two dots in a row"
    if len(max(labels, key=len)) > _LONGEST_LABEL:
        return f"between two dots, a host name has at most {_LONGEST_LABEL} characters"
    return f"a host name has at most {_LONGEST_NAME} characters" if len(bare) > _LONGEST_NAME else ""


def _a_labels(name: str) -> str:
    """``bücher.example`` → ``xn--bcher-kva.example``. Raises UnicodeError if a label is invalid."""
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:  # IDNA 2003 allows symbols, and names with an underscore
        return name.encode("idna").decode("ascii")


def _ipv4(text: str) -> str | None:
    """``127.1`` → ``127.0.0.1``; None if it is not an address."""
    if _CANONICAL_IPV4.fullmatch(text):
        return text if all(int(part) < 256 for part in text.split(".")) else None
    parts = text.removesuffix(".").split(".")
    try:
        *leading, last = [_number(part) for part in parts]
    except ValueError:
        return None
    if len(parts) > 4 or any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        return None
    value = last + sum(number << (24 - 8 * place) for place, number in enumerate(leading))
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _number(text: str) -> int:
    """A number in decimal, octal (leading ``0``) or hexadecimal (leading ``0x``). Raises ValueError."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    return int(text, 8 if len(text) > 1 and text[0] == "0" else 10)


def _ipv6(text: str) -> str | None:
    """The canonical IPv6 address in brackets, with its zone, or None."""
    from ipaddress import AddressValueError, IPv6Address

    address, mark, zone = text.partition("%")
    try:
        short = str(IPv6Address(address))
    except AddressValueError:
        return None
    zone = zone.removeprefix("25") if mark else ""
    if mark and not _NAME.fullmatch(zone):
        return None
    return f"[{short}{_ZONE}{zone}]" if mark else f"[{short}]"


def origin_of(url: str) -> str:
    """The beginning of ``url`` that most URLs of its origin have, with the slash that begins the path; "" without one.

    To compare it takes less than ``urls.origin``, but it does not know other spellings of the same origin.
    """
    return url[: url.find("/", url.find("://") + 3) + 1]
