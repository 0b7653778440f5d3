"""An object store in memory with the API of S3, whose requests a test may refuse, lose or answer itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import gmtime, strftime
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from tests.support.servers.bucket import NAMESPACE, Query

LOST = "lost"
"""A fault: the request is done, and the connection closed without a response."""
Fault = Callable[[str, str, str], int | str | None]
"""(method, key, query) → None, an HTTP status that refuses the request, or LOST."""
_CODES = {403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed", 500: "InternalError"}


class FaultyStore:
    """The bucket ``bucket``. ``objects``: key → (body, headers). ``refused``: keys that are not deleted."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.refused: set[str] = set()
        self.fault: Fault = lambda method, key, query: None
        self.requests: list[str] = []
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of obstore for this store."""
        keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
        return {**keys, "AWS_ENDPOINT_URL": self.url}

    def put(self, key: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Store an object."""
        self.objects[key] = (body, headers or {})

    def body(self, key: str) -> bytes:
        """The content of an object. Raises KeyError."""
        return self.objects[key][0]

    def files(self) -> dict[str, bytes]:
        """Key → content of everything that is not the program's own."""
        return {key: body for key, (body, _) in sorted(self.objects.items()) if "/.crawler/" not in f"/{key}"}


@contextmanager
def faulty_store() -> Iterator[FaultyStore]:
    """A running store."""
    store = FaultyStore()
    handler = type("Handler", (_Handler,), {"store": store})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        store.url = f"http://127.0.0.1:{server.server_port}"
        yield store
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: FaultyStore

    def log_message(self, *_: object) -> None:
        return

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        key = unquote(url.path).removeprefix("/bucket").removeprefix("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.store.requests.append(f"{self.command} {key}{'?' if url.query else ''}{url.query}")
        fault = self.store.fault(self.command, key, url.query)
        if isinstance(fault, int):
            return self._respond(fault)
        status, content, headers = self._do(key, url.query, body)
        if fault == LOST:
            self.close_connection = True
            return None
        return self._respond(status, content, headers)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def _respond(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        if status >= 400 and not content:
            content = f"<Error><Code>{_CODES.get(status, 'Other')}</Code><Message>no</Message></Error>".encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(content)

    def _do(self, key: str, query: str, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        objects = self.store.objects
        if self.command == "POST":
            return 200, self._delete_all(re.findall(r"<Key>(.*?)</Key>", body.decode())), {}
        if not key:
            return 200, self._list(Query.parse(query)), {}
        if self.command == "PUT":
            if not self._condition_holds(key):
                return 412, b"", {}
            named = {name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}
            objects[key] = (body, {**named, "Last-Modified": formatdate(usegmt=True)})
            return 200, b"", {"ETag": self._etag(key)}
        if key not in objects:
            return 404, b"", {}
        content, headers = objects[key]
        return 200, content, {"Last-Modified": formatdate(usegmt=True), "ETag": self._etag(key), **headers}

    def _condition_holds(self, key: str) -> bool:
        wanted = self.headers.get("If-Match")
        if self.headers.get("If-None-Match") == "*":
            return key not in self.store.objects
        return wanted is None or (key in self.store.objects and wanted == self._etag(key))

    def _etag(self, key: str) -> str:
        return f'"{hashlib.md5(self.store.body(key)).hexdigest()}"'

    def _delete_all(self, keys: list[str]) -> bytes:
        rows = []
        for key in keys:
            if key in self.store.refused:
                rows.append(f"<Error><Key>{key}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
            else:
                self.store.objects.pop(key, None)
                rows.append(f"<Deleted><Key>{key}</Key></Deleted>")
        return f'<DeleteResult xmlns="{NAMESPACE}">{"".join(rows)}</DeleteResult>'.encode()

    def _list(self, query: Query) -> bytes:
        keys = sorted(key for key in self.store.objects if key.startswith(query.prefix))
        above = {key[: key.find("/", len(query.prefix)) + 1] for key in keys} if query.delimiter else set[str]()
        rows = [f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in sorted(above - {""})]
        for key in keys:
            if not query.delimiter or "/" not in key[len(query.prefix) :]:
                when = strftime("%Y-%m-%dT%H:%M:%S.000Z", gmtime())
                rows.append(
                    f"<Contents><Key>{escape(key)}</Key><LastModified>{when}</LastModified><ETag>{self._etag(key)}"
                    f"</ETag><Size>{len(self.store.body(key))}</Size></Contents>"
                )
        head = f"<Name>bucket</Name><KeyCount>{len(rows)}</KeyCount><IsTruncated>false</IsTruncated>"
        return f'<ListBucketResult xmlns="{NAMESPACE}">{head}{"".join(rows)}</ListBucketResult>'.encode()
