"""Mistakes in the file of --config: one line with the file, the line, the key, and what to write instead."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.errors import ConfigError
from tests.support.mirrors import parse_file

M = '[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\n'
"""A valid mirror of four lines."""
NO_MIRROR = "m.toml: it has no [[mirror]] table: write "


def of(url: str = 'url = "http://h/"', directory: str = 'dir = "d"', name: str = 'name = "a"') -> str:
    return "\n".join(["[[mirror]]", *filter(None, (name, url, directory))])


# fmt: off
MISTAKES: dict[str, str] = {
    "": NO_MIRROR + "one with name, url and dir for each mirror",
    "# nothing": NO_MIRROR + "one with name, url and dir for each mirror",
    "[defaults]\nworkers = 3": NO_MIRROR + "one with name, url and dir for each mirror",
    "[mirror]\nname = 'a'": NO_MIRROR + "[[mirror]] with two brackets for each mirror",
    "[[mirrors]]\nname = 'a'": "m.toml:1: unknown key 'mirrors': write [[mirror]] for each mirror",
    "\n[[Mirror]]\nname = 'a'": "m.toml:2: unknown key 'Mirror': write [[mirror]] for each mirror",
    "[default]\nworkers = 3\n" + M: "m.toml:1: unknown key 'default': write [defaults]",
    "[object]\nregion = 'x'\n" + M: "m.toml:1: unknown key 'object': did you mean [objects]?",
    "stauts = 'x'\n" + M: "m.toml:1: unknown key 'stauts': did you mean status?",
    "x = 1\n" + M: "m.toml:1: unknown key 'x' (known: jobs, status, status_public, [defaults], [objects], [[mirror]])",
    "# c\nworkers = 3\n" + M:
        "m.toml:2: unknown key 'workers': options are in a table: write workers below [[mirror]], or below [defaults] "
        "for all mirrors",
    "jobs = '2'\n" + M: "m.toml:1: jobs: expected a whole number from 1 to 1000",
    "status = true\n" + M: "m.toml:1: status: expected a path",
    "defaults = 3\n" + M: "m.toml:1: defaults: expected a table: write [defaults]",
    "[defaults.mirror]\nworkers = 3\n" + M:
        "m.toml:1: defaults: write options directly below [defaults]: it has no table for mirrors",
    "status = 'x.html'\n" + M + "report = 'x.html'":
        "m.toml:1: status: mirror 'a' writes the same file: x.html",
    "mirror = ['a']": "m.toml: mirror 1: expected a table: write [[mirror]], with name, url and dir below it",
    of(url=""): 'm.toml:1: mirror 1 (a): url: missing: write url = "…"',
    M + "\n" + of(name='name = "b"', directory=""): 'm.toml:6: mirror 2 (b): dir: missing: write dir = "…"',
    of(name=""): 'm.toml:1: mirror 1: name: missing: write name = "…"',
    of(url='uri = "http://h/"'): "m.toml:3: mirror 1 (a): unknown key 'uri': write url",
    of(url='URL = "http://h/"'): "m.toml:3: mirror 1 (a): unknown key 'URL': write url",
    of(directory='directory = "d"'): "m.toml:4: mirror 1 (a): unknown key 'directory': write dir",
    of(directory='dri = "d"'): "m.toml:4: mirror 1 (a): unknown key 'dri': did you mean dir?",
    of(url="url = 3"): 'm.toml:3: mirror 1 (a): url: expected text in quotes, such as url = "…"',
    of(url="url = [3]"): "m.toml:3: mirror 1 (a): url: expected text, or a list of URLs of the same tree",
    of(url="url = []"): "m.toml:3: mirror 1 (a): url: expected text, or a list of URLs of the same tree",
    of(url='url = ["http://h/", "ftp://h/"]'):
        "m.toml:3: mirror 1 (a): url: not an http or https URL: ftp://h/: for FTP use lftp or wget",
    of(url='url = " "'): 'm.toml:3: mirror 1 (a): url: empty: write url = "…"',
    of(url='url = "ftp://h/"'):
        "m.toml:3: mirror 1 (a): url: not an http or https URL: ftp://h/: for FTP use lftp or wget",
    of(url="url = http://u:hush@h/"): 'm.toml:3: url: text needs quotes: write url = "…"',
    of(directory="dir = /srv/x"): 'm.toml:4: dir: text needs quotes: write dir = "…"',
    M + "mirror.ext = 'zip'": "m.toml:5: mirror 1 (a): unknown key 'mirror': options are in no further table: "
        "write ext directly below [[mirror]]",
    M + "[mirror.filters]\next = 'zip'": "m.toml:5: mirror 1 (a): unknown key 'filters': options are in no further "
        "table: write ext directly below [[mirror]]",
    M + "header = Authorization: hush": 'm.toml:5: header: text needs quotes: write header = "…"',
    M + "max_size = 10M": 'm.toml:5: max_size: text needs quotes: write max_size = "…"',
    M + "ext = zip,gz": 'm.toml:5: ext: text needs quotes: write ext = "…"',
    M + "ext = [zip]": 'm.toml:5: ext: texts in a list need quotes, and commas between them: write ext = ["…", "…"]',
    M + "delete = True": "m.toml:5: delete: write delete = true",
    M + "delete = no": "m.toml:5: delete: write delete = false",
    M + 'delete = "true"': "m.toml:5: mirror 1 (a): delete: expected true or false, not 'true'",
    M + "header: hush": "m.toml:5: header: write header = …, not header: …",
    "mirror:\n  - name: a": "m.toml:1: this is YAML: write TOML, with a table [[mirror]]",
    '{"mirror": [{"name": "hush"}]}': "m.toml: this is JSON: write TOML, with a table [[mirror]] for each mirror",
    of(name="name = “a”"): 'm.toml:2: name: quotes are straight in TOML: write name = "…"',
    of(name='name = "a'): 'm.toml:2: name: the closing " is missing',
    of(name='name = "a",'): "m.toml:2: name: no , at the end of a line",
    of(name="name ="): 'm.toml:2: name: its value is missing: write name = "…"',
    of(directory='dir = "C:\\Users"'):
        "m.toml:4: dir: a backslash begins an escape between double quotes: write dir = '…'",
    M + 'name = "b"': "m.toml:5: name: set twice in this table",
    "[defaults]\n[defaults]\n" + M: "m.toml:2: [defaults] occurs twice: merge the two",
    "[[mirror]\nname = 'a'": "m.toml:1: a table is written as [defaults] or [[mirror]]",
    "; c\n" + M: "m.toml:1: a comment begins with #",
    M + "hush hush hush": "m.toml:5: expected KEY = VALUE, a table such as [[mirror]], or a comment after #",
    M + "worker = 3": "m.toml:5: mirror 1 (a): unknown key 'worker': did you mean workers?",
    M + "max-size = 3": "m.toml:5: mirror 1 (a): unknown key 'max-size': write max_size",
    M + "no-parent = true": "m.toml:5: mirror 1 (a): unknown key 'no-parent': here the default (wget)",
    M + "rules = ['x']": "m.toml:5: mirror 1 (a): unknown key 'rules': write include and exclude",
    "[defaults]\nworkes = 3\n" + M: "m.toml:2: mirror 1 (a): unknown key 'workes': did you mean workers?",
    "[defaults]\nworkers = 3\n" + M + "workers = 'x'":
        "m.toml:7: mirror 1 (a): workers: 'x': expected a whole number from 1 to 1000",
    M + "\n[defaults]\nworkers = 'x'":
        "m.toml:7: mirror 1 (a): workers: 'x': expected a whole number from 1 to 1000",
    M + M.replace('"a"', '"b (c)"').replace('"d"', '"e"') + "workers = 'x'":
        "m.toml:9: mirror 2 (b (c)): workers: 'x': expected a whole number from 1 to 1000",
    M + "header = ['hush']": "m.toml:5: mirror 1 (a): header: expected 'Name: value' or @FILE",
    M + "ignore_errors = true": "m.toml:5: mirror 1 (a): ignore_errors has no effect without delete",
    M + M.replace('"d"', '"e"'): "m.toml:5: mirror 2: two mirrors have the name 'a'",
    "[objects]\nfoo = 'hush'\n" + M:
        "m.toml:1: objects: has no effect: no dir is in an object store, as s3://bucket/prefix is",
    "[objects]\nregion = ['hush']\n" + M: "m.toml:2: objects: region: expected text, a number, or true or false",
    M + "[mirror.objects]\nregion = 'hush'":
        "m.toml:5: mirror 1 (a): objects: has no effect: dir is not in an object store",
}
# fmt: on
"""Content of a file → the message."""


def said(content: bytes) -> str:
    return "; ".join(problems(content))


def problems(content: bytes) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_file(content, {}, "m.toml")
    return caught.value.problems


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_line_with_what_to_write(text: str) -> None:
    message = said(text.encode())
    assert message == MISTAKES[text]
    assert "hush" not in message.replace("'a", "")


MISSPELT = {
    "name": ("title", "Name", "nmae"),
    "url": ("uri", "URL", "ulr", "http_url"),
    "dir": ("directory", "DIR", "dri", "prefix", "directory-prefix"),
}
"""Key that a mirror must have → words that are reported with the advice to write it."""
UNKNOWN = ("foo = 1", "list = true", "wrkers = 1", "max-size = '1M'", "rules = ['x']", "jobs = 2", "foo.bar = 1")
"""Lines with an unknown key that stands for none of those."""


@pytest.mark.parametrize("line", ["", *UNKNOWN])
@pytest.mark.parametrize("missing", [set(each) for n in range(4) for each in combinations(MISSPELT, n)])
def test_a_missing_key_and_an_unknown_one_are_both_reported(missing: set[str], line: str) -> None:
    present = {"name": 'name = "a"', "url": 'url = "http://h/"', "dir": 'dir = "d"'}
    written = [text for key, text in present.items() if key not in missing]
    if not missing and not line:
        return
    lines = problems("\n".join(["[[mirror]]", *written, line]).encode())
    assert {key for key in MISSPELT if any(f": {key}: missing" in each for each in lines)} == missing
    assert sum(": unknown key '" in each for each in lines) == bool(line)
    assert len(lines) == len(missing) + bool(line)


@pytest.mark.parametrize(("key", "word"), [(key, word) for key, words in MISSPELT.items() for word in words])
@pytest.mark.parametrize("line", ["", *UNKNOWN])
def test_a_misspelt_key_is_not_reported_as_missing_too(key: str, word: str, line: str) -> None:
    texts = {"name": "a", "url": "http://h/", "dir": "d"}
    pairs = [f'{word if each == key else each} = "{text}"' for each, text in texts.items()]
    lines = problems("\n".join(["[[mirror]]", *pairs, line]).encode())
    assert len(lines) == 1 + bool(line), lines
    (about,) = (each for each in lines if f"unknown key '{word}'" in each)
    assert re.search(rf"\b{key}\b", about.partition(f"unknown key '{word}'")[2])


def test_a_file_that_is_not_utf_8_says_what_it_is() -> None:
    assert said(M.encode("utf-16")) == "m.toml: this is UTF-16: save it as UTF-8"
    assert said(M.encode() + b"# caf\xe9\n") == "m.toml:5: byte 0xe9 is not UTF-8: save the file as UTF-8"
    assert parse_file(b"\xef\xbb\xbf" + M.replace("\n", "\r\n").encode(), {}, "m.toml").mirrors[0].name == "a"


PIECES = (
    "[[mirror]]",
    "[defaults]",
    "[",
    "]",
    "name",
    "url",
    "=",
    '"',
    "'",
    "\\",
    "a",
    "3",
    "true",
    ",",
    "#",
    ":",
    "\n",
)


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_whatever_a_file_holds_it_is_read_or_refused_in_one_line(pieces: list[str]) -> None:
    try:
        assert parse_file(" ".join(pieces).encode(), {}, "m.toml").mirrors
    except ConfigError as error:
        assert str(error).startswith("m.toml")
        assert str(error).isprintable()


def test_a_path_that_begins_with_a_tilde_is_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    text = 'status = "~/s.html"\n[defaults]\nlog_file = "~/log"\n' + M.replace('"d"', '"~/pub"') + 'state = "~/s"\n'
    file = parse_file((text + 'on_end = "~/run"\n').encode(), {}, "m.toml")
    (mirror,) = file.mirrors
    assert (mirror.directory, mirror.config.state, mirror.config.log_file) == (
        "/home/me/pub",
        "/home/me/s",
        "/home/me/log",
    )
    assert (file.status, mirror.config.on_end) == ("/home/me/s.html", "~/run")
