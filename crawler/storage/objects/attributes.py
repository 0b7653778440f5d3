"""The metadata stored with an object: its time as rclone writes it, its media type, and its digest."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from datetime import UTC, datetime

SECOND = 1_000_000_000
MTIME, SHA256 = "mtime", "sha256"
"""Keys of the metadata of an object."""
_LONGEST = 1 << 62
"""Maximum distance of a time from the epoch in nanoseconds: years 1823 to 2116."""
_NUMBER = re.compile(r"(-?)(\d{1,10})(?:\.(\d{1,9}))?\d*")
_FRACTION = re.compile(r"(.*T\d\d:\d\d:\d\d)\.(\d{1,9})(Z|[+-]\d\d:\d\d)")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_CODED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz",
          "compress": "application/x-compress", "br": "application/x-brotli"}  # fmt: skip


def attributes(path: str, mtime: int | None, digest: str | None, scheme: str) -> dict[str, str]:
    """The attributes of the object for the file ``path``. ``mtime`` in nanoseconds; None for the time of storing."""
    found = {"Content-Type": media_type(path)}
    if mtime is not None and abs(mtime) < _LONGEST:
        found[MTIME] = _seconds(mtime) if scheme == "s3" else _rfc3339(mtime)
    if digest is not None and (match := _DIGEST.fullmatch(digest)):
        found[SHA256] = match[1]
    return found


def media_type(path: str) -> str:
    """The media type by name. A compressed file has the type of its compression, as its bytes are stored unchanged."""
    kind, coding = mimetypes.guess_type(f"/{path.rpartition('/')[2]}", strict=False)
    return (_CODED.get(coding) if coding else kind) or "application/octet-stream"


def mtime_of(found: Mapping[str, str]) -> int | None:
    """The time in nanoseconds since the epoch, read from the format of rclone for S3 or other stores; None without."""
    text = found.get(MTIME, "")
    if match := _NUMBER.fullmatch(text):
        moment = int(match[2]) * SECOND + int((match[3] or "").ljust(9, "0"))
        return -moment if match[1] else moment
    digits = "0"
    if match := _FRACTION.fullmatch(text):
        text, digits = match[1] + match[3], match[2]
    try:
        moment_ = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment_.tzinfo is None:
        return None
    return int((moment_ - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND + int(digits.ljust(9, "0"))


def digest_of(found: Mapping[str, str]) -> str:
    """The digest, ``sha256:<hex>``, recorded when the object was stored; "" without one."""
    digest = f"sha256:{found.get(SHA256, '').lower()}"
    return digest if _DIGEST.fullmatch(digest) else ""


def _seconds(mtime: int) -> str:
    """The time in seconds as rclone writes it for S3: ``1700000000.5``."""
    whole, rest = divmod(abs(mtime), SECOND)
    fraction = f".{rest:09}".rstrip("0").rstrip(".")
    return f"{'-' if mtime < 0 else ''}{whole}{fraction}"


def _rfc3339(mtime: int) -> str:
    """The time as rclone writes it for Google Cloud Storage and Azure: ``2023-11-14T22:13:20.5Z``."""
    whole, rest = divmod(mtime, SECOND)
    fraction = f".{rest:09}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"
