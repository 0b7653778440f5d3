"""Which mirror owns DIR: which URLs are the same tree, and which run decides."""

from __future__ import annotations

from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.errors import AlreadyRunning, ConfigError
from crawler.text.ownership import (
    Enclosing,
    enclosing_refusal,
    foreign_files,
    is_same_tree,
    is_subtree,
    list_refusal,
    other_file,
    owner,
    refusal,
    tree_of,
)

SAME = [
    ("http://h/pub/", "https://h/pub/"),
    ("http://h/pub/", "http://h/pub"),
    ("http://h/pub/", "http://h:80/pub/"),
    ("http://h:80/pub/", "https://h:443/pub/"),
    ("http://h/pub/", "http://H.:80/pub/"),
    ("http://h/pub/", "http://h/pub/index.html"),
    ("http://h/", "http://h"),
    ("http://h/a%20b/", "http://h/a%20b"),
    ("http://h/%7euser/", "http://h/~user/"),
    ("http://h/?d=x", "https://h/?d=x"),
    ("http://h/pub/?C=M&O=D", "http://h/pub/"),
    ("http://h/pub/?C=M;O=D", "http://h/pub/?N=D"),
]
OTHER = [
    ("http://h/pub/X/", "http://h/pub/"),
    ("http://hX/", "http://h/"),
    ("http://hx:80/", "http://h/"),
    ("http://[bad/", "http://h/"),
    ("http://h/pub/", "http://h/"),
    ("http://h/pub/", "http://h/pub/sub/"),
    ("http://h/pub/", "http://h/Pub/"),
    ("http://h/pub/", "http://i/pub/"),
    ("http://h/pub/", "http://h:8080/pub/"),
    ("http://h:8080/pub/", "https://h:8443/pub/"),
    ("http://h/?d=x", "http://h/?d=y"),
    ("http://h/a%2Fb/", "http://h/c/b/"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_spellings_of_one_tree(first: str, second: str) -> None:
    assert is_same_tree(first, second)
    assert is_same_tree(second, first)


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_other_trees(first: str, second: str) -> None:
    assert not is_same_tree(first, second)
    assert not is_same_tree(second, first)


@pytest.mark.parametrize(
    ("url", "tree"),
    [
        ("HTTP://Example.ORG.:80/a%7eb/index.html?C=M", ("example.org", "/a~b", "")),
        ("https://h:8443/?d=x", ("h:8443", "", "d=x")),
        ("file:///srv/pub/", ("", "/srv/pub", "")),
    ],
)
def test_what_urls_of_one_tree_have_in_common(url: str, tree: tuple[str, str, str]) -> None:
    assert tree_of(url) == tree


@given(st.text(), st.text())
def test_any_recorded_text_is_accepted(first: str, second: str) -> None:
    assert is_same_tree(first, first)
    assert is_same_tree(first, second) == is_same_tree(second, first)


@pytest.mark.parametrize(
    ("runs", "known"),
    [
        ([], None),
        ([("a", 3), ("b", 3)], "a"),
        ([("b", 0), ("a", 3)], "a"),  # a wrong URL that listed nothing did not take over DIR
        ([("b", None), ("a", 3)], "a"),
        ([("b", 0), ("a", None)], "a"),  # killed, and another run decides
        ([("", 7), ("a", 3)], "a"),  # a list of URLs
        ([("", 7)], None),
        ([("a", 0)], None),
    ],
)
def test_the_last_run_that_stored_something_decides(runs: list[tuple[str, int | None]], known: str | None) -> None:
    assert owner(runs) == known


def test_the_refusal_names_both_and_no_password() -> None:
    text = refusal("dir", "http://u:secret@h/a/", "http://h/b/")
    assert "http://h/a/" in text
    assert "http://h/b/" in text
    assert "--moved" in text
    assert "secret" not in text
    assert text == (
        "dir is the mirror of http://h/a/, not of http://h/b/: choose another directory, "
        "or add --moved if the site has moved to this URL"
    )


def test_an_invalid_url_is_the_same_only_if_identical() -> None:
    assert is_same_tree("http://[bad/", "http://[bad/")
    assert not is_same_tree("http://[bad/", "http://[worse/")


@pytest.mark.parametrize(
    ("url", "base", "directory", "expected"),
    [
        ("http://h/pub/a/", "http://h/pub/", "a", True),
        ("https://H:443/pub/a", "http://h/pub", "a", True),
        ("http://h/pub/a/b%20c/", "http://h/pub/", "a/b c", True),
        ("http://h/pub/%FF/", "http://h/pub/", "\udcff", True),
        ("http://h/pub/b/", "http://h/pub/", "a", False),
        ("http://h/pub/", "http://h/pub/", "a", False),
        ("http://other/pub/a/", "http://h/pub/", "a", False),
    ],
)
def test_a_directory_of_a_mirror_is_a_tree_of_its_own(url: str, base: str, directory: str, expected: bool) -> None:
    assert is_subtree(url, base, directory) is expected


@pytest.mark.parametrize(
    ("url", "knows_files", "is_running", "is_empty", "moved"),
    list(
        product(
            ("http://h/pub/in/", "http://other/", None),
            (True, False, None),
            (False, True),
            (False, True),
            (False, True),
        )
    ),
)
def test_a_first_run_inside_another_mirror_begins_only_where_it_can_cost_no_file(
    url: str | None, knows_files: bool | None, is_running: bool, is_empty: bool, moved: bool
) -> None:
    above = Enclosing(
        directory="/m",
        below="in",
        url="http://h/pub/" if url else None,
        knows_files=knows_files,
        is_running=is_running,
    )
    problem = enclosing_refusal(above, "/m/in", url or "http://other/", is_empty=is_empty, moved=moved)
    is_same = url == "http://h/pub/in/"
    may_cost = knows_files or (knows_files is None and not is_empty)
    expected = None if is_same else AlreadyRunning if is_running else ConfigError if may_cost and not moved else None
    assert (None if problem is None else type(problem)) is expected


@pytest.mark.parametrize("knows_files", [True, None])
@pytest.mark.parametrize("known", ["http://u:secret@h/a/", None])
def test_the_refusal_inside_another_mirror_names_both_in_one_line(known: str | None, knows_files: bool | None) -> None:
    above = Enclosing(directory="/m", below="in", url=known, knows_files=knows_files, is_running=False)
    text = str(enclosing_refusal(above, "/m/in", "http://u:secret@i/b/", is_empty=False, moved=False))
    assert "secret" not in text
    assert "\n" not in text
    for part in ("/m/in is inside /m, ", "h/a/" if known else "an unknown URL", "i/b/", "--moved"):
        assert part in text


LISTED = [
    # the mirror; the URL of the list; its path under DIR; whether the mirror stores it there
    ("http://h/pub/", "http://h/pub/a.zip", "a.zip", True),
    ("http://h/pub", "http://h/pub/a.zip", "a.zip", True),
    ("http://h/pub/index.html", "https://H.:443/pub/a.zip", "a.zip", True),
    ("http://h:8080/pub/?C=M;O=D", "http://h:8080/pub/a.zip", "a.zip", True),
    ("https://h:80/pub/", "https://h:80/pub/a.zip", "a.zip", True),
    ("http://h/", "http://h/a.zip", "a.zip", True),
    ("http://h/pub/", "http://h/pub/s/b%20%c3%a9.zip", "s/b \u00e9.zip", True),
    ("http://h/pub/", "http://h/pub/%ff.zip", "\udcff.zip", True),
    ("http://h/pub/", "http://h/pub/s/a.zip", "a.zip", False),
    ("http://h/pub/", "http://h/pub/a.zip", "s/a.zip", False),
    ("http://h/pub/", "http://h/pub/a.zip", "b.zip", False),
    ("http://h/pub/", "http://h/pub/s/index.html", "s", False),
    ("http://h/pub/", "http://h/pub/a%2Fb", "a/b", False),
    ("http://h/pub/", "http://h/pub/a.zip?v=2", "a.zip", False),
    ("http://h/pub/", "http://h/pub/../a.zip", "a.zip", False),
    ("http://h/pub/", "http://h/public/a.zip", "a.zip", False),
    ("http://h/pub/", "http://h/a.zip", "a.zip", False),
    ("http://h/pub/", "http://h:8080/pub/a.zip", "a.zip", False),
    ("http://h/pub/", "http://i/pub/a.zip", "a.zip", False),
    ("http://h/pub/", "http://h/pub/a.zip", "", False),
    ("http://h/?d=x", "http://h/a.zip", "a.zip", False),
    ("http://[bad/", "http://h/a.zip", "a.zip", False),
]


@pytest.mark.parametrize(("known", "url", "path", "is_own"), LISTED)
def test_a_list_may_put_into_a_mirror_what_the_mirror_would_put_there(
    known: str, url: str, path: str, is_own: bool
) -> None:
    problem = list_refusal("DIR", known, [(url, path)])
    assert (problem == "") == is_own
    beside = ("http://h/pub/a.zip", "a.zip")
    if (list_refusal("DIR", known, [beside]) == "") and not is_own:
        problem = list_refusal("DIR", known, [beside, (url, path), beside])
    if not is_own:
        assert problem.startswith(f"DIR is the mirror of {known}, ")
        assert url in problem
        assert problem.endswith(": choose another directory for the list")
        assert "--moved" not in problem
    assert list_refusal("DIR", known, []) == ""


@given(st.lists(st.text("aé %#?&~+", min_size=1, max_size=5), min_size=1, max_size=3), st.booleans())
def test_a_list_and_a_mirror_share_dir_in_either_order_or_in_neither(segments: list[str], is_own: bool) -> None:
    path = "/".join(segments)
    url = f"http://{'h' if is_own else 'i'}/pub/{quote(path)}"
    before = list_refusal("DIR", "http://h/pub/", [(url, path)])
    after = foreign_files("DIR", [(path, url)], "http://h/pub/", "http://h/pub/")
    assert (before == "") == (after == "") == is_own


@pytest.mark.parametrize(
    ("known", "url", "advice"),
    [
        ("http://h/pub", "http://h/other/", ", or add --moved if the site has moved to this URL"),
        ("http://h/pub", "http://h/pub/sub/x.zip", ", or run http://h/pub/, which has it"),
        ("http://h/pub/", "http://h/pub/x.zip", ", or run http://h/pub/, which has it"),
        ("http://h/pubX", "http://h/pubX/x.zip", ", or run http://h/pubX/, which has it"),
        ("http://u:key@h/pub/", "http://u:key@h/pub/x.zip", ", or run http://h/pub/, which has it"),
        ("http://h/pub/", "http://h/x.zip", " for this file"),
    ],
)
def test_a_user_reads_where_else_a_tree_or_a_file_may_go(known: str, url: str, advice: str) -> None:
    text = refusal("dir", known, url)
    assert text.endswith(f": choose another directory{advice}")


def test_a_base_may_end_in_any_letter() -> None:
    assert is_subtree("http://h/pubX/sub/", "http://h/pubX/", "sub")
    assert is_subtree("http://h/pubX/sub/", "http://h/pubX", "sub")


def test_a_path_that_is_no_text_has_its_url() -> None:
    assert foreign_files("DIR", [("a\udcff", "http://h/a%FF")], "http://h/", "http://h/") == ""


def test_a_user_reads_which_file_another_one_would_replace() -> None:
    assert other_file("m/", "a\n.zip", "http://u:key@h/a.zip", "http://u:key@i/a.zip") == (
        "m/a\\x0a.zip is the file of http://h/a.zip, not of http://i/a.zip: choose another directory, or add --moved "
        "to replace it"
    )
    assert other_file("mX", "a", "http://h/a", "http://i/a").startswith("mX/a is the file of")


def test_what_names_no_file_is_passed_over_in_a_list() -> None:
    known = "http://h/pub/"
    nameless, strange = ("http://i/", ""), ("http://i/x", "x")
    assert list_refusal("DIR", known, [nameless]) == ""
    assert "http://i/x (as x)" in list_refusal("DIR", known, [nameless, strange])
    assert "http://i/x, whose name --name-from header takes" in list_refusal("DIR", known, [("http://i/x", "")])
    assert list_refusal("DIR", known, [strange]).endswith(
        "The --delete of the mirror would remove it: choose another directory for the list"
    )


def test_a_user_reads_what_to_do_about_files_of_other_urls() -> None:
    text = foreign_files("DIR", [("a", "http://h/a"), ("b", "http://i/b")], "http://h/", "http://h/")
    assert text == (
        "DIR holds files of other URLs, such as b of http://i/b, and a mirror of http://h/ with --delete would remove "
        "them: choose another directory, or add --moved to make it that mirror"
    )
    assert foreign_files("DIR", [("a b", "http://H:80/a%20b")], "http://h/", "http://h/") == ""
