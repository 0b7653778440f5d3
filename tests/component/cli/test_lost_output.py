"""What was asked for and cannot be printed is exit 1, also if the run itself ends with a less serious code."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.server import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.file("a.txt", b"content")
        yield running


class Full(io.StringIO):
    """Standard output on a full disk."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def test_lost_output_is_worse_than_what_the_run_found(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    site.file("gone.txt", b"x", Status(404))
    for words, code in (
        (["--explain", "zzz", site.url, "d"], 5),
        (["--explain", "a.txt", site.url, "d"], 0),
        (["--list", site.url], 0),
        (["--dry-run", site.url, "d"], 0),
    ):
        assert cli.run(words) == code
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", Full())
            assert cli.run(words) == 1
        assert capsys.readouterr().err == "crawler: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize(("closed", "said"), [(">&-", True), ("0<&- >&- 2>&-", False), ("2>&-", None)])
def test_a_closed_standard_output_is_lost_output(tmp_path: Path, closed: str, said: bool | None) -> None:
    """As ``ls >&-``; without a standard error nothing can be said."""
    script = f'"{sys.executable}" -m crawler --version {closed}'
    done = subprocess.run(["bash", "-c", script], cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.returncode == (0 if said is None else 1)
    assert done.stderr == ("crawler: cannot write to standard output: it is closed\n" if said else "")
