"""The .netrc file is parsed as curl parses it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.http.credentials.netrc import lack, login_for, parse_netrc


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("machine example.org login u password p", ("u", "p")),
        ("machine Example.ORG login u password p", ("u", "p")),
        ("machine example.org. login u password p", ("u", "p")),
        ("MACHINE example.org LOGIN u PASSWORD p", ("u", "p")),
        ("machine example.org\n\tpassword p\n\tlogin u\n", ("u", "p")),
        ("machine example.org login u account a password p", ("u", "p")),
        ("machine example.org login u unheard-of password p", ("u", "p")),
        ("machine example.org password p", ("", "p")),
        ("machine example.org login u password p\nmachine example.org login v password q", ("u", "p")),
        ("machine example.org login u\nmachine example.org login v password q", ("v", "q")),
        ("machine other login v password q\nmachine example.org login u password p", ("u", "p")),
        ("default login d password e", ("d", "e")),
        ("default login d password e\nmachine example.org login u password p", ("d", "e")),
        ("machine example.org login u password p\ndefault login d password e", ("u", "p")),
        ("# machine example.org login no password no\nmachine example.org login u password p # x", ("u", "p")),
        ('machine example.org login "u v" password "p\\"q\\\\r\\n"', ("u v", 'p"q\\r\n')),
        ("machine example.org login machine password default", ("machine", "default")),
        ("macdef init\nmachine example.org login no password no\n\nmachine example.org login u password p", ("u", "p")),
        ("machine example.org login u password p\r\n", ("u", "p")),
        ("machine example.org login u password pä\udcff", ("u", "pä\udcff")),
        ("login u password p machine other login v password q", None),
        ("machine example.org login u", None),
        ("machine sub.example.org login u password p", None),
        ("machine", None),
        ("", None),
    ],
)
def test_the_first_entry_of_a_host_that_has_a_password_is_its_login(text: str, login: tuple[str, str] | None) -> None:
    assert login_for(parse_netrc(text), "example.org") == login


HAS_NONE, HAS_ENTRY, HAS_DEFAULT = (
    "no entry for h",
    "an entry for h without a password: write 'password PASSWORD' in it",
    "a default entry without a password: write 'password PASSWORD' in it",
)
MATCHING = {
    "": HAS_NONE,
    "machine other login a password b": HAS_NONE,
    "machine other login a": HAS_NONE,
    "machine h login a": HAS_ENTRY,
    "machine H. login a pass hush": HAS_ENTRY,
    "machine h": HAS_ENTRY,
    "machine h login a password b": "",
    "machine h password b": "",
    "default login a": HAS_DEFAULT,
    "default login a password b": "",
}
"""Entry → what the file has instead of a login for h, if it is the only one."""


@pytest.mark.parametrize("first", MATCHING)
@pytest.mark.parametrize("second", MATCHING)
def test_what_a_file_has_instead_of_a_login_is_told_from_all_its_entries(first: str, second: str) -> None:
    entries = parse_netrc(f"{first}\n{second}")
    best = min(MATCHING[first], MATCHING[second], key=["", HAS_ENTRY, HAS_DEFAULT, HAS_NONE].index)
    assert lack(entries, "h") == best
    assert (login_for(entries, "h") is None) == bool(best)


def test_an_ipv6_address_may_have_brackets() -> None:
    for host in ("::1", "[::1]"):
        assert login_for(parse_netrc(f"machine {host} login u password p"), "::1") == ("u", "p")


def test_with_a_user_only_an_entry_of_that_user_matches() -> None:
    entries = parse_netrc("machine h login a password p\nmachine h login b password q\ndefault login c password r")
    assert login_for(entries, "h", "b") == ("b", "q")
    assert login_for(entries, "h", "c") == ("c", "r")
    assert login_for(entries, "h", "d") is None


def test_an_unclosed_quotation_mark_is_named_by_its_line_and_nothing_is_quoted() -> None:
    with pytest.raises(ValueError, match="line 2: a quotation mark is not closed") as raised:
        parse_netrc('machine h login u\npassword "s3cret\n')
    assert "s3cret" not in str(raised.value)


WORD = st.text(st.characters(exclude_categories=("Z", "Cc", "Cs")), min_size=1).filter(lambda text: text[0] not in '#"')


@example("h", "macdef", "MACDEF")
@given(WORD, WORD, WORD)
def test_words_keep_their_value_quoted_or_not(host: str, user: str, password: str) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    plain = parse_netrc(f"machine {host} login {user} password {password}")
    assert [(entry.host, entry.login, entry.password) for entry in plain] == [(host, user, password)]
    assert parse_netrc(f"machine {quoted(host)} login {quoted(user)} password {quoted(password)}") == plain


@given(st.text())
def test_any_text_is_a_list_of_entries_or_an_error_of_one_line(text: str) -> None:
    try:
        parse_netrc(text)
    except ValueError as error:
        assert "\n" not in str(error)
