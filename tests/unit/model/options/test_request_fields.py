"""Which request fields users may set, and what is said about those on which the program itself depends."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import crawler
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.request_fields import OWN_FIELDS, parse_header

PACKAGE = Path(crawler.__file__).parent
SENT = re.compile(r"(?:If-[A-Z][A-Za-z-]+|Range|Accept-Encoding|Host|User-Agent|Content-Length|Connection|TE|Expect)")
FREE = {"Accept", "Authorization", "Cookie", "Referer", "Cache-Control", "Pragma", "Origin", "DNT", "Accept-Language"}
"""Fields that users may set, whether or not the program sends them too."""


@pytest.mark.parametrize("name", OWN_FIELDS)
@pytest.mark.parametrize("spelled", [str, str.lower, str.upper])
def test_a_field_of_the_program_is_refused_in_any_case_with_the_reason_and_without_its_value(
    name: str, spelled: type[str]
) -> None:
    said = f"header: {name} cannot be set: "
    for header in (f"{spelled(name)}: hush", {spelled(name): "hush"}):
        with pytest.raises(ConfigError) as raised:
            Config(header=header)  # type: ignore[arg-type]
        assert said in str(raised.value)
        assert "hush" not in str(raised.value)
        assert "--" not in str(raised.value), "options are named as in Python"


@pytest.mark.parametrize("name", sorted(FREE | {"X-Range", "X-Host", "Sec-Fetch-Mode"}))
def test_all_other_fields_are_the_users(name: str) -> None:
    assert parse_header(f"{name}:  a: b ") == (name, "a: b")


def test_several_are_refused_together() -> None:
    """As browsers copy a request for curl."""
    with pytest.raises(ConfigError) as raised:
        Config(header=["Accept: */*", "Accept-Encoding: gzip, deflate, br", "Connection: keep-alive"])
    assert [problem.split(" cannot")[0] for problem in raised.value.problems] == [
        "Config: header: Accept-Encoding",
        "Config: header: Connection",
    ]


def test_every_condition_that_the_program_sends_is_its_own() -> None:
    """A new kind of request must not depend on a field that users can set."""
    sent = set()
    for path in (*PACKAGE.glob("http/**/*.py"), *PACKAGE.glob("pipeline/**/*.py"), PACKAGE / "text/resuming.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for key in node.keys if isinstance(node, ast.Dict) else ():
                if isinstance(key, ast.Constant) and SENT.fullmatch(str(key.value)):
                    sent.add(key.value)
    assert {"Range", "If-Range", "Accept-Encoding"} <= sent
    assert sent <= set(OWN_FIELDS)
