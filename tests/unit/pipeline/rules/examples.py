"""A listed file, its record and the jobs for it: shared by the tests of the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crawler.model.values import Entry, Job, Kind, Known, Local, Span, Validators
from crawler.pipeline.rules.compare import NANOSECONDS
from crawler.text.resuming import Resume

SECOND = NANOSECONDS
NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
NOON_HTTP = "Wed, 01 May 2024 12:00:00 GMT"
LATER_HTTP = "Wed, 01 May 2024 12:30:00 GMT"
T = int(NOON.timestamp())
MINUTE = Span(NOON, NOON + timedelta(seconds=59, microseconds=999999))
EXACT = Span(NOON, NOON)
NAIVE = Span(NOON.replace(tzinfo=None), NOON.replace(tzinfo=None) + timedelta(seconds=59, microseconds=999999))
SIZE = Span(1000, 1000)
ROUNDED = Span(950, 1049)
VALIDATORS = Validators(etag='"1"', last_modified=NOON_HTTP)
HOUR = 3600

ENTRY = Entry(name="a", kind=Kind.FILE, url="http://h/a", size=SIZE, modified=MINUTE, row="12:00 1000")
KNOWN = Known(
    path="a",
    url="http://h/a",
    row=ENTRY.row,
    size=1000,
    mtime=T * SECOND,
    validators=VALIDATORS,
    checked=float(T + HOUR),
)
LOCAL = Local(Kind.FILE, 1000, T * SECOND)
NO_FILE = "something other than a regular file"
NO_ETAG = replace(KNOWN, validators=Validators(last_modified=NOON_HTTP))


JOB = Job(url="http://h/a.bin", path="a.bin", reason="new", size=SIZE)
UNSIZED = replace(JOB, size=None)
LOOSE = replace(JOB, size=ROUNDED)
CONFIRMING = replace(JOB, known=KNOWN)
RESUME = Resume(400, VALIDATORS)
NOW = float(T)
