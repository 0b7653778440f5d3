"""Recognises a page or a message sent in place of a file, by the file's name, Content-Type and the first bytes."""

from __future__ import annotations

import codecs
import re
import zlib
from enum import Enum, auto
from functools import lru_cache

from crawler.text.digests import may_have_digest
from crawler.text.patterns import pattern

SNIFFED = 1445
"""Number of bytes of a body that are needed to recognise its type (WHATWG MIME Sniffing, section 5.2)."""
_SKIPPED = rb"(?:\xef\xbb\xbf)?(?:\s|(?><!--.*?-->)|<\?xml[^>]*+>)*+"
_PAGE = pattern(
    _SKIPPED + rb"<(?:!doctype html|html|head|title|meta|link|script|style|body|iframe|h1|div|font|table|form|a|b|p|br)"
    rb"[\s/>]",
    re.IGNORECASE | re.DOTALL,
)
_NOTHING = pattern(_SKIPPED + rb"(?:<!--.*)?", re.DOTALL)
_BINARY_BYTE = pattern(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""A byte that does not occur in text (WHATWG MIME Sniffing, section 3)."""
_HTML_NAME = pattern(r"\.(?:[sx]?html?|xht|php|aspx?|jsp|cgi|mht)(?:[.~]|$)")
"""Names of pages, also with a suffix: Apache's mod_mime ignores languages, charsets and unknown suffixes."""
_PROGRAM_NAME = pattern(r"\.(?:php|aspx?|jsp|cgi)(?:[.~]|$)")
"""Names of programs on the server."""
_EXTENSION = pattern(r".\.[^.\s]{1,16}$")
_SHORT_EXTENSION = pattern(r"\.[a-z0-9]{1,5}$")
"""Names with extensions whose types servers know: if such a file is sent as a page, that is an error page."""
_BINARY_NAME = pattern(
    r"\.(?:7z|a|apk|appimage|avi|bin|bmp|cab|class|crate|deb|dll|djvu|dmg|ear|egg|epub|exe|flac|flatpak|gem|gif|gz"
    r"|h5|hdf5|img|ipa|iso|jar|jpe?g|lz|lz4|lzma|m4a|mkv|mov|mp[34]|msix?|nc|np[yz]|o|og[gv]|otf|ova|parquet|pdf|pkg"
    r"|png|pyc|qcow2|rar|rpm|rz|snap|so|sqlite3?|squashfs|tar|t?bz2?|tgz|torrent|tiff?|ttf|txz|tzst|udeb|vdi|vhdx?|vmdk|war"
    r"|wav|web[mp]|whl|woff2?|xz|z|zip|zst)$"
)
"""Names of files whose content never begins like a page, whatever Content-Type a server sends."""
_NEVER_TEXT = pattern(
    r"\.(?:7z|apk|bz2|cab|deb|docx|egg|epub|flac|gem|gz|h5|hdf5|ico|iso|jar|jpe?g|lz|lz4|lzma|mkv|mov|mp4|np[yz]|odt|ova"
    r"|parquet|png|pyc|qcow2|rar|rpm|snap|sqlite3?|squashfs|tar|tbz2?|tgz|tiff?|ttf|txz|tzst|udeb|war|webm|whl|woff2?"
    r"|xlsx|xz|zip|zst)$"
)
"""Names of formats that have bytes within their first SNIFFED ones that do not occur in text."""
_DATA_NAME = pattern(r"json|xml|\.(?:atom|gpx|kml|rdf|rss|svg|xsd|xsl|yang|har|ipynb|topo)(?:[.~]|$)")
"""Names of files that may be JSON or XML."""
_TEXT_NAME = pattern(
    r"^[^.]*$|json|ya?ml|sha\d|sums|\.(?:adoc|asc|bed|bib|c|cc|cfg|conf|cpp|css|csv|diff|eml|fa|fasta|fastq|fq|gff3?|go|h"
    r"|hpp|ics|ini|java|js|list|log|lst|lua|map|mbox|md5?|n3|nt|patch|php|pl|pot?|properties|ps|py|r|rb|rs|rst|sam|sh"
    r"|sig|sql|srt|tex|text|toml|ts|tsv|ttl|txt|vcf|vtt)(?:[.~]|$)"
)
"""Names of files that may be text."""
_CODED_NAMES = {
    "gzip": (".gz", ".tgz", ".svgz"),
    "compress": (".z",),
    "bzip2": (".bz2", ".tbz", ".tbz2"),
    "xz": (".xz", ".txz"),
    "lzma": (".lzma",),
    "lzip": (".lz",),
    "zstd": (".zst",),
    "br": (".br",),
}
"""Content coding → extensions of files that servers send unchanged but label with it (Apache's AddEncoding)."""
_GZIP = pattern(rb"\x1f\x8b\x08[\x00-\x1f]", re.DOTALL)
"""The beginning of a gzip file: signature, method and flags (RFC 1952 section 2.3.1)."""


def is_html(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in {"text/html", "application/xhtml+xml"}


def _name(path: str) -> str:
    return path.rpartition("/")[2].lower()


def is_binary(head: bytes) -> bool:
    """Whether a body that begins with ``head`` is not text (WHATWG MIME Sniffing, section 7.2)."""
    return _BINARY_BYTE.search(head[:SNIFFED]) is not None


def begins_like_html(head: bytes) -> bool | None:
    """Whether a body that begins with ``head`` is a page (WHATWG MIME Sniffing, section 7.1); None if it is blank.

    Comments and XML declarations are skipped, because XHTML and SVG have them too.
    """
    head = _in_bytes(head[:SNIFFED])
    if _PAGE.match(head):
        return True
    return None if _NOTHING.fullmatch(head) else False


def _in_bytes(head: bytes) -> bytes:
    """``head``; UTF-16 with a byte order mark in one byte for each character of ASCII."""
    return head[2:].replace(b"\0", b"") if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else head


def is_page_instead(path: str, content_type: str, head: bytes) -> bool | None:
    """Whether a page, such as a login or error page with status 200, was sent instead of the file ``path``.

    The beginning of the body decides, because many servers label all unknown types as text/html. None if the name tells
    nothing and the body is labelled as a page and looks like one: then the file that it replaces decides.
    """
    begins = begins_like_html(head)
    name = _name(path)
    if _BINARY_NAME.search(name):
        return begins or (is_html(content_type) and not _BINARY_BYTE.search(head))
    if not is_html(content_type) or _HTML_NAME.search(name):
        return False
    if begins is False:
        return bool(_SHORT_EXTENSION.search(name)) and not _BINARY_BYTE.search(head)
    return True if _EXTENSION.search(name) else None


def is_never_the_file(path: str, content_type: str, head: bytes) -> bool:
    """Whether a page was sent instead of the file ``path``, even if it has the listed size.

    Label and content must agree: many servers label what they do not know as text/html, and a file may hold anything.
    """
    name = _name(path)
    if not is_html(content_type) or not _BINARY_NAME.search(name):
        return False
    is_text = bool(head) and not is_binary(head) and _NEVER_TEXT.search(name) is not None
    return begins_like_html(head) is True or is_text


def is_message_instead(path: str, content_type: str, head: bytes) -> bool:
    """Whether an error message in JSON or XML with status 200 was sent instead of the file ``path``.

    Only files of binary formats are judged: no server labels one of those as JSON or XML because of its name.
    """
    name = _name(path)
    return _is_message(content_type) and _BINARY_NAME.search(name) is not None and not _BINARY_BYTE.search(head)


def _is_message(content_type: str) -> bool:
    subtype = content_type.partition(";")[0].strip().lower().rpartition("/")[2]
    return subtype in {"json", "xml"} or subtype.endswith(("+json", "+xml"))


def is_text_instead(path: str, content_type: str, head: bytes) -> bool:
    """Whether text was sent instead of the file ``path``: an error message, with status 200.

    Only formats are judged whose first bytes cannot be text. Text with the label of such a format is not judged.
    """
    kind = content_type.partition(";")[0].strip().lower()
    is_text = (
        bool(head) and not is_binary(head) and not head.startswith(b"BZh") and (not kind or kind.startswith("text/"))
    )
    return is_text and _NEVER_TEXT.search(_name(path)) is not None


class Named(Enum):
    """The kind of content that the name of a file implies."""

    PAGE = auto()
    DATA = auto()  # JSON or XML
    TEXT = auto()
    MAYBE_PAGE = auto()  # also the names of programs on the server, which may send anything
    MAYBE_DATA = auto()
    MAYBE_TEXT = auto()
    OTHER = auto()


class Looks(Enum):
    """What the first bytes of a copy or of a response look like; a response with the label of JSON or XML is one."""

    EMPTY = auto()
    UNKNOWN = auto()  # a copy that is larger than what is read
    BINARY = auto()
    PAGE = auto()
    DATA = auto()  # begins like JSON or XML
    BLANK = auto()
    TEXT = auto()
    MESSAGE = auto()  # a response with the label of JSON or XML that begins otherwise than the copy


_CERTAIN = {Named.PAGE, Named.DATA, Named.TEXT}
_STRUCTURED = {Looks.PAGE, Looks.DATA}


def contradicts(named: Named, copy: Looks, response: Looks) -> str | None:
    """What came instead of a file with such a name and copy, in words; None if ``response`` may replace the copy."""
    if response is Looks.EMPTY:
        return "an empty body"
    if response is Looks.BINARY:
        is_copy_text = copy not in {Looks.BINARY, Looks.UNKNOWN}
        return "binary data" if named in _CERTAIN and is_copy_text else None
    is_old_binary = copy is Looks.BINARY or (copy is Looks.UNKNOWN and named is Named.OTHER)
    if response is Looks.PAGE and named not in {Named.PAGE, Named.MAYBE_PAGE}:
        return "an HTML page" if is_old_binary or copy not in {Looks.PAGE, Looks.UNKNOWN} else None
    if response is Looks.MESSAGE and named not in {Named.DATA, Named.MAYBE_DATA}:
        return "JSON or XML" if is_old_binary or copy is not Looks.UNKNOWN else None
    if named is Named.TEXT:
        return None
    if named in {Named.PAGE, Named.DATA}:
        return "text" if response is Looks.TEXT and (is_old_binary or copy in _STRUCTURED) else None
    return "text" if is_old_binary else None


def named(path: str) -> Named:
    """What the name of the file ``path`` says: for certain only by its last extension."""
    name = _name(path)
    _, dot, extension = name.rpartition(".")
    last = dot + extension if dot else ""
    kind = Named.OTHER
    if _BINARY_NAME.search(name):
        return kind
    if _HTML_NAME.search(name):
        is_certain = _HTML_NAME.search(last) and not _PROGRAM_NAME.search(last)
        kind = Named.PAGE if is_certain else Named.MAYBE_PAGE
    elif _DATA_NAME.search(name):
        kind = Named.DATA if _DATA_NAME.search(last) else Named.MAYBE_DATA
    elif _TEXT_NAME.search(name):
        kind = Named.TEXT if last and _TEXT_NAME.search(last) else Named.MAYBE_TEXT
    return kind


def looks(head: bytes) -> Looks:
    """What a body that begins with ``head`` looks like; UTF-16 with a byte order mark is text."""
    head = head[:SNIFFED]
    if not head:
        return Looks.EMPTY
    head = _in_bytes(head)
    if is_binary(head):
        return Looks.BINARY
    if begins_like_html(head):
        return Looks.PAGE
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        return Looks.BLANK
    return Looks.DATA if text[:1] in {b"{", b"[", b"<"} else Looks.TEXT


def contradiction(path: str, content_type: str, head: bytes, old: bytes | None) -> str | None:
    """What contradicts the good copy of ``path`` that is here: what came instead, in words; None if nothing does.

    ``head``: the first bytes of the new body. ``old``: those of the copy, which is not empty; None if they are unknown.
    For files of which nothing else is known, such as a size: a file may change, but not into an error message.
    """
    response, name = looks(head), named(path)
    if response in {Looks.DATA, Looks.TEXT, Looks.BLANK} and _is_message(content_type) and name is not Named.DATA:
        is_same = old is not None and old.lstrip()[:1] == head.lstrip()[:1]
        response = response if is_same else Looks.MESSAGE
    return contradicts(name, Looks.UNKNOWN if old is None else looks(old), response)


def is_coded_name(path: str, coding: str) -> bool:
    return path.lower().endswith(_CODED_NAMES.get(coding.removeprefix("x-"), ()))


def is_coded_twice(path: str, coding: str, head: bytes) -> bool:
    """Whether a body that begins with ``head`` is the file ``path`` compressed once more, by its Content-Encoding.

    ``coding``: the content coding of the response, in lower case. A gzip file within gzip is either a file that the
    server compressed although it is compressed already, or one whose name has the extension twice.
    """
    coding = coding.removeprefix("x-")
    if coding != "gzip" or not is_coded_name(path, coding) or is_coded_name(path.rpartition(".")[0], coding):
        return False
    if not _GZIP.match(head):
        return False
    try:
        inner = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head[:SNIFFED], SNIFFED)
    except zlib.error:
        return False
    return _GZIP.match(inner) is not None


_DECISIVE = frozenset({"transfer-encoding", "content-encoding", "content-range"})
"""Header fields that change what a body is."""


@lru_cache(maxsize=256)
def are_special(names: tuple[str, ...]) -> bool:
    """Whether header fields with these names may change what the body is, or tell its digest."""
    return may_have_digest(names) or not _DECISIVE.isdisjoint(map(str.lower, names))


@lru_cache(maxsize=256)
def is_file_itself(names: tuple[str, ...], *content_types: str) -> bool:
    """Whether a response with header fields of these ``names`` is the file as it is now: no page, and not from a cache.

    It has no digest in its headers either.
    """
    is_special = are_special(names) or "age" in map(str.lower, names)
    return not is_special and not any(map(is_html, content_types))
