"""What was meant as the URL of an object store never becomes a local directory."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from crawler.model.errors import ConfigError
from crawler.text.advice.stores import store_meant
from crawler.text.arguments import is_object_url, start_directory

SCHEMES = {
    "s3": "s3", "S3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gs", "gcs": "gs", "GS": "gs",
    "az": "az", "azure": "az", "abfs": "az", "wasbs": "az", "r2": "s3", "minio": "s3", "b2": "s3",
}  # fmt: skip
SEPARATORS = (":", ":/", "://", " ://", ":\\\\", ":///")


@pytest.mark.parametrize(("name", "separator"), list(product(SCHEMES, SEPARATORS)))
def test_each_near_miss_is_answered_with_the_url(name: str, separator: str) -> None:
    text = f"{name}{separator}bucket/a"
    if is_object_url(text):
        return  # the URL itself, whose bucket is checked elsewhere
    assert store_meant(text).startswith(f"{SCHEMES[name]}://bucket/a")
    with pytest.raises(ConfigError, match=f"write {SCHEMES[name]}://bucket/a"):
        start_directory(text)


@pytest.mark.parametrize("text", ["s3//bucket/x", "gs//x", "s3.//x", "az;//x", "s3 //x"])
def test_a_scheme_without_its_colon_is_one(text: str) -> None:
    with pytest.raises(ConfigError, match=r"an object store is given by its URL: write \w\w://"):
        start_directory(text)


def test_the_account_of_azure_is_no_part_of_the_prefix() -> None:
    assert store_meant("abfs://files@account.dfs.core.windows.net/a/b") == "az://files/a/b"
    assert "AWS_ENDPOINT_URL" in store_meant("r2://b")


@pytest.mark.parametrize("text", ["s3", "s3/", "s3/x", "./s3:/x", "./s3//x", "/s3://x", "gs-b", "azure/x", "dir/s3:x"])
def test_a_directory_that_is_called_so_stays_one(text: str) -> None:
    assert start_directory(text) == Path(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file:/tmp/q", "write /tmp/q, or write ./file:/tmp/q"),
        ("http:/h/x", "is a URL: name the directory to save files in"),
        ("https:x", "is a URL"),
    ],
)
def test_other_urls_without_their_slashes_are_named_too(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        start_directory(text)
    assert words in str(error.value)
