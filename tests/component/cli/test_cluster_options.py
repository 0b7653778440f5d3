"""What cannot be combined with --cluster is refused by name, before DIR is made or a library is needed."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from crawler.cli import parser as cli

pytest.importorskip("distributed")

from crawler.workers.cluster import dask_connection


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cluster=local", "--processes=2"], "--cluster cannot be combined with --processes: "),
        (["--cluster=local", "--workers=1"], "--cluster cannot be combined with --workers 1: "),
        (["--cluster=local", "--names=windows"], "--cluster cannot be combined with --names windows: "),
        (["--cluster=local", "--fallback=http://127.0.0.1:8/"], "--cluster cannot be combined with --fallback: "),
        (["--cluster=tcp://127.0.0.1:9", "--snapshots=3"], "--cluster cannot be combined with --snapshots: "),
        (["--cluster=tcp://192.0.2.1:8786"], "it has no TLS: use tls://, or accept that with --cluster-insecure"),
        (["--cluster=here"], "--cluster: 'here': expected local, local:N"),
    ],
)
def test_a_combination_is_refused_by_name(
    options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "DIR"
    assert cli.run([*options, "http://127.0.0.1:9/", str(directory)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not directory.exists()


def test_a_dry_run_starts_no_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--cluster=tcp://127.0.0.1:9", "--dry-run", "http://127.0.0.1:9/", str(tmp_path)]) == 3
    assert "connection refused" in capsys.readouterr().err.lower()


@pytest.mark.parametrize("closes", [True, False])
def test_a_cluster_that_cannot_be_used_leaves_no_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, closes: bool
) -> None:
    """Something else than a scheduler listens there: it closes the first connection and is silent on all others."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        if closes:
            threading.Thread(target=lambda: other.accept()[0].close(), daemon=True).start()
        scheduler = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dask_connection, "CONNECT_SECONDS", 0.5)
            assert cli.run([f"--cluster={scheduler}", "http://127.0.0.1:9/", str(tmp_path / "DIR")]) == 2
    assert f"--cluster {scheduler}: cannot connect" in capsys.readouterr().err
    assert not (tmp_path / "DIR").exists()
