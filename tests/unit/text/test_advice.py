"""Advice is one printable line without a password, whatever is wrong."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.model.errors import Cause, FetchError, ListingError
from crawler.model.options.names.spelling import did_you_mean, nearest
from crawler.text.advice.arguments import count_problem, url_problem
from crawler.text.advice.requests import Failure, advice, failure_of, with_advice
from crawler.text.http_fields import login_schemes

URLS = st.one_of(
    st.text(max_size=40).map(lambda text: f"http://u:s3cr3t@h/{text}"),
    st.sampled_from(["http://h", "https://u:s3cr3t@h:8/a/*.zip", "http://h/index.html", "http://h/a?b=*"]),
)


@given(
    URLS,
    st.one_of(st.none(), st.integers(min_value=100, max_value=999)),
    st.one_of(st.none(), st.sampled_from(Cause)),
    st.lists(st.sampled_from(["Basic", "Digest", "Ntlm", "Bearer"]), max_size=3),
    st.one_of(st.none(), st.sampled_from(["", "text/html", "application/zip"])),
)
def test_advice_on_any_failure_is_a_clause_without_a_password(
    url: str, status: int | None, cause: Cause | None, logins: list[str], content_type: str | None
) -> None:
    text = advice(Failure(url=url, status=status, cause=cause, logins=tuple(logins), content_type=content_type))
    assert text.isprintable()
    assert "s3cr3t" not in text
    assert not text.endswith(".") or url.endswith(".")  # some advice ends with the URL


@example(".TOML", "")
@example(".urls", "")
@given(st.text(max_size=40), st.sampled_from(["", "DIR", "http://h/"]))
def test_advice_on_any_url_is_a_line_without_a_password(text: str, directory: str) -> None:
    for each in (text, f"{text}://u:s3cr3t@h/{text}", f"u:s3cr3t@{text}", f"h.example:s3cr3t@{text}"):
        line = url_problem(each, directory)
        assert line.isprintable()
        assert "s3cr3t" not in line
        assert "s3cr3t" not in count_problem(("URL", "DIR"), (each, "b", "c", "d", "e"))


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_advice(cause: Cause) -> None:
    assert advice(Failure(url="http://h/", cause=cause))


def test_advice_follows_the_error_and_nothing_follows_where_none_fits() -> None:
    assert with_advice("http://h/", FetchError("HTTP 418", url="http://h/", status=418)) == "HTTP 418"
    assert with_advice("http://h/", ListingError("its pages circle")) == "its pages circle"
    assert failure_of("http://h/", ListingError("no", content_type="")).content_type == ""


@pytest.mark.parametrize(
    ("value", "schemes"),
    [
        ("", ()), ("Basic", ("Basic",)), ('Basic realm="a, Digest b"', ("Basic",)),
        ("NTLM, Negotiate", ("Ntlm", "Negotiate")),
        ('Digest realm="x", nonce = "y", qop="auth", Basic realm="z"', ("Digest", "Basic")),
        ('Basic realm="\\"q, Bearer", Bearer', ("Basic", "Bearer")), ("Bearer abc==", ("Bearer",)),
        ("a, b, c, d, e, f, g", ("A", "B", "C", "D", "E")), ("=,;", ()),
    ],
)  # fmt: skip
def test_the_ways_to_log_in_are_read_from_the_challenge(value: str, schemes: tuple[str, ...]) -> None:
    assert login_schemes({"WWW-Authenticate": value}) == schemes


@given(st.text(max_size=20), st.lists(st.text(max_size=12), max_size=8))
def test_what_is_proposed_is_known_and_what_is_known_is_proposed(word: str, known: list[str]) -> None:
    assert set(nearest(word, known)) <= set(known)
    assert len(nearest(word, known)) <= 2
    others = [each for each in known if len(each) < len("max-files")]  # a word of its length may be as similar
    assert "--max-files" in did_you_mean("--max-fiels", [*others, "--max-files"])


@pytest.mark.parametrize(
    ("known", "proposed"),
    [
        (["--max-files"], ["--max-files"]), (["--max-files", "--max-files"], ["--max-files"]),
        (["aefilmsx-", "--max-files"], ["--max-files"]), (["AEFILMSX_"], []), (["--max-fielx"], ["--max-fielx"]),
        (["--max-file", "--max-files"], ["--max-files"]), (["max_field", "max_fields"], ["max_fields"]),
    ],
)  # fmt: skip
def test_only_letters_beside_each_other_that_have_changed_places_are_as_good_as_the_word(
    known: list[str], proposed: list[str]
) -> None:
    assert nearest("--max-fiels", known) == proposed
