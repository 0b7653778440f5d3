"""Connects through a SOCKS5 proxy (RFC 1928) with python-socks, which is imported when it is needed."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Sequence

from crawler.http.problem import RequestError
from crawler.text.escape import printable
from crawler.text.urls import userinfo

LIBRARY = "SOCKS needs python-socks: pip install 'crawler[socks]'"
_PERMANENT = frozenset({0x02, 0x07, 0x08})
"""Replies that another attempt would get again: forbidden by a rule, unknown command or address type (section 6)."""


def is_installed() -> bool:
    return importlib.util.find_spec("python_socks") is not None


async def connect(proxy: str, hosts: Sequence[str], port: int) -> socket.socket:
    """Return a socket that is connected to the first of ``hosts`` that the proxy can reach.

    ``proxy`` is ``socks5://[user:password@]host:port``, or ``socks5h://…``. The proxy resolves host names. Raises
    RequestError.
    """
    try:
        from python_socks import ProxyConnectionError, ProxyError, ProxyType
        from python_socks.async_.asyncio import Proxy
    except ImportError:
        raise RequestError(LIBRARY, is_permanent=True, is_unsent=True) from None
    host, proxy_port, user, password = _parts(proxy)
    through = Proxy(ProxyType.SOCKS5, host, proxy_port, user, password, rdns=True)
    for place, target in enumerate(hosts, 1):
        try:
            return await through.connect(target, port, timeout=_NO_LIMIT)
        except ProxyConnectionError as error:
            cause = error.__cause__
            reason = printable(str(getattr(cause, "strerror", None) or cause or error)[:200])
            raise RequestError(
                f"cannot connect to the SOCKS proxy: {reason}", blames_host=True, is_unsent=True
            ) from None
        except ValueError:
            text = "user and password for the SOCKS proxy must be ASCII, and have at most 255 characters each"
            raise RequestError(text, is_permanent=True, is_unsent=True) from None
        except (ProxyError, OSError) as error:
            if place == len(hosts):
                raise RequestError(
                    f"the SOCKS proxy did not connect: {printable(str(error)[:200])}",
                    is_permanent=getattr(error, "error_code", None) in _PERMANENT,
                    blames_host=True,
                    is_unsent=True,
                ) from None
    raise RequestError("the host has no address", blames_host=True, is_unsent=True)


_NO_LIMIT = 1e9
"""Timeout in seconds, effectively none: the caller limits the time."""


def _parts(proxy: str) -> tuple[str, int, str | None, str | None]:
    """The parts of the URL of a proxy: (host, port, user, password)."""
    bare, login = userinfo(proxy)
    host, _, port = bare.partition("://")[2].rstrip("/").rpartition(":")
    user, password = login or (None, None)
    return host.strip("[]"), int(port), user or None, password or None
