"""A run, and each mirror of a --config file, is checked before anything runs, and all mistakes are printed at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from crawler.cli import parser as cli
from crawler.cli.mirrors.checks import in_file
from crawler.model.config import option_fields
from crawler.model.options.combinations import NOT_IN_LISTS
from tests.support.misbehaving.server import Site

Output = pytest.CaptureFixture[str]
ABSENT = "No such file or directory: create it, or correct the path"
RELATIVE = f"{ABSENT}, which is relative to the working directory"
NOT_HERE = "no directory /no/such: create it first"

# fmt: off
WRONG: dict[str, tuple[str, str]] = {
    "allow_host": ("'a b'", "a b: expected HOST, HOST:PORT, '*.DOMAIN' for its subdomains, or '*' for every host"),
    "fallback": ("'http://127.0.0.1:1/'", "http://127.0.0.1:1/: named twice, or the same as URL: remove it"),
    "cluster": (
        "'tcp://192.0.2.1:8786'",
        "tcp://192.0.2.1:8786: whoever can reach this scheduler runs programs on its workers, and it has no TLS: use "
        "tls://, or accept that with cluster_insecure = true",
    ),
    "header": ("'@/no/such'", f"@/no/such: {ABSENT}"),
    "netrc": ("true", f"/no/netrc: {ABSENT}"),
    "cookies": ("'absent'", f"absent: {RELATIVE}"),
    "proxy": ("'ftp://p'", "ftp://p: expected http://host:port, socks5://host:port or socks5h://host:port"),
    "ca_file": ("'.'", ".: Is a directory: name a file"),
    "client_cert": ("'m.toml'", "m.toml: expected a PEM file with a certificate and its key, without password"),
    "state": ("'.'", ".: is a directory: name a file for the database"),
    "log_file": ("'/no/such/log'", f"/no/such/log: {NOT_HERE}"),
    "summary": ("'/no/such/s'", f"/no/such/s: {NOT_HERE}"),
    "changes": ("'/'", "/: is a directory: name a file in it"),
    "metrics": ("'/no/such/m.prom'", f"/no/such/m.prom: {NOT_HERE}"),
    "report": ("'/no/such/r'", f"/no/such/r: {NOT_HERE}"),
    "user_agent": ('"a\\nb"', "'a\\nb': expected one line of text"),
    "workers": ("0", "'0': expected a whole number from 1 to 1000"),
}
"""Key → a wrong value in TOML, and what is said about it in a file. All but the last two look right by themselves."""
# fmt: on
BY_THEMSELVES = {
    "ext",
    "min_size",
    "max_size",
    "newer_than",
    "older_than",
    "max_files",
    "max_total_size",
    "no_recursive",
    "max_depth",
    "trust_pages",
    "no_robots",
    "processes",
    "cluster_insecure",
    "pipeline",
    "listers",
    "backlog",
    "segments",
    "attempts",
    "connect_timeout",
    "read_timeout",
    "min_speed",
    "limit_rate",
    "requests_per_second",
    "insecure",
    "delete",
    "max_delete",
    "ignore_errors",
    "delete_excluded",
    "trash",
    "snapshots",
    "check",
    "verify_digests",
    "last",
    "fsync",
    "names",
    "name_from",
    "moved",
    "lock",
    "lock_wait",
    "max_duration",
    "dry_run",
    "on_change",
    "on_failure",
    "on_end",
    "progress",
    "format",
    "log_format",
}  # fmt: skip
"""Keys whose values are right or wrong by themselves, or contradict another key, which is known from the text alone."""
M = "[[mirror]]\nname = '{0}'\nurl = 'http://127.0.0.1:1/'\ndir = '{0}'\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETRC", "/no/netrc")
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def lines_of(capsys: Output, *arguments: str) -> list[str]:
    """What a call prints, which must not run anything."""
    assert cli.run(arguments) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert [path.name for path in Path().iterdir() if path.name != "m.toml"] == []
    return printed.err.splitlines()


def test_each_option_is_checked_by_itself_or_before_the_run() -> None:
    assert BY_THEMSELVES.isdisjoint(WRONG)
    assert BY_THEMSELVES | WRONG.keys() == option_fields().keys()


def test_all_mistakes_of_all_mirrors_are_printed_in_the_order_of_the_file(here: Path, capsys: Output) -> None:
    wrong = "".join(f"{key} = {value}\n" for key, (value, _) in WRONG.items())
    (here / "m.toml").write_text(M.format("a") + M.format("b") + wrong + M.format("c") + "ca_file = 'absent'\n")
    said = [f"crawler: m.toml:{number}: mirror 2 (b): {key}: {text}" for number, (key, (_, text)) in
            enumerate(WRONG.items(), 9)]  # fmt: skip
    last = 9 + len(WRONG) + 4
    found = lines_of(capsys, "--config", "m.toml")
    shared = [line for line in found if "must be the same" in line]
    assert [line for line in found if line not in shared] == [
        *said, f"crawler: m.toml:{last}: mirror 3 (c): ca_file: absent: {RELATIVE}"
    ]  # fmt: skip
    assert [line.split(": ")[3:] for line in shared] == [
        ["log_file", "must be the same for all mirrors; set it in [defaults]"]
    ]
    assert len(lines_of(capsys, "--config", "m.toml", "--only", "c")) == 3  # the text of the file, and that mirror
    assert len(lines_of(capsys, "--config", "m.toml", "--verify")) == 2 + 5  # and the files that it writes


def test_no_mistake_of_a_mirror_hides_another_one(here: Path, capsys: Output) -> None:
    texts = {
        "url = 'ftp://h/'": "url: not an http or https URL: ftp://h/: for FTP use lftp or wget",
        "dir = 'ftp://d/'": "dir: ftp:// is not a destination: expected a path, file:///, s3://, gs://, az://",
        "workers = 0": "workers: '0': expected a whole number from 1 to 1000",
        "wrokers = 1": "unknown key 'wrokers': did you mean workers?",
        "min_size = 2\nmax_size = 1": "min_size is larger than max_size",
        "newer_than = '1d'\nolder_than = '2d'": "newer_than is later than older_than, so that no file matches both: "
        "exchange their values?",
        "delete_excluded = true": "delete_excluded has no effect without delete",
        "fallback = 'ftp://f/'": "fallback: not an http or https URL: ftp://f/: for FTP use lftp or wget",
        "cookies = 'absent'": f"cookies: absent: {RELATIVE}",
        "allow_host = 'a b'": "allow_host: a b: expected HOST, HOST:PORT, '*.DOMAIN' for its subdomains, or '*' for "
        "every host",
        "state = '/no/such/s'": f"state: /no/such/s: {NOT_HERE}",
        "summary = '/no/such/x'\nchanges = '/no/such/x'": f"summary: /no/such/x: {NOT_HERE}",
    }
    usual = {"url": "url = 'http://127.0.0.1:1/'", "dir": "dir = 'd'"}
    for subset in [*combinations(texts, 1), *combinations(texts, len(texts) - 1), tuple(texts)]:
        lines = {**usual, **{text[:3]: text for text in subset if text[:3] in usual}}
        lines |= {text: text for text in subset if text[:3] not in usual}
        (here / "m.toml").write_text("[[mirror]]\nname = 'a'\n" + "\n".join(lines.values()))
        found = "\n".join(lines_of(capsys, "--config", "m.toml"))
        for text, message in texts.items():
            assert (f"mirror 1 (a): {message}" in found) == (text in subset), (subset, found)
    (here / "m.toml").write_text("[[mirror]]\nname = 'a'\ncookies = 'absent'\n" + M.format("a"))
    assert [line.partition(": ")[2] for line in lines_of(capsys, "--config", "m.toml", "--only", "b")] == [
        "--only b: no such mirror; the file has a, a",
        'm.toml:1: mirror 1 (a): url: missing: write url = "…"',
        'm.toml:1: mirror 1 (a): dir: missing: write dir = "…"',
        "m.toml:4: mirror 2: two mirrors have the name 'a'",
    ]


def test_an_option_of_the_command_line_is_blamed_under_its_own_name(here: Path, capsys: Output) -> None:
    (here / "m.toml").write_text("jobs = 2\n" + M.format("a") + "max_size = 1\nsummary = 'log'\n" + M.format("b/c")
                                   + "older_than = '1d'\n")  # fmt: skip
    same = "would use the same file"
    for options, *lines in (
        (["--name-from", "header"], "--name-from header: a listing names its files itself: 'header' is for "
         "--input-file alone"),
        (["--changes", "s"], f"--changes s: mirrors 'a' and 'b/c' {same}: put {{name}} in the path"),
        (["--changes", "{name}.x"], "m.toml:9: mirror 2 (b/c): name: --changes: {name} needs a name without a slash"),
        (["--state", "s"], f"--state s: mirrors 'a' and 'b/c' {same}: run one of them with --only"),
        (["--processes", "2"], "--processes: requires jobs = 1 in m.toml, so that mirrors of one host share its "
         "connections"),
        (["--min-size", "2"], "--min-size is larger than max_size of m.toml: mirror 1 (a)"),
        (["--min-size", "2", "--max-size", "1"], "--min-size is larger than --max-size"),
        (["--newer-than", "1d", "--older-than", "2020-01-01"], "--newer-than is later than --older-than, so that no "
         "file matches both: exchange their values?"),
        (["--newer-than", "2030-01-01", "--only", "b/c"], "--newer-than is later than older_than of m.toml: mirror 2 "
         "(b/c), so that no file matches both: exchange their values?"),
        (["--delete-excluded"], "--delete-excluded has no effect without --delete"),
        (["--fallback", "ftp://f/"], "--fallback: not an http or https URL: ftp://f/: for FTP use lftp or wget"),
        (["--log-file", "./log"], "--log-file ./log: summary of m.toml: mirror 1 (a) writes the same file: give each "
         "its own"),
        (["--cookies", "x"], f"--cookies x: {RELATIVE}"),
    ):  # fmt: skip
        assert lines_of(capsys, "--config", "m.toml", *options) == [f"crawler: {line}" for line in lines]


def test_a_mistake_in_the_defaults_is_printed_once(here: Path, capsys: Output) -> None:
    defaults = "[defaults]\nca_file = 'absent'\nsummary = '/no/such/{name}'\n"
    (here / "m.toml").write_text(defaults + M.format("a") + M.format("b") + "ca_file = 'other'\n")
    assert lines_of(capsys, "--config", "m.toml") == [
        f"crawler: m.toml:2: mirror 1 (a): ca_file: absent: {RELATIVE}",
        f"crawler: m.toml:3: mirror 1 (a): summary: /no/such/a: {NOT_HERE}",
        f"crawler: m.toml:3: mirror 2 (b): summary: /no/such/b: {NOT_HERE}",
        f"crawler: m.toml:12: mirror 2 (b): ca_file: other: {RELATIVE}",
    ]
    assert lines_of(capsys, "--config", "m.toml", "--ca-file", "mine", "--summary", "{name}.json") == [
        f"crawler: --ca-file mine: {RELATIVE}"
    ]


def test_no_output_of_a_file_of_mirrors_replaces_that_file(capsys: Output, here: Path) -> None:
    content = '[[mirror]]\nname = "a"\nurl = "http://127.0.0.1:1/"\ndir = "a"\nreport = "page.html"\n'
    (here / "m.toml").write_text(content)
    reads = ": --config reads the same file: name another file"
    for options, text in (
        (("--status", "./m.toml"), f"--status ./m.toml{reads}"),
        (("--history", "--status", "m.toml"), f"--status m.toml{reads}"),
        (("--history", "--report", "m.toml"), f"--report m.toml{reads}"),
        (("--verify", "--summary", "m.toml"), f"--summary m.toml{reads}"),
        (("--summary", "m.toml"), f"--summary m.toml{reads}"),
        (("--log-file", "m.toml"), f"--log-file m.toml{reads}"),
        (("--status", "./page.html"), "--status: mirror 'a' writes the same file: ./page.html"),
    ):
        assert lines_of(capsys, "--config", "m.toml", *options) == [f"crawler: {text}"]
    assert (here / "m.toml").read_text() == content


def test_a_single_run_is_checked_in_the_same_way(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", "mine")
    flags = [f"--{key.replace('_', '-')}" for key in WRONG]
    values = {flag: value.strip("'\"") for flag, (value, _) in zip(flags, WRONG.values(), strict=True)}
    del values["--user-agent"], values["--workers"]  # the text of the command line alone is wrong
    arguments = [part for flag, value in values.items() for part in ([flag] if value == "true" else [flag, value])]
    found = lines_of(capsys, *arguments, "http://127.0.0.1:1/", "d")
    first = [line.removeprefix("crawler: ").replace(":", "").split(" ")[0] for line in found]
    assert sorted(first) == sorted(values)
    assert found[0].endswith("accept that with --cluster-insecure")
    assert len(lines_of(capsys, "--workers", "0", "--min-size", "x", "--user-agent", "a\nb", "http://h/", "d")) == 3
    assert lines_of(capsys, "--summary", "x", "--log-file", "./x", "http://h/", "d") == [
        "crawler: --log-file ./x: --summary writes the same file: give each its own"
    ]
    for option, other in (("--header", "@mine"), ("--cookies", "mine"), ("--ca-file", "mine"), ("--netrc", "")):
        given = [option, other] if other else [option]
        expected = f"crawler: --changes ./mine: {option} reads the same file: name another file"
        assert expected in lines_of(capsys, *given, "--changes", "./mine", "http://h/", "d")
    Path("m.toml").write_text("http://127.0.0.1:1/a\n")
    assert lines_of(capsys, "--input-file", "m.toml", "--changes", "./m.toml", "d") == [
        "crawler: --changes ./m.toml: --input-file reads the same file: name another file"
    ]
    for option in ("--log-file", "--summary", "--state"):
        assert (
            lines_of(capsys, option, "./d", "http://h/", "d")[-1] == f"crawler: {option} ./d: that is DIR: name a file"
        )
    assert lines_of(capsys, "--log-file", "new", "ftp://h/", "d") == [
        "crawler: not an http or https URL: ftp://h/: for FTP use lftp or wget"
    ]


def test_no_output_is_written_among_the_files_of_the_state(capsys: Output, here: Path) -> None:
    (here / "old" / ".crawler").mkdir(parents=True)
    assert cli.run(["--summary", "old/.crawler/lock", "http://127.0.0.1:1/", "old"]) == 2
    expected = "crawler: --summary old/.crawler/lock: that directory is for the state: name another\n"
    assert capsys.readouterr().err == expected


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        running.file("f", b"content")
        yield running


def test_a_directory_that_is_the_mirror_of_another_url_keeps_the_other_mirrors_from_running(
    here: Path, site: Site, capsys: Output
) -> None:
    assert cli.run(["-q", site.url, "b"]) == 0
    requests = len(site.log)
    file = here / "m.toml"
    file.write_text(M.format("a") + M.format("b"))
    assert cli.run(["--config", "m.toml"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"crawler: m.toml:8: mirror 2 (b): dir: b is the mirror of {site.url}, not of http://127")
    file.write_text(M.format("a") + M.format("b").replace("http://127.0.0.1:1/", site.url) + "names = 'windows'\n")
    assert not (here / "a").exists()
    assert cli.run(["--config", "m.toml", "--only", "b", "-q"]) == 0
    assert len(site.log) > requests


EXCESS = {
    "workers = " + "1" * 4301: "m.toml:5: workers: a number has at most 64 bits",
    "workers = 0x" + "f" * 3600: "m.toml:5: workers: a number has at most 64 bits",
    "workers = 9223372036854775808": "m.toml:5: workers: a number has at most 64 bits",
    "ext = " + "[" * 1000 + "]" * 1000: "m.toml:5: ext: lists and tables are nested more than 10 deep",
    "ext = " + "[" * 11 + "]" * 11: "m.toml:5: ext: lists and tables are nested more than 10 deep",
    "ext = " + "{a=" * 600 + "1" + "}" * 600: "m.toml:5: ext: lists and tables are nested more than 10 deep",
    "x" + ".x" * 20 + " = 1": "m.toml:5: x: lists and tables are nested more than 10 deep",
}


def test_values_too_large_for_a_reader_of_toml_are_one_line(here: Path, capsys: Output) -> None:
    for text, message in EXCESS.items():
        (here / "m.toml").write_text(f"{M.format('a')}{text}\n# 3\n")
        assert lines_of(capsys, "--config", "m.toml") == [f"crawler: {message}"]
    assert lines_of(capsys, "--on-failure", "true", "--config", "m.toml") == [f"crawler: {message}"]


@pytest.mark.parametrize("option", ["--config", "--input-file", "--only", "--status", "--rollback"])
def test_an_empty_path_or_name_is_refused_by_name(option: str, capsys: Output) -> None:
    (line,) = lines_of(capsys, option, "", "d")
    assert line.startswith(f"crawler: {option}: expected a ")
    assert line.endswith("not an empty text: is a variable unset?")


def test_a_pipe_is_read_by_the_run_alone(site: Site) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"X-Key: from-a-pipe\n")
    os.close(writer)
    try:
        assert cli.run(["-q", "--header", f"@/dev/fd/{reader}", site.url, "d"]) == 0
    finally:
        os.close(reader)
    assert {request.headers.get("x-key") for request in site.log} == {"from-a-pipe"}


def test_options_without_a_meaning_for_a_list_are_refused_by_name(here: Path, capsys: Output) -> None:
    flags = {"no_recursive", "trust_pages", "delete", "ignore_errors", "delete_excluded"}
    values = {"check": "digest", "fallback": "http://h/"}
    for key, reason in NOT_IN_LISTS.items():
        option = f"--{key.replace('_', '-')}"
        arguments = [option] if key in flags else [option, values.get(key, "1")]
        needed = ["--delete"] if key in {"ignore_errors", "delete_excluded"} else []
        found = lines_of(capsys, *needed, *arguments, "--input-file", "m.toml", "d")
        said = f"crawler: {option} cannot be combined with --input-file: "
        assert any(line.startswith(said) and (key == "fallback" or line == said + reason) for line in found)
        assert len(found) == 1 + len(needed)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("--ca-file x: reason", "m: ca_file: x: reason"),
        ("--netrc: x: reason", "m: netrc: x: reason"),
        ("--names cannot be combined with s3://", "m: names: cannot be combined with s3://"),
        ("--cluster x: use --cluster-insecure, not --foo", "m: cluster: x: use cluster_insecure = true, not --foo"),
        ("DIR: reason", "m: dir: reason"),
        ("objects: region: reason", "m: objects: region: reason"),
        ("http_proxy=x: reason", "m: http_proxy=x: reason"),
        ("--workers 1: reason", "--workers 1: reason"),
    ],
)
def test_a_message_about_an_option_becomes_one_about_a_key(message: str, expected: str) -> None:
    assert in_file(message, "m", {"workers"}) == expected
