"""Each `crawler` command of the pages runs as shown, and prints what its page says."""

from __future__ import annotations

import hashlib
import itertools
import re
import shlex

import pytest

from crawler.cli import parser as cli
from crawler.model.report import Report, Snapshot
from crawler.model.values import Outcome, Result
from crawler.output.snapshots import render_snapshots
from crawler.output.summary import render_summary
from tests.docs.conftest import Reader
from tests.docs.hosts import TOKEN
from tests.docs.markdown import PAGES, REPOSITORY, blocks_of

SHOWN = [
    (page.name, line.removeprefix("$ ").partition(" #")[0].strip())
    for page in PAGES for block in blocks_of(page) if block.language == "console"
    for line in block.text.splitlines() if line.startswith("$ crawler ")
]  # fmt: skip
COMMANDS = {page: [line for _, line in lines] for page, lines in itertools.groupby(SHOWN, key=lambda item: item[0])}
"""Page → its commands, in order."""
ELSEWHERE = {"cluster.md"}
"""Pages whose commands start processes, which tests of their own do."""
LEFT = {
    "README.md": {"pub"},
    "configuration.md": {"pub"},
    "quick-starts.md": {"pub", "generic", "climate", "csv", "hello", "dists"},
    "report.md": {"pub", "releases", "mirrors.html", "public.html"},
    "upgrading.md": set[str](),
    "upstreams.md": {"isos"},
}
"""Page → what its commands leave in the directory in which they are run."""


def metalink(url: str) -> str:
    digest = hashlib.sha256(b"i" * 5000).hexdigest()
    return (
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="index.iso"><size>5000</size>'
        f'<hash type="sha-256">{digest}</hash><url>{url}</url></file></metalink>'
    )


def prepare(reader: Reader) -> set[str]:
    """Write the files that the commands read. Returns their names."""
    mirrors = (REPOSITORY / "config" / "crawler.toml").read_text().replace('"/srv/mirror/', '"')
    texts = {
        "token.txt": f"Authorization: Bearer {TOKEN}\n",
        "crawler.toml": reader.rewritten(mirrors),
        "images.meta4": metalink(reader.rewritten("https://files.example.org/pub/index.iso")),
    }
    for name, text in texts.items():
        (reader.home / name).write_text(text)
        (reader.home / name).chmod(0o600)
    return texts.keys()


def test_each_page_with_commands_is_run() -> None:
    assert COMMANDS.keys() == LEFT.keys() | ELSEWHERE
    assert len(SHOWN) > 15


@pytest.mark.parametrize("page", LEFT)
def test_the_commands_of_a_page_run_as_shown(
    reader: Reader, page: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(reader.home)
    given = prepare(reader)
    for command in dict.fromkeys(COMMANDS[page]):
        assert cli.run(shlex.split(reader.rewritten(command))[1:]) == 0, command
        printed, said = capfd.readouterr()
        assert ("--list" in command and said.splitlines() == ["nginx-pre, confidence 1.00, 115 entries"]) or not said
        assert bool(printed) == any(word in command for word in ("--list", "--dry-run", "--history", "--version"))
    assert {path.name for path in reader.home.iterdir()} - given == LEFT[page]


def text_of(page: str, section: str) -> list[str]:
    (block,) = [
        block for block in blocks_of(REPOSITORY / "docs" / page)
        if block.section == section and block.language == "text"
    ]  # fmt: skip
    return block.text.splitlines()


def test_the_mail_that_is_shown_is_what_such_a_run_prints() -> None:
    url = "https://files.example.org/pub/"
    failed = Result(path="data/x.zip", url=f"{url}data/x.zip", outcome=Outcome.FAILED, reason="HTTP 503")
    report = Report(
        url=url, directory="/srv/mirror/pub", listed=2113, saved=14, unchanged=2098, failed=1, failures=(failed,),
        saved_bytes=int(1.2 * 2**30), received=int(1.2 * 2**30), seconds=221.0, exit_code=5,
    )  # fmt: skip
    assert report.accounts
    assert render_summary(report).splitlines() == text_of("cron.md", "What the mails mean")


def test_the_list_of_snapshots_that_is_shown_is_what_is_printed() -> None:
    shown = text_of("publishing.md", "Publishing snapshots")
    snapshots = [
        Snapshot(
            name=line.split()[0], path="", files=14_210 + 2 * number, size=int(1.2 * 2**40), is_current=number == 1
        )
        for number, line in enumerate(shown)
    ]
    assert render_snapshots(snapshots, "text").splitlines() == shown


def test_the_list_of_make_targets_that_contributing_names_is_that_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    for page in (*PAGES, REPOSITORY / "SECURITY.md"):
        named = set(re.findall(r"`make ([a-z-]+)|^\$ make ([a-z-]+)", page.read_text(), re.MULTILINE))
        assert {first or second for first, second in named} <= targets, page.name
