"""The versions that all members of a cluster must share."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from crawler.model.errors import ConfigError
from crawler.version import __version__


def version_text() -> str:
    """The versions of this process."""
    return version_of({"crawler": __version__, "python": platform.python_version()})


def version_of(packages: Mapping[str, str | None]) -> str:
    """The versions in a report of dask, as ``version_text`` has them: patch versions of Python do not matter."""
    version, python = packages.get("crawler"), (packages.get("python") or "").split(".")
    return f"crawler {version}, Python {'.'.join(python[:2])}" if version else "no crawler"


def check_versions(found: Mapping[str, str], address: str) -> None:
    """Raise ConfigError, naming the first, if any member of the cluster has other versions than this process.

    ``found``: address of a worker, or ``scheduler``, → its versions.
    """
    wanted = version_text()
    wrong = [(name, text) for name, text in found.items() if text != wanted]
    if wrong:
        name, text = wrong[0]
        which = "the scheduler" if name == "scheduler" else f"worker {name}"
        others = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ConfigError(f"--cluster {address}: {which} has {text}{others}; needed is {wanted}, as here")
