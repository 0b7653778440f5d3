"""The command line: every option reaches the Config, rules keep their order, a mistake gives one line and exit 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import __version__
from crawler.cli import parser as cli
from crawler.cli.input_file import parse_items, read_items
from crawler.cli.invocation import Invocation
from crawler.model import errors
from crawler.model.config import Config, option_fields
from crawler.model.errors import ConfigError, CrawlerError, FetchError, UnreadableDirectory
from crawler.model.options.option import Option, default_of, option_of
from crawler.model.options.rules import Rule

URL, DIR = "http://127.0.0.1:9/pub/", "DIR"
FIELDS = option_fields()
FLAGS = [name for name, item in FIELDS.items() if option_of(item).metavar is None]
VALUES = [name for name in FIELDS if name not in FLAGS]
NEEDS = {"delete_excluded": ["--delete"], "ignore_errors": ["--delete"]}
"""Options that are only valid together with another."""


def parse(*args: str) -> Invocation:
    call = cli._parse(args)
    assert isinstance(call, Invocation)
    return call


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def sample(option: Option, default: object) -> str:
    """A value that the option accepts, other than its default."""
    assert option.metavar is not None
    for text in (*option.metavar.split("|"), "7", "A: b", "word", "x.prom"):
        try:
            if option.parse(text) != default:
                return text
        except ValueError:
            continue
    raise AssertionError("no sample fits")


@pytest.mark.parametrize("name", VALUES)
def test_every_option_with_a_value_reaches_the_config(name: str) -> None:
    option, default = option_of(FIELDS[name]), default_of(FIELDS[name])
    text = sample(option, default)
    value = option.parse(text)
    expected = (value,) if option.multiple else value
    assert getattr(parse(flag(name), text, URL, DIR).config, name) == expected
    assert getattr(parse(URL, DIR, f"{flag(name)}={text}").config, name) == expected
    if option.short:
        assert getattr(parse(option.short, text, URL, DIR).config, name) == expected
    if option.multiple:
        assert getattr(parse(flag(name), text, flag(name), text, URL, DIR).config, name) == (value, value)


@pytest.mark.parametrize("name", FLAGS)
def test_every_flag_reaches_the_config(name: str) -> None:
    option = option_of(FIELDS[name])
    assert getattr(parse(flag(name), *NEEDS.get(name, []), URL, DIR).config, name) is True
    if option.negative:
        assert getattr(parse(flag(option.negative), URL, DIR).config, name) is False


def test_nothing_given_is_the_default_and_overrides_nothing() -> None:
    call = parse(URL, DIR)
    assert call.config == Config()
    assert call.given == {}
    assert call.positional == (URL, DIR)


def test_what_is_given_is_what_overrides_a_config_file() -> None:
    call = parse("--config", "m.toml", "--workers", "3", "--delete", "--no-verify-digests", "--include", "*.zip")
    assert call.given == {
        "workers": "3",
        "delete": True,
        "verify_digests": False,
        "rules": (Rule(True, "*.zip"),),
    }


@pytest.mark.parametrize("option", ["--ignore-errors", "--delete-excluded"])
def test_an_option_may_complete_what_the_config_file_says(option: str) -> None:
    assert option[2:].replace("-", "_") in parse("--config", "m.toml", option).given


RULES = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["*.zip", "a/**", "re:^x", "-x", "--", "a=b"]), st.booleans())
)


@given(RULES)
def test_includes_and_excludes_keep_their_common_order(rules: list[tuple[bool, str, bool]]) -> None:
    args: list[str] = []
    for include, pattern, joined in rules:
        option = "--include" if include else "--exclude"
        args += [f"{option}={pattern}"] if joined else [option, pattern]
    expected = tuple(Rule(include, pattern) for include, pattern, _ in rules)
    assert parse(*args, URL, DIR).config.rules == expected
    assert parse(URL, *args, DIR).config.rules == expected


def test_after_two_dashes_nothing_is_an_option() -> None:
    call = parse("--workers", "3", "--", "--include", "--exclude=x")
    assert call.positional == ("--include", "--exclude=x")
    assert call.config.rules == ()


def test_other_things_to_do() -> None:
    assert parse("--list", URL).list_only
    assert parse("--input-file", "f", DIR).input_file == "f"
    assert parse("--config", "f", "--only", "a", "--only", "b").only == ("a", "b")
    assert parse("-v", "-v", URL, DIR).verbosity == parse("-vv", URL, DIR).verbosity == 2
    assert parse("-q", URL, DIR).quiet


def complaint(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    """Exit code and the one line on stderr."""
    code = cli.run(args)
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("crawler: ")
    assert line.isprintable()
    return code, line


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((URL, DIR, "more"), "URL and DIR"),
        (("--list",), "URL"),
        (("--list", URL, DIR), "URL"),
        (("--input-file", "f"), "DIR"),
        (("--input-file", "f", URL, DIR), "DIR"),
        (("--only", "a", URL, DIR), "--only"),
        (("--list", "--input-file", "f", URL), "--list"),
        (("--config", "f", URL, DIR), "--config"),
        (("--config", "f", "--list"), "--config"),
        (("--no-such-option", URL, DIR), "--no-such-option"),
        (("--worker", "3", URL, DIR), "--worker"),
        (("--workers",), "--workers"),
        (("--workers", "0", URL, DIR), "workers"),
        (("--workers", "x", URL, DIR), "workers"),
        (("--processes", "some", URL, DIR), "auto"),
        (("--workers", "3", "--workers", "x", URL, DIR), "workers"),
        (("--delete=yes", URL, DIR), "--delete"),
        (("--limit-rate", "0", URL, DIR), "--limit-rate"),
        (("--include",), "--include"),
        (("--exclude", "", URL, DIR), "--exclude"),
        (("--include", "re:(", URL, DIR), "--include"),
        (("--ignore-errors", URL, DIR), "delete"),
        (("--min-size", "2K", "--max-size", "1K", URL, DIR), "--min-size"),
        (("ftp://h/", DIR), "ftp://h/"),
        (("h/pub/", DIR), "http://host/path/"),
        (("", DIR), "URL"),
        ((URL, ""), "DIR"),
        (("--delete", URL, ""), "DIR"),
        (("--input-file", "/dev/null", ""), "DIR"),
        (("--verify", ""), "DIR"),
        (("--history", ""), "DIR"),
        (("--explain", URL, URL, ""), "DIR"),
        (("--input-file", "", DIR), "--input-file"),
        (("--config", ""), "--config"),
        (("--proxy", "nonsense", URL, DIR), "--proxy"),
        (("--proxy", "socks4://h:1080", URL, DIR), "--proxy"),
        (("--header", "@/no/such/file", URL, DIR), "--header"),
        (("--config", "/no/such/file"), "/no/such/file"),
        (("--input-file", "/no/such/file", DIR), "/no/such/file"),
        (("http://h/\x1b]0;evil\x07 x:y", "a", "b"), "expected"),
        (("\x1b[31m\n", DIR), "\\x1b"),
        (("http://h:\udcff/", DIR), "http"),
    ],
)
def test_a_contradictory_command_line_is_one_line_and_2(
    args: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, line = complaint(capsys, *args)
    assert code == 2
    assert words in line
    assert list(tmp_path.iterdir()) == [], "nothing was made"


@pytest.mark.parametrize("name", [name for name in VALUES if option_of(FIELDS[name]).metavar in {"FILE", "PATH"}])
def test_an_empty_text_is_not_a_path(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, line = complaint(capsys, flag(name), "", URL, str(tmp_path))
    assert code == 2
    assert flag(name) in line


@pytest.mark.parametrize(("option", "value"), [("--ext", ","), ("--ca-file", "/no/such/file")])
def test_a_value_that_turns_out_to_be_wrong_later_is_one_line_and_2_too(
    option: str, value: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, line = complaint(capsys, option, value, URL, str(tmp_path))
    assert code == 2
    assert option.strip("-") in line


def test_an_error_message_shows_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    _, line = complaint(capsys, "http://user:secret@h:port/", DIR)
    assert "secret" not in line


@pytest.mark.parametrize("content", ["jobs = [", "\xff", "[[mirror]]\nname = 'a'\nurl = 'http://h/'\ndir = 5"])
def test_a_config_file_that_cannot_be_read_is_named(
    content: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(content.encode("latin-1"))
    code, line = complaint(capsys, "--config", str(path))
    assert code == 2
    assert str(path) in line


KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CrawlerError)]


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in {FetchError, UnreadableDirectory}], ids=lambda kind: kind.__name__
)
def test_each_error_has_its_exit_code(
    kind: type[CrawlerError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_call: Invocation) -> int:
        raise kind("what happened")

    monkeypatch.setattr(cli, "dispatch", fail)
    assert complaint(capsys, URL, DIR) == (kind.exit_code, "crawler: what happened")


@pytest.mark.parametrize(
    "error", [LookupError("lost"), ExceptionGroup("two", [ExceptionGroup("one", [LookupError("lost")])])]
)
def test_a_bug_is_one_line_and_1_and_v_shows_where(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_call: Invocation) -> int:
        raise error

    monkeypatch.setattr(cli, "dispatch", fail)
    code, line = complaint(capsys, URL, DIR)
    assert code == 1
    assert "LookupError: lost" in line
    assert cli.run(["-v", URL, DIR]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_call: Invocation) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "dispatch", interrupt)
    assert cli.run([URL, DIR]) == 130
    assert capsys.readouterr() == ("", "")


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"crawler {__version__}\n"
    for option in ("-h", "--help"):
        assert cli.run([option]) == 0
        text = capsys.readouterr().out
        assert all(flag(name) in text for name in FIELDS)
        assert all(len(line) <= 100 for line in text.splitlines())


# --- the list of URLs -----------------------------------------------------------------------------


def pairs_in(name: str) -> list[tuple[str, str]]:
    return [(item.url, item.path) for item in read_items(name)]


def test_a_list_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"http://h/a\n\n# no\n  http://h/b \t x/y z \r\nhttp://h/\xff\tn\xff\nhttp://h/c\t\n")
    assert pairs_in(str(path)) == [
        ("http://h/a", ""),
        ("http://h/b", "x/y z"),
        ("http://h/%FF", "n\udcff"),
        ("http://h/c", ""),
    ]


def test_a_list_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"http://h/a\tb\nhttp://h/\xff\n")
    with path.open(encoding="ascii") as stream:  # the locale's encoding differs from that of the list
        monkeypatch.setattr(sys, "stdin", stream)
        assert pairs_in("-") == [("http://h/a", "b"), ("http://h/%FF", "")]


def test_a_line_ends_where_a_line_feed_is(tmp_path: Path) -> None:
    path = tmp_path / "list"
    name = "a\u2028b\u2029c\x85d\x0ce\x0bf\x1cg\u00a0"
    path.write_text(f"http://h/a\t{name}\r\nhttp://h/b", newline="")
    assert pairs_in(str(path)) == [("http://h/a", name), ("http://h/b", "")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"http://h/a.zip http://h/b.zip", ":1: several URLs: write one per line"),
        (b"http://h/a.zip,https://h/b.zip", ":1: several URLs: write one per line"),
        (b"http://h/a.zip;HTTP://h/b.zip", ":1: several URLs: write one per line"),
        (b"http://h/x\nhttp://h/a.tar.gz out/b", ":2: a TAB separates a URL from its path"),
        (b"http://h/a.zip,\nhttp://h/b.zip,", ":1: write the URL alone: http://h/a.zip"),
        (b"http://u:pw@h/a.zip;", ":1: write the URL alone: http://h/a.zip"),
        (b"http://h/a.zip,b.zip", ":1: a TAB separates a URL from its path; a comma in a URL is written as %2C"),
        (b"http://h/x\nhttp://h/a.tar.gz;b.gz", ":2: a TAB separates a URL from its path; a semicolon in a URL"),
        (b"url,name\nhttp://h/a.zip,b.zip", ":1: the names of columns: begin the line with #, or leave it out"),
        (b"name\tLink\nx", ":1: the names of columns"),
        (b"// mine\nhttp://h/a.zip", ":1: a comment begins with #"),
        (b"; mine", ":1: a comment begins with #"),
        (b"data.bin", ":1: not an http or https URL: data.bin: that is the name of a file: write its URL in full"),
        (b"[[mirror]]\nname = 'a'", ":1: a file of mirrors: --config FILE runs them"),
        (b"[defaults]", ":1: a file of mirrors"),
        (b"\x1f\x8b\x08rest", ": it is compressed: unpack it first"),
        (b"PK\x03\x04rest", ": it is compressed"),
        (b"\x28\xb5\x2f\xfdrest", ": it is compressed"),
        (b"SQLite format 3\0", ": it is not a text: expected URLs, one per line"),
    ],
)
def test_a_list_that_is_none_is_refused_by_what_it_is(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read_items(str(tmp_path / "list"))
    assert f"--input-file {tmp_path / 'list'}{problem}" in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://h/a b",
        "http://h/my file.zip",
        "http://h/v1.0 notes",
        "http://h/web/2020/http://x/",
        "http://h/main.c,v",
        "http://h/tile_12.5,45.2.png",
        "http://h/a.d,b/c.zip",
        "http://h/a.zip?x=1,b.zip",
        "http://h.org,b.org/x",
        "http://h/a;type=i",
        "http://h/?u=http://x/",
    ],
)
def test_blanks_and_other_urls_in_a_url_are_accepted(url: str) -> None:
    ((read, path),) = parse_items(url.encode(), "list")
    assert (read, path) == (url.replace(" ", "%20"), "")


def test_a_list_from_a_closed_standard_input_is_not_an_empty_list(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crawler", "--input-file", "-", str(tmp_path / "DIR")]
    closed = ["sh", "-c", 'exec "$@" <&-', "sh", *command]
    done = subprocess.run(closed, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--input-file -" in done.stderr
    assert list(tmp_path.iterdir()) == []


LISTS = [
    (b"", "it contains no URL: write one per line"),
    (b"\r\n# http://h/a\n \t \n", "it contains no URL: write one per line"),
    (b"http://h/a\n\nh/b\n", ":3: not an http or https URL: h/b"),
    (b"\xef\xbb\xbf# list\r\nhttp://h/a\r\nftp://h/b\r\n", ":3: not an http or https URL: ftp://h/b: for FTP use "),
    (b"http://u:hush@h/a\nhttp://u:hush@/b\n", ":2: not an http or https URL"),
    (b"<!DOCTYPE html>\n<a href=x>", ": it is an HTML page"),
    (b"http://h/a\n/srv/list\n", ":2: not an http or https URL: /srv/list"),
    ("http://h/a\nx\n".encode("utf-16"), ":2: not an http or https URL: x"),
    (
        b"http://h/a\n  out=b.zip\n",
        ":2: out is an option of another program, such as aria2: each line is a URL, or a URL, a",
    ),
    (b'url = "http://h/a.zip"', ":1: an option of curl: write the URL alone: http://h/a.zip"),
    (b"--url http://h/a.zip", ":1: an option of curl: write the URL alone: http://h/a.zip"),
    (b"wget -c http://u:hush@h/a.zip", ":1: a command: write its URL alone: http://h/a.zip"),
    (b"- <http://h/a.zip>", ":1: write the URL alone: http://h/a.zip"),
    (b"[a](http://h/a.zip)", ":1: write the URL alone: http://h/a.zip"),
]


@pytest.mark.parametrize(("content", "said"), LISTS)
def test_a_list_without_urls_or_with_a_wrong_line_is_refused_by_the_number_of_the_line(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_items(str(path))
    message = str(caught.value)
    assert message.startswith(f"--input-file {path}:")
    assert said in message
    assert "hush" not in message


@given(st.lists(st.sampled_from([b"http://h/a", b"http://h/b\tx/y", b"", b"# http://h/c", b"  ", b"\t"])), st.data())
def test_blank_lines_comments_and_the_kind_of_line_end_change_nothing(lines: list[bytes], data: st.DataObject) -> None:
    end = data.draw(st.sampled_from([b"\n", b"\r\n"]))
    start = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    last = data.draw(st.sampled_from([b"", end]))
    wanted = [(url.decode(), path.decode()) for line in lines if (url := line.partition(b"\t")[0]).startswith(b"http")
              for path in [line.partition(b"\t")[2]]]  # fmt: skip
    plain = start + end.join(lines) + last
    assert parse_items(plain, "list") == wanted
    assert parse_items("\n".join(map(bytes.decode, lines)).encode("utf-16"), "list") == wanted


def test_a_list_that_is_a_directory_is_a_wrong_option(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--input-file"):
        read_items(str(tmp_path))


def test_all_options_that_do_not_exist_are_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wget = ["-r", "-np", "-l", "inf", "--no-parent", "--reject=index.html*", "-np", "--wrkers", "3", "-m"]
    assert cli.run([*wget, "http://h/", "d"]) == 2
    said = capsys.readouterr()
    names = [line.split()[4].rstrip(";:") for line in said.err.splitlines()]
    assert names == ["-r", "-np", "-l", "--no-parent", "--reject", "--wrkers", "-m"]
    assert said.out == ""
    assert cli.run([f"--x{number}" for number in range(99)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 10
