"""Servers of object stores: moto (S3), s3rver (S3, Node.js) and Azurite (Azure Blob Storage, Node.js).

The latter two must be on the PATH: ``npm install -g s3rver azurite``. The pages of moto's listings have PAGE keys.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import importlib.util
import sys
from email.utils import formatdate

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


ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Key of the default account of Azurite, which is in Microsoft's documentation."""


def _configure_azurite(site: Site) -> list[str]:
    return ["--blobPort", str(site.port), "--blobHost", "127.0.0.1", "--silent", "--skipApiVersionCheck",
            "--inMemoryPersistence", "--disableTelemetry"]  # fmt: skip


AZURITE = Flavour(name="azurite", program="azurite-blob", configure=_configure_azurite, parse=None)


def create_container(port: int, name: str) -> None:
    """Create a container in Azurite: Put Container, signed with the shared key of the account."""
    date, path = formatdate(usegmt=True), f"/{ACCOUNT}/{name}"
    headers = {"x-ms-date": date, "x-ms-version": "2021-08-06"}
    lines = ["PUT", *[""] * 11, *(f"{key}:{value}" for key, value in headers.items()), f"/{ACCOUNT}{path}"]
    text = "\n".join([*lines, "restype:container"]).encode()
    signed = base64.b64encode(hmac.new(base64.b64decode(ACCOUNT_KEY), text, hashlib.sha256).digest()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=100)
    headers |= {"Authorization": f"SharedKey {ACCOUNT}:{signed}", "Content-Length": "0"}
    connection.request("PUT", f"{path}?restype=container", headers=headers)
    response = connection.getresponse()
    assert response.status == 201, response.read()
    connection.close()


def _configure_s3rver(site: Site) -> list[str]:
    return ["--directory", str(site.scratch / "store"), "--port", str(site.port), "--address", "127.0.0.1",
            "--configure-bucket", "shelf", "--no-vhost-buckets", "--silent"]  # fmt: skip


S3RVER = Flavour(name="s3rver", program="s3rver", configure=_configure_s3rver, parse=None)
