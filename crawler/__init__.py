"""Mirror directory-listing sites.

    report = await crawler.mirror(url, directory, config)

Names are imported on first use, so that a run from cron loads only the modules it needs.
"""

from __future__ import annotations

from importlib import import_module

from crawler.version import __version__

TYPE_CHECKING = False  # importing typing is slow, and signals are not handled until it is imported
_MODULE_OF = {
    "AlreadyRunning": "crawler.model.errors",
    "Config": "crawler.model.config",
    "ConfigError": "crawler.model.errors",
    "CrawlerError": "crawler.model.errors",
    "DeleteRefused": "crawler.model.errors",
    "Destination": "crawler.model.interfaces",
    "DestinationError": "crawler.model.errors",
    "DownloadOptions": "crawler.model.options.keywords",
    "Entry": "crawler.model.values",
    "FetchError": "crawler.model.errors",
    "Job": "crawler.model.values",
    "Kind": "crawler.model.values",
    "Known": "crawler.model.versions.known",
    "Listing": "crawler.model.values",
    "ListingError": "crawler.model.errors",
    "Local": "crawler.model.values",
    "Observer": "crawler.model.observer",
    "Options": "crawler.model.options.keywords",
    "Outcome": "crawler.model.values",
    "Part": "crawler.model.interfaces",
    "Rejection": "crawler.model.values",
    "Report": "crawler.model.report",
    "Result": "crawler.model.values",
    "RichProgress": "crawler.output.progress.third_party",
    "RobotsForbidden": "crawler.model.errors",
    "Span": "crawler.model.values",
    "Staged": "crawler.model.values",
    "Step": "crawler.model.report",
    "TqdmProgress": "crawler.output.progress.third_party",
    "UnreadableDirectory": "crawler.model.errors",
    "UrlObject": "crawler.text.arguments",
    "Validators": "crawler.model.versions.known",
    "VerificationError": "crawler.model.errors",
    "WalkOptions": "crawler.model.options.keywords",
    "download": "crawler.app.library",
    "download_sync": "crawler.app.library",
    "mirror": "crawler.app.library",
    "mirror_sync": "crawler.app.library",
    "parse_listing": "crawler.listings",
    "path_problem": "crawler.text.urls",
    "walk": "crawler.app.walk",
}

__all__ = [
    "AlreadyRunning",
    "Config",
    "ConfigError",
    "CrawlerError",
    "DeleteRefused",
    "Destination",
    "DestinationError",
    "DownloadOptions",
    "Entry",
    "FetchError",
    "Job",
    "Kind",
    "Known",
    "Listing",
    "ListingError",
    "Local",
    "Observer",
    "Options",
    "Outcome",
    "Part",
    "Rejection",
    "Report",
    "Result",
    "RichProgress",
    "RobotsForbidden",
    "Span",
    "Staged",
    "Step",
    "TqdmProgress",
    "UnreadableDirectory",
    "UrlObject",
    "Validators",
    "VerificationError",
    "WalkOptions",
    "__version__",
    "download",
    "download_sync",
    "mirror",
    "mirror_sync",
    "parse_listing",
    "path_problem",
    "walk",
]

if TYPE_CHECKING:
    from crawler.app.library import download, download_sync, mirror, mirror_sync
    from crawler.app.walk import walk
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
        UnreadableDirectory,
        VerificationError,
    )
    from crawler.model.interfaces import Destination, Part
    from crawler.model.observer import Observer
    from crawler.model.options.keywords import DownloadOptions, Options, WalkOptions
    from crawler.model.report import Report, Step
    from crawler.model.values import (
        Entry,
        Job,
        Kind,
        Listing,
        Local,
        Outcome,
        Rejection,
        Result,
        Span,
        Staged,
    )
    from crawler.model.versions.known import Known, Validators
    from crawler.output.progress.third_party import RichProgress, TqdmProgress
    from crawler.text.arguments import UrlObject
    from crawler.text.urls import path_problem


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
