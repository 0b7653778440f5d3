"""Which paths a complete listing proves to be absent, or to be of another kind."""

from __future__ import annotations

import pytest

from crawler.model import limits
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.values import Entry, Kind, Local
from crawler.pipeline.rules.extraneous import Extraneous, ListedNames, Unlisted, in_its_place, useless
from crawler.text.names.hashed import HashedNames

DOUBT = Flaw(FlawKind.ELSEWHERE)
FILE, DIRECTORY, LINK, OTHER = (Local(kind, 5, 0) for kind in (Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK, Kind.OTHER))


def shown(*entries: tuple[str, Kind], path: str = "") -> ListedNames:
    found = ListedNames()
    for name, kind in entries:
        directory, _, last = name.rpartition("/")
        found.add(path, [Entry(name=last, kind=kind, url="http://h/" + name, folder=directory)])
    return found


def gone(path: str, kind: Kind, *, replaced: bool = False) -> Extraneous:
    return Extraneous(path=path, kind=kind, size=5, replaced=replaced)


@pytest.mark.parametrize("here", [None, FILE, DIRECTORY, LINK, OTHER])
@pytest.mark.parametrize("listed", ["not", "file", "folder", "unclear", "mentioned"])
def test_a_record_is_of_no_use_where_neither_page_nor_disk_has_a_file(here: Local | None, listed: str) -> None:
    names = {"file": False, "folder": True, "unclear": None}
    shows = {"x": names[listed]} if listed in names else {}
    mentioned = {"x"} if listed == "mentioned" else set()
    found = useless(["x"], {"x": here} if here else {}, shows, mentioned)
    assert found == (["x"] if here is not FILE and listed in {"not", "folder"} else [])


def test_without_a_listing_every_record_without_a_file_is_of_no_use() -> None:
    assert useless(["x", "y"], {"y": FILE}) == ["x"]


def test_what_a_page_mentions_is_not_proven_absent() -> None:
    page = shown(("a", Kind.FILE), ("sub", Kind.DIRECTORY))
    page.mention(["b"])
    page.mention(["sub"])
    unlisted = Unlisted()
    unlisted.note("", page.extraneous("", {"b": FILE, "c": FILE, "sub": FILE}), doubt=None)
    assert (unlisted.mentioned, unlisted.gone) == (["b"], [gone("c", Kind.FILE)])
    assert unlisted.replaced == {"sub": gone("sub", Kind.FILE, replaced=True)}
    unlisted.confirm("sub")
    assert unlisted.gone == [gone("c", Kind.FILE), gone("sub", Kind.FILE, replaced=True)]


def test_a_page_that_proves_nothing_makes_nothing_extraneous() -> None:
    unlisted = Unlisted()
    unlisted.note("x", shown(path="x").extraneous("x", {"b": FILE}), doubt=DOUBT)
    unlisted.note("y", [], doubt=DOUBT)
    assert (unlisted.doubted, unlisted.gone) == ({"x": DOUBT}, [])
    assert [item.path for item in unlisted.unproven] == ["x/b"]


def test_what_is_a_directory_now_is_known_in_spite_of_doubt_about_the_rest() -> None:
    unlisted, page = Unlisted(), shown(("sub", Kind.DIRECTORY))
    unlisted.note("", page.extraneous("", {"sub": FILE}), doubt=DOUBT)
    assert unlisted == Unlisted(replaced={"sub": gone("sub", Kind.FILE, replaced=True)}, shown={"sub"})


@pytest.mark.parametrize(
    "order", [("foresee", "note", "confirm"), ("foresee", "confirm", "note"), ("note", "confirm")], ids="-".join
)
@pytest.mark.parametrize("lacks", ["", "note", "confirm"])
def test_a_file_goes_for_a_directory_once_both_listings_are_complete(order: tuple[str, ...], lacks: str) -> None:
    """The directory may be read before the listing that shows it comes to its end."""
    item, unlisted = gone("sub", Kind.FILE, replaced=True), Unlisted()
    events = {
        "foresee": lambda: unlisted.foresee([item]),
        "note": lambda: unlisted.note("", [item], doubt=None),
        "confirm": lambda: unlisted.confirm("sub"),
    }
    for event in order:
        if event != lacks:
            events[event]()
    assert unlisted.gone == ([] if lacks else [item])
    assert unlisted.is_replaced("sub/x") == (order[0] != lacks)


def test_what_a_page_shows_before_its_end_is_in_the_way_or_must_stay() -> None:
    items = [gone("a", Kind.FILE, replaced=True), Extraneous(path="b", kind=Kind.SYMLINK, size=5, spared="a link")]
    unlisted = Unlisted()
    unlisted.foresee(items)
    assert unlisted == Unlisted(replaced={"a": items[0]}, obstacles={"b": "a link"})


def test_what_is_not_proven_absent_after_all_stays() -> None:
    unlisted = Unlisted()
    unlisted.note("", [gone(name, Kind.FILE) for name in "abc"], doubt=None)
    unlisted.withdraw({"a", "c", "d"})
    assert unlisted.gone == [gone("b", Kind.FILE)]


def test_the_directories_that_pages_show_are_told_once() -> None:
    page = shown(("a", Kind.FILE), ("sub", Kind.DIRECTORY), ("u", Kind.UNKNOWN), ("x/y/b", Kind.FILE), path="p")
    page.add("p", [Entry(name="c", kind=Kind.FILE, url="http://h/x/c", folder="x")])
    assert page.take_new() == {"p": ["sub", "x"], "p/x": ["y"]}
    assert page.take_new() == {}


@pytest.mark.parametrize(
    ("directory", "name", "is_file"),
    [
        ("d", "a", True), ("d", "sub", False), ("d", "u", False), ("d", "both", False), ("d", "x", False),
        ("", "a", False), ("", "d", False), ("x", "a", False),
    ],
)  # fmt: skip
def test_what_is_listed_as_a_file_and_as_nothing_else(directory: str, name: str, is_file: bool) -> None:
    kinds = [("d/a", Kind.FILE), ("d/sub", Kind.DIRECTORY), ("d/u", Kind.UNKNOWN)]
    page = shown(*kinds, ("d/both", Kind.FILE), ("d/both", Kind.DIRECTORY))
    assert page.is_file(directory, name) is is_file


def test_of_many_names_only_hashes_are_kept_and_they_prove_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXACT_NAMES", 2)
    few, many = (shown(*((name, Kind.FILE) for name in names), path="d") for names in ("ab", "abc"))
    for page in (few, many):
        page.shorten("d")
        page.shorten("d")
        page.shorten("other")
        assert page.extraneous("d", {"a": FILE, "z": FILE}) == [gone("d/z", Kind.FILE)]
    assert [isinstance(page.directories["d"], HashedNames) for page in (few, many)] == [False, True]
    assert few.directories.keys() == many.directories.keys() == {"d"}


def test_what_is_not_shown_is_gone() -> None:
    page = shown(("a", Kind.FILE), ("sub", Kind.DIRECTORY))
    local = {"a": FILE, "b": FILE, "sub": DIRECTORY, "old": DIRECTORY}
    assert page.extraneous("", local) == [gone("b", Kind.FILE), gone("old", Kind.DIRECTORY)]


def test_paths_are_those_below_the_directory() -> None:
    assert shown(("a", Kind.FILE), path="x/y").extraneous("x/y", {"b": FILE}) == [gone("x/y/b", Kind.FILE)]


@pytest.mark.parametrize(("there", "kind"), [(FILE, Kind.FILE), (LINK, Kind.SYMLINK)])
def test_a_file_where_a_directory_is_shown_is_in_the_way(there: Local, kind: Kind) -> None:
    assert shown(("x", Kind.DIRECTORY)).extraneous("", {"x": there}) == [gone("x", kind, replaced=True)]


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.UNKNOWN])
def test_a_directory_where_a_file_is_shown_goes_only_once_that_file_has_arrived(kind: Kind) -> None:
    """Until then it may be a directory whose slash the listing omits."""
    unlisted = Unlisted()
    unlisted.note("", shown(("x", kind)).extraneous("", {"x": DIRECTORY}), doubt=None)
    item = gone("x", Kind.DIRECTORY, replaced=True)
    assert unlisted == Unlisted(obstructing={"x": item})
    unlisted.confirm("x")
    unlisted.arrived("y")
    assert unlisted.gone == []
    unlisted.arrived("x")
    assert unlisted.gone == [item]


@pytest.mark.parametrize("there", [FILE, LINK])
def test_an_entry_of_unknown_kind_proves_nothing(there: Local) -> None:
    assert shown(("x", Kind.UNKNOWN)).extraneous("", {"x": there}) == []


def test_a_link_may_stand_for_the_listed_file() -> None:
    assert shown(("x", Kind.FILE), ("y", Kind.SYMLINK)).extraneous("", {"x": LINK, "y": FILE}) == []


@pytest.mark.parametrize("there", [FILE, DIRECTORY])
@pytest.mark.parametrize("kinds", [(Kind.FILE, Kind.DIRECTORY), (Kind.DIRECTORY, Kind.FILE)])
def test_a_name_that_is_listed_as_both_is_neither_gone_nor_replaced(kinds: tuple[Kind, Kind], there: Local) -> None:
    assert shown(*(("x", kind) for kind in kinds)).extraneous("", {"x": there}) == []


def test_a_flat_listing_shows_the_directories_between() -> None:
    page = shown(("a/b/c", Kind.FILE), ("a/d", Kind.FILE))
    assert page.extraneous("", {"a": DIRECTORY, "z": FILE}) == [gone("z", Kind.FILE)]
    assert page.extraneous("a", {"b": FILE, "d": FILE}) == [gone("a/b", Kind.FILE, replaced=True)]
    assert page.extraneous("a/b", {"c": FILE, "e": FILE}) == [gone("a/b/e", Kind.FILE)]


def test_an_empty_listing_shows_nothing() -> None:
    assert ListedNames().extraneous("", {"a": FILE}) == [gone("a", Kind.FILE)]


@pytest.mark.parametrize(
    ("kinds", "is_directory", "clashes"),
    [
        ([Kind.FILE], False, False),
        ([Kind.DIRECTORY], True, False),
        ([Kind.UNKNOWN], None, False),
        ([Kind.FILE, Kind.FILE], False, False),
        ([Kind.UNKNOWN, Kind.UNKNOWN], None, False),
        ([Kind.FILE, Kind.DIRECTORY], None, True),
        ([Kind.DIRECTORY, Kind.FILE], None, True),
        ([Kind.UNKNOWN, Kind.FILE], None, True),
    ],
)
def test_a_name_is_of_the_kind_that_all_its_rows_say(
    kinds: list[Kind], is_directory: bool | None, clashes: bool
) -> None:
    found = shown(*(("d/x", kind) for kind in kinds))
    assert found.directories == {"": {"d": True}, "d": {"x": is_directory}}
    assert found.clashing == ({("d", "x")} if clashes else set())


@pytest.mark.parametrize("conclusive", [True, False])
@pytest.mark.parametrize("spared", ["", "a symbolic link", "--log-file"])
@pytest.mark.parametrize("as_shown", [None, Kind.FILE, Kind.DIRECTORY, Kind.UNKNOWN])
@pytest.mark.parametrize("kind", [Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK])
def test_what_must_stay_is_never_gone(conclusive: bool, spared: str, as_shown: Kind | None, kind: Kind) -> None:
    page = shown(("other", Kind.FILE), *([("x", as_shown)] if as_shown else []))
    unlisted = Unlisted()
    unlisted.note("", page.extraneous("", {"x": Local(kind, 5, 0, spared)}), doubt=None if conclusive else DOUBT)
    unlisted.confirm("x")
    in_the_way = as_shown is Kind.DIRECTORY and kind is not Kind.DIRECTORY
    assert bool(unlisted.gone) == (not spared and (in_the_way or (as_shown is None and conclusive)))
    assert bool(unlisted.doubted) == (not spared and as_shown is None and not conclusive)
    assert unlisted.spared == ({"x": spared} if spared and as_shown is None else {})
    assert unlisted.obstacles == ({"x": spared} if spared and in_the_way else {})
    assert (unlisted.obstacle("x/y/z") is not None) == bool(unlisted.obstacles)
    assert unlisted.obstacle("xy/z") is None


def test_a_user_reads_what_is_in_the_way_and_what_to_do() -> None:
    unlisted = Unlisted(obstacles={"a/link": "a symbolic link", "b": "a mount point"})
    link = "a/link is a symbolic link, never written through: replace it by a directory or mirror elsewhere"
    mount = "b is a mount point, and in the way of its directory: move it away"
    found = {path: unlisted.obstacle(path) for path in ("a/link", "a/link/x", "a", "a/linked", "b", "b/c/d", "bc")}
    assert found == {
        "a/link": link, "a/link/x": link, "a": None, "a/linked": None, "b": mount, "b/c/d": mount, "bc": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "is_replaced"), [("a/x", True), ("a/x/y/z", True), ("a", False), ("a/xy", False), ("b", False)]
)
def test_all_below_a_file_that_became_a_directory_is_replaced(path: str, is_replaced: bool) -> None:
    assert Unlisted(replaced={"a/x": gone("a/x", Kind.FILE, replaced=True)}).is_replaced(path) is is_replaced


def test_where_the_state_alone_says_what_a_page_shows_that_page_is_named() -> None:
    items = [gone("d/a", Kind.FILE), gone("d/b", Kind.FILE)]
    unlisted = Unlisted()
    unlisted.note("d", items, doubt=None, recalled=("d", "http://h/d/"))
    unlisted.note("", [gone("c", Kind.FILE)], doubt=None)
    assert unlisted == Unlisted(
        gone=[*items, gone("c", Kind.FILE)], recalled=dict.fromkeys(["d/a", "d/b"], ("d", "http://h/d/"))
    )


@pytest.mark.parametrize(
    ("path", "replaced", "is_lacking"),
    [
        ("x/y/a", False, False),
        ("x/y/b", False, True),
        ("x/y/m", False, False),  # mentioned
        ("x/y/sub", False, False),
        ("x/y/sub", True, True),
        ("x/y/a", True, False),
        ("x/y/u", True, False),  # the listing does not show its kind
        ("x/y/b", True, False),
        ("other/a", False, True),
        ("a", False, True),
    ],
)
def test_a_page_lacks_what_it_does_not_show(path: str, replaced: bool, is_lacking: bool) -> None:
    page = shown(("a", Kind.FILE), ("sub", Kind.DIRECTORY), ("u", Kind.UNKNOWN), path="x/y")
    page.mentioned.add("m")
    assert page.lacks(gone(path, Kind.FILE, replaced=replaced)) is is_lacking


def test_a_directory_that_stays_where_a_file_is_shown_hides_nothing_behind_it() -> None:
    stays = Extraneous(path="x", kind=Kind.DIRECTORY, size=0, replaced=True, spared="a mount point")
    unlisted = Unlisted()
    unlisted.note("", [stays, gone("y", Kind.FILE)], doubt=None)
    assert unlisted == Unlisted(gone=[gone("y", Kind.FILE)], occupied={"x": "a mount point"})


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (Kind.DIRECTORY, "a directory is in its place"),
        (Kind.SYMLINK, "a symbolic link is in its place"),
        (Kind.OTHER, "something other than a regular file is in its place"),
    ],
)
def test_what_is_in_the_place_of_a_file_is_named(kind: Kind, what: str) -> None:
    assert in_its_place(kind) == what


@pytest.mark.parametrize("events", [("turn out", "confirm"), ("turn out",), ("confirm", "turn out"), ("confirm",)])
@pytest.mark.parametrize("spared", ["", "a mount point"])
def test_a_file_whose_url_is_that_of_a_directory_goes_once_that_has_been_read(
    events: tuple[str, ...], spared: str
) -> None:
    unlisted = Unlisted()
    for event in events:
        if event == "confirm":
            unlisted.confirm("a/x")
        else:
            unlisted.turn_out("a/x", Local(Kind.FILE, 5, 0, spared=spared))
    goes = events == ("turn out", "confirm") and not spared
    assert unlisted.gone == ([gone("a/x", Kind.FILE, replaced=True)] if goes else [])
    assert unlisted.is_replaced("a/x/y") is ("turn out" in events and not spared)
    assert (unlisted.obstacle("a/x/y") is not None) is ("turn out" in events and bool(spared))
