"""An object store for anonymous clients: the directories below ROOT are buckets, addressed in path style.

    python -m tests.support.servers.bucket ROOT PORT

Responds to GET and HEAD of a key, and GET of a bucket with the XML of ListObjects or, with ``list-type=2``,
ListObjectsV2 (Amazon S3 API Reference, API version 2006-03-01). A page holds PAGE keys at most. As in S3, there are no
directories: a URL that looks like one is a key that does not exist.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import gmtime, strftime
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.support.servers.process import Flavour, Site
from tests.support.servers.python import parse

PAGE = 25
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a listing that are supported."""

    prefix: str
    delimiter: str
    after: str
    """Only keys that sort after this: v1's ``marker``, v2's ``start-after`` or ``continuation-token``."""
    version: int
    encode: bool

    @classmethod
    def parse(cls, text: str) -> Query:
        found = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
        after = found.get("marker") or found.get("continuation-token") or found.get("start-after") or ""
        version = 2 if found.get("list-type") == "2" else 1
        encode = found.get("encoding-type") == "url"
        return cls(found.get("prefix", ""), found.get("delimiter", ""), after, version, encode)


def render(bucket: Path, query: Query) -> bytes:
    """One page of the listing of ``bucket``."""
    keys = (path.relative_to(bucket).as_posix() for path in bucket.rglob("*") if path.is_file())
    wanted = sorted((key for key in keys if key.startswith(query.prefix)), key=str.encode)
    items = [key for key, _ in itertools.groupby(_rolled_up(key, query) for key in wanted)]
    left = [item for item in items if item.encode() > query.after.encode()]
    page, cut = left[:PAGE], len(left) > PAGE
    text = quote if query.encode else escape
    rows = [f"<Name>{escape(bucket.name)}</Name><Prefix>{text(query.prefix)}</Prefix><MaxKeys>{PAGE}</MaxKeys>"]
    if query.encode:
        rows.append("<EncodingType>url</EncodingType>")
    rows.append(f"<IsTruncated>{'true' if cut else 'false'}</IsTruncated>")
    if query.version == 2:
        rows.append(f"<KeyCount>{len(page)}</KeyCount>")
        rows.append(f"<NextContinuationToken>{text(page[-1])}</NextContinuationToken>" if cut else "")
    elif query.delimiter and cut:  # without a delimiter S3 omits it: the last key is the marker
        rows.append(f"<NextMarker>{text(page[-1])}</NextMarker>")
    for item in page:
        if query.delimiter and item.endswith(query.delimiter):
            rows.append(f"<CommonPrefixes><Prefix>{text(item)}</Prefix></CommonPrefixes>")
        else:
            rows.append(_row(bucket, item, text(item)))
    return f'{XML}<ListBucketResult xmlns="{NAMESPACE}">{"".join(rows)}</ListBucketResult>'.encode()


def _rolled_up(key: str, query: Query) -> str:
    end = key.find(query.delimiter, len(query.prefix)) if query.delimiter else -1
    return key if end < 0 else key[: end + len(query.delimiter)]


def _row(bucket: Path, key: str, shown: str) -> str:
    status = (bucket / key).stat()
    moment = strftime("%Y-%m-%dT%H:%M:%S.000Z", gmtime(status.st_mtime))
    return (
        f"<Contents><Key>{shown}</Key><LastModified>{moment}</LastModified><ETag>&quot;{_digest(bucket / key)}&quot;"
        f"</ETag><Size>{status.st_size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )


def _digest(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves one ROOT. Logs like http.server."""

    protocol_version = "HTTP/1.1"

    def __init__(self, root: Path, *args: object) -> None:
        self.root = root
        super().__init__(*args)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
        path = self.root / bucket / key
        if bucket and not key and path.is_dir():
            self._answer(200, "application/xml", render(self.root / bucket, Query.parse(parts.query)), {})
        elif key and path.is_file():
            etag = f'"{_digest(path)}"'
            headers = {"ETag": etag, "Last-Modified": formatdate(path.stat().st_mtime, usegmt=True)}
            status = 304 if self.headers.get("If-None-Match") == etag else 200
            self._answer(status, "application/octet-stream", path.read_bytes(), headers)
        else:
            self._answer(404, "application/xml", f"{XML}<Error><Code>NoSuchKey</Code></Error>".encode(), {})

    def _answer(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | headers).items():
            if status != 304 or not name.startswith("Content-"):
                self.send_header(name, value)
        self.end_headers()
        if self.command == "GET" and status != 304:
            self.wfile.write(body)


def configure(site: Site) -> list[str]:
    site.log.symlink_to(site.output)
    return ["-u", "-m", "tests.support.servers.bucket", str(site.root), str(site.port)]


BUCKET = (
    Flavour(
        name="bucket",
        program=sys.executable,
        configure=configure,
        parse=parse,
        environment={"PYTHONPATH": str(Path(__file__).parents[3])},
    ),
)

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), partial(Handler, Path(sys.argv[1]))).serve_forever()
