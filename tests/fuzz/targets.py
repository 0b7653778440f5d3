"""The functions to be fuzzed, and what must hold for any input. They take bytes, and run with or without a fuzzer."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.listings import parse_listing, parse_listing_pieces
from crawler.model import limits
from crawler.model.values import Entry, Job, Known, Listing, Span, Validators
from crawler.pipeline.rules.responses.conditional_requests import request_headers
from crawler.pipeline.rules.responses.strong_validators import is_strong
from crawler.pipeline.rules.responses.verdict import UNLIMITED, Action, Verdict, interpret, length_proven
from crawler.text import http_fields, urls
from crawler.text.resuming import Resume

BASE = "http://h.example/pub/"
TYPES = (
    "text/html; charset=utf-8",
    "text/html",
    "application/json",
    "application/xml",
    "text/plain",
    "",
    "text/html; charset=x",
)
NOW = 1_735_787_045.0


def listing(data: bytes) -> None:
    """The first byte chooses the content type, the rest is the page."""
    content_type = TYPES[data[0] % len(TYPES)] if data else ""
    page = data[1:]
    whole = parse_listing(page, BASE, content_type)
    _check_listing(whole)
    pieces = list(parse_listing_pieces(page, BASE, content_type))
    given = [entry.url for piece in pieces for entry in piece.entries]
    assert len(set(given)) == len(given), "a piece repeats an entry"
    assert {entry.url for entry in whole.entries} <= set(given), "an entry is lost between pieces"
    assert (pieces[-1].is_listing, pieces[-1].complete) == (whole.is_listing, whole.complete)


def _check_listing(whole: Listing) -> None:
    assert whole.is_listing or not whole.entries, "entries of something that is not a listing"
    assert 0 <= whole.confidence <= 1
    assert len({entry.url for entry in whole.entries}) == len(whole.entries), "an entry comes twice"
    for entry in whole.entries:
        _check_entry(entry)
    for page in whole.next_pages:
        assert urls.origin(page) is not None


def _check_entry(entry: Entry) -> None:
    assert urls.origin(entry.url) is not None, entry.url
    assert "#" not in entry.url
    assert all(" " < char != "\x7f" for char in entry.url), "not fit for a request line"
    assert entry.external == (urls.origin(entry.url) != urls.origin(BASE))
    path = urls.entry_path(entry.folder, entry.name)
    if isinstance(path, str):
        segments = path.split("/")
        assert not {"", ".", "..", ".crawler"} & set(segments), path
        assert all(len(segment.encode("utf-8", "surrogateescape")) <= limits.NAME_BYTES for segment in segments)
        assert "\0" not in path
    if entry.size is not None:
        assert 0 <= entry.size.low <= entry.size.high
    if entry.modified is not None:
        assert entry.modified.low <= entry.modified.high


def response(data: bytes) -> None:
    """The lines of the input: the status, the job's flags (see ``_wanted``), then ``Name: value`` headers."""
    first, _, rest = data.decode("utf-8", "surrogateescape").partition("\n")
    second, _, lines = rest.partition("\n")
    status = int(first) if first.isascii() and first.isdigit() and len(first) < 5 else 200
    headers = {
        name.strip().title(): value.strip() for name, _, value in (line.partition(":") for line in lines.split("\n"))
    }
    job, resume = _wanted(second)
    action = interpret(status, headers, job, resume, NOW)
    _check_action(action, status, job, resume)
    if action.verdict is Verdict.SAVE and action.limit < UNLIMITED:
        assert length_proven(job, action, headers, action.limit + 1) is not None or job.size is None
    request_headers(job, resume)
    is_strong(http_fields.validators_of(headers), headers.get("Date"))


def _wanted(line: str) -> tuple[Job, Resume | None]:
    """The job for ``flags``: ``s`` listed size, ``r`` rounded size, ``k`` known copy, ``p`` part, ``h`` HTML name."""
    size = Span(5000, 5000) if "s" in line else Span(4900, 5100) if "r" in line else None
    path = "a.html" if "h" in line else "a.bin"
    validators = Validators(etag='"1"', last_modified="Thu, 02 Jan 2025 03:04:05 GMT")
    known = (
        Known(path=path, url=BASE + path, row="", size=5000, mtime=0, validators=validators) if "k" in line else None
    )
    moment = datetime(2025, 1, 2, 3, 4, tzinfo=UTC)
    job = Job(url=BASE + path, path=path, reason="new", size=size, modified=Span(moment, moment), known=known)
    return job, Resume(2000, validators) if "p" in line else None


def _check_action(action: Action, status: int, job: Job, resume: Resume | None) -> None:
    match action.verdict:
        case Verdict.SAVE:
            assert status == 200 or (status == 206 and resume is not None)
            assert action.offset == (resume.offset if status == 206 and resume is not None else 0)
            assert action.limit >= 0
            if action.length is not None:
                assert job.size is None or action.length in job.size, "contradicts the listing"
                assert action.length == action.limit
        case Verdict.UNCHANGED:
            assert status == 304
            assert job.known is not None
        case Verdict.RESTART:
            assert resume is not None, "nothing to restart"
        case Verdict.RETRY:
            assert action.delay is None or 0 <= action.delay <= limits.RETRY_AFTER
        case Verdict.GIVE_UP:
            assert action.reason


TARGETS = {"listing": listing, "response": response}
