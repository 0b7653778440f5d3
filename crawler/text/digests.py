"""Reads published digests from checksum files and response headers. A digest is always written ``algorithm:hex``.

Text that is not a valid digest is ignored.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from crawler.text.patterns import pattern
from crawler.text.urls import file_name_problem

if TYPE_CHECKING:
    from hashlib import _Hash

HEX_LENGTHS = {"sha256": 64, "sha512": 128, "blake2b": 128, "sha384": 96, "sha224": 56, "sha1": 40, "md5": 32}
"""Algorithm → number of hex digits of its digests, best algorithm first. SHA-256 precedes longer ones: none of the
first four is broken, and SHA-256 is computed anyway and can be compared with the state."""

_RANK = {algorithm: rank for rank, algorithm in enumerate(HEX_LENGTHS)}
_BY_LENGTH = {length: algorithm for algorithm, length in HEX_LENGTHS.items() if algorithm != "blake2b"}

# SHA256SUMS, sha512sum.txt, SHASUMS256.txt, tool_1.2_checksums.txt, Fedora-39-CHECKSUM, OpenBSD's SHA256,
# CHECKSUM.SHA256-FreeBSD-14, and kernel.org's sha256sums.asc, which contains the list and its signature
_SUMS = pattern(
    r"(?:.*[-_.])?(?:(?P<algorithm>sha(?:1|224|256|384|512)|md5|b2|blake2b)sums?"
    r"|shasums?(?P<bits>1|224|256|384|512)?|checksums?(?:[-_.](?P<kind>sha(?:1|224|256|384|512)|md5)(?:-.+)?)?)"
    r"(?:\.(?:txt|asc))?|(?P<bare>sha(?:1|256|512)|md5)(?:\.txt)?",
    re.IGNORECASE,
)
_SIDECAR = pattern(
    r"(?P<subject>.+)\.(?P<algorithm>sha(?:1|224|256|384|512)|md5|b2|blake2b)(?:sums?)?(?:\.txt)?", re.IGNORECASE
)
_GNU = pattern(r"(?P<escaped>\\?)(?P<hex>[0-9a-fA-F]{32,128})(?: [ *]|\t\*?| )(?P<name>.+)")
_BSD = pattern(r"(?P<escaped>\\?)(?P<tag>[A-Za-z0-9-]{3,12}) ?\((?P<name>.+)\) ?= ?(?P<hex>[0-9a-fA-F]{32,128})")
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
_TAGS = {"sha2224": "sha224", "sha2256": "sha256", "sha2384": "sha384", "sha2512": "sha512", "b2": "blake2b"}

_DIGEST = pattern(r"([^:]+):\s*([0-9a-fA-F]+)\s*")
_FIELD = pattern(r"([A-Za-z0-9-]+)=:?([A-Za-z0-9+/]+={0,2}):?\s*(?:[,;]|$)")
_MD5_ETAG = pattern(r'"([0-9a-f]{32})"')
_NAMED_HEADERS = {
    "content-md5": "md5",
    "x-amz-checksum-sha1": "sha1",
    "x-amz-checksum-sha256": "sha256",
    "x-checksum-md5": "md5",
    "x-checksum-sha1": "sha1",
    "x-checksum-sha256": "sha256",
    "x-checksum-sha512": "sha512",
}
_LIST_HEADERS = {"repr-digest", "content-digest", "digest", "x-goog-hash"}
_UNCODED = {"", "identity"}
_OF_THE_PART = {"content-digest", "content-md5", "x-amz-checksum-sha1", "x-amz-checksum-sha256"}
_ABOUT = {
    "content-encoding",
    "content-range",
    "etag",
    "x-amz-request-id",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-goog-stored-content-encoding",
}


def hasher(algorithm: str) -> _Hash:
    """A hashlib object. Raises ValueError for an algorithm that is not in ``HEX_LENGTHS``."""
    if algorithm not in HEX_LENGTHS:
        raise ValueError(f"unknown digest algorithm {algorithm!r}")
    return hashlib.new(algorithm, usedforsecurity=False)


def parse_digest(text: str) -> str | None:
    """``SHA-256:AB…`` → ``sha256:ab…``; None if it is not a digest that can be computed here."""
    found = _DIGEST.fullmatch(text)
    if found is None:
        return None
    algorithm, value = _algorithm(found[1]), found[2].lower()
    return f"{algorithm}:{value}" if HEX_LENGTHS.get(algorithm) == len(value) else None


def unreadable(algorithm: str, value: str) -> bool:
    """Whether ``value`` cannot be a digest of ``algorithm``, which is one that can be computed here."""
    return _algorithm(algorithm) in HEX_LENGTHS and parse_digest(f"{algorithm}:{value}") is None


def sha256_of(body: bytes) -> str:
    """The SHA-256 of ``body``, as the state has it."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def matches(body: bytes, expected: str) -> bool:
    """Whether ``body`` has the digest ``expected``; True if ``expected`` is not a digest."""
    digest = parse_digest(expected)
    if digest is None:
        return True
    algorithm, value = digest.split(":")
    hashing = hasher(algorithm)
    hashing.update(body)
    return hashing.hexdigest() == value


def is_checksum_file(name: str) -> bool:
    """True for the name of a checksum file, such as ``SHA256SUMS``, ``CHECKSUM`` or ``app.zip.md5``."""
    return bool(_SUMS.fullmatch(name) or _SIDECAR.fullmatch(name))


def parse_checksums(name: str, text: bytes) -> dict[str, str]:
    """The digests in the checksum file ``name``: path below its directory → the best digest.

    Formats: lines of GNU coreutils (manual, "Output format", including escapes), BSD and openssl; bare digests and the
    output of ``gpg --print-md`` in a file named after its subject; any of these in an OpenPGP cleartext signature (RFC
    9580 section 7), which is not verified. Contradictory lines, and names outside the directory, are left out.
    """
    content = text.decode(errors="surrogateescape").removeprefix("\ufeff")
    sidecar = _SIDECAR.fullmatch(name)
    alone = _alone(content, sidecar) if sidecar else None
    found: dict[str, str | None] = {}
    for algorithm, path, value in [alone] if alone else _statements(content, _implied_algorithm(name)):
        if sidecar and path.rpartition("/")[2] == sidecar["subject"]:
            path = sidecar["subject"]  # the rest is a directory on the machine where the digest was made
        while path.startswith("./"):
            path = path[2:]
        if path != name and not any(map(file_name_problem, path.split("/"))):
            _note(found, path, f"{algorithm}:{value.lower()}")
    return {path: digest for path, digest in found.items() if digest}


def _implied_algorithm(name: str) -> str | None:
    sums, sidecar = _SUMS.fullmatch(name), _SIDECAR.fullmatch(name)
    if sidecar:
        return _algorithm(sidecar["algorithm"])
    if sums and sums["bits"]:
        return f"sha{sums['bits']}"
    named = sums and (sums["algorithm"] or sums["kind"] or sums["bare"])
    return _algorithm(named) if named else None


def _algorithm(text: str) -> str:
    """``SHA-256``, ``SHA2-256``, ``Sha256`` → ``sha256``."""
    plain = text.lower().replace("-", "")
    return _TAGS.get(plain, plain)


def _alone(content: str, sidecar: re.Match[str]) -> tuple[str, str, str] | None:
    """(algorithm, path, hex) if the file contains only the digest of its subject, in groups of digits or not."""
    subject, algorithm = sidecar["subject"], _algorithm(sidecar["algorithm"])
    bare = re.sub(r"\s", "", content.removeprefix(subject).removeprefix(":"))
    is_digest = len(bare) == HEX_LENGTHS[algorithm] and re.fullmatch(r"[0-9a-fA-F]+", bare)
    return (algorithm, subject, bare) if is_digest else None


def _statements(content: str, implied: str | None) -> Iterator[tuple[str, str, str]]:
    """(algorithm, path, hex) of each line with a digest."""
    is_signed = "-----BEGIN PGP SIGNED" in content
    for line in content.split("\n"):
        line = line.rstrip("\r")
        if line.startswith("-----BEGIN PGP SIGNATURE"):
            return
        yield from _statement(line.removeprefix("- ") if is_signed else line, implied)


def _statement(line: str, implied: str | None) -> Iterator[tuple[str, str, str]]:
    found = _BSD.fullmatch(line.rstrip())
    algorithm = _algorithm(found["tag"]) if found else implied
    found = found or _GNU.fullmatch(line)
    if not found:
        return
    algorithm, path = algorithm or _BY_LENGTH.get(len(found["hex"])), found["name"]
    if found["escaped"]:
        path = re.sub(r"\\[\\nr]", lambda escape: _ESCAPES[escape[0]], path)
    if algorithm and HEX_LENGTHS.get(algorithm) == len(found["hex"]):
        yield algorithm, path, found["hex"]


def _note(found: dict[str, str | None], path: str, digest: str) -> None:
    old = found.setdefault(path, digest)
    if old is not None and old != digest:
        better, other = sorted((digest, old), key=_rank)
        found[path] = better if _rank(better) < _rank(other) else None


def _rank(digest: str) -> int:
    return _RANK[digest.split(":")[0]]


@lru_cache(maxsize=256)
def may_have_digest(names: tuple[str, ...]) -> bool:
    """True if headers with these names may give a digest. Cached: a server sends the same names with all its files."""
    lowered = {name.lower() for name in names}
    return not lowered.isdisjoint(_NAMED_HEADERS.keys() | _LIST_HEADERS | {"x-amz-request-id"})


def header_digest(headers: Mapping[str, str]) -> str | None:
    """The best digest of the whole file in response headers; None if no header has a reliable one.

    Sources: Repr-Digest and Content-Digest (RFC 9530), Digest (RFC 3230), Content-MD5 (RFC 1864), x-goog-hash (Google
    Cloud Storage, XML API), x-amz-checksum (Amazon S3), X-Checksum (Artifactory), and the ETag of an S3 object, which
    is its MD5 unless it was uploaded in parts or encrypted with a key. None for a response with a content coding,
    because servers disagree about what they digest then. In a partial response (206), only fields about the whole file
    count.
    """
    if not may_have_digest(tuple(headers)):
        return None
    known: dict[str, str] = {}
    for name, value in headers.items():
        lowered = name.lower()
        if lowered in _NAMED_HEADERS or lowered in _LIST_HEADERS or lowered in _ABOUT:
            known[lowered] = f"{known[lowered]}, {value}" if lowered in known else value
    if known.get("content-encoding", "").strip().lower() not in _UNCODED:
        return None
    candidates = [digest for digest in _header_digests(known) if digest]
    return min(candidates, key=_rank, default=None)


def _header_digests(known: Mapping[str, str]) -> Iterator[str | None]:
    partial = "content-range" in known
    stored = known.get("x-goog-stored-content-encoding", "").strip().lower()
    for name, value in known.items():
        if (partial and name in _OF_THE_PART) or (name == "x-goog-hash" and stored not in _UNCODED):
            continue
        if name in _NAMED_HEADERS:
            yield _decoded(_NAMED_HEADERS[name], value.strip())
        elif name in _LIST_HEADERS:
            for algorithm, text in _FIELD.findall(value):
                # "sha" is SHA-1 in RFC 3230 and 9530; in a checksum file it would be SHA-0.
                yield _decoded("sha1" if algorithm.lower() == "sha" else _algorithm(algorithm), text)
    yield _s3_etag(known)


def _decoded(algorithm: str, text: str) -> str | None:
    """A digest in base64, or in hex as some servers send it; the length shows which. None if it is neither."""
    length = HEX_LENGTHS.get(algorithm)
    if length == len(text):
        return parse_digest(f"{algorithm}:{text}")
    try:
        return parse_digest(f"{algorithm}:{base64.b64decode(text, validate=True).hex()}")
    except ValueError:
        return None


def _s3_etag(known: Mapping[str, str]) -> str | None:
    # S3 API reference, "Object": the ETag is the MD5, except for multipart uploads, SSE-KMS, SSE-C, directory buckets.
    plain = (
        "etag" in known
        and "x-amz-request-id" in known
        and known.get("x-amz-server-side-encryption", "AES256") == "AES256"
        and "x-amz-server-side-encryption-customer-algorithm" not in known
        and known.get("x-amz-storage-class") != "EXPRESS_ONEZONE"
    )
    found = _MD5_ETAG.fullmatch(known["etag"]) if plain else None
    return f"md5:{found[1]}" if found else None
