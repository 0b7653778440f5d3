"""Mirror directory-listing sites.

    report = await crawler.mirror(url, directory, config)

Names are imported on first use: a cron run that changes nothing should not pay for what it does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Entry": "crawler.models",
    "Job": "crawler.models",
    "Kind": "crawler.models",
    "Listing": "crawler.models",
    "Outcome": "crawler.models",
    "Rejection": "crawler.models",
    "Result": "crawler.models",
    "Span": "crawler.models",
    "parse_listing": "crawler.listings",
}

__all__ = ["Entry", "Job", "Kind", "Listing", "Outcome", "Rejection", "Result", "Span", "__version__", "parse_listing"]

if TYPE_CHECKING:
    from crawler.listings import parse_listing
    from crawler.models import Entry, Job, Kind, Listing, Outcome, Rejection, Result, Span


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
