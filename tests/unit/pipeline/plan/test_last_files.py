"""Which files wait until all others are here."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.pipeline.plan.last_files import LastFiles

GLOBS = st.text("ab*?[]!-", max_size=6)
NAMES = st.text("ab[]-!\n", max_size=6)


@given(st.lists(GLOBS, max_size=3), st.lists(NAMES, min_size=1, max_size=4))
def test_names_that_cannot_match_do_not_match(globs: list[str], names: list[str]) -> None:
    last = LastFiles(globs)
    found = [bool(last.match(name)) for name in names]
    assert found == [any(fnmatch.fnmatchcase(name, glob) for glob in globs) for name in names]
    assert not (any(found) and last.cannot_match("\n".join(names)))


@pytest.mark.parametrize(
    ("globs", "names", "cannot"),
    [
        (["*SUMS*", "*.asc"], "a.zip\nb.zip", True),
        (["*SUMS*", "*.asc"], "a.zip\nMD5SUMS", False),
        (["*SUMS*", "*.asc"], "a.ascii\nb.zip", False),
        (["a?bc*d"], "b\nad", True),
        (["a?bc*d"], "bc", False),
        (["a[bc]*"], "bc", True),
        (["[bc]*a"], "x", False),
        (["*"], "a", False),
        ([""], "a", False),
        ([], "a", True),
        (Config().last, "file-1.bin\nb_2.0.tar.gz\nc.rpm", True),
    ],
)
def test_a_text_that_every_match_contains_rules_names_out(globs: list[str], names: str, *, cannot: bool) -> None:
    assert LastFiles(globs).cannot_match(names) is cannot
