"""Recognises strong validators: only with these may ranges of two responses be joined (RFC 9110 13.1.5, 14.2)."""

from __future__ import annotations

from crawler.model.values import Validators
from crawler.text.http_fields import is_strong_tag, parse_age, parse_http_date


def is_strong(validators: Validators, date: str | None, age: str | None = None) -> bool:
    """True if the validators prove byte-for-byte identity (RFC 9110 sections 8.8.1 and 8.8.2.2).

    A strong ETag does. A Last-Modified does only if Date is at least one second later. (The RFC asks for sixty seconds
    where the clocks could differ; here it is the same clock.) An Age shows that a cache may have replaced Date.
    """
    if validators.etag:
        return is_strong_tag(validators.etag)
    modified, sent = parse_http_date(validators.last_modified), parse_http_date(date)
    return modified is not None and sent is not None and sent - parse_age(age) - modified >= 1
