"""The manifest of a snapshot: what is written is read again, by this program and by sha256sum."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.storage.snapshots.manifest import Totals, ending, files_of, heading, line_of, totals_of

DIGEST = "sha256:" + "0123456789abcdef" * 4
PATHS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1) | st.text("\\\n\rnr# ", min_size=1)


@given(files=st.lists(st.tuples(PATHS, st.sampled_from([DIGEST, None]))))
def test_every_path_and_digest_is_read_again(files: list[tuple[str, str | None]]) -> None:
    text = heading("20261129T104704Z", "http://h/\n") + "".join(line_of(*file) for file in files)
    lines = [f"{line}\n" for line in text.split("\n")[:-1]]
    assert list(files_of(lines)) == files
    assert len(lines) == len(files) + 1


@pytest.mark.parametrize("digest", [None, "", "md5:00"])
def test_a_file_without_a_sha256_is_in_a_comment(digest: str | None) -> None:
    assert line_of("a\\b", digest).startswith("# ")
    assert list(files_of([line_of("a\\b", digest)])) == [("a\\b", None)]


def test_the_totals_at_the_end_prove_that_it_is_whole() -> None:
    end = ending(Totals(3, 40))
    assert totals_of(end) == totals_of("x  a\n" + end) == Totals(3, 40)
    for text in ("", "\n", end[:-1], "x" + end, end + "more\n", end.replace("3", "²")):
        assert totals_of(text) is None


def test_the_user_of_the_url_is_not_noted() -> None:
    assert heading("N", "http://user:secret@h/") == "# snapshot N of http://h/\n"


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
def test_sha256sum_reads_it(tmp_path: Path) -> None:
    names = [b"plain", b"with blank", b"back\\slash", b"line\nbreak", b"#hash", b" first", b"\xff\xfe"]
    text = heading("20261129T104704Z", "http://h/") + line_of("unknown", None)
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
        text += line_of(name.decode("utf-8", "surrogateescape"), f"sha256:{hashlib.sha256(name).hexdigest()}")
    manifest = (text + ending(Totals(len(names) + 1, 0))).encode("utf-8", "surrogateescape")
    command = ["sha256sum", "--check", "--strict", "--status", "-"]
    assert subprocess.run(command, input=manifest, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "plain").write_bytes(b"other")
    assert subprocess.run(command, input=manifest, cwd=tmp_path, check=False).returncode == 1
