"""Bytes, trees and certificates that tests share."""

from __future__ import annotations

import random
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import trustme

from .behaviours import Behaviour
from .server import Site

SILENCE = 1
"""``timeout`` of a run that shall reach it: short, because the test waits for it. Others have one that none reaches."""
DAY = 86400.0
KB, MB = 1000, 1_000_000
LOGIN = (
    b"<!DOCTYPE html><html><head><title>Hotel WiFi</title></head><body><h1>Welcome</h1><form>Room</form></body></html>"
)


@cache
def blob(size: int, seed: int = 0) -> bytes:
    """Incompressible bytes that depend only on the arguments."""
    return random.Random(f"{size}/{seed}").randbytes(size)


def populate(site: Site, prefix: str = "") -> dict[str, bytes]:
    """Nine files in four directories. Returns path → bytes."""
    paths = (
        "README",
        "a.txt",
        "x.tar.gz",
        "sub/b.bin",
        "sub/c.iso",
        "sub/deep/d.bin",
        "sub/deep/e",
        "other/f",
        "other/g",
    )
    for number, path in enumerate(paths):
        site.file(prefix + path, blob(500 * number + 17, number))
    return site.contents()


def many(site: Site, count: int, directory: str = "", size: int = 100) -> dict[str, bytes]:
    """Add ``count`` small files, ``f000`` and so on, to ``directory`` of ``site``."""
    for number in range(count):
        site.file(f"{directory}/f{number:03}" if directory else f"f{number:03}", blob(size, number))
    return site.contents()


def beside(site: Site, path: str, data: bytes, *behaviours: Behaviour) -> dict[str, bytes]:
    """Add a misbehaving file between two good ones. Returns the good files, which must always arrive."""
    site.file("good.bin", blob(3000, 1))
    site.file("zz/good.bin", blob(2000, 2))
    good = site.contents()
    site.file(path, data, *behaviours)
    return good


def each_beside(site: Site, faults: Mapping[str, Behaviour], data: bytes) -> dict[str, bytes]:
    """Add a file with ``data`` for each named fault, and good files: one run covers all. Returns the good files."""
    beside(site, "good.too", blob(700, 3))
    good = site.contents()
    for name, fault in faults.items():
        site.file(name, data, fault)
    return good


def with_credentials(site: Site) -> str:
    """The root's URL with a user and a password."""
    return site.url.replace("://", "://someone:pa55w0rd@")


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


def certificate() -> ssl.SSLContext:
    """A certificate for 127.0.0.1 and localhost, signed by an authority that is not trusted by default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


def authority(directory: Path) -> str:
    """Path of a PEM file with that authority's certificate."""
    path = directory / "authority.pem"
    _authority().cert_pem.write_to_path(str(path))
    return str(path)
