"""WWW-Authenticate → challenges, and the one that is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.credentials.challenges import Challenge, digest_of, parse_challenges

DIGEST = 'Digest realm="r", nonce="n", qop="auth"'


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], []),
        ([""], []),
        ([" , ,"], []),
        (["Basic"], [("basic", {})]),
        (['Basic realm="x"'], [("basic", {"realm": "x"})]),
        (['BASIC  Realm = "x" , charset=UTF-8'], [("basic", {"realm": "x", "charset": "UTF-8"})]),
        (['Basic realm="a, Digest nonce=\\"1\\""'], [("basic", {"realm": 'a, Digest nonce="1"'})]),
        (["Negotiate, Basic"], [("negotiate", {}), ("basic", {})]),
        (["Negotiate YII==, Basic realm=x"], [("negotiate", {}), ("basic", {"realm": "x"})]),
        (['Newauth realm="apps", type=1, title="L", Basic realm="s"'],
         [("newauth", {"realm": "apps", "type": "1", "title": "L"}), ("basic", {"realm": "s"})]),
        ([DIGEST, "Basic realm=y"],
         [("digest", {"realm": "r", "nonce": "n", "qop": "auth"}), ("basic", {"realm": "y"})]),
        (['Digest nonce="1", nonce="2"'], [("digest", {"nonce": "1"})]),
        (["realm=orphan, Basic realm=y"], [("basic", {"realm": "y"})]),
    ],
)  # fmt: skip
def test_challenges_are_read_as_in_rfc_9110(fields: list[str], expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(fields) == [Challenge(scheme, parameters) for scheme, parameters in expected]


@pytest.mark.parametrize("broken", ['Digest realm="never closed', 'Digest realm=@@@, nonce="n"', "@@@", '"', "a=b"])
def test_what_is_malformed_does_not_hide_the_next_challenge(broken: str) -> None:
    assert parse_challenges([f"{broken}, Basic realm=y"])[-1] == Challenge("basic", {"realm": "y"})


@given(st.lists(st.text(alphabet=' ,="\\abDigest\x00é', max_size=60), max_size=3))
def test_no_field_breaks_the_parser(fields: list[str]) -> None:
    digest_of(parse_challenges(fields))


VALUES = st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=8)
CHALLENGES = st.lists(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), VALUES, max_size=3), max_size=3)


@given(CHALLENGES, st.booleans())
def test_quoted_values_arrive_as_they_were(challenges: list[dict[str, str]], together: bool) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    texts = ["Some " + ", ".join(f"{name}={quoted(value)}" for name, value in each.items()) for each in challenges]
    found = parse_challenges([", ".join(texts)] if together else texts)
    assert found == [Challenge("some", each) for each in challenges]


@pytest.mark.parametrize(
    ("fields", "nonce"),
    [
        ([DIGEST], "n"),
        (["Basic realm=x", DIGEST], "n"),
        (['Digest realm="r", nonce="1", algorithm=SHA-512-256', DIGEST], "n"),
        (['Digest realm="r", nonce="1", algorithm=sha-256, qop="auth-int,auth"', DIGEST], "1"),
        (['Digest realm="r", nonce="1", algorithm=MD5-sess'], "1"),
        (['Digest realm="r", nonce="1", qop="auth-int"'], None),
        (['Digest realm="r", nonce=""'], None),
        (['Digest nonce="1"'], None),
        (['Digest realm="r"'], None),
        (["Basic realm=x"], None),
        ([], None),
    ],
)
def test_the_first_digest_that_can_be_answered_is(fields: list[str], nonce: str | None) -> None:
    found = digest_of(parse_challenges(fields))
    assert (found and found.parameters["nonce"]) == nonce
