"""Shell completion, as click generates it for a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CRAWLER = Path(sys.executable).parent / "crawler"


def complete(instruction: str, words: str = "", **more: str) -> str:
    """The completions that ``crawler`` prints for ``words``; the last one is incomplete."""
    environment = {
        "PATH": os.environ["PATH"],
        "_CRAWLER_COMPLETE": instruction,
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
        **more,
    }
    return subprocess.run([CRAWLER], env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("shell", "mark"), [("bash", "complete -o"), ("zsh", "#compdef"), ("fish", "complete --no-files")]
)
def test_there_is_a_script_for_each_shell(shell: str, mark: str) -> None:
    script = complete(f"{shell}_source")
    assert mark in script
    assert f"_CRAWLER_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("crawler --inc", ["plain,--include"]),
        ("crawler --max-", ["plain,--max-size", "plain,--max-files", "plain,--max-total-size", "plain,--max-depth",
                            "plain,--max-delete", "plain,--max-duration"]),
        ("crawler --include *.zip --net", ["plain,--netrc"]),
        ("crawler --fsync ", ["plain,none", "plain,batch", "plain,file"]),
        ("crawler --check h", ["plain,headers"]),
        ("crawler --include ", []),
        ("crawler --config ", ["file,"]),
        ("crawler https://files.example.org/ mir", ["dir,mir"]),
        ("crawler --fsync = b", ["plain,batch"]),
        ("crawler --fsync =", ["plain,none", "plain,batch", "plain,file"]),
        ("crawler --config = m", ["file,m"]),
        ("crawler --cluster l", ["plain,local"]),
        ("crawler --pipeline ", ["plain,auto", "plain,off"]),
    ],
)  # fmt: skip
def test_words_are_completed(words: str, completions: list[str]) -> None:
    assert sorted(complete("bash_complete", words).split()) == sorted(completions)


def test_zsh_and_fish_complete_an_option_and_its_value_as_one_word() -> None:
    assert complete("zsh_complete", "crawler --fsync=b").splitlines() == ["plain", "--fsync=batch", "_"]
    environment = {"COMP_WORDS": "crawler --fsync=b", "COMP_CWORD": "--fsync=b"}
    assert complete("fish_complete", **environment).splitlines() == ["plain,--fsync=batch"]


def test_the_help_of_an_option_reaches_fish_whole() -> None:
    environment = {"COMP_WORDS": "crawler --max-del", "COMP_CWORD": "--max-del"}
    (line,) = complete("fish_complete", **environment).splitlines()
    assert line.startswith("plain,--max-delete\trefuse")
    assert line.endswith("where that is more]")
    assert line.count(",") == 1, "the script splits lines at commas"
