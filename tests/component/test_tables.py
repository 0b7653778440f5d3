"""A table is one test that runs all of its rows and names those that fail; what is no plain table is left as it is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SUITE = """
import pytest
from hypothesis import given, strategies as st

@pytest.mark.parametrize("first, second", [(1, 2), pytest.param(3, 4, id="name")], ids=["a", None])
@pytest.mark.parametrize(["third"], [(each,) for each in "abcd"])
def test_table(first, second, third):
    assert (first, third) not in {(1, "b"), (3, "d")}

@pytest.mark.parametrize("pair", [(1, 2)] * 8)
def test_single_name(pair):
    assert pair == (1, 2)

@pytest.mark.parametrize("row", range(7))
def test_few(row): ...

@pytest.mark.apart
@pytest.mark.parametrize("row", range(8))
def test_apart(row): ...

@pytest.mark.parametrize("row", [*range(7), pytest.param(7, marks=pytest.mark.skip)])
def test_marked(row): ...

@pytest.mark.parametrize("row", range(8))
def test_fixture(row, tmp_path): ...

@pytest.mark.parametrize("row", range(8))
async def test_async(row): ...

@pytest.mark.parametrize("row", range(8))
@given(number=st.integers())
def test_property(row, number): ...

@pytest.fixture
def other(): ...

@pytest.mark.parametrize("other", range(8), indirect=True)
def test_indirect(other): ...
"""
WITH_A_FIXTURE_FOR_EACH_TEST = """
import pytest

@pytest.fixture(autouse=True)
def fresh(): ...

@pytest.mark.parametrize("row", range(8))
def test_surrounded(row): ...
"""


ROWS = {
    "table": 1, "single_name": 1, "few": 7, "apart": 8, "marked": 7, "fixture": 8, "async": 8, "property": 8,
    "indirect": 8, "surrounded": 8,
}  # fmt: skip
"""Name of a test → number of tests that are run."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("suite")
    (directory / "test_suite.py").write_text(SUITE)
    (directory / "test_surrounded.py").write_text(WITH_A_FIXTURE_FOR_EACH_TEST)
    return directory


def run(directory: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "tests.support.tables", "-p", "no:cacheprovider"]
    command += ["-c", "pyproject.toml", "--rootdir", str(directory), *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False).stdout


def test_only_plain_tables_become_one_test_and_each_failing_row_is_named(suite: Path) -> None:
    output = run(suite, str(suite))
    ended = Counter(re.findall(r"^(?:PASSED|FAILED) \S+::test_(\w+)", output, re.MULTILINE))
    assert dict(ended) == ROWS
    assert "1 failed" in output
    assert "2 of 8 rows failed" in output
    assert output.count("test_table(third='b', first=1, second=2)") == 1
    assert output.count("test_table(third='d', first=3, second=4)") == 1


def test_a_row_that_is_named_is_run_alone(suite: Path) -> None:
    assert "1 passed" in run(suite, f"{suite}/test_suite.py::test_table[a-a]")
