"""Metalink documents (RFC 5854): what is used, what is left out, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.xml.metalink import URLS, read_metalink
from crawler.model.network.listed_file import ListedFile

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">'
SHA = "a" * 64


def document(*files: str) -> bytes:
    return f"{HEAD}{''.join(files)}</metalink>".encode()


def test_the_example_of_the_rfc() -> None:
    """RFC 5854 section 1.1, with a second digest."""
    content = document(
        "<published>2009-05-14T12:23:37Z</published>",
        '<file name="example.ext"><size>14471447</size><identity>Example</identity><version>1.0</version>'
        f'<hash type="md5">{"b" * 32}</hash><hash type="sha-256">{SHA}</hash>'
        f'<pieces length="262144" type="sha-1"><hash>{"c" * 40}</hash></pieces>'
        '<url location="de" priority="1">ftp://ftp.example.com/example.ext</url>'
        '<url location="fr" priority="3">http://example.com/example.ext</url>'
        '<url priority="2">https://example.net/example.ext</url>'
        '<metaurl mediatype="torrent" priority="2">http://example.com/example.ext.torrent</metaurl></file>',
    )
    assert read_metalink(content) == [
        ListedFile(
            url="https://example.net/example.ext",
            path="example.ext",
            mirrors=("http://example.com/example.ext",),
            size=14471447,
            digest=f"sha256:{SHA}",
        )
    ]


FILES = [
    ('<file name="a"><url>http://h/a</url></file>', ListedFile(url="http://h/a", path="a")),
    ('<file name="a"/>', ListedFile(url="", path="a")),
    ('<file name="d/a b"><url> http://h/a b </url></file>', ListedFile(url="http://h/a%20b", path="d/a b")),
    ('<file name="../a"><url>http://h/a</url></file>', ListedFile(url="http://h/a", path="../a")),
    ('<file name="a"><size> 7 </size></file>', ListedFile(url="", path="a", size=7)),
    ('<file name="a"><hash type="whirlpool">00</hash></file>', ListedFile(url="", path="a")),
    ('<file name="a"><hash>00</hash></file>', ListedFile(url="", path="a")),
    (
        '<file name="a"><url priority="x">http://h/1</url><url priority="999998">http://h/2</url>'
        "<url>http://h/1</url></file>",
        ListedFile(url="http://h/2", path="a", mirrors=("http://h/1",)),
    ),
    ('<file name="a"><!-- x --><url>http://h/&amp;</url></file>', ListedFile(url="http://h/&", path="a")),
]


@pytest.mark.parametrize(("text", "expected"), FILES)
def test_one_file(text: str, expected: ListedFile) -> None:
    assert read_metalink(document(text)) == [expected]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((f"<size>{text}</size>", "no number of bytes: ") for text in ("x", "", "-1", "1.5", "1e3", "9" * 19)),
        ("<size>7</size><size>x</size>", "no number of bytes: 'x'"),
        *(
            (f'<hash type="{kind}">{value}</hash>', f"no {kind} digest: ")
            for kind in ("sha-256", "SHA256", "md5", "sha-512")
            for value in ("", "short", SHA[:-1], "g" * 64, "<b>x</b>")
        ),
        (f'<hash type="sha-256">{SHA}</hash><hash type="md5">{SHA}</hash>', "no md5 digest: "),
    ],
)
def test_a_size_or_digest_that_cannot_be_read_is_the_problem_of_its_file(text: str, reason: str) -> None:
    good = ListedFile(url="http://h/b", path="b")
    bad, other = read_metalink(
        document(f'<file name="a">{text}<url>http://h/a</url></file><file name="b"><url>http://h/b</url></file>')
    )
    assert reason in bad.problem
    assert other == good


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_in_utf_16(codec: str) -> None:
    text = document('<file name="ä"><url>http://h/a</url></file>').decode().replace("UTF-8", "UTF-16")
    mark = "" if codec == "utf-16" else "\ufeff"
    assert read_metalink((mark + text).encode(codec)) == [ListedFile(url="http://h/a", path="ä")]


def test_of_hundreds_of_urls_the_best_are_used() -> None:
    urls = "".join(f'<url priority="{300 - number}">http://h/{number}</url>' for number in range(300))
    (found,) = read_metalink(document(f'<file name="a">{urls}</file>'))
    assert found.url == "http://h/299"
    assert len(found.mirrors) == URLS - 1


ENTITIES = b'<!DOCTYPE metalink [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
WRONG = [
    (b"", "not a Metalink document"),
    (b"<rss><a>x</a></rss>", "not a Metalink document"),
    (b"<html><body>x</body></html>", "not a Metalink document"),
    (b"\xff\xfe<\0\0\xd8", "truncated data|illegal|unexpected end"),
    (document('<file name="a">')[:-11], "cut short"),
    (document("<file><url>http://h/a</url></file>"), "a file without a name"),
    (document().replace(b"urn:ietf:params:xml:ns:metalink", b"http://www.metalinker.org/"), "version 3"),
    (document().replace(b"urn:ietf:params:xml:ns:metalink", b"x"), "not a Metalink document of RFC 5854"),
    (document().replace(b"?>\n", b"?>\n" + ENTITIES), "a document type declaration"),
    (document('<file name="a">&a;</file>').replace(b"?>\n", b"?>\n<!DOCTYPE metalink>"), "a document type declaration"),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_a_document_that_cannot_be_used(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_metalink(content)


@given(at=st.integers(0, 300), junk=st.binary(max_size=8))
def test_a_damaged_document_is_read_or_refused(at: int, junk: bytes) -> None:
    whole = document(f'<file name="a"><size>7</size><hash type="sha-256">{SHA}</hash><url>http://h/a</url></file>')
    try:
        found = read_metalink(whole[:at] + junk + whole[at:])
    except ValueError:
        return
    assert all(isinstance(each, ListedFile) for each in found)
