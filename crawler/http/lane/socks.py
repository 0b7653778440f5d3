"""Connects through a SOCKS5 proxy (RFC 1928) with python-socks, which is imported when it is needed."""

from __future__ import annotations

import errno
import importlib.util
import os
import socket
from collections.abc import Sequence

from crawler.http.problem import UNKNOWN_HOST, RequestError
from crawler.model.errors import Cause
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
            raise _unreachable(error.__cause__ or error) from None
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
                    cause=Cause.PROXY,
                ) from None
    raise RequestError("the host has no address", blames_host=True, is_unsent=True)


def _unreachable(error: BaseException) -> RequestError:
    """There is no connection to the proxy."""
    number = getattr(error, "errno", None)
    if isinstance(error, socket.gaierror):
        reason = "unknown host" if number in UNKNOWN_HOST else error.strerror
    elif number:
        reason = os.strerror(number).lower()
    else:  # asyncio joins the errors of several addresses
        reason = "connection refused" if f"[Errno {errno.ECONNREFUSED}]" in str(error) else str(error)
    return RequestError(
        f"cannot connect to the SOCKS proxy: {printable(str(reason)[:200])}",
        blames_host=True,
        is_unsent=True,
        cause=Cause.PROXY_REFUSED if reason == "connection refused" else Cause.PROXY,
    )


_NO_LIMIT = 1e9
"""Timeout in seconds, effectively none: the caller limits the time."""


def _parts(proxy: str) -> tuple[str, int, str | None, str | None]:
    """The parts of the URL of a proxy: (host, port, user, password)."""
    bare, login = userinfo(proxy)
    host, _, port = bare.partition("://")[2].rstrip("/").rpartition(":")
    user, password = login or (None, None)
    return host.strip("[]"), int(port), user or None, password or None
