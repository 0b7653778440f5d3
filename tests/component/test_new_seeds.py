"""``make test-random``: more and other examples than CI's, which a seed repeats."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.new_seeds import TIMES

REPOSITORY = Path(__file__).parents[2]
SUITE = """
from hypothesis import given, settings, strategies as st

@given(number=st.integers(0, 1 << 60))
@settings(max_examples=5, derandomize=True)
def test_property(number):
    with open({seen!r}, "a") as file:
        print(number, file=file)
    assert number != {wrong}

class TestGroup:
    @given(number=st.integers())
    def test_method(self, number):
        with open({seen!r} + ".methods", "a") as file:
            print(number, file=file)

def test_other():
    raise AssertionError("this is no property test")
"""


class Suite:
    """Two property tests that write down their examples, and a test of another kind."""

    def __init__(self, directory: Path, wrong: str = "None") -> None:
        self.file, self._seen = directory / "test_suite.py", directory / "seen"
        self.file.write_text(SUITE.format(seen=str(self._seen), wrong=wrong))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self._seen.write_text("")
        command = [sys.executable, "-m", "tests.new_seeds", *arguments, "-p", "no:cacheprovider", str(self.file)]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    @property
    def examples(self) -> list[str]:
        return self._seen.read_text().split()

    @property
    def method_examples(self) -> list[str]:
        return Path(f"{self._seen}.methods").read_text().split()


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_every_property_test_and_no_other_runs_with_many_more_examples(suite: Suite) -> None:
    run = suite.run()
    assert run.returncode == 0, run.stdout
    assert "2 passed" in run.stdout
    assert len(suite.examples) == 5 * TIMES
    assert len(suite.method_examples) == 100 * TIMES


def test_each_run_has_a_seed_of_its_own_which_repeats_it(suite: Suite) -> None:
    runs = []
    for _ in range(2):
        seed = suite.run("--times=4").stdout.splitlines()[0].partition("SEED=")[2]
        runs.append((seed, suite.examples))
    assert runs[0] != runs[1]
    seed, examples = runs[0]
    assert suite.run("--times=4", f"--seed={seed}").returncode == 0
    assert suite.examples == examples


def test_a_failure_says_how_to_repeat_it(tmp_path: Path) -> None:
    run = Suite(tmp_path, wrong="number").run("--seed=7", "--times=1")
    assert run.returncode == 1
    assert "again with: make test-random SEED=7" in run.stdout


def test_rounds_follow_each_other_until_one_fails(tmp_path: Path) -> None:
    suite = Suite(tmp_path, wrong=f"(number if open({str(tmp_path / 'seen')!r}).read().count('\\n') > 12 else None)")
    run = suite.run("--minutes=10", "--times=1")
    assert run.returncode == 1
    assert len({line for line in run.stdout.splitlines() if line.startswith("test-random: SEED=")}) == 3
