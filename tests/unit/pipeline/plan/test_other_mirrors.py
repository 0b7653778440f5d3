"""Mirrors in directories of a mirror: which of them belong to the same tree."""

from __future__ import annotations

import pytest

from crawler.pipeline.plan.other_mirrors import Neighbours, refusal
from tests.support.fakes import FakeDestination


@pytest.mark.parametrize(
    ("directory", "url", "base", "is_refused"),
    [
        ("a", "http://h/pub/a/", "http://h/pub/", False),
        ("a", "http://h/pub/a", "http://h/pub", False),
        ("a", "https://H:443/pub/a/", "http://h/pub/", False),
        ("a/b c", "http://h/pub/a/b%20c/", "http://h/pub/", False),
        ("\udcff", "http://h/pub/%FF/", "http://h/pub/", False),
        ("a", "http://h/pub/b/", "http://h/pub/", True),
        ("a", "http://h/pub/", "http://h/pub/", True),
        ("a", "http://other/pub/a/", "http://h/pub/", True),
        ("a", "http://h:8080/pub/a/", "http://h/pub/", True),
        ("a", None, "http://h/pub/", True),
    ],
)
def test_only_a_mirror_of_the_same_url_is_written_into(
    directory: str, url: str | None, base: str, is_refused: bool
) -> None:
    text = refusal(directory, url, base)
    assert (text is not None) == is_refused
    assert text is None or f"another mirror, the one in {directory}" in text


class Shared(FakeDestination):
    def owner(self, directory: str) -> str | None:
        return "in" if directory.partition("/")[0] == "in" else None


async def test_each_mirror_is_looked_at_once_and_decides_for_all_below_it() -> None:
    looked_up = []

    async def url_of(directory: str) -> str | None:
        looked_up.append(directory)
        return "http://other/"

    neighbours = Neighbours(Shared(), url_of, lambda: "http://h/")
    assert await neighbours.refusal("") is None
    assert await neighbours.refusal("out") is None
    text = await neighbours.refusal("in")
    assert text is not None
    assert await neighbours.refusal("in/deep/er") == text
    assert looked_up == ["in"]
