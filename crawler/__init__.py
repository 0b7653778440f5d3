"""Mirror directory-listing sites.

    report = await crawler.mirror(url, directory, config)

Names are imported on first use: a cron run that changes nothing should not pay for what it does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "AlreadyRunning": "crawler.errors",
    "Config": "crawler.config",
    "ConfigError": "crawler.errors",
    "CrawlerError": "crawler.errors",
    "DeleteRefused": "crawler.errors",
    "DestinationError": "crawler.errors",
    "Entry": "crawler.models",
    "FetchError": "crawler.errors",
    "Job": "crawler.models",
    "Kind": "crawler.models",
    "Listing": "crawler.models",
    "ListingError": "crawler.errors",
    "Observer": "crawler.interfaces",
    "Outcome": "crawler.models",
    "Rejection": "crawler.models",
    "Report": "crawler.report",
    "Result": "crawler.models",
    "RobotsForbidden": "crawler.errors",
    "Span": "crawler.models",
    "Step": "crawler.models",
    "VerificationError": "crawler.errors",
    "download": "crawler.app",
    "mirror": "crawler.app",
    "parse_listing": "crawler.listings",
    "walk": "crawler.browse",
}

__all__ = [
    "AlreadyRunning",
    "Config",
    "ConfigError",
    "CrawlerError",
    "DeleteRefused",
    "DestinationError",
    "Entry",
    "FetchError",
    "Job",
    "Kind",
    "Listing",
    "ListingError",
    "Observer",
    "Outcome",
    "Rejection",
    "Report",
    "Result",
    "RobotsForbidden",
    "Span",
    "Step",
    "VerificationError",
    "__version__",
    "download",
    "mirror",
    "parse_listing",
    "walk",
]

if TYPE_CHECKING:
    from crawler.app import download, mirror
    from crawler.browse import walk
    from crawler.config import Config
    from crawler.errors import (
        AlreadyRunning,
        ConfigError,
        CrawlerError,
        DeleteRefused,
        DestinationError,
        FetchError,
        ListingError,
        RobotsForbidden,
        VerificationError,
    )
    from crawler.interfaces import Observer
    from crawler.listings import parse_listing
    from crawler.models import Entry, Job, Kind, Listing, Outcome, Rejection, Result, Span, Step
    from crawler.report import Report


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
