"""Says that --netrc was of no use: a host asks for a login, and .netrc has none for it."""

from __future__ import annotations

from crawler.http.credentials.netrc_file import netrc_lack, netrc_path
from crawler.model.config import Config
from crawler.model.errors import ConfigError, CrawlerError, FetchError
from crawler.model.report import Report
from crawler.text.escape import masked, printable
from crawler.text.urls import origin

_UNAUTHORIZED = 401


def explain_refusal(error: CrawlerError, url: str, config: Config) -> None:
    """Let the ``error`` of a run at ``url`` say that .netrc has no login for its host, if that may be the reason."""
    cause = error if isinstance(error, FetchError) else error.__cause__
    if isinstance(cause, FetchError) and cause.status == _UNAUTHORIZED and (lack := _lack(url, config)):
        offered = f" ({', '.join(cause.logins)})" if cause.logins else ""
        error.reword(f"{masked(url)}: HTTP {_UNAUTHORIZED}: it needs a login{offered}, and {lack}")


def with_refusals(report: Report, config: Config) -> Report:
    """``report`` with a warning for each host that refused files and has no login in .netrc.

    The login of a mirror is sent to the host of its URL only, those of a list to the hosts of its URLs.
    """
    failed = [(each.url, each.reason) for each in report.failures]
    failed += [(each.url, each.reason) for each in report.listing_failures]
    urls = [url for url, reason in failed if reason.startswith(f"HTTP {_UNAUTHORIZED}")]
    for where in dict.fromkeys(map(origin, urls)):
        if where is not None and (not report.url or where == origin(report.url)):
            lack = _lack(f"{where[0]}://{where[1]}/", config)
            report = report.warned(f"HTTP {_UNAUTHORIZED}, and {lack}", report.exit_code) if lack else report
    return report


def _lack(url: str, config: Config) -> str:
    """That .netrc has no login for the host of ``url``; "" if it has one, or if --netrc is not given."""
    where = origin(url)
    try:
        lack = netrc_lack(where[1]) if config.netrc and where is not None else ""
    except ConfigError:  # a pipe that has been read, or a file that is gone since
        return ""
    return f"{printable(str(netrc_path()))} has {lack} (--netrc)" if lack else ""
