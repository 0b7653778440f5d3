"""Values in other notations, and what is proposed instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.other_notations import meant
from crawler.model.options.readers import choice, integer, parse_age, parse_duration, parse_max_delete, parse_size
from crawler.model.options.timetable import parse_limit_rate

COUNT = integer(1, 1000)
LEAVE_OUT = ": leave the option out for its default"
AGES = {
    "now-7days": "7d", "7days": "7d", "2 weeks ago": "2w", "yesterday": "1d", "last week": "7d", "1.5 months": "45d",
    "a year": "365d", "31.01.2025": "2025-01-31", "01/31/2025": "2025-01-31", "31/01/2025": "2025-01-31",
    "2025/01/31": "2025-01-31", "2025-1-5": "2025-01-05", "Jan 31 2025": "2025-01-31", "31. Jan 2025": "2025-01-31",
    "Wed, 01 Jan 2025 10:00:00 GMT": "2025-01-01", "1735689600": "2025-01-01T00:00:00Z",
    "@1735689600": "2025-01-01T00:00:00Z", "P7D": "7d", "PT90M": "90m", "1h30m": "90m", "'7d'": "7d", "-7d": "7d",
    "\u22127d": "7d", "01/02/2025": "", "2025-01-31 12:00 CET": "2025-01-31", "3 fortnights": "",
    "2025-01": "", "32.01.2025": "",
}  # fmt: skip
TIMES = {
    "500ms": "0.5s", "1:30:00": "90m", "00:05:00": "5m", "60sec": "60s", "1 minute": "1m", "60,5": "60.5", "1M": "",
    "1 hour 30": "", "1:30": "", "3 fortnights": "", "\u201c5m\u201d": "5m", "1w2d": "9d",
}  # fmt: skip
SIZES = {
    "10 megs": "10M", "1,5M": "1.5M", "1,000,000": "1000000", "1.000.000": "1000000", "10 000": "10000",
    "1e6": "1000000", "+10M": "10M", "10 Megabytes": "10M", "1,5 GiB": "1.5 GiB", "big": "", ">1M": "1M",
}  # fmt: skip
RATES = {
    "8Mbps": "977K", "1Mbit": "122K", "8 Mbit/s": "977K", "500KBps": "500K", "1 MB/sec": "1M", "1,5M": "1.5M",
    "unlimited": "off", "none": "off",
}  # fmt: skip
SHARES = {"25 percent": "25%", "0,5 %": "0.5%", "25pct": "25%", "a quarter": ""}
COUNTS = {"8.0": "8", "1e1": "10", "'4'": "4", "+8": "8", "8 workers": "8", "8x": "8", "0x10": "", "8.5": "", "0": ""}
TABLE: list[tuple[Callable[[str], object], dict[str, str]]] = [
    (parse_age, AGES),
    (parse_duration, TIMES),
    (parse_size, SIZES),
    (parse_limit_rate, RATES),
    (parse_max_delete, SHARES),
    (COUNT, COUNTS),
    (choice("auto", "bars"), {"Bars": "bars", "AUTO": "auto", "x": ""}),
]


@pytest.mark.parametrize(("parse", "text", "expected"), [(p, t, e) for p, rows in TABLE for t, e in rows.items()])
def test_what_may_have_been_meant_is_proposed(parse: Callable[[str], object], text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r"expected|write|may mean"):
        parse(text)
    assert meant(text, parse) == (f": did you mean {expected}?" if expected else "")


@pytest.mark.parametrize("text", ["none", "unlimited", "\u221e", "-1", "auto"])
def test_words_for_no_limit_are_answered(text: str) -> None:
    for parse in (COUNT, parse_size, parse_duration):
        assert meant(text, parse) == LEAVE_OUT


@settings(max_examples=60)
@given(st.one_of(st.text("0123456789.,:-+ eEpPtTdDhHmMkKbBsSwyagon%/'@", max_size=12), st.text(max_size=6)))
def test_only_what_the_option_takes_is_proposed(text: str) -> None:
    for parse in (parse_age, parse_duration, parse_size, parse_limit_rate, parse_max_delete, COUNT):
        if "did you mean " in (said := meant(text, parse)):
            parse(said.removeprefix(": did you mean ").removesuffix("?"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"newer_than": 2025}, "newer_than: '2025': a year, or seconds? write 2025-01-01 or 2025s"),
        ({"older_than": "1999"}, "a year, or seconds? write 1999-01-01 or 1999s"),
        ({"check": "Digset"}, "'Digset': expected one of listing, headers, digest: did you mean digest?"),
        ({"log_file": "~/l"}, "'~/l': a shell expands ~, but not in quotes, and not after =: write the path in full, "
                              "or ./~/l if that is its name"),
        ({"metrics": "$HOME/m.prom"}, "a shell expands $"),
        ({"header": "@~/h"}, "header: a shell expands ~"),
        ({"state": "C:\\s"}, "a path of Windows"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_to_write(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(**options)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert str(caught.value).count("did you mean") <= 1
