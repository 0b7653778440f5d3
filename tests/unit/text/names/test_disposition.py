"""The name of a file by Content-Disposition, or the reason why it is not accepted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.values import Rejection
from crawler.text.names.disposition import disposition_name


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (None, None),
        ("", None),
        ("inline", None),
        ("attachment", None),
        ("attachment; filename=", None),
        ('attachment; filename=""', None),
        ("attachment; filename=a.zip", "a.zip"),
        ('attachment;filename="a b.zip"', "a b.zip"),
        ('ATTACHMENT ; FileName = "a.zip" ; size=5', "a.zip"),
        ("attachment; filename=foo bar.zip", "foo bar.zip"),
        ('inline; filename="a;b=\\"c\\".zip"', 'a;b="c".zip'),
        ('attachment; filename="a%20b.zip"', "a%20b.zip"),
        ("attachment; filename=\"x; filename*=UTF-8''evil\"", "x; filename*=UTF-8''evil"),
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates.zip", "€ rates.zip"),
        ("attachment; filename*=utf-8'en'a.zip; filename=b.zip", "a.zip"),
        ("attachment; filename=b.zip; filename*=UTF-8''a.zip", "a.zip"),
        ("attachment; filename*=iso-8859-1''%A3.zip", "£.zip"),
        ("attachment; filename*=UTF-8''%ff; filename=b.zip", "b.zip"),
        ("attachment; filename*=UTF-8''%2; filename=b.zip", "b.zip"),
        ("attachment; filename*=UTF-7''+AC8-; filename=b.zip", "b.zip"),
        ("attachment; filename*=a.zip; filename=b.zip", "b.zip"),
        ("attachment; filename*=UTF-8''; filename=b.zip", "b.zip"),
        ("attachment; filename=a.zip; filename=b.zip", "a.zip"),
        ("attachment; x-filename=a.zip", None),
        ('attachment; filename="ü.zip"', "ü.zip"),
        ('attachment; filename="\udcfc.zip"', "\udcfc.zip"),
        ('attachment; filename=".hidden"', ".hidden"),
        ("attachment filename=a.zip", None),
        ("filename=a.zip", None),
    ],
)
def test_the_name_that_a_server_gives(field: str | None, name: str | None) -> None:
    assert disposition_name(field) == name


@pytest.mark.parametrize(
    "field",
    [
        'attachment; filename="../../etc/passwd"',
        "attachment; filename=..",
        "attachment; filename=.",
        "attachment; filename=/etc/passwd",
        'attachment; filename="a/b"',
        'attachment; filename="C:\\\\dir\\\\a.zip"',
        'attachment; filename="a\\\\b"',
        "attachment; filename*=UTF-8''..%2Fa",
        "attachment; filename*=UTF-8''a%5Cb",
        "attachment; filename*=UTF-8''a%00b",
        "attachment; filename*=UTF-8''a%0D%0Ab",
        "attachment; filename*=UTF-8''%1b%5B31m",
        "attachment; filename*=UTF-8''%E2%80%A8",
        "attachment; filename=.crawler",
        f"attachment; filename={'x' * 256}",
        f"attachment; filename*=UTF-8''{'%C3%A9' * 128}",
    ],
)
def test_what_is_no_name_of_a_file_is_rejected_and_not_repaired(field: str) -> None:
    found = disposition_name(field)
    assert isinstance(found, Rejection)
    assert found.reason == "bad-name"


@given(st.text(alphabet="attachment;=filename*\"'\\%/. \x00é\udcff", max_size=80))
def test_any_field_gives_a_safe_name_or_none(field: str) -> None:
    found = disposition_name("attachment;" + field)
    if isinstance(found, str):
        assert found not in {"", ".", "..", ".crawler"}
        assert not set(found) & set("/\\\0\r\n")
