"""Mirror directory-listing sites.

    report = await crawler.mirror(url, directory, config)

Names are imported on first use, so that a run from cron loads only the modules it needs.
"""

from __future__ import annotations

from importlib import import_module

from crawler.version import __version__

TYPE_CHECKING = False  # importing typing takes long, and signals are not handled until it is done
_MODULE_OF = {
    "AlreadyRunning": "crawler.model.errors",
    "Config": "crawler.model.config",
    "ConfigError": "crawler.model.errors",
    "CrawlerError": "crawler.model.errors",
    "DeleteRefused": "crawler.model.errors",
    "Destination": "crawler.model.interfaces",
    "DestinationError": "crawler.model.errors",
    "Entry": "crawler.model.values",
    "FetchError": "crawler.model.errors",
    "Job": "crawler.model.values",
    "Kind": "crawler.model.values",
    "Known": "crawler.model.values",
    "Listing": "crawler.model.values",
    "ListingError": "crawler.model.errors",
    "Local": "crawler.model.values",
    "Observer": "crawler.model.observer",
    "Outcome": "crawler.model.values",
    "Part": "crawler.model.interfaces",
    "Rejection": "crawler.model.values",
    "Report": "crawler.model.report",
    "Result": "crawler.model.values",
    "RobotsForbidden": "crawler.model.errors",
    "Span": "crawler.model.values",
    "Staged": "crawler.model.values",
    "Step": "crawler.model.report",
    "Validators": "crawler.model.values",
    "VerificationError": "crawler.model.errors",
    "download": "crawler.app.api",
    "mirror": "crawler.app.api",
    "parse_listing": "crawler.listings",
    "path_problem": "crawler.text.urls",
    "walk": "crawler.app.browse",
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
    from crawler.app.api import download, mirror
    from crawler.app.browse import walk
    from crawler.listings import parse_listing
    from crawler.model.config import Config
    from crawler.model.errors import (
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
    from crawler.model.interfaces import Destination, Part
    from crawler.model.observer import Observer
    from crawler.model.report import Report, Step
    from crawler.model.values import (
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
        Validators,
    )
    from crawler.text.urls import path_problem


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
