"""DIR as given: a path, a file URL, or a place in an object store."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.model.errors import ConfigError
from crawler.text.arguments import is_object_url, start_directory


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("mirror", "mirror"),
        ("./a:b", "a:b"),
        ("/srv/a:b", "/srv/a:b"),
        ("sub/a:b", "sub/a:b"),
        ("::1", "::1"),
        ("./s3://b", "s3:/b"),
        ("file:///srv/a%20b/%C3%BC", "/srv/a b/ü"),
        ("FILE://localhost/srv", "/srv"),
        ("file:///srv/%FF", "/srv/\udcff"),
        ("file:///", "/"),
    ],
)
def test_a_directory_is_a_path_or_a_file_url(given: str, path: str) -> None:
    assert start_directory(given) == Path(path)
    assert not is_object_url(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "use . for the current directory"),
        ("http://host/x", "http://host/x is a URL: name the directory"),
        ("sftp://host/x", "sftp:// is not a destination"),
        ("file://host/x", "write it as file:///path"),
        ("file:///x?y", "write it as file:///path"),
        ("file://", "write it as file:///path"),
        ("file:///x%00y", "NUL"),
        ("a:b", "a place on another machine"),
        ("host:/srv", "or write ./host:/srv if that is its name"),
        ("user@host:", "a place on another machine"),
        ("C:/data", "a path of Windows"),
        ("c:", "a path of Windows"),
        ("\\\\server\\share", "a path of Windows"),
        ("~", "only a shell expands ~"),
        ("~user/x", "only a shell expands ~"),
        ("/", "the root of the whole system"),
        ("//", "the root of the whole system"),
        ("-", "not to standard output"),
        ("scp://host/x", "copy it there with rsync"),
    ],
)
def test_anything_else_is_refused(given: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        start_directory(given)


def test_a_path_object_is_taken_as_it_is() -> None:
    assert start_directory(Path("a:b")) == Path("a:b")


@pytest.mark.parametrize(
    ("given", "is_one"),
    [
        ("s3://b/p", True),
        ("GS://b", True),
        ("az://c/p", True),
        ("s3:/b", False),
        ("s3", False),
        ("file:///s3://b", False),
    ],
)
def test_a_place_in_an_object_store_is_told_by_its_scheme(given: str, is_one: bool) -> None:
    assert is_object_url(given) == is_one
