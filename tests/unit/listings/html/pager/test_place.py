"""Which controls may continue a listing although they lead to another URL than its directory."""

from __future__ import annotations

import pytest

from crawler.listings.html.pager.controls import Control
from crawler.listings.html.pager.labels import Label, Says
from crawler.listings.html.pager.place import Place, is_numbered_path, is_other_form, may_continue, place_of
from crawler.listings.values.hrefs import Resolver


def place() -> Place:
    """That of a listing in another order."""
    return place_of(Resolver("http://h.test/pub/?sort=name"))


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("http://h.test/pub/page/2/", True),
        ("http://h.test/pub/page/2/?sort=name", True),
        ("http://h.test/pub/index2.html", True),
        ("http://h.test/pub/list.php?page=0", True),
        ("http://h.test/pub/list.php?x=2", False),
        ("http://other.test/pub/?page=2", True),
        ("http://other.test/pub/?x=2", False),
        ("http://other.test/sub/?page=2", False),
        ("http://h.test/pub/sub/list.php?page=2", False),
        ("http://h.test/page/2/", False),
        ("http://h.test/pub/chapter/2/", False),
        ("http://h.test/pub/next.html", False),
    ],
)
def test_next_leads_to_a_number_below_the_directory_or_to_its_path_with_that_of_a_page(url: str, may: bool) -> None:
    assert may_continue(Control(Label(Says.NEXT), "Next", url), url, place()) is may
    assert may_continue(Control(Label(Says.NEXT), "Next", url, is_loaded=True), url, place())


@pytest.mark.parametrize(
    ("url", "is_page"),
    [
        ("http://h.test/pub/page/2/", True),
        ("http://h.test/pub/2", True),
        ("http://h.test/pub/page-2.html?x=3", True),
        ("http://h.test/pub/page/3/", False),
        ("http://h.test/2/", False),
        ("http://h.test/pub/", False),
    ],
)
def test_a_number_leads_to_the_directory_with_that_number_behind_it(url: str, is_page: bool) -> None:
    assert is_numbered_path(Control(Label(Says.NUMBER, 2), "2", url), url, place()) is is_page


@pytest.mark.parametrize(
    ("href", "action", "is_other"),
    [
        (None, "", False),
        (None, "?x=1", False),
        (None, "#top", False),
        (None, "/pub/", False),
        (None, "/pub/?x=/a/b", False),
        (None, "/pub/#/a", False),
        (None, "list.php", False),
        (None, "list.php?x=/a/b", False),
        (None, "list.php#/a/b", False),
        (None, "vote", True),
        (None, "/list.php", True),
        (None, "http://[", True),
        ("?page=2", "/vote", False),
    ],
)
def test_a_form_is_another_one_if_neither_the_directory_nor_a_script_in_it_receives_it(
    href: str | None, action: str, is_other: bool
) -> None:
    assert is_other_form(Control(Label(Says.NEXT), "Next", href, action=action), place()) is is_other
