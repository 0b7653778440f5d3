"""In-memory implementations of the interfaces: a scripted client, a destination in a dict, a state, an observer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from multidict import CIMultiDict

from crawler.http.response import joined
from crawler.model.errors import DestinationError, FetchError, VerificationError
from crawler.model.interfaces import BulkBody, Destination, FetchedPage, Permit, Response, Take
from crawler.model.network.pipelining import Together
from crawler.model.network.responses import Turn, WholeResponse
from crawler.model.network.shapes import HeaderShape, Varying
from crawler.model.observer import Observer
from crawler.model.state.directory_digest import CopiesDigest, DirectoryDigest, StoredFile
from crawler.model.state.store import Judge, ListingMemo, Names
from crawler.model.values import GONE, Job, Kind, Known, Local, Rejection, Result, Staged, Validators
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.text.http_fields import certain_length

T = TypeVar("T")


async def nothing_refused(_source: str, _target: str) -> Rejection | None:
    return None


def permit_as(rule: Callable[[str, str], Rejection | None]) -> Permit:
    """A ``Permit`` that applies ``rule`` to redirects and ignores robots.txt."""

    async def permit(source: str, target: str) -> Rejection | None:
        return rule(source, target)

    return permit


class FakeRules(RobotsTxt):
    """robots.txt rules that forbid the URLs ``forbidden`` on all hosts."""

    def __init__(self, forbidden: Collection[str] = ()) -> None:
        self._forbidden = forbidden

    async def check(self, url: str) -> Rejection | None:
        return self.rejection(url)

    def rejection(self, url: str) -> Rejection | None:
        return Rejection("robots", url) if url in self._forbidden else None

    def allow_all(self, url: str) -> bool:
        host = "/".join(url.split("/")[:3])
        return not any(each.startswith(host) for each in self._forbidden)

    def allows_below(self, url: str) -> bool:
        return not any(each.startswith(url) for each in self._forbidden)


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeResponse:
    """A scripted response: status, headers and a body, which may be cut short."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    fails: FetchError | None = None
    """Raised after ``body``, or instead of a response if ``status`` is 0."""
    turn: Turn | None = None


class FakeReply:
    """Implements ``interfaces.Reply``."""

    def __init__(self, url: str, response: FakeResponse, piece: int) -> None:
        self.url = url
        self.status = response.status
        self.headers: Mapping[str, str] = CIMultiDict(response.headers)
        self.body = response.body
        self.shape: HeaderShape | None = None
        self.varying: Varying = (None, None, None)
        self.turn = response.turn
        self._response = response
        self._piece = piece

    async def read(self, limit: int) -> bytes:
        body = b"".join([chunk async for chunk in self.chunks()])
        if len(body) > limit:
            raise VerificationError(f"the body is longer than {limit} bytes", retryable=False)
        return body

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._response.body), self._piece):
            yield self._response.body[start : start + self._piece]
        if self._response.fails is not None:
            raise self._response.fails

    def bulk(self, most: int, received: Callable[[int], None]) -> BulkBody | None:
        return None

    def release(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class FakeRequest:
    """One request."""

    method: str
    url: str
    headers: Mapping[str, str]


class FakeSharing:
    """Implements ``interfaces.Sharing`` by calling ``respond`` in order. Requests that fail have no response."""

    def __init__(self, client: FakeClient, respond: Callable[[FakeRequest], FakeResponse]) -> None:
        self._client, self._respond = client, respond
        self.deepest, self.crowded = 1, False
        self.near: bool | None = False
        self.quick = False
        self.announced = False
        self.batches: list[list[str]] = []
        self.findings: list[tuple[int, bool, bool]] = []

    def depth(self, _url: str) -> int:
        return self.deepest

    def spare(self, _url: str) -> int:
        return 0

    def is_crowded(self, _url: str) -> bool:
        return self.crowded

    def is_near(self, _url: str) -> bool | None:
        return self.near

    def is_quick(self, _url: str) -> bool:
        return self.quick

    def announces_ranges(self, _url: str) -> bool:
        return self.announced

    def open_ahead(self, _url: str, _requests: int) -> None:
        """Do nothing: there are no connections."""

    async def send(self, together: Together) -> list[FakeReply | None]:
        requests = together.requests(self.deepest, 0)
        self.batches.append([url for url, _ in requests])
        found: list[FakeReply | None] = []
        for url, headers in requests:
            request = FakeRequest("GET", url, dict(headers))
            self._client.requests.append(request)
            response = self._respond(request)
            found.append(FakeReply(url, response, 1 << 16) if response.fails is None else None)
        together.keep(range(len(requests)))
        verdict = together.judge(found, None, is_ended=None not in found)
        findings = verdict.findings
        self.findings.append((findings.agreed, findings.is_doubtful, findings.is_exchanged))
        return [reply if is_proven else None for reply, is_proven in zip(found, verdict.proven, strict=True)]

    def joined(self, first: WholeResponse, second: WholeResponse) -> WholeResponse:
        return joined(first, second)

    def page_headers(self, validators: Validators) -> Mapping[str, str]:
        return validators.unless

    def page_at_once(self, response: WholeResponse) -> FetchedPage | None:
        return None

    async def page(self, response: WholeResponse) -> FetchedPage:
        return _page(response, response.body)


def _page(reply: Response, body: bytes, *, end_proven: bool = True) -> FetchedPage:
    return FetchedPage(
        url=reply.url,
        status=reply.status,
        content_type=reply.headers.get("Content-Type", ""),
        body=body,
        validators=Validators(etag=reply.headers.get("ETag"), last_modified=reply.headers.get("Last-Modified")),
        retry_after=reply.headers.get("Retry-After"),
        end_proven=end_proven,
        link=reply.headers.get("Link"),
    )


class FakeClient:
    """Implements ``interfaces.Client``. ``respond`` decides; every request is kept in ``requests``."""

    def __init__(self, respond: Callable[[FakeRequest], FakeResponse], *, piece: int = 1 << 16) -> None:
        self._respond = respond
        self._piece = piece
        self.end_proven = True
        """Whether the end of fetched pages is proven."""
        self.requests: list[FakeRequest] = []
        self.sharing = FakeSharing(self, respond)

    @asynccontextmanager
    async def open(
        self, method: str, url: str, *, headers: Mapping[str, str], permit: Permit
    ) -> AsyncIterator[FakeReply]:
        request = FakeRequest(method, url, dict(headers))
        self.requests.append(request)
        response = self._respond(request)
        location = response.headers.get("Location")
        if location is not None:
            rejection = await permit(url, location)
            if rejection is not None:
                raise FetchError(rejection.detail, url=url, retryable=False, rejection=rejection)
            url = location
            response = self._respond(FakeRequest(method, url, dict(headers)))
        if response.fails is not None and response.status == 0:
            raise response.fails
        yield FakeReply(url, response if method != "HEAD" else replace(response, body=b"", fails=None), self._piece)

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        fresh: bool = False,
        most: int | None = None,
        take: Take | None = None,
    ) -> FetchedPage:
        headers = {"Accept": "text/html" if html_only else "*/*"} | ({"Cache-Control": "no-cache"} if fresh else {})
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        async with self.open("GET", url, headers=headers, permit=permit) as reply:
            return _page(reply, (await reply.read(1 << 30))[:most], end_proven=self.end_proven)

    def urls(self, method: str = "GET") -> list[str]:
        return [request.url for request in self.requests if request.method == method]


class MemoryPart:
    """Implements ``interfaces.Part``."""

    def __init__(self, home: FakeDestination, path: str, body: bytes, validators: Validators) -> None:
        self.name = f"part of {path}"
        self.body = body
        self.validators = validators
        self.noted = validators
        self._home = home
        self._path = path

    @property
    def offset(self) -> int:
        return len(self.body)

    def note(self, validators: Validators) -> None:
        self.noted = validators

    def expect(self, mtime: int | None, digests: Sequence[str]) -> None:
        pass

    async def write(self, chunk: bytes) -> None:
        self.body += chunk

    def fill(self, offer: Callable[[], BulkBody | None]) -> None:
        pass

    async def rewind(self) -> None:
        self.body = self.body[: certain_length(self.body)]

    async def restart(self) -> None:
        self.body = b""

    async def finish(self) -> str | None:
        self._home.finished[self.name] = self.body
        self._home.parts.pop(self._path, None)
        return "sha256:of " + self.name

    async def matches(self, digest: str) -> bool:
        return digest not in self._home.bad_digests

    async def keep(self) -> None:
        self._home.parts[self._path] = (self.body, self.noted)

    async def discard(self) -> None:
        self._home.parts.pop(self._path, None)
        self._home.finished.pop(self.name, None)


class FakeDestination(Destination):
    """Implements ``interfaces.Destination``; ``files`` is its content."""

    def __init__(self, files: Mapping[str, Local] | None = None) -> None:
        self.files = dict(files or {})
        self.bodies: dict[str, bytes] = {}
        """Path → bytes that ``read`` returns; zeros for other paths."""
        self.parts: dict[str, tuple[bytes, Validators]] = {}
        self.finished: dict[str, bytes] = {}
        self.batches: list[list[str]] = []
        self.created: list[str] = []
        self.deleted: list[str] = []
        self.bad_digests: set[str] = set()
        self.digests: dict[str, str] = {}
        self.keeps_times = False
        self.stays: dict[str, str] = {}
        """Path → reason why it cannot be committed or deleted."""
        self.full_at: str | None = None
        """Committing the file of this path fails because the disk is full."""

    async def scan(self, directory: str) -> dict[str, Local]:
        found: dict[str, Local] = {}
        prefix = f"{directory}/" if directory else ""
        for path, local in self.files.items():
            if path.startswith(prefix):
                name, slash, _ = path.removeprefix(prefix).partition("/")
                found[name] = Local(Kind.DIRECTORY, 0, 0) if slash else local
        return found

    def has_parts(self) -> bool:
        return bool(self.parts)

    def has_part(self, path: str) -> bool:
        return path in self.parts

    async def open_part(self, job: Job) -> MemoryPart:
        body, validators = self.parts.get(job.path, (b"", Validators()))
        return MemoryPart(self, job.path, body, validators)

    async def commit(self, batch: Sequence[Staged]) -> list[Known | str]:
        self.batches.append([staged.job.path for staged in batch])
        done: list[Known | str] = []
        for staged in batch:
            if staged.job.path == self.full_at:
                named = [known for known in done if isinstance(known, Known)]
                raise DestinationError("the disk is full", done=named)
            reason = self.stays.get(staged.job.path)
            done.append(reason if reason is not None else self._name(staged))
        return done

    def _name(self, staged: Staged) -> Known:
        mtime = staged.mtime or 0
        self.files[staged.job.path] = Local(Kind.FILE, staged.size, mtime)
        known = staged.result.known
        assert known is not None
        return replace(known, mtime=mtime)

    async def set_time(self, path: str, local: Local, mtime: int) -> int | None:
        if self.keeps_times or self.files.get(path, local) != local:
            return None
        self.files[path] = replace(local, mtime=mtime)
        return mtime

    async def digest(self, path: str) -> str:
        return self.digests.get(path, "")

    async def read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        local = self.files.get(path)
        return None if local is None or local.size > limit else (local, self.bodies.get(path, bytes(local.size)))

    async def free_space(self) -> int:
        return 1 << 40

    async def make_folder(self, path: str) -> str | None:
        self.created.append(path)
        return self.stays.get(path)

    async def walk_local(self, directory: str) -> list[tuple[str, Kind, int]]:
        below = [path for path in self.files if path.startswith(directory + "/")]
        directories = {path.rpartition("/")[0] for path in below} - {directory}
        found = [(path, self.files[path].kind, self.files[path].size) for path in below if not self.files[path].spared]
        return found + [(path, Kind.DIRECTORY, 0) for path in sorted(directories, reverse=True)]

    def spared(self) -> Mapping[str, str]:
        return {path: local.spared for path, local in self.files.items() if local.spared}

    async def delete(self, paths: Sequence[str]) -> list[str | None]:
        self.deleted += [path for path in paths if path not in self.stays]
        return [self.stays.get(path) for path in paths]


class MemoryState:
    """Implements ``interfaces.StateStore``."""

    def __init__(self, *known: Known) -> None:
        self.files = {item.path: item for item in known}
        self.memos: dict[str, ListingMemo] = {}
        self.leaves: dict[str, DirectoryDigest] = {}
        self.digests_of_copies: dict[str, CopiesDigest] = {}
        self.forgotten: list[str] = []
        self.doubted: list[str] = []
        self.flushes = 0
        self.seen: set[str] = set()
        self.pages: set[str] = set()

    @property
    def knew_files(self) -> bool:
        return bool(self.files)

    async def directory(self, path: str, names: Collection[str] | None = None) -> dict[str, Known]:
        found = {item.rpartition("/")[2]: each for item, each in self.files.items() if item.rpartition("/")[0] == path}
        return found if names is None else {name: known for name, known in found.items() if name in names}

    async def listed_below(self, path: str) -> list[Known]:
        found = (each for item, each in self.files.items() if not path or item.startswith(f"{path}/"))
        return [each for each in found if each.checked != GONE]

    async def file(self, path: str) -> Known | None:
        return self.files.get(path)

    async def saved_from(self, urls: Sequence[str]) -> Known | None:
        return next((each for each in (await self.directory("")).values() if each.url in urls), None)

    async def all_files(self) -> AsyncIterator[list[Known]]:
        yield [self.files[path] for path in sorted(self.files)]

    async def listing(self, url: str) -> ListingMemo | None:
        return self.memos.get(url)

    async def directory_digest(self, url: str) -> DirectoryDigest | None:
        return self.leaves.get(url)

    async def copies(self, paths: Collection[str]) -> dict[str, CopiesDigest]:
        return {path: self.digests_of_copies[path] for path in paths if path in self.digests_of_copies}

    def remember_copies(self, path: str, found: CopiesDigest) -> None:
        self.digests_of_copies[path] = found

    async def rows(self, path: str, judge: Judge[T], default: T, names: Names | None = None) -> T:
        found = (await self.directory(path)).items()
        return judge(
            [
                StoredFile(name, k.url, k.row, k.size, k.mtime, k.checked, k.validators.last_modified)
                for name, k in found
                if names is None or names[0] < name <= names[1]
            ]
        )

    async def told(self) -> Collection[str]:
        return ()

    async def doubt(self, paths: Collection[str]) -> None:
        self.doubted += sorted(paths)

    def flush(self) -> None:
        self.flushes += 1

    def visited(self, path: str, url: str | None) -> None:
        self.seen.add(path)
        if url is not None:
            self.pages.add(url)

    async def unvisited_directories(self) -> list[str]:
        return sorted({path.rpartition("/")[0] for path in self.files} - self.seen)

    async def forget_unvisited_pages(self, is_spared: Callable[[str, str], bool]) -> None:
        for url, memo in list(self.memos.items()):
            if url not in self.pages and not is_spared(memo.path, url):
                del self.memos[url]

    def remember_directory_digest(self, url: str, path: str, digest: DirectoryDigest) -> None:
        self.leaves[url] = digest

    def remember(self, known: Sequence[Known]) -> None:
        self.files.update({item.path: item for item in known})
        for item in known:
            self.digests_of_copies.pop(item.path.rpartition("/")[0], None)

    def remember_listing(self, memo: ListingMemo) -> None:
        self.memos[memo.url] = memo

    def forget(self, paths: Collection[str]) -> None:
        self.forgotten += sorted(paths)
        for path in paths:
            self.files.pop(path, None)
            self.digests_of_copies.pop(path.rpartition("/")[0], None)

    def forget_directory(self, path: str) -> None:
        self.forgotten.append(path + "/")


class Recorder(Observer):
    """Records the events it receives."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.listed_paths: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self.failed_listings: list[tuple[str, str]] = []
        self.read: list[str] = []

    def listing_read(self, path: str, url: str, entries: int, *, family: str, confidence: float) -> None:
        self.read.append(url)

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self.failed_listings.append((path, reason))

    def rejected(self, path: str, rejection: Rejection) -> None:
        self.refused.append((path, rejection.reason))

    def listed(self, path: str, size: int | None) -> None:
        self.listed_paths.append(path)

    def finished(self, result: Result) -> None:
        self.results.append(result)

    def outcomes(self) -> dict[str, str]:
        """Path → outcome."""
        return {result.path: str(result.outcome) for result in self.results}


def leaf_of(gathering: DirectoryDigestBuilder) -> DirectoryDigest:
    """The directory digest of a page with the collected rows."""
    return DirectoryDigest(
        answered="http://h/",
        body_digest="00",
        validators=Validators(),
        family="nginx",
        wishes="all",
        files=gathering.files,
        total=gathering.total,
        resolution=gathering.resolution,
        newest=gathering.newest,
        newest_local=gathering.newest_local,
        skipped=tuple(gathering.skipped),
    )
