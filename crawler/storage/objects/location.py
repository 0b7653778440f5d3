"""URLs of prefixes in object stores, and where this machine keeps its files about them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from crawler.model.errors import ConfigError
from crawler.model.struct import Value
from crawler.storage.objects.keys import prefix_problem
from crawler.text.escape import printable, redacted
from crawler.text.urls import STATE_DIRECTORY, STATE_FILE

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
_STORES = {"s3": "an S3 bucket", "gs": "a Google Cloud Storage bucket", "az": "an Azure container"}
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
    "gs": (),
}
"""Environment variables that obstore reads."""


class Location(Value, frozen=True):
    """A prefix in an object store. Everything below it belongs to one mirror."""

    scheme: str
    """``s3``, ``gs`` or ``az``."""
    bucket: str
    """Name of the bucket; for Azure, of the container."""
    prefix: str
    """The keys of the mirror begin with this prefix and a slash; "" for the whole bucket."""
    endpoint: str = ""
    """URL of the service; "" for the usual one."""

    def __str__(self) -> str:
        return printable(f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/"))

    @property
    def cache(self) -> Path:
        """The directory on this machine with files about the prefix: the state, and the lock of this machine."""
        home = os.environ.get("XDG_STATE_HOME", "")
        try:
            base = Path(home) if home.startswith("/") else Path.home() / ".local" / "state"
        except RuntimeError:
            raise ConfigError("no directory for the state: set XDG_STATE_HOME, or name one with --state") from None
        identity = f"{self.scheme}://{self.bucket}/{self.prefix}\0{self.endpoint}"
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return base / "crawler" / f"{self.scheme}-{self.bucket}-{digest}"

    @property
    def home(self) -> Path:
        """The directory in ``cache`` for the program's own files."""
        return self.cache / STATE_DIRECTORY

    @property
    def state(self) -> Path:
        """The path of the state on this machine."""
        return self.home / STATE_FILE


def parse_location(url: str, options: Mapping[str, str]) -> Location:
    """Parse ``s3://bucket/prefix``; the prefix is taken literally. ``options`` are the same as for ``connect``.

    Raises ConfigError.
    """
    scheme, _, rest = url.partition("://")
    bucket, _, prefix = rest.partition("/")
    scheme = scheme.lower()
    if "@" in rest and not _BUCKET.fullmatch(bucket):  # a secret key may contain a slash
        raise ConfigError(f"DIR: {redacted(url)}: keys belong in the environment or [objects], not in the URL")
    if bucket and not _BUCKET.fullmatch(bucket):
        letters = "letters, digits, '.', '-' and '_'"
        raise ConfigError(f"DIR: {redacted(url)}: the name of {_STORES[scheme]} has at least two {letters}")
    if not bucket:
        raise ConfigError(f"DIR: {redacted(url)} does not name {_STORES[scheme]}: write it as {scheme}://name/prefix")
    problem = prefix_problem(prefix.removesuffix("/")) if prefix else None
    if problem is not None:
        raise ConfigError(f"DIR: {redacted(url)}: a part of the prefix {problem}")
    given = next((options[key] for key in options if key.endswith("endpoint")), "")
    endpoint = given or next((os.environ[name] for name in _ENDPOINTS[scheme] if os.environ.get(name)), "")
    return Location(scheme, bucket, prefix.removesuffix("/"), endpoint)
