"""Runs the program with an object store as DIR, and copies the result to a directory, for the tests of directories.

    FAULTS_INTO=http://127.0.0.1:5000 pytest tests/reliability/test_delete.py

``python -m tests.support.misbehaving.through_store OPTION… URL DIR`` copies DIR to a bucket of that server (moto), runs
``crawler OPTION… URL s3://bucket/mirror``, and copies the objects back to DIR. Files that are equal on both sides keep
their versions and inodes. Signals are passed on. DIR/.crawler is a link to the local files of the mirror.
"""

from __future__ import annotations

import ctypes
import hashlib
import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.store import S3Store

from crawler.storage.objects.attributes import attributes, mtime_of

KEYS = {"access_key_id": "k", "secret_access_key": "s", "region": "us-east-1"}
OWN = ".crawler"


def files(directory: Path) -> dict[str, Path]:
    """The regular files in ``directory`` except those of the program itself, by path."""
    found = (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    named = {path.relative_to(directory).as_posix(): path for path in found}
    return {name: path for name, path in named.items() if not name.startswith(f"{OWN}/")}


def push(store: S3Store, directory: Path) -> None:
    """Make the objects in ``store`` equal to the files in ``directory``."""
    here, there = files(directory), keys(store)
    gone = [key for key in there if key not in here]
    if gone:
        obstore.delete(store, gone)
    for name, path in here.items():
        body, mtime = path.read_bytes(), path.stat().st_mtime_ns
        if name not in there or read(store, name) != (body, mtime):
            obstore.put(store, name, body, attributes=attributes(name, mtime, None, "s3"), use_multipart=False)


def pull(store: S3Store, directory: Path) -> None:
    """Make the files in ``directory`` equal to the objects in ``store``."""
    there = keys(store)
    for name, path in files(directory).items():
        if name not in there:
            path.unlink()
    for name in there:
        path = directory / name
        body, mtime = read(store, name)
        if not path.is_file() or (path.read_bytes(), path.stat().st_mtime_ns) != (body, mtime):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            os.utime(path, ns=(mtime, mtime))
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def keys(store: S3Store) -> list[str]:
    found = [item["path"] for chunk in obstore.list(store) for item in chunk]
    return [key for key in found if not key.startswith(f"{OWN}/")]


def read(store: S3Store, key: str) -> tuple[bytes, int]:
    got = obstore.get(store, key)
    return bytes(got.bytes()), mtime_of(got.attributes) or int(got.meta["last_modified"].timestamp()) * 10**9


def end_with_parent() -> None:
    """Have the kernel kill the program if this process is killed (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    *options, directory = arguments
    server, place = os.environ["FAULTS_INTO"], Path(directory)
    bucket = "b" + hashlib.sha256(directory.encode()).hexdigest()[:20]
    url = urlsplit(server)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=100)
    connection.request("PUT", f"/{bucket}")
    connection.getresponse().read()
    connection.close()
    store = S3Store(bucket, prefix="mirror", config={**KEYS, "endpoint": server}, client_options={"allow_http": True})
    if place.exists():  # otherwise another run may be in progress whose objects have not been copied back yet
        push(store, place)
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "us-east-1",
        "XDG_STATE_HOME": str(place.parents[1].with_name(f"{place.parents[1].name}-state")),
    }
    command = [sys.executable, "-m", "crawler", *options, f"s3://{bucket}/mirror"]
    process = subprocess.Popen(command, env=environment, preexec_fn=end_with_parent)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: process.send_signal(number))
    code = process.wait()
    place.mkdir(parents=True, exist_ok=True)
    pull(store, place)
    home = next(Path(environment["XDG_STATE_HOME"]).glob(f"crawler/s3-{bucket}-*/{OWN}"), None)
    if home is not None and not (place / OWN).exists():
        (place / OWN).symlink_to(home)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
