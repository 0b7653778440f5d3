"""Explains what is wrong with URL and DIR as typed: notations of other programs, or the two swapped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from unicodedata import normalize

from crawler.text.advice.stores import store_meant
from crawler.text.escape import masked, printable, redacted
from crawler.text.hosts import name_problem
from crawler.text.ownership import root_refusal
from crawler.text.patterns import pattern
from crawler.text.urls import origin

_SCHEME = pattern(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_DRIVE = pattern(r"[A-Za-z]:(?:[\\/]|$)|\\\\")
_OF_SHELL = pattern(r"\d?[<>]|[;&|#\\]$|&&|\|\||#\s*\w")
"""What a shell reads as its own: redirections, the end of a command, a comment."""
_OPTIONAL = pattern(r"\[-{1,2}[a-z].*\]")
_PLACEHOLDER = pattern(r"<[^<>]+>")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00a0"
_VARIABLE = pattern(r"%\w+%")
_SSH = pattern(r"[\w.-]+@[\w.-]+:|[\w-]+(?:\.[\w-]+)+:(?!\d)[^/]*/")
_HOST = pattern(r"(?:localhost|[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}|\d+(?:\.\d+){3}|\[[0-9a-fA-F:.]+\])(:\d+)?(?:[/?#]|$)")
_NEAR = pattern(r"localhost|\d+(?:\.\d+){3}|\[")
"""Hosts that seldom have a certificate."""
_FILE = pattern(
    r"[\w.+-]+\.(?:7z|asc|bin|bz2|csv|deb|dmg|exe|fits|gz|h5|img|iso|jar|jpe?g|json|mp4|nc4|parquet|pdf|png|rar|rpm|sha256|"
    r"sig|tar|tgz|tiff?|tsv|txt|whl|xml|xz|zst)",
    re.I,
)
"""A name that ends like a file, and like no host."""
_WRAPPED = pattern(
    r"""(?:["'<(`\u201c\u2018]|\[[^]]*\]\(|view-source:|url:)\s*(https?://[^"'<>)`\u201d\u2019]+)["'>)`\u201d\u2019]?""",
    re.I,
)
"""A URL as copied from a text: in quotes, in brackets or as Markdown."""
_LISTS = (".txt", ".lst", ".list", ".urls", ".meta4", ".metalink")
"""Endings of files that list URLs, and of no host."""
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
_COMMANDS = {
    **dict.fromkeys(("mirror", "clone"), "URL and DIR suffice; nothing is deleted unless --delete is given"),
    "sync": "an exact copy, which deletes what is gone upstream, is --delete",
    **dict.fromkeys(
        ("copy", "copyurl", "cp", "get", "pget", "download", "fetch", "pull", "wget", "curl", "lftp", "rclone"),
        "URL and DIR suffice, and the URL of a file saves that file",
    ),
    **dict.fromkeys(("ls", "lsf", "lsl", "list"), "--list URL prints a listing"),
    **dict.fromkeys(("check", "verify", "hashsum", "checksum"), "--verify DIR compares the files with their digests"),
    **dict.fromkeys(("history", "log", "runs", "status"), "--history DIR prints the last runs"),
    "explain": "--explain ENTRY URL DIR says what would happen to an entry",
    "snapshots": "--list-snapshots DIR prints the snapshots",
    "rollback": "--rollback SNAPSHOT DIR returns to a snapshot",
    "version": "--version prints the version",
    **dict.fromkeys(("help", "/?", "/help", "/h", "?"), "--help explains all options"),
    "open": "URL and DIR suffice",
    **dict.fromkeys(("crawler", "$", "sudo"), "the name of the program is written once, in front of all"),
    **dict.fromkeys(("config", "run"), "--config FILE runs the mirrors that a file describes"),
    **dict.fromkeys(("update", "resume"), "URL and DIR suffice: each run continues the last one"),
}  # fmt: skip
"""First word of a command line for another program → how to do the same here."""
_WITHOUT_URL = {"--input-file": "the URLs are in the file"}
_ONE_BY_ONE = "run it once for each URL, or list them as mirrors in a --config file"
_PORTS = "the port is a number from 0 to 65535"
_PLACE = re.compile(r"(?:[^\[\]]+|\[.*\]):([^\[\]]+)")
_LONG_NUMBER = re.compile(r"\d{5,}")


def url_problem(text: str, directory: str = "") -> str:
    """Explain in one line why ``text`` cannot be URL, and what to do. ``directory``: DIR, if it was given, too."""
    takes_directory = " DIR " in _COMMANDS.get(text.lower(), "")
    if text.lower() in _COMMANDS and (not directory or takes_directory or origin(directory) is not None):
        return _no_command(text)
    shown = redacted(text.strip()) or ("…@" if text.strip() else "(empty)")
    if problem := _host_problem(text.strip()):
        return f"{shown}: {problem}"
    return f"not an http or https URL: {shown}: {_remedy(text.strip(), directory)}"


def _host_problem(text: str) -> str:
    """Why the host of an http or https URL cannot exist; "" for any other text."""
    if text.partition("://")[0].lower() not in {"http", "https"}:
        return ""
    return name_problem(_authority(text).rpartition("@")[2].partition(":")[0])


def _remedy(text: str, directory: str) -> str:
    if (plain := normalize("NFKC", text).strip(_INVISIBLE + " ")) != text and origin(plain) is not None:
        return f"some of its characters only look like others, or are invisible: write {masked(plain)}"
    scheme = _SCHEME.match(text)
    bare = _WRAPPED.fullmatch(text)
    if bare is not None:
        return f"leave out what is around it: {masked(bare[1])}"
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
        meant = get_close_matches(name, ("http", "https"), 1, 0.7)
        rest = text[len(name) :]
        return f"did you mean {redacted(meant[0] + rest)}?" if meant else "only http and https are fetched"
    if re.search(r"//[^@]*[/?#][^@]*@", text):
        return "in a user name or password, write / as %2F, ? as %3F, # as %23"
    return _port_remedy(_authority(text).rpartition("@")[2]) or "write it as http://host/path/"


def _port_remedy(place: str) -> str:
    """What is wrong with the port of ``place``, which is ``host:port``; "" if it has none."""
    if not (found := _PLACE.fullmatch(place)):
        return ""
    if _LONG_NUMBER.fullmatch(found[1]):
        return _PORTS
    return "the port after the host is a number, and user and password come before host, as in user:password@host"


def _authority(text: str) -> str:
    """What ``text``, a URL, has between its scheme and its path: ``user:password@host:port``."""
    return re.split(r"[/?#\\]", text.partition("://")[2], maxsplit=1)[0]


def _remedy_without_scheme(text: str) -> str:
    if text.lower().startswith(tuple(_TYPING)):
        return "write the scheme as http:// or https://"
    if text.startswith("//") and _HOST.match(text[2:]):
        return f"did you mean {redacted('https:' + text)}?"
    if _DRIVE.match(text) or text.startswith(("/", "./", "../", "~")) or text in {".", ".."}:
        return "that is a local path: local directories are copied by rsync or cp"
    if _SSH.match(text):
        return "over SSH use rsync"
    if text.lower().endswith(".toml"):
        return f"--config {redacted(text)} runs the mirrors that a file describes"
    if text.lower().endswith(_LISTS):
        return f"--input-file {redacted(text)} DIR saves the URLs that a file lists"
    if text.lower().startswith("magnet:"):
        return "a magnet link is for a BitTorrent client, such as aria2"
    if _FILE.fullmatch(text):
        return "that is the name of a file: write its URL in full"
    if found := _HOST.match(text):
        is_likely_plain = _NEAR.match(text) or (found[1] not in {None, ":443"})
        return f"did you mean http{'' if is_likely_plain else 's'}://{printable(text)}?"
    return "write it as http://host/path/"


def _no_command(word: str) -> str:
    return f"crawler has no commands such as {word}: leave it out; {_COMMANDS[word.lower()]}"


def directory_problem(text: str) -> str:
    """Explain in one line why DIR does not mean a local directory, and what to write; "" if it does.

    It may have the form of scp (``host:path``), of Windows, or of something that a shell expands.
    """
    shown = printable(text)
    literally = f"or write ./{shown} if that is its name"
    if not text.strip("/"):
        return root_refusal(shown)
    if _PLACEHOLDER.fullmatch(text):
        return f"DIR: {shown} stands for a name in a manual: write that of a directory, {literally}"
    if text == "-":
        return f"DIR: files are saved into a directory, not to standard output: name one, {literally}"
    if text[0] in "~$":
        return f"DIR: {shown}: only a shell expands {text[0]}, and not in quotes: write the path in full, {literally}"
    if meant := store_meant(text):
        return f"DIR: {shown}: an object store is given by its URL: write {printable(meant)}, {literally}"
    if text.lower().startswith(("http:", "https:")):
        return f"DIR: {shown} is a URL: name the directory to save files in, {literally}"
    if text.lower().startswith("file:/"):
        return f"DIR: {shown}: write {printable(text[5:])}, {literally}"
    if _DRIVE.match(text) or "\\" in text.partition("/")[0] or _VARIABLE.match(text):
        return f"DIR: {shown} is a path of Windows: write it as here, such as /mnt/c/data, {literally}"
    if text.partition("/")[0].find(":") > 0:
        place = "a place on another machine, as for scp and rsync"
        return f"DIR: {shown} is {place}: mirror into a local directory and copy it there with rsync, {literally}"
    return ""


def url_as_directory(text: str, mode: str, url: str = "") -> str:
    """Explain in one line that DIR is a URL; "" if it is none. ``url``: URL, if there is one beside it."""
    if origin(text) is None:
        return ""
    if not mode and origin(url) is not None:
        return f"DIR: {redacted(text)} is a URL: {_ONE_BY_ONE}"
    if mode == "--input-file":
        return f"DIR: {redacted(text)} is a URL: name the directory to save the files in; the URLs are in the file"
    if mode == "--explain" and origin(url) is None:
        return f"DIR: {redacted(text)} is a URL: after ENTRY, URL comes first, then DIR"
    return f"{mode} takes no URL: name the directory of the mirror, DIR" if mode else ""


def entry_as_url(entry: str, given: Sequence[str]) -> str:
    """Explain in one line that URL was taken as the ENTRY of --explain; "" if it was not."""
    if origin(entry) is None or len(given) > 1 or (given and origin(given[0]) is not None):
        return ""
    return f"--explain took {masked(entry)} as its ENTRY: write --explain ENTRY URL [DIR], ENTRY being a file below URL"


def item_path_problem(path: str, detail: str) -> str:
    """Explain in one line why a file of a list cannot be saved as ``path``; "" if its URL names no file.

    ``detail``: what is wrong with a segment of the path.
    """
    shown = repr(path)
    if not path:
        return "its URL ends in a slash, so it names a directory: mirror that, or give the file a path"
    if path.startswith("/"):
        return f"{shown} is an absolute path: paths are relative to DIR"
    if path.endswith("/"):
        return f"{shown} is the path of a directory: add the name of the file"
    if ".." in path.split("/"):
        return f"{shown} contains '..': files are saved in DIR alone"
    if {"", "."} & {*path.split("/")}:
        return f"{shown} contains an empty segment or '.': write the path without it"
    return f"{shown} {detail}"


def swallowed(given: Mapping[str, object]) -> str:
    """Explain in one line that an option without its value took URL as the value; "" if none did.

    ``given``: values by key, without options whose values are URLs.
    """
    for key, value in given.items():
        texts = value if isinstance(value, tuple) else (value,)
        for text in texts:
            if isinstance(text, str) and origin(text) is not None:
                return f"--{key.replace('_', '-')} took {masked(text)} as its value: give it one of its own, before URL"
    return ""


def split_list(ext: Sequence[str], given: Sequence[str]) -> str:
    """Explain in one line that a list after --ext was split by spaces, so that its rest came before URL; "" if not."""
    before = next((place for place, each in enumerate(given) if origin(each) is not None), 0)
    if not before or not (ext and (ext[-1].rstrip().endswith(",") or given[0].startswith(","))):
        return ""
    parts = [part for text in (*ext, *given[:before]) for part in re.split(r"[\s,]+", text) if part]
    return f"a list has no spaces: write --ext {printable(','.join(parts))}"


def count_problem(wanted: tuple[str, ...], given: tuple[str, ...], mode: str = "") -> str:
    """Explain in one line why the positional arguments ``given`` do not fit those ``wanted`` by ``mode``."""
    if given and given[0].lower() in _COMMANDS:
        return _no_command(given[0])
    needed = "URL [DIR]" if wanted == ("URL", "DIR") and not given else " and ".join(wanted)
    expected = f"expected {needed}, got {len(given)} argument{'s' * (len(given) != 1)}"
    if len(given) < len(wanted):
        return f"{expected} (see --help)"
    shown = ", ".join(redacted(each) for each in given[:4]) + (", …" if len(given) > 4 else "")
    places = [place for place, each in enumerate(given) if origin(each) is not None]
    if mode and wanted == ("DIR",) and places:
        advice = f"{mode} takes no URL: {_WITHOUT_URL.get(mode, 'the state in DIR knows it')}"
    elif mode and wanted == ("URL",) and places == [0]:
        advice = f"{mode} takes no DIR: it saves nothing"
    elif len(places) > 1:
        advice = _ONE_BY_ONE
    elif shell := next(filter(_OF_SHELL.match, given), ""):
        advice = f"{redacted(shell)} has a meaning in a shell, and only without quotes"
    elif optional := next(filter(_OPTIONAL.fullmatch, given), ""):
        advice = f"brackets mark what may be left out: write {redacted(optional.strip('[]'))}"
    elif places and places[0] > 0:
        advice = "separate a list after an option by commas (--ext zip,tar), and put patterns in quotes ('*.zip')"
    else:
        advice = "put names with spaces, and patterns such as '*.zip', in quotes"
    return f"{expected} ({shown}): {advice}"
