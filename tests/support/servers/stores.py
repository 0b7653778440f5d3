"""Object stores to write to: moto's server (S3), s3rver (S3, Node.js) and Azurite (Azure Blob Storage, Node.js).

The latter two are found on the PATH: ``npm install -g s3rver azurite``. Their listings have pages of PAGE keys where
that can be set.
"""

from __future__ import annotations

import importlib.util
import sys

from tests.support.servers.process import Flavour, Missing, Site
from tests.support.servers.python import parse

PAGE = 7


def _configure_moto(site: Site) -> list[str]:
    if importlib.util.find_spec("moto") is None:
        raise Missing("moto")
    site.log.symlink_to(site.output)
    return ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(site.port)]


MOTO = Flavour(
    name="moto",
    program=sys.executable,
    configure=_configure_moto,
    parse=parse,
    environment={"MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE), "NO_PROXY": "*"},
)


def _configure_azurite(site: Site) -> list[str]:
    return ["--blobPort", str(site.port), "--blobHost", "127.0.0.1", "--location", str(site.scratch), "--silent",
            "--skipApiVersionCheck", "--inMemoryPersistence", "--disableTelemetry"]  # fmt: skip


AZURITE = Flavour(name="azurite", program="azurite-blob", configure=_configure_azurite, parse=None)


def _configure_s3rver(site: Site) -> list[str]:
    return ["--directory", str(site.scratch / "store"), "--port", str(site.port), "--address", "127.0.0.1",
            "--configure-bucket", "shelf", "--no-vhost-buckets"]  # fmt: skip


S3RVER = Flavour(name="s3rver", program="s3rver", configure=_configure_s3rver, parse=None)
