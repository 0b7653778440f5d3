"""Mirror directory-listing sites.

    report = await crawler.mirror(url, directory, config)

Names are imported on first use: a cron run that changes nothing should not pay for what it does not need.
"""

from __future__ import annotations

from importlib import import_module

from crawler.version import __version__

TYPE_CHECKING = False  # typing imports much, and a signal that comes meanwhile finds nobody
_HOME = {
    "AlreadyRunning": "crawler.errors",
    "Config": "crawler.config",
    "ConfigError": "crawler.errors",
    "CrawlerError": "crawler.errors",
    "DeleteRefused": "crawler.errors",
    "Destination": "crawler.interfaces",
    "DestinationError": "crawler.errors",
    "Entry": "crawler.models",
    "FetchError": "crawler.errors",
    "Job": "crawler.models",
    "Kind": "crawler.models",
    "Known": "crawler.models",
    "Listing": "crawler.models",
    "ListingError": "crawler.errors",
    "Local": "crawler.models",
    "Observer": "crawler.observer",
    "Outcome": "crawler.models",
    "Part": "crawler.interfaces",
    "Rejection": "crawler.models",
    "Report": "crawler.report",
    "Result": "crawler.models",
    "RobotsForbidden": "crawler.errors",
    "Span": "crawler.models",
    "Staged": "crawler.models",
    "Step": "crawler.models",
    "Validators": "crawler.models",
    "VerificationError": "crawler.errors",
    "download": "crawler.app",
    "mirror": "crawler.app",
    "parse_listing": "crawler.listings",
    "path_problem": "crawler.urls",
    "walk": "crawler.browse",
}

__all__ = [
    "AlreadyRunning",
    "Config",
    "ConfigError",
    "CrawlerError",
    "DeleteRefused",
    "Destination",
    "DestinationError",
    "Entry",
    "FetchError",
    "Job",
    "Kind",
    "Known",
    "Listing",
    "ListingError",
    "Local",
    "Observer",
    "Outcome",
    "Part",
    "Rejection",
    "Report",
    "Result",
    "RobotsForbidden",
    "Span",
    "Staged",
    "Step",
    "Validators",
    "VerificationError",
    "__version__",
    "download",
    "mirror",
    "parse_listing",
    "path_problem",
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
    from crawler.interfaces import Destination, Part
    from crawler.listings import parse_listing
    from crawler.models import (
        Entry,
        Job,
        Kind,
        Known,
        Listing,
        Local,
        Outcome,
        Rejection,
        Result,
        Span,
        Staged,
        Step,
        Validators,
    )
    from crawler.observer import Observer
    from crawler.report import Report
    from crawler.urls import path_problem


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
