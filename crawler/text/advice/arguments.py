"""Explains what is wrong with URL and DIR as typed: notations of other programs, or the two swapped."""

from __future__ import annotations

import re

from crawler.text.escape import printable, redacted
from crawler.text.urls import origin

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_DRIVE = re.compile(r"[A-Za-z]:(?:[\\/]|$)|\\\\")
_SSH = re.compile(r"[\w.-]+@[\w.-]+:|[\w-]+(?:\.[\w-]+)+:(?!\d)[^/]*/")
_HOST = re.compile(
    r"(?:localhost|[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}|\d+(?:\.\d+){3}|\[[0-9a-fA-F:.]+\])(?::\d+)?(?:[/?#]|$)"
)
_TYPING = {"http:/", "https:/", "http//", "https//", "http:", "https:"}
_SCHEMES = {
    "ftp": "for FTP use lftp or wget",
    "ftps": "for FTP use lftp or wget",
    "sftp": "over SSH use rsync or lftp",
    "ssh": "over SSH use rsync or lftp",
    "scp": "over SSH use rsync or lftp",
    "rsync": "that is rsync's own protocol: use rsync",
    "s3": "give the bucket's https address, such as https://BUCKET.s3.amazonaws.com/",
    "gs": "give the bucket's https address, https://storage.googleapis.com/BUCKET/",
    "az": "give the container's https address, https://ACCOUNT.blob.core.windows.net/CONTAINER/",
    "file": "local directories are copied by rsync or cp",
    "dav": "write http:// for dav://",
    "davs": "write https:// for davs://",
    "webdav": "write http:// for webdav://",
    "webdavs": "write https:// for webdavs://",
    "git": "use git clone",
}
"""URL scheme that is not supported → what to use instead."""
_PORTS = "the port is a number from 0 to 65535"


def url_problem(text: str, directory: str = "") -> str:
    """Why ``text`` cannot be URL, and what to do, in one line. ``directory``: DIR, if it was given beside it."""
    shown = redacted(text.strip()) or "(empty)"
    return f"not an http or https URL: {shown}: {_remedy(text.strip(), directory)}"


def _remedy(text: str, directory: str) -> str:
    scheme = _SCHEME.match(text)
    if origin(directory) is not None and (not scheme or scheme[1].lower() in {"s3", "gs", "az", "file"}):
        return "URL comes first, then DIR"
    if text[:1] == "-":
        return "options begin with two dashes; see --help"
    if not scheme:
        return _remedy_without_scheme(text)
    name = scheme[1].lower()
    if name in _SCHEMES:
        return _SCHEMES[name]
    if name not in {"http", "https"}:
        return "only http and https are fetched"
    if "@" in text:
        return "in a user name or password, write / as %2F, ? as %3F, # as %23"
    if re.search(r":\d{5,}(?:[/?#]|$)", text):
        return _PORTS
    return "write it as http://host/path/"


def _remedy_without_scheme(text: str) -> str:
    if text.lower().startswith(tuple(_TYPING)):
        return "write the scheme as http:// or https://"
    if _DRIVE.match(text) or text.startswith(("/", "./", "../", "~")) or text in {".", ".."}:
        return "that is a local path: local directories are copied by rsync or cp"
    if _SSH.match(text):
        return "over SSH use rsync"
    if _HOST.match(text):
        return f"did you mean https://{printable(text)}?"
    return "write it as http://host/path/"


def count_problem(wanted: tuple[str, ...], given: tuple[str, ...]) -> str:
    """Why the positional arguments ``given`` are not the ``wanted`` ones, and what to do, in one line."""
    expected = f"expected {' and '.join(wanted)}, got {len(given)} argument{'s' * (len(given) != 1)}"
    if len(given) < len(wanted):
        return f"{expected} (see --help)"
    shown = ", ".join(redacted(each) for each in given[:4]) + (", …" if len(given) > 4 else "")
    places = [place for place, each in enumerate(given) if origin(each) is not None]
    if len(places) > 1:
        advice = "several URLs are several runs, or mirrors of a --config file"
    elif places and places[0] > 0:
        advice = "a list after an option is written with commas (--ext zip,tar), and a pattern in quotes ('*.zip')"
    else:
        advice = "put names with spaces, and patterns such as '*.zip', in quotes"
    return f"{expected} ({shown}): {advice}"
