"""Connects to an object store with the credentials of the environment and of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from obstore.exceptions import UnknownConfigurationKeyError
from obstore.store import AzureStore, GCSStore, S3Store

from crawler.model.errors import ConfigError
from crawler.model.options.names.spelling import did_you_mean
from crawler.model.options.objects import KEYS
from crawler.storage.objects.errors import FAILURES, summary
from crawler.storage.objects.location import Location
from crawler.version import __version__

if TYPE_CHECKING:
    from obstore.store import ObjectStore

LONGEST_REQUEST = timedelta(minutes=10)
"""Time limit of one request. Its body has at most 16 MiB, or is a copy of the state."""
CLIENT_KEYS = frozenset(
    {"allow_http", "allow_invalid_certificates", "connect_timeout", "http1_only", "http2_only", "pool_idle_timeout",
     "proxy_ca_certificate", "proxy_excludes", "proxy_url", "timeout", "user_agent"}
)  # fmt: skip
"""Keys of ``[objects]`` that configure the connection, not the store."""


def connect(where: Location, options: Mapping[str, str]) -> ObjectStore:
    """The store at ``where``. ``options`` take precedence over the environment. No request is sent.

    Raises ConfigError, which never shows a value.
    """
    client: dict[str, Any] = {"timeout": LONGEST_REQUEST, "user_agent": f"crawler/{__version__}"}
    client.update((key, value) for key, value in options.items() if key in CLIENT_KEYS)
    config: Any = {key: value for key, value in options.items() if key not in CLIENT_KEYS}
    if where.endpoint.lower().startswith("http://"):  # obstore allows http only with another option
        client.setdefault("allow_http", True)
    more: Any = {"config": config, "client_options": client, "prefix": where.prefix or None}
    try:
        if where.scheme == "s3":
            return S3Store(where.bucket, **more)
        return GCSStore(where.bucket, **more) if where.scheme == "gs" else AzureStore(where.bucket, **more)
    except UnknownConfigurationKeyError as error:
        name = str(error).partition("'")[2].partition("'")[0]
        advice = did_you_mean(name, KEYS[where.scheme]) or ": see docs/object-stores.md"
        raise ConfigError(f"objects: {name}: not a key of {where.scheme}://{advice}") from None
    except (*FAILURES, TypeError) as error:
        raise ConfigError(f"cannot use {where}: {summary(error)}: see docs/object-stores.md") from None
