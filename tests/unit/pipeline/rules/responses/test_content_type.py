"""The type of a file, by its name, Content-Type and first bytes."""

from __future__ import annotations

import bz2
import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pipeline.rules.responses.content_type import (
    SNIFFED,
    Looks,
    Named,
    begins_like_html,
    contradiction,
    contradicts,
    is_binary,
    is_coded_name,
    is_coded_twice,
    is_message_instead,
    is_never_the_file,
    is_page_instead,
    is_text_instead,
    looks,
    named,
)

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


NAMES = {
    "x.tar.gz": True, "a/b.ZIP": True, "x.iso": True, "x.tgz": True,
    "x.bin": None, "x.nc": None, "x.deb.html": False, "x.txt": False, "x": False, "x.html": False, "tar.gz/x": False,
}  # fmt: skip
"""Name → whether such a file is never text; None: it is binary, but may begin with text; False: its type is unknown."""
BODIES = {
    PAGE: {True, None},
    b"Please log in": {True},
    b"": set(),
    b"\x1f\x8b\x08\0\0<html>": set(),
    b"\x7fELF\x02\x01\x01\0": set(),
}
"""Body → for which of ``NAMES`` it is never the file if it is labelled as a page."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("label", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml", "text/plain", ""])
def test_what_is_never_the_file_whatever_its_size(name: str, label: str) -> None:
    is_labelled = "html" in label.lower()
    for body, kinds in BODIES.items():
        expected = is_labelled and NAMES[name] is not False and NAMES[name] in kinds
        assert is_never_the_file(name, label, body) is expected, body


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
        ("application/atom+xml", b"<error/>", True),
        ("json", b"{}", True),
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


@pytest.mark.parametrize(
    ("path", "content_type", "head", "expected"),
    [
        ("a.zip", "text/plain", b"Error", True), ("d/A.ZIP", "TEXT/plain; charset=x", b"Error", True),
        ("a.zip", "", b"Error", True), ("a.zip", "application/zip", b"Error", False),
        ("a.zip", " ; charset=x", b"Error", True),
        ("a.zip", "application/octet-stream", b"Error", False), ("a.zip", "text/plain", b"PK\3\4", False),
        ("a.zip", "text/plain", b"", False), ("a.bz2", "text/plain", b"BZh91AY&SYtext", False),
        ("a.txt", "text/plain", b"Error", False), ("a", "text/plain", b"Error", False),
        ("a.pdf", "text/plain", b"%PDF-1.4", False), ("zip", "text/plain", b"Error", False),
        ("a.tar.gz", "text/plain", b"Error", True), ("a.zip.txt", "text/plain", b"Error", False),
    ],
)  # fmt: skip
def test_text_is_not_a_file_whose_format_cannot_begin_with_text(
    path: str, content_type: str, head: bytes, expected: bool
) -> None:
    assert is_text_instead(path, content_type, head) is expected


BYTES, TEXT, HTML_TEXT, JSON_TEXT, XML_TEXT = b"PK\3\4", b"a,b", PAGE, b' {"a": 1}', b"<feed/>"


@pytest.mark.parametrize(
    ("path", "content_type", "old", "expected"),
    [
        # what replaces the copy ``old`` (None: larger than what is read): bytes, text, a page, JSON, nothing
        ("a.zip", "application/zip", BYTES, [None, "text", "an HTML page", "text"]),
        ("a.dat", "", BYTES, [None, "text", "an HTML page", "text"]),
        ("a.dat", "application/json", BYTES, [None, "JSON or XML", "an HTML page", "JSON or XML"]),
        ("a.dat", "", None, [None, "text", "an HTML page", "text"]),
        ("a.csv", "text/csv", None, [None, None, None, None]),
        ("README", "", None, [None, None, None, None]),
        ("a.csv", "text/csv", TEXT, ["binary data", None, "an HTML page", None]),
        ("a.csv", "application/json", TEXT, ["binary data", None, "an HTML page", "JSON or XML"]),
        ("a.json", "application/json", JSON_TEXT, ["binary data", "text", "an HTML page", None]),
        ("a", "application/json", JSON_TEXT, [None, "JSON or XML", "an HTML page", None]),
        ("a", "application/xml", XML_TEXT, [None, "JSON or XML", "an HTML page", "JSON or XML"]),
        ("a.html", "text/html", HTML_TEXT, ["binary data", "text", None, None]),
        ("a.html", "text/html", TEXT, ["binary data", None, None, None]),
        ("a.cgi", "text/plain", TEXT, [None, None, None, None]),
        ("a", "text/html", HTML_TEXT, [None, None, None, None]),
    ],
)
def test_what_contradicts_a_copy(path: str, content_type: str, old: bytes | None, expected: list[str | None]) -> None:
    news = (BYTES, TEXT, HTML_TEXT, JSON_TEXT)
    assert [contradiction(path, content_type, new, old) for new in news] == expected
    assert contradiction(path, content_type, b"", old) == "an empty body"


# name: for each copy (unknown, binary, a page, data, blank, text) what contradicts it: a letter for each response
# (binary, a page, data, blank, text, a message): b binary data, h an HTML page, m JSON or XML, t text, - nothing
TABLE = {
    Named.PAGE: "------ ----tm b---tm b---tm b----m b----m",
    Named.DATA: "------ -h--t- b---t- bh--t- bh---- bh----",
    Named.TEXT: "------ -h---m b----m bh---m bh---m bh---m",
    Named.MAYBE_PAGE: "------ -ttttm -----m -----m -----m -----m",
    Named.MAYBE_DATA: "------ -htttt ------ -h---- -h---- -h----",
    Named.MAYBE_TEXT: "------ -htttm -----m -h---m -h---m -h---m",
    Named.OTHER: "-htttm -htttm -----m -h---m -h---m -h---m",
}
COPIES = (Looks.UNKNOWN, Looks.BINARY, Looks.PAGE, Looks.DATA, Looks.BLANK, Looks.TEXT)
RESPONSES = (Looks.BINARY, Looks.PAGE, Looks.DATA, Looks.BLANK, Looks.TEXT, Looks.MESSAGE)
WORDS = {"b": "binary data", "h": "an HTML page", "m": "JSON or XML", "t": "text", "-": None}


@pytest.mark.parametrize("name", Named)
def test_the_table_of_names_copies_and_responses(name: Named) -> None:
    for copy, letters in zip(COPIES, TABLE[name].split(), strict=True):
        for response, letter in zip(RESPONSES, letters, strict=True):
            assert contradicts(name, copy, response) == WORDS[letter], (copy, response)
        assert contradicts(name, copy, Looks.EMPTY) == "an empty body"


def test_a_name_is_certain_by_its_last_extension_alone() -> None:
    names = {
        Named.PAGE: "d.html x.XHTML", Named.DATA: "a.json a.xml a.geojson a.svg~",
        Named.TEXT: "a.txt d/A.CSV a.zip.sha256",
        Named.MAYBE_PAGE: "get.php a.cgi a.html.en", Named.MAYBE_DATA: "json-tool a.json.gpg",
        Named.MAYBE_TEXT: "README a.txt.gpg", Named.OTHER: "a.zip a.json.gz a.txt.xz a.dat a.html.gz a.php.d/x.dat",
    }  # fmt: skip
    assert {kind: [name for name in text.split() if named(name) is not kind] for kind, text in names.items()} == {
        kind: [] for kind in Named
    }


@pytest.mark.parametrize(
    ("path", "coding", "expected"),
    [
        ("a.gz", "gzip", True),
        ("d/A.TGZ", "x-gzip", True),
        ("a.gz", "br", False),
        ("a.br", "br", True),
        ("a.z", "x-compress", True),
        ("a.gz.txt", "gzip", False),
        ("a.gz", "identity", False),
        ("a", "", False),
    ],
)
def test_which_names_say_that_a_file_is_coded(path: str, coding: str, expected: bool) -> None:
    assert is_coded_name(path, coding) is expected


def test_what_a_body_looks_like() -> None:
    bodies = {
        b"": Looks.EMPTY, b"PK\3\4": Looks.BINARY, b"\x1f\x8b\x08\0": Looks.BINARY, PAGE: Looks.PAGE,
        b" [1]": Looks.DATA,
        b"\xef\xbb\xbf{}": Looks.DATA, b"<feed/>": Looks.DATA, b" \n": Looks.BLANK, b"Error": Looks.TEXT,
        "\ufeffError".encode("utf-16-le"): Looks.TEXT, "\ufeff{}".encode("utf-16-be"): Looks.DATA,
    }  # fmt: skip
    assert {body: looks(body) for body in bodies} == bodies


@given(st.sampled_from(["a.zip", "a", "a.csv", "a.json", "a.html"]), st.binary(min_size=1, max_size=40), st.binary())
def test_the_same_beginning_contradicts_nothing_and_bytes_only_text(path: str, old: bytes, head: bytes) -> None:
    assert contradiction(path, "", old, old) is None
    if is_binary(head) and looks(head) is Looks.BINARY:
        is_text = path not in {"a.zip", "a"} and looks(old) is not Looks.BINARY
        assert contradiction(path, "application/json", head, old) == ("binary data" if is_text else None)
        assert not is_text_instead(path, "text/plain", head)


ONCE = gzip.compress(random.Random(1).randbytes(4000), mtime=0)
TWICE = gzip.compress(ONCE, mtime=0)


@pytest.mark.parametrize(
    ("path", "coding", "head", "expected"),
    [
        ("a/x.tar.gz", "gzip", TWICE, True),
        ("a/x.tar.gz", "x-gzip", TWICE[:SNIFFED], True),
        ("X.TGZ", "gzip", TWICE, True),
        ("x.svgz", "gzip", TWICE, True),
        ("x.tar.gz", "gzip", gzip.compress(gzip.compress(b"", mtime=0), mtime=0), True),
        ("x.tar.gz", "gzip", ONCE, False),
        ("x.tar.gz", "gzip", gzip.compress(b"the same line\n" * 500, mtime=0), False),
        ("x.tar.gz", "gzip", gzip.compress(b"\x1f\x8b text that only begins like gzip", mtime=0), False),
        ("x.tar.gz", "gzip", gzip.compress(bz2.compress(b"text"), mtime=0), False),
        ("x.tar.gz", "", TWICE, False),
        ("x.tar.gz", "deflate", TWICE, False),
        ("x.tar.gz.gz", "gzip", TWICE, False),  # the name says it
        ("x.tgz.gz", "gzip", TWICE, False),
        ("x.gz.d/x.tgz", "gzip", TWICE, True),
        ("x.tar", "gzip", TWICE, False),  # refused for its coding
        ("x.tar.z", "compress", TWICE, False),
        ("x.tar.gz", "gzip", b"", False),
        ("x.tar.gz", "gzip", TWICE[:10], False),  # nothing to be seen yet
        ("x.tar.gz", "gzip", TWICE[:10] + b"\xff" * 50, False),  # damaged
    ],
)
def test_gzip_within_gzip(path: str, coding: str, head: bytes, *, expected: bool) -> None:
    assert is_coded_twice(path, coding, head) is expected


@given(st.binary(max_size=3000), st.integers(1, 9), st.integers(1, 9))
def test_a_file_compressed_by_the_server_is_seen_whatever_is_in_it(text: bytes, inner: int, outer: int) -> None:
    archive = gzip.compress(text, inner)
    assert is_coded_twice("x.gz", "gzip", gzip.compress(archive, outer)[:SNIFFED])
    assert text.startswith(b"\x1f\x8b") or not is_coded_twice("x.gz", "gzip", archive)
