"""The type of a file, by its name, Content-Type and first bytes."""

from __future__ import annotations

import pytest

from crawler.pipeline.rules.responses.content_type import SNIFFED, begins_like_html, is_message_instead, is_page_instead

HTML = "text/html"
PAGE = b"<!DOCTYPE html><html>"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<!doctype HTML PUBLIC", True),
        (b"<html>", True),
        (b"\n\t <HTML lang=en>", True),
        (b"\xef\xbb\xbf<head>", True),
        (b"<!-- a --> <!-- > -->\n<body class=x>", True),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html>', True),
        (b"<script>location='/login'</script>", True),
        (b"<title>Log in", True),
        ("\ufeff<html>".encode("utf-16-le"), True),
        ("\ufeff<html>".encode("utf-16-be"), True),
        (b"", None),
        (b" \r\n<!-- a --> ", None),
        (b"<!-- " + b"x" * SNIFFED + b"--><html>", None),
        (b"<htm", False),
        (b"<htmlish>", False),
        (b"<svg>", False),
        (b'<?xml version="1.0"?><!-- a --><svg>', False),
        (b"<?php echo 1", False),
        (b"text <html>", False),
        (b"\x1f\x8b\x08<html>", False),
        (b"\xff\xfe\x00\x01", False),
    ],
)
def test_how_a_page_begins(head: bytes, expected: bool | None) -> None:
    assert begins_like_html(head) is expected


@pytest.mark.parametrize("piece", [b"<!---->", b"<!-- ", b"<?xml ", b" ", b"-->"])
def test_no_beginning_takes_long_to_judge(piece: bytes) -> None:
    assert begins_like_html(piece * SNIFFED + b"x") is not True  # nested repetitions would never end


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("index.html", HTML, False),
        ("a.HTM", HTML, False),
        ("x.php", HTML, False),
        ("index.html.en", HTML, False),
        ("page.html.pt-br", HTML, False),
        ("page.html.ko.euc-kr", HTML, False),
        ("page.html.backup", HTML, False),
        ("page.htm~", HTML, False),
        ("page.html.gz", HTML, True),
        ("a.html/x.rpm", HTML, True),
        ("x.deb", HTML, True),
        ("x.deb", "text/plain", True),
        ("x.deb", "", True),
        ("x.txt", HTML, True),
        ("x.txt", "", False),
        ("x.parquet", "application/octet-stream", True),
        ("x.unheard", "TEXT/HTML; charset=utf-8", True),
        ("x.unheard", "application/xhtml+xml", True),
        ("x.unheard", "application/octet-stream", False),
        ("tool-1.2", HTML, True),
        ("README", HTML, None),
        (".profile", HTML, None),
        ("v1.d/README", HTML, None),
        ("Dr. Who and all that came after him", HTML, None),
        ("README", "text/plain", False),
    ],
)
def test_when_a_page_has_come_in_place_of_a_file(name: str, content_type: str, expected: bool | None) -> None:
    assert is_page_instead(name, content_type, PAGE) is expected
    assert is_page_instead(name, content_type, b"\x7fELF\x02\x01\x01\0") is False


def test_blanks_prove_nothing_either_way() -> None:
    assert is_page_instead("x.deb", HTML, b"\n") is True
    assert is_page_instead("x.deb", HTML, b"Please log in") is True
    assert is_page_instead("x.deb", HTML, b"!<arch>\ndebian-binary   0       `\n\x1f\x8b\x08") is False
    assert is_page_instead("x.deb", "application/octet-stream", b"any text") is False
    assert is_page_instead("x.csv", HTML, b"<center>Session expired</center>") is True
    assert is_page_instead("x.gpg", HTML, b"\x99\x01\x0d\x04") is False
    assert is_page_instead("x.unheard", HTML, b"any text") is False
    assert is_page_instead("LICENSE", HTML, b"any text") is False
    assert is_page_instead("x.deb", "application/octet-stream", b"") is False
    assert is_page_instead("x.unheard", HTML, b"") is True


@pytest.mark.parametrize("name", ["x.zip", "d/X.ZIP", "a.json/x.tar.gz"])
@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"error": "unauthorized"}', True),
        ("Application/Problem+JSON; charset=utf-8", b"{}", True),
        ("text/xml", b"<Error><Code>AccessDenied</Code></Error>", True),
        ("application/json", b"", True),
        ("application/json", b"PK\x03\x04", False),
        ("application/zip", b"{}", False),
        ("text/plain", b"d8:announce", False),
        ("", b"{}", False),
    ],
)
def test_json_or_xml_in_place_of_a_binary_file_is_a_message(
    name: str, content_type: str, body: bytes, expected: bool
) -> None:
    assert is_message_instead(name, content_type, body) is expected
    for other in ("x.json", "x.xml", "x.svg", "x.geojson", "x", "x.zip.sha256"):
        assert not is_message_instead(other, content_type, body)
