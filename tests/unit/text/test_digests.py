"""Published digests: checksum files of every style, and response headers."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text.digests import (
    HEX_LENGTHS,
    hasher,
    header_digest,
    is_checksum_file,
    matches,
    parse_checksums,
    parse_digest,
    unreadable,
)

BODY = b"the body\n"
HEX = {algorithm: hashlib.new(algorithm, BODY).hexdigest() for algorithm in HEX_LENGTHS}
B64 = {algorithm: base64.b64encode(bytes.fromhex(text)).decode() for algorithm, text in HEX.items()}
SHA256, SHA512, SHA1, MD5 = HEX["sha256"], HEX["sha512"], HEX["sha1"], HEX["md5"]
OTHER = "0" * 64

# --- which files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "SHA256SUMS", "SHA512SUMS", "SHA1SUMS", "MD5SUMS", "sha256sum.txt", "SHA256SUM", "md5sum.txt", "B2SUMS",
        "CHECKSUM", "CHECKSUMS", "checksums.txt", "tool_1.2.3_checksums.txt", "tool_1.2.3_SHA256SUMS",
        "Fedora-Server-39-1.5-x86_64-CHECKSUM", "CHECKSUM.SHA256-FreeBSD-14.0-RELEASE-amd64", "SHASUMS256.txt",
        "SHA256", "MD5", "md5.txt", "sha256sums.asc",
        "a.zip.sha256", "a.zip.SHA512", "a.zip.md5", "a.zip.sha1", "a.zip.sha256sum", "a.zip.sha256.txt", "a.b2",
    ],
)  # fmt: skip
def test_names_of_checksum_files_are_recognised(name: str) -> None:
    assert is_checksum_file(name)


@pytest.mark.parametrize(
    "name",
    [
        "SHA256SUMS.gpg", "SHA256SUMS.sign", "a.zip", "a.zip.asc", "README.md", "md5deep.c", "sums", "", ".md5",
        "checksum.py", "mychecksum", "a.sha256.zip",
    ],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    assert not is_checksum_file(name)


# --- their content --------------------------------------------------------------------------------

CLEARSIGNED = f"""-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

{SHA256}  a.zip
- {SHA256}  b.zip
- -----BEGIN
-----BEGIN PGP SIGNATURE-----

{OTHER}  c.zip
-----END PGP SIGNATURE-----
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("SHA256SUMS", f"{SHA256}  a.zip\n", {"a.zip": "sha256"}),
        ("SHA256SUMS", f"{SHA256} *a.zip\n", {"a.zip": "sha256"}),
        ("SHA256SUMS", f"{SHA256.upper()}  a.zip", {"a.zip": "sha256"}),
        ("SHA256SUMS", f"{SHA256}\ta.zip", {"a.zip": "sha256"}),
        ("SHA256SUMS", f"\ufeff{SHA256}  a.zip\r\n{SHA256}  b.zip\r\n", {"a.zip": "sha256", "b.zip": "sha256"}),
        ("SHA256SUMS", f"{SHA256}  a b  c.zip\n", {"a b  c.zip": "sha256"}),
        ("SHA256SUMS", f"{SHA256}  ./x/./a\n{SHA256}  ././a.zip\n", {"a.zip": "sha256"}),
        ("SHA256SUMS", f"{SHA256}  x/ä/a.zip\n", {"x/ä/a.zip": "sha256"}),
        ("SHA256SUMS", f"\\{SHA256}  a\\\\b.zip\n", {"a\\b.zip": "sha256"}),
        ("SHA256SUMS", f"\\{SHA256}  a\\nb.zip\n", {}),
        ("SHA256SUMS", f"{SHA256}  a\\nb.zip\n", {"a\\nb.zip": "sha256"}),
        ("SHA256SUMS", f"SHA256 (a (1).zip) = {SHA256}\n", {"a (1).zip": "sha256"}),
        ("SHA256SUMS", f"SHA2-256(a.zip)= {SHA256}\n", {"a.zip": "sha256"}),
        ("CHECKSUM", f"# a.zip: 9 bytes\nSHA512 (a.zip) = {SHA512}\n", {"a.zip": "sha512"}),
        ("CHECKSUM", f"MD5 (a.zip) = {SHA256}\n", {}),
        ("CHECKSUM", f"RMD160 (a.zip) = {SHA1}\n", {}),
        ("CHECKSUMS", f"{SHA512}  a\n{SHA1}  b\n{MD5}  c\n", {"a": "sha512", "b": "sha1", "c": "md5"}),
        ("CHECKSUMS", f"{MD5}  a\n{SHA256}  a\n{SHA1}  a\n", {"a": "sha256"}),
        ("CHECKSUMS", f"{SHA512}  a\n{SHA256}  a\n", {"a": "sha256"}),
        ("B2SUMS", f"{HEX['blake2b']}  a\n", {"a": "blake2b"}),
        ("SHA512SUMS", f"{SHA256}  a\n", {}),
        ("SHASUMS256.txt", f"{SHA256}  a\n{SHA1}  b\n", {"a": "sha256"}),
        ("CHECKSUM.SHA256", f"{SHA256}  a\n", {"a": "sha256"}),
        ("SHA256", f"SHA256 (a) = {SHA256}\n", {"a": "sha256"}),
        ("SHA256SUMS", CLEARSIGNED, {"a.zip": "sha256", "b.zip": "sha256"}),
        ("SHA256SUMS", f"{SHA256}  a.zip \n", {"a.zip ": "sha256"}),
        ("SHA256SUMS", f"{SHA256}  LINUX\r\n", {"LINUX": "sha256"}),
        ("SHA256SUMS", f"SHA256 (a.zip) = {SHA256} \r\n", {"a.zip": "sha256"}),
        ("SHA256SUMS", f"\\{SHA256}  a\\rb.zip\n", {}),
        ("SHA256SUMS", f"- {SHA256}  a.zip\n", {}),  # dashes are escaped only in signed text
        ("SHA256", f"{SHA256}  a\n{SHA1}  b\n", {"a": "sha256"}),
        ("CHECKSUM.SHA256-FreeBSD", f"{SHA256}  a\n{SHA1}  b\n", {"a": "sha256"}),
        # in a separate file
        ("a.zip.sha256", SHA256, {"a.zip": "sha256"}),
        ("a.zip.sha256", f"{SHA256}\r\n", {"a.zip": "sha256"}),
        ("a.zip.sha256", f"{SHA256}  a.zip\n", {"a.zip": "sha256"}),
        ("a.zip.sha256", f"{SHA256}  /build/target/a.zip\n", {"a.zip": "sha256"}),
        ("a.zip.sha256", f"{SHA256}  ../dist/a.zip\n", {"a.zip": "sha256"}),
        ("a.zip.sha256", f"{SHA256}  b.zip\n", {"b.zip": "sha256"}),
        ("a.zip.sha256", f"SHA256 (a.zip) = {SHA256}\n", {"a.zip": "sha256"}),
        ("a.zip.sha256", f"a.zip: {SHA256[:8].upper()} {SHA256[8:40]}\n    {SHA256[40:]}\n", {"a.zip": "sha256"}),
        ("a.zip.sha256sum", SHA256, {"a.zip": "sha256"}),
        ("a.zip.md5.txt", MD5, {"a.zip": "md5"}),
        ("a.zip.md5", SHA256, {}),
        ("SHA512SUMS.md5", MD5, {"SHA512SUMS": "md5"}),
        # unreliable
        ("SHA256SUMS", f"{SHA256}  a\n{OTHER}  a\n{SHA256}  a\n", {}),
        ("SHA256SUMS", f"{SHA256}  SHA256SUMS\n", {}),
        ("SHA256SUMS", f"{SHA256}  ../a\n{SHA256}  /a\n{SHA256}  x/../a\n{SHA256}  x//a\n{SHA256}  .\n", {}),
        ("SHA256SUMS", f"{SHA256}  x/\n{SHA256}  .crawler/a\n{SHA256}  a\x1b[2J\n", {}),
        ("SHA256SUMS", f"<html>{SHA256}  a</html>\n", {}),
        ("SHA256SUMS", "", {}),
        ("SHA256SUMS", SHA256, {}),
    ],
)  # fmt: skip
def test_checksum_files_are_read(name: str, text: str, expected: dict[str, str]) -> None:
    found = parse_checksums(name, text.encode())
    assert found == {path: f"{algorithm}:{HEX[algorithm]}" for path, algorithm in expected.items()}


def test_a_name_that_is_not_utf_8_equals_that_in_the_listing() -> None:
    assert list(parse_checksums("SHA256SUMS", SHA256.encode() + b"  caf\xe9.zip\n")) == ["caf\udce9.zip"]


@pytest.mark.parametrize("tag", [[], ["--tag"]])
@pytest.mark.parametrize(("program", "algorithm"), [("sha256sum", "sha256"), ("md5sum", "md5"), ("b2sum", "blake2b")])
def test_what_coreutils_prints_is_read(tmp_path: Path, program: str, algorithm: str, tag: list[str]) -> None:
    names = ["plain", "a b", "back\\slash", "(x) = y", " leading", "*star", "ü"]
    for name in names:
        (tmp_path / name).write_bytes(BODY)
    printed = subprocess.run([program, *tag, *names], cwd=tmp_path, check=True, capture_output=True).stdout
    found = parse_checksums("CHECKSUM" if tag else program + "s", printed)
    assert found == dict.fromkeys(names, f"{algorithm}:{HEX[algorithm]}")


@given(st.sampled_from(["SHA256SUMS", "a.md5", "CHECKSUM"]), st.binary(max_size=300))
def test_a_checksum_file_of_any_bytes_never_raises(name: str, text: bytes) -> None:
    for path in parse_checksums(name, SHA256.encode() + b"  " + text):
        assert not {"", ".", "..", ".crawler"} & {*path.split("/")}
    parse_checksums(name, text)


# --- headers --------------------------------------------------------------------------------------

S3 = {"x-amz-request-id": "4442587FB7D0A2F9", "ETag": f'"{MD5}"'}
GOOGLE = {"x-goog-hash": f"crc32c=n03x6A==,md5={B64['md5']}"}


@pytest.mark.parametrize(
    ("headers", "algorithm"),
    [
        ({"Repr-Digest": f"sha-256=:{B64['sha256']}:"}, "sha256"),
        ({"Repr-Digest": f"sha-512=:{B64['sha512']}:, sha-256=:{B64['sha256']}:"}, "sha256"),
        ({"REPR-DIGEST": f"unixsum=:AAAA:,sha-512=:{B64['sha512']}:;x=1"}, "sha512"),
        ({"Content-Digest": f"sha-256=:{B64['sha256']}:"}, "sha256"),
        ({"Content-Digest": f"sha-256=:{B64['sha256']}:", "Content-Range": "bytes 1-2/9"}, None),
        ({"Repr-Digest": f"sha-256=:{B64['sha256']}:", "Content-Range": "bytes 1-2/9"}, "sha256"),
        ({"Repr-Digest": f"sha-256=:{B64['sha256']}:", "Content-Encoding": "gzip"}, None),
        ({"Repr-Digest": f"sha-256=:{B64['sha256']}:", "Content-Encoding": "identity"}, "sha256"),
        ({"Digest": f"SHA-256={B64['sha256']}"}, "sha256"),
        ({"Digest": f"SHA-256={SHA256}"}, "sha256"),
        ({"Digest": f"md5={B64['md5']},SHA={B64['sha1']}"}, "sha1"),
        ({"Digest": f"sha={SHA1}"}, "sha1"),
        ({"Content-MD5": B64["md5"]}, "md5"),
        ({"Content-MD5": B64["md5"], "Digest": f"md5={B64['md5']}", "Content-Range": "bytes 1-2/9"}, "md5"),
        ({"Content-MD5": MD5}, "md5"),
        ({"Content-MD5": B64["md5"], "Content-Range": "bytes 1-2/9"}, None),
        (GOOGLE, "md5"),
        ({**GOOGLE, "x-goog-stored-content-encoding": "identity"}, "md5"),
        ({**GOOGLE, "x-goog-stored-content-encoding": "gzip"}, None),
        ({"x-goog-hash": "crc32c=n03x6A=="}, None),
        ({"X-Checksum-Sha256": SHA256, "X-Checksum-Sha1": SHA1, "X-Checksum-Md5": MD5}, "sha256"),
        ({"x-amz-checksum-sha256": B64["sha256"]}, "sha256"),
        ({"x-amz-checksum-sha256": B64["sha256"] + "-3"}, None),
        (S3, "md5"),
        ({**S3, "x-amz-server-side-encryption": "AES256"}, "md5"),
        ({**S3, "x-amz-server-side-encryption": "aws:kms"}, None),
        ({**S3, "x-amz-server-side-encryption-customer-algorithm": "AES256"}, None),
        ({**S3, "x-amz-storage-class": "EXPRESS_ONEZONE"}, None),
        ({**S3, "ETag": f'"{MD5}-2"'}, None),
        ({**S3, "ETag": f'W/"{MD5}"'}, None),
        ({"ETag": f'"{MD5}"'}, None),
        ({"x-amz-request-id": "1"}, None),
        ({"Repr-Digest": "sha-256=:AAAA:"}, None),
        ({"Repr-Digest": "sha-256=:ä:", "Digest": "=", "Content-MD5": "é", "X-Checksum-Sha1": ""}, None),
        ({}, None),
    ],
)
def test_headers_give_the_best_digest_of_the_whole_file(headers: dict[str, str], algorithm: str | None) -> None:
    assert header_digest(headers) == (f"{algorithm}:{HEX[algorithm]}" if algorithm else None)


def test_a_repeated_header_is_read_as_often() -> None:
    from multidict import CIMultiDict

    headers = CIMultiDict([("X-Goog-Hash", "crc32c=n03x6A=="), ("X-Goog-Hash", f"md5={B64['md5']}")])
    assert header_digest(headers) == f"md5:{MD5}"
    headers = CIMultiDict([("Digest", f"SHA-256={SHA256}"), ("Digest", f"md5={MD5}")])
    assert header_digest(headers) == f"sha256:{SHA256}"


@given(st.sampled_from(["Repr-Digest", "Digest", "Content-MD5", "X-Goog-Hash", "X-Checksum-Sha256"]), st.text())
def test_no_header_raises(name: str, value: str) -> None:
    header_digest({name: value, "ETag": value, "x-amz-request-id": value})
    header_digest({name: f"sha-256={value}"})


# --- comparing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", HEX_LENGTHS)
def test_only_the_body_itself_matches_its_digest(algorithm: str) -> None:
    expected = f"{algorithm}:{HEX[algorithm]}"
    assert matches(BODY, expected)
    assert matches(BODY, expected.upper())
    assert not matches(BODY + b" ", expected)
    hashing = hasher(algorithm)
    hashing.update(BODY)
    assert hashing.hexdigest() == HEX[algorithm]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "md5",
        "md5:",
        "md5:xyz",
        f"x:md5:{MD5}",
        f"md5:x:{MD5}",
        f"md5:{SHA256}",
        f"crc32:{MD5}",
        f"sha256:{'g' * 64}",
    ],
)
def test_an_invalid_digest_proves_nothing(text: str) -> None:
    assert parse_digest(text) is None
    assert matches(BODY, text)


def test_an_unknown_algorithm_has_no_hasher() -> None:
    with pytest.raises(ValueError, match="crc32"):
        hasher("crc32")


@pytest.mark.parametrize(
    ("algorithm", "value", "expected"),
    [("MD5", HEX["md5"], False), ("md5", "x", True), ("crc32", "x", False), ("SHA-256", HEX["md5"], True)],
)
def test_a_value_that_cannot_be_a_digest_is_unreadable(algorithm: str, value: str, expected: bool) -> None:
    assert unreadable(algorithm, value) is expected
