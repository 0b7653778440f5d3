"""What of the fields beside the rows is text that the next run compares."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.listings.statements.statement import Statement
from crawler.listings.statements.texts import texts_of
from crawler.model.values import MARKUP
from tests.unit.listings.statements.test_verdicts import ROWS, beside, read
from tests.unit.listings.xml.reading import listing


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ({"note": "Penyimpanan  bermasalah"}, ("note: Penyimpanan bermasalah",)),
        ({"catatan": {"isi": "x", "lain": None}}, ("catatan.isi: x", "catatan.lain: None")),
        ({"catatan": ["x", {"isi": "y"}]}, ("catatan: x", "catatan: y")),
        ({"degraded_disks": [], "sehat": False}, ("sehat: False",)),
        ({"rusak": 3}, ("rusak: 3",)),
        ({"rusak": 99_999, "lain": 100_000}, ("rusak: 99999", "lain")),
        ({"status": "ok", "message": ""}, ("status: ok", "message: ")),
        # the rows, what they explain, and what changes by itself
        ({"count": 7, "total": 5, "limit": 9, "next": None, "cursor": ""}, ()),
        ({"latest": "a4.iso", "first": "d0/", "catatan": ["a1.iso"]}, ()),
        ({"generated": "2024-01-11T10:00:00Z", "epoch": 1700000000, "ratio": 0.5}, ("generated", "epoch", "ratio")),
        ({"size": 4096, "free_bytes": 17, "mtime": "Thu, 11 Jan 2024 10:00:00 GMT"}, ("size", "free_bytes", "mtime")),
        ({"request_id": "f3c9", "sync-token": "x", "etag": "x"}, ("request_id", "sync-token", "etag")),
        ({"_links": {"next": {"href": ""}}, "links": [{"rel": "next", "href": ""}]}, ()),
    ],
)
def test_a_field_is_text_unless_the_rows_explain_it(field: dict[str, Any], texts: tuple[str, ...]) -> None:
    assert beside(field).texts == texts


def test_arrays_have_no_text_and_xml_has_that_of_its_elements() -> None:
    assert read(ROWS).texts == ()
    bucket = "<ListBucketResult><Name>b</Name>{}<IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents>"
    found = listing(bucket.format("<Catatan>x</Catatan>") + "</ListBucketResult>")
    assert found.texts == ("Name: b", "Catatan: x")


def test_names_of_entries_are_no_texts() -> None:
    assert texts_of([Statement(("catatan",), ["a", "d/", "b"])], {"a", "d"}) == ("catatan: b",)


def test_prose_is_markup_and_too_many_texts_are_unknown() -> None:
    (prose,) = texts_of([Statement(("readme",), "x" * 400)], ()) or ()
    assert prose.startswith(MARKUP)
    assert texts_of([Statement((f"x{number}",), "y") for number in range(64)], ()) is not None
    assert texts_of([Statement((f"x{number}",), "y") for number in range(65)], ()) is None
