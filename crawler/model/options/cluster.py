"""``--cluster``: which cluster a run uses, and whether strangers could reach it."""

from __future__ import annotations

import re

from crawler.model.errors import ConfigError
from crawler.model.options.readers import MAX_PARALLEL

_FORMS = f"expected local, local:N with N up to {MAX_PARALLEL}, tcp://HOST:PORT or tls://HOST:PORT"
_HIGHEST_PORT = 65_535
_INSIDE = "inproc"
"""Scheme of a scheduler in this very process, as the caller of the library may have one."""


def parse_cluster(text: str) -> str:
    """``local``, ``local:N``, or the address of a scheduler, unchanged. Raises ValueError."""
    name, _, count = text.partition(":")
    if name == "local" and (text == name or re.fullmatch(r"[1-9]\d{0,3}", count)):
        if not count or int(count) <= MAX_PARALLEL:
            return text
    elif found := re.fullmatch(r"(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+):(\d{1,5})", text, re.ASCII):
        if 0 < int(found[1]) <= _HIGHEST_PORT:
            return text
        raise ValueError(f"expected a port from 1 to {_HIGHEST_PORT}")
    raise ValueError(_FORMS)


def local_workers(cluster: str) -> int | None:
    """The N of ``local:N``, 0 if the number of processors decides; None for a scheduler somewhere else."""
    name, _, count = cluster.partition(":")
    return int(count or 0) if name == "local" else None


def local_worker_count(cluster: str | None, processes: int, connections: int, processors: int) -> int:
    """Number of workers that a run starts on this machine, by its options and the number of ``processors``.

    This process keeps one of the ``connections`` to a host, so there is at most one worker for each of the others.
    0 stands for one fewer than there are processors. A single one of --processes is not started.
    """
    if cluster is not None:
        local = local_workers(cluster)
        return 0 if local is None else min(local or max(1, processors - 1), connections - 1)
    count = min(processes or processors - 1, connections - 1)
    return count if count > 1 else 0


def is_exposed(address: str) -> bool:
    """Whether others could read or change what travels to the scheduler at ``address``: no TLS, and not loopback."""
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    return parts.scheme not in {"tls", _INSIDE} and not _is_loopback(parts.hostname or "")


def check_exposed(address: str, *, insecure: bool) -> None:
    """Raise ConfigError if ``address`` is exposed and the user has not accepted that."""
    if is_exposed(address) and not insecure:
        raise ConfigError(
            f"--cluster {address}: whoever can reach this scheduler runs programs on its workers, and it has no TLS: "
            "use tls://, or accept that with --cluster-insecure"
        )


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
