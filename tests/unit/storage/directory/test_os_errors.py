"""Reasons why one file could not be stored."""

from __future__ import annotations

import errno

import pytest

from crawler.storage.directory.os_errors import item_reason

HINT = "--names windows"
REFUSED = [
    "a:b.txt",
    "q?",
    "star*",
    "pipe|x",
    "a\\b",
    "lt<",
    "gt>",
    '"',
    "dot.",
    "space ",
    "CON",
    "nul.txt",
    "com1.tar.gz",
]
USUAL = ["", "a.txt", ".hidden", "a b", "%41", "console", "\xfc.txt"]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(errno.EINVAL, id="vfat and exFAT of the kernel"),
        pytest.param(errno.EILSEQ, id="a character that the file system cannot hold"),
        pytest.param(errno.ENOENT, id="exfat-fuse"),
        pytest.param(errno.EPERM, id="fusefat"),
    ],
)
def test_a_name_that_the_file_system_refuses_names_the_way_out(name: str, number: int) -> None:
    assert HINT in item_reason(OSError(number, "x"), name)


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("number", [errno.EINVAL, errno.EILSEQ, errno.ENOENT, errno.EPERM])
def test_other_names_do_not(name: str, number: int) -> None:
    assert HINT not in item_reason(OSError(number, "x"), name)


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENAMETOOLONG, errno.EFBIG, errno.EISDIR, errno.ENOTDIR])
def test_other_errors_keep_their_reason(number: int) -> None:
    assert item_reason(OSError(number, "x"), "a:b") == item_reason(OSError(number, "x"))
