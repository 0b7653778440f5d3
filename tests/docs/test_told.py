"""The commands of docs/cron.md that tell somebody: each is run by a run that fails, and by one that is good again."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from crawler.cli import parser as cli
from tests.docs.markdown import REPOSITORY, Block, blocks_of
from tests.support.misbehaving.behaviours import Status
from tests.support.misbehaving.server import Site

TOLD = [
    block
    for block in blocks_of(REPOSITORY / "docs" / "cron.md")
    if block.section == "Notifications" and block.language == "toml"
]
MAIL = """#!/bin/sh
{ printf '%s ' "$@"; echo; cat | grep -c '"status": "'; } >> MAILBOX
"""
"""Takes what the recipe gives to mail(1); there is nobody to deliver it to."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """The address of a server for webhooks, and the (path, body) of each request."""
    requests: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/json"
            self.note(json.loads(body))

        def do_GET(self) -> None:
            self.note(None)

        def note(self, body: object) -> None:
            requests.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()


def run_twice(block: Block, tmp_path: Path, hook: str) -> None:
    """Run the mirror of ``block`` when it fails and when it is good again."""
    text = block.text.replace("/srv/mirror/pub", str(tmp_path / "pub"))
    for host in ("https://hooks.example.org", "https://hc.example.org"):
        text = text.replace(host, hook)
    with Site() as site:
        site.file("f", b"x", Status(404, times=1))
        (tmp_path / "crawler.toml").write_text(text.replace("https://files.example.org/pub/", site.url))
        for code in (5, 0):
            assert cli.run(["-q", "--attempts", "1", "--config", str(tmp_path / "crawler.toml")]) == code


def test_each_recipe_has_a_test() -> None:
    assert ["mail " in block.text for block in TOLD] == [True, False, False]
    assert all(tomllib.loads(block.text)["mirror"][0]["on_failure"] for block in TOLD)


def test_the_mails_have_the_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = tmp_path / "mail"
    mail.write_text(MAIL.replace("MAILBOX", str(tmp_path / "mailbox")))
    mail.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    run_twice(TOLD[0], tmp_path, "")
    assert (tmp_path / "mailbox").read_text().splitlines() == [
        "-s Mirror pub: exit 5 root ", "1", "-s Mirror pub: recovered root ", "1",
    ]  # fmt: skip


def test_the_webhook_gets_the_summary_and_the_health_check_a_ping(
    tmp_path: Path, hook: tuple[str, list[tuple[str, Any]]]
) -> None:
    run_twice(TOLD[1], tmp_path, hook[0])
    (told, summary), *pings = hook[1]
    assert (told, summary["exit_code"], summary["mirror"]) == ("/mirrors", 5, "pub")
    assert summary["failures"][0]["reason"] == "HTTP 404"
    assert pings == [("/ping/0123-4567/5", None), ("/ping/0123-4567/0", None)]


def test_the_message_is_one_line(tmp_path: Path, hook: tuple[str, list[tuple[str, Any]]]) -> None:
    run_twice(TOLD[2], tmp_path, hook[0])
    assert hook[1] == [("/chat", {"text": "Mirror pub failed with exit code 5"})]
