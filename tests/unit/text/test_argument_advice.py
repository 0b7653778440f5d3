"""What is said about arguments that are no URL, no DIR, or too many: the whole line for each kind."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlparse

import pytest

from crawler.model.errors import ConfigError
from crawler.text.advice.arguments import count_problem, directory_problem, swallowed, url_problem
from crawler.text.arguments import fallback_urls, start_url

URL = "http://host.example/pub/"
DAV = "dav://host.example/pub/"


@pytest.mark.parametrize(
    ("text", "directory", "remedy"),
    [
        ("", "", "write it as http://host/path/"),
        ("pub", "", "write it as http://host/path/"),
        ("<http://h.example/>", "", "leave out what is around it: http://h.example/"),
        ("view-source:http://u:pw@h.example/", "", "leave out what is around it: http://h.example/"),
        ("/srv/pub", URL, "URL comes first, then DIR"),
        ("s3://bucket/pub", URL, "URL comes first, then DIR"),
        ("ftp://h.example/", URL, "for FTP use lftp or wget"),
        ("-rf", "", "options begin with two dashes; see --help"),
        ("s3://bucket/pub", "", "give the bucket's https address, such as https://BUCKET.s3.amazonaws.com/"),
        (DAV, "", "write http:// for dav://"),
        ("gopher://h.example/", "", "only http and https are fetched"),
        ("http://u:p/w@h.example/", "", "in a user name or password, write / as %2F, ? as %3F, # as %23"),
        ("http://h.example:70000/", "", "the port is a number from 0 to 65535"),
        ("http:///pub/", "", "write it as http://host/path/"),
        ("http://:80/", "", "write it as http://host/path/"),
        ("https//h.example/", "", "write the scheme as http:// or https://"),
        ("./pub", "", "that is a local path: local directories are copied by rsync or cp"),
        ("C:\\pub", "", "that is a local path: local directories are copied by rsync or cp"),
        ("user@h.example:pub", "", "over SSH use rsync"),
        ("h.example/pub", "", "did you mean https://h.example/pub?"),
    ],
)
def test_the_remedy_fits_what_was_typed_in_place_of_url(text: str, directory: str, remedy: str) -> None:
    line = url_problem(text, directory)
    assert line.startswith("not an http or https URL: ")
    assert line.endswith(f": {remedy}")
    with pytest.raises(ConfigError, match="not an http or https URL: "):
        start_url(text, directory)


NUMBER = "the port after the host is a number, and user and password come before host, as in user:password@host"
RANGE = "the port is a number from 0 to 65535"


@pytest.mark.parametrize("tail", ["", "/", "/a:b/", "?q=1:2", "#f:8"])
@pytest.mark.parametrize("host", ["127.0.0.1", "h.example", "[::1]"])
@pytest.mark.parametrize("login", ["", "bob@", "bob:hush@", "bob:hu:sh@", "hush:99999@"])
@pytest.mark.parametrize(("port", "remedy"), [("8911x", NUMBER), ("abc", NUMBER), ("70000", RANGE), ("123456", RANGE)])
def test_the_advice_about_a_port_is_the_same_with_a_login_which_is_not_printed(
    login: str, host: str, port: str, remedy: str, tail: str
) -> None:
    line = url_problem(f"http://{login}{host}:{port}{tail}")
    assert line.endswith(f": {remedy}")
    assert "hush" not in line
    assert "hu:sh" not in line


@pytest.mark.parametrize("directory", ["", URL])
def test_a_command_of_another_program_is_named_as_such(directory: str) -> None:
    expected = "crawler has no commands such as Sync: leave it out; an exact copy, which deletes what is gone"
    assert url_problem("Sync", directory).startswith(expected)
    assert "no commands" not in url_problem("sync", "sync")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, ""),
        ({"workers": 4, "ext": ("zip", "tar"), "user_agent": "me"}, ""),
        ({"user_agent": "http://u:pw@h.example/"}, "--user-agent took http://h.example/ as its value"),
        ({"ext": ("zip", URL)}, f"--ext took {URL} as its value: give it one of its own, before URL"),
    ],
)
def test_an_option_that_took_url_as_its_value_is_named(given: dict[str, object], problem: str) -> None:
    line = swallowed(given)
    assert line.startswith(problem)
    assert bool(line) == bool(problem)


@pytest.mark.parametrize(
    ("wanted", "given", "mode", "advice"),
    [
        (("URL", "DIR"), (), "", "expected URL [DIR], got 0 arguments (see --help)"),
        (("URL", "DIR"), (), "--explain", "expected URL [DIR], got 0 arguments (see --help)"),
        (("URL",), ("ls", URL), "--list", "crawler has no commands such as ls: leave it out; --list URL prints"),
        (("DIR",), (URL, "d"), "--verify", "--verify takes no URL: the state in DIR knows it"),
        (("DIR",), (URL, "d"), "--input-file", "--input-file takes no URL: the URLs are in the file"),
        (("URL",), (URL, "d"), "--list", "--list takes no DIR: it saves nothing"),
        (("URL", "DIR"), (URL, URL, "d"), "", "run it once for each URL, or list them as mirrors in a --config file"),
        (("URL", "DIR"), ("zip", URL, "d"), "", "separate a list after an option by commas (--ext zip,tar)"),
        (("URL", "DIR"), (URL, "a", "b", "c", "d"), "", "(http://host.example/pub/, a, b, c, …): put names"),
        (("URL", "DIR"), ("a", "b", "c"), "", "c): put names with spaces, and patterns such as '*.zip', in quotes"),
    ],
)
def test_what_does_not_fit_the_positional_arguments_is_explained(
    wanted: tuple[str, ...], given: tuple[str, ...], mode: str, advice: str
) -> None:
    assert advice in count_problem(wanted, given, mode)


def test_a_directory_in_plain_form_has_no_problem() -> None:
    assert directory_problem("mirror/of:it") == ""


class _Parsed:
    """A URL object that builds its text by a method, as those of urllib do."""

    def geturl(self) -> str:
        return URL


@pytest.mark.parametrize("given", [URL, urlparse(URL), _Parsed()])
def test_a_url_is_text_or_a_url_object(given: object) -> None:
    assert start_url(given) == URL  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (7, "URL: expected text, not int"),
        (str, "URL: expected text, not type"),
        (Path("http://h"), "URL: expected text, not PosixPath: a Path folds the slashes of a URL"),
    ],
)
def test_anything_else_in_place_of_url_is_refused(given: object, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        start_url(given)  # type: ignore[arg-type]
    assert str(raised.value) == problem


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://h.example", "http://h.example"),
        ("http://h.example/a/./b/", "http://h.example/a/b/"),
        ("http://h.example/a/%2E%2e/b?c=../d", "http://h.example/b?c=../d"),
        ("http://h.example/a/b/..", "http://h.example/a/"),
        ("http://h.example/../..", "http://h.example/"),
    ],
)
def test_dot_segments_of_url_are_resolved(given: str, url: str) -> None:
    assert start_url(given) == url


def test_an_error_in_a_fallback_names_the_option() -> None:
    assert fallback_urls([URL, "https://other.example/x/.."]) == [URL, "https://other.example/"]
    with pytest.raises(ConfigError, match=r"^--fallback: not an http or https URL: pub: "):
        fallback_urls([URL, "pub"])
