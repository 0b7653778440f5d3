"""Which credentials and headers are sent where: from URLs, --header, the .netrc file and the environment."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from crawler.http.client import HttpClient
from crawler.http.client_options import client_options
from crawler.http.framing.request_head import merged
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.rate_limits import RateLimits
from crawler.model.config import Config
from crawler.model.errors import ConfigError


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode("utf-8", "surrogateescape")).decode()


def sent(
    config: Config, starts: list[str], url: str, *, first: str = "", is_list: bool = False
) -> dict[str, list[str]]:
    """Header fields, by name in lower case, of a request for ``url`` to a server that asks for Basic.

    ``first`` is the URL before any redirect.
    """
    client = HttpClient(client_options(config, starts, is_list=is_list), Gate(1, RateLimits.per_second(None, None)))
    fields: dict[str, list[str]] = {}
    for name, value in client.headers_for(url, {"Accept": "*/*"}).items():
        fields.setdefault(name.lower(), []).append(value)
    login = client.login_for(url, first or url)
    if login is not None:
        fields.setdefault("authorization", []).append(login.login.basic)
    return fields


HOST = "http://example.org"
PLAIN = {"accept": ["*/*"]}


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        (f"{HOST}/pub/a", True),
        (f"{HOST}/robots.txt", True),
        ("http://EXAMPLE.org:80/x", True),
        ("https://example.org/x", True),
        ("http://example.org:8080/x", False),
        ("https://example.org:8443/x", False),
        ("http://sub.example.org/x", False),
        ("http://other.org/x", False),
    ],
)
def test_secrets_go_to_the_origin_of_the_url_and_to_https_instead_of_http(url: str, goes: bool) -> None:
    config = Config(header=("X-Token: t", "Cookie: a=b"))
    fields = sent(config, ["http://u:p@example.org/pub/"], url)
    assert fields == (
        {**PLAIN, "authorization": [basic("u:p")], "x-token": ["t"], "cookie": ["a=b"]} if goes else PLAIN
    )


def test_credentials_for_https_are_never_sent_in_the_clear() -> None:
    assert sent(Config(header=("X: y",)), ["https://u:p@example.org/"], "http://example.org/a") == PLAIN


def test_header_names_ignore_case_and_repeated_headers_are_all_sent() -> None:
    config = Config(header=("x-a: 1", "X-A: 2", "ACCEPT: text/html", "authorization: Bearer b"))
    fields = sent(config, ["http://u:p@example.org/"], f"{HOST}/a")
    assert fields == {"accept": ["text/html"], "x-a": ["1", "2"], "authorization": ["Bearer b"]}


def test_a_header_of_the_user_replaces_one_of_the_same_name_in_any_case() -> None:
    fields = merged({"Range": "bytes=0-", "If-Range": '"a"'}, {"range": "bytes=1-"})
    assert sorted(fields.items()) == [("If-Range", '"a"'), ("range", "bytes=1-")]


def test_logins_of_a_list_belong_to_their_url() -> None:
    starts = ["http://a:1@example.org/x", "http://b:2@example.org/y", f"{HOST}/z"]
    config = Config(header=("X: y",))

    def login(url: str, first: str = "") -> list[str] | None:
        return sent(config, starts, url, first=first, is_list=True).get("authorization")

    assert login(f"{HOST}/x") == [basic("a:1")]
    assert login(f"{HOST}/y") == [basic("b:2")]
    assert login(f"{HOST}/z") is None
    assert login(f"{HOST}/robots.txt") is None
    assert login(f"{HOST}/moved", first=f"{HOST}/y") == [basic("b:2")]
    assert login("https://example.org/moved", first=f"{HOST}/y") == [basic("b:2")]
    assert login("http://other.org/moved", first=f"{HOST}/y") is None
    assert sent(config, starts, f"{HOST}/z", is_list=True)["x"] == ["y"]


def test_a_header_of_the_user_wins_over_the_login_of_a_url() -> None:
    config = Config(header=("authorization: Bearer b",))
    for is_list in (False, True):
        fields = sent(config, ["http://u:p@example.org/x"], f"{HOST}/x", is_list=is_list)
        assert fields["authorization"] == ["Bearer b"]


def test_one_url_with_two_logins_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"http://example\.org/x: listed with two logins") as raised:
        client_options(Config(), ["http://a:s3cret@example.org/x", "http://b:2@example.org/x"], is_list=True)
    assert "s3cret" not in str(raised.value)


def test_a_password_goes_out_byte_for_byte() -> None:
    assert sent(Config(), ["http://u:%E9%3A@example.org/"], f"{HOST}/a")["authorization"] == [basic("u:\udce9:")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    return tmp_path


NETRC = Config(netrc=True)


def test_netrc_is_read_from_the_home_directory_or_from_where_the_variable_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".netrc").write_bytes(b"\xef\xbb\xbfmachine Example.org login u password p\n")
    assert sent(NETRC, [f"{HOST}/"], f"{HOST}/a")["authorization"] == [basic("u:p")]
    other = home / "other"
    other.write_bytes(b"default login d password \xe9\n")
    monkeypatch.setenv("NETRC", str(other))
    assert sent(NETRC, [f"{HOST}/"], f"{HOST}/a")["authorization"] == [basic("d:\udce9")]
    assert sent(NETRC, [f"{HOST}/"], "http://other.org/a") == PLAIN


def test_the_login_of_a_url_wins_and_a_user_alone_gets_the_password_of_that_user(home: Path) -> None:
    (home / ".netrc").write_text("machine example.org login a password p\nmachine example.org login b password q\n")
    assert sent(NETRC, ["http://u:x@example.org/"], f"{HOST}/a")["authorization"] == [basic("u:x")]
    assert sent(NETRC, ["http://b@example.org/"], f"{HOST}/a")["authorization"] == [basic("b:q")]
    assert sent(NETRC, ["http://c@example.org/"], f"{HOST}/a")["authorization"] == [basic("c:")]
    fields = sent(NETRC, ["http://u:x@example.org/x", f"{HOST}/y"], f"{HOST}/y", is_list=True)
    assert fields["authorization"] == [basic("a:p")]


def test_a_netrc_that_is_missing_or_broken_is_named(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"--netrc: .*/\.netrc: No such file"):
        client_options(NETRC, [HOST])
    (home / ".netrc").write_text('machine h password "s3cret')
    with pytest.raises(ConfigError, match=r"--netrc: .*/\.netrc: line 1: a quotation mark is not closed") as raised:
        client_options(NETRC, [HOST])
    assert "s3cret" not in str(raised.value)


def test_a_header_file_without_a_header_is_refused(tmp_path: Path) -> None:
    """It is a login that was asked for: without it the server may show less, and --delete would remove the rest."""
    file = tmp_path / "headers"
    for content in ("", "\n \n", "\ufeff"):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match=r"^--header @.*headers: holds no header"):
            client_options(Config(header=(f"@{file}",)), ["http://h/"])


def test_a_netrc_without_an_entry_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty, or no .netrc at all; an entry for another host only is the rule for those who have logins elsewhere."""
    file = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(file))
    for content in (
        "",
        "# none\n",
        "[user]\nname = me\npassword s3cret\n",
        '{"login": "s3cret"}',
        "login a password s3cret",
    ):
        file.write_text(content)
        with pytest.raises(ConfigError, match=r"^--netrc: .*netrc: holds no entry: write 'machine HOST ") as raised:
            client_options(Config(netrc=True), ["http://h/"])
        assert "s3cret" not in str(raised.value)
    for content in ("machine other login a password b", "default login a", "macdef x\n\nmachine h"):
        file.write_text(content)
        client_options(Config(netrc=True), ["http://h/"])


def test_a_file_of_headers_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_bytes(b"\xef\xbb\xbfX-A: 1\r\n\r\nX-B:2\n")
    fields = sent(Config(header=f"@{file}"), [f"{HOST}/"], f"{HOST}/a")
    assert fields == {**PLAIN, "x-a": ["1"], "x-b": ["2"]}
    for bad in (b"X-A: 1\ns3cret\n", b"X-A: 1\nBad Name: s3cret\n"):
        file.write_bytes(bad)
        with pytest.raises(ConfigError, match=r"line 2: expected 'Name: value'$") as raised:
            client_options(Config(header=f"@{file}"), [HOST])
        assert "s3cret" not in str(raised.value)
