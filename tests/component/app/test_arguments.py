"""The arguments of ``mirror`` and ``download`` other than options: observers, items, a directory, a destination."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas
import pytest
import yarl

import crawler
from crawler.app.arguments.items import pairs_of
from crawler.app.arguments.observers import guarded
from crawler.model.observer import Silent
from tests.support.misbehaving.server import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        for path in ("a.zip", "sub/c.zip"):
            running.file(path, path.encode())
        yield running


class Counts(crawler.Observer):
    def __init__(self) -> None:
        self.finished_files = self.ends = 0

    def finished(self, result: crawler.Result) -> None:
        self.finished_files += 1

    def run_finished(self) -> None:
        self.ends += 1


class Raising(Counts):
    def run_finished(self) -> None:
        raise KeyError("mine")


class Silly(Exception):
    """Its text raises."""

    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("a\nb \x1b[31m"), "RuntimeError: a b \\x1b[31m"),
        (Silly(), "Silly: <exception str() failed>"),
        (ValueError(), "ValueError"),
        (OSError(2, "x" * 9000), "FileNotFoundError: [Errno 2] " + "x" * 400),
    ],
)
def test_what_an_observer_raises_is_one_short_line(error: Exception, said: str) -> None:
    class Mine(crawler.Observer):
        def walked(self) -> None:
            raise error

    (guard,) = guarded(Mine())
    guard.walked()
    guard.walked()
    assert said in guard.problem
    assert guard.problem.isprintable()
    assert len(guard.problem) < 600


def test_an_error_of_the_run_is_raised_although_an_observer_raises_too(tmp_path: Path) -> None:
    with pytest.raises(crawler.ListingError):
        crawler.mirror_sync("http://127.0.0.1:1/", tmp_path / "m", attempts=1, observers=Raising())


class Duck:
    """An observer that is not derived from Observer."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_values, **_more: self.heard.append(name)

    def __init__(self) -> None:
        self.heard: list[str] = []


def test_whatever_has_the_methods_is_an_observer_alone_or_in_any_iterable(site: Site, tmp_path: Path) -> None:
    ducks = [Duck() for _ in range(5)]
    for number, observers in enumerate([ducks[0], [ducks[1]], (ducks[2],), {ducks[3]}, iter([ducks[4]])]):
        call: Any = observers
        crawler.mirror_sync(site.url, tmp_path / str(number), observers=call)
    for duck in ducks:
        assert {"listed", "finished", "walked"} <= set(duck.heard)
        assert duck.heard[-1] == "run_finished"


class Half:
    def finished(self, result: crawler.Result) -> None: ...


class Yields(crawler.Observer):
    def finished(self, result: crawler.Result) -> Iterator[None]:  # type: ignore[override]
        yield


class Waits(crawler.Observer):
    async def finished(self, result: crawler.Result) -> None: ...  # type: ignore[override]


@pytest.mark.parametrize(
    ("observers", "message"),
    [
        ([crawler.Observer], "observers: Observer is an interface: derive a class from it, and pass an "
                             "instance of that"),
        (Counts, "observers: Counts is a class: write Counts(), an instance"),
        ([Counts(), Silent], "observers: Silent is a class: write Silent(), an instance"),
        ([print], "observers: expected instances of crawler.Observer, not builtin_function_or_method"),
        ("bars", "observers: expected instances of crawler.Observer, not str"),
        (None, "observers: expected instances of crawler.Observer, not NoneType"),
        ([None], "observers: expected instances of crawler.Observer, not NoneType"),
        ({"a": Silent()}, "observers: expected instances of crawler.Observer, not str"),
        (7, "observers: expected instances of crawler.Observer, not int"),
        (Half(), "observers: Half lacks listing_read, listing_failed, rejected, listed, walked, started, received, "
                 "resumed, all_unchanged, run_finished: derive it from crawler.Observer"),
        ([Waits()], "observers: Waits.finished would have to be awaited: write 'def finished', without async"),
        ([Yields()], "observers: Yields.finished is a generator, whose body never runs: write it without yield"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_before_anything_runs(observers: Any, message: str, tmp_path: Path) -> None:
    for call in (
        lambda: crawler.mirror_sync("http://127.0.0.1:1/", tmp_path / "m", observers=observers),
        lambda: crawler.download_sync("http://127.0.0.1:1/a", tmp_path / "m", observers=observers),
    ):
        with pytest.raises(crawler.ConfigError) as caught:
            call()
        assert str(caught.value) == message
    assert not (tmp_path / "m").exists()


def test_an_observer_costs_nothing_for_events_that_it_does_not_override() -> None:
    (guard,) = guarded(Silent())
    assert guard._methods == {}


URL = "http://h/a%20b.zip"


class Location(str):
    """Text of a class of its own, such as those of NumPy and pydantic."""


@pytest.mark.parametrize("url", [URL, Location(URL), yarl.URL(URL, encoded=True), urlsplit(URL)])
def test_an_item_is_a_url_or_a_pair(url: Any) -> None:
    for items in (url, [url], (url,), {url}, iter([url])):
        assert pairs_of(items) == [(URL, "")]
    for path in ("x/y.zip", Path("x/y.zip")):
        for pair in ((url, path), [url, path]):
            assert pairs_of([pair]) == [(URL, "x/y.zip")]
    table = pandas.DataFrame({"url": [URL], "path": ["x"]})
    for items in (table.itertuples(index=False), table.to_numpy(), zip(table.url, table.path, strict=True)):
        assert pairs_of(items) == [(URL, "x")]
    assert pairs_of(table.url) == pairs_of(table.url.to_numpy()) == [(URL, "")]


ENTRY = crawler.Entry(name="a", kind=crawler.Kind.FILE, url="http://h/a")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (None, "items: expected URLs, or pairs of URL and path, not NoneType"),
        (7, "items: expected URLs, or pairs of URL and path, not int"),
        (pandas.DataFrame(), "items: a table: give a column of it, or two with itertuples(index=False)"),
        (b"http://h/a", "items: expected URLs, or pairs of URL and path, not bytes"),
        ([URL, b"http://h/a"], "items[1]: expected URLs, or pairs of URL and path, not bytes"),
        ([(URL,)], "items[0]: expected URLs, or pairs of URL and path, not tuple"),
        ([(URL, "a", "b")], "items[0]: expected URLs, or pairs of URL and path, not tuple"),
        ([(URL, 7)], "items[0]: path: expected text or a path, not int"),
        ([(URL, b"a")], "items[0]: path: expected text or a path, not bytes: decode it with os.fsdecode"),
        ([ENTRY], "items[0]: expected URLs, or pairs of URL and path, not Entry: pass (entry.url, entry.path)"),
        ([(Path(URL), "a")], "items[0]: URL: expected text, not PosixPath: a Path folds the slashes of a URL"),
        ("urls.txt", "items: not an http or https URL: urls.txt: pass the URLs in it: "
                     "Path('urls.txt').read_text().split()"),
        ([URL, ""], "items[1]: not an http or https URL: (empty)"),
        ([URL, ("a", URL)], f"items[1]: the URL comes first, then the path: ({URL!r}, 'a')"),
        ((URL, "a"), "items: a pair of URL and path is an item: put it into a list, [(url, path)]"),
    ],
)  # fmt: skip
def test_any_other_item_is_refused_by_its_number(items: Any, message: str) -> None:
    with pytest.raises(crawler.ConfigError) as caught:
        pairs_of(items)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("directory", "message"),
    [
        (None, "DIR: expected text or a path, not NoneType"),
        (7, "DIR: expected text or a path, not int"),
        (b"m", "DIR: expected text or a path, not bytes: decode it with os.fsdecode"),
        (Path, "DIR: expected text or a path, not type"),
        (Path("s3://b/p"), "DIR: s3:/b/p: a Path folds the slashes of a URL: give s3://… as text"),
        (Path("~/m"), "DIR: ~/m: a Path keeps ~ as it is: call its expanduser(), or resolve() if you mean it"),
        (Path("~"), "DIR: ~: a Path keeps ~ as it is: call its expanduser(), or resolve() if you mean it"),
        ("a\0b", "DIR: a path cannot contain NUL"),
        ("~/m",
         "DIR: ~/m: only a shell expands ~, and not in quotes: write the path in full, or write ./~/m if that is its "
         "name"),
        ("\ud800", "DIR: it has a character that no path can hold"),
        ("a/" + "x" * 256, "DIR: a name has at most 255 bytes, and a path 4000"),
        ("x/" * 2500, "DIR: a name has at most 255 bytes, and a path 4000"),
    ],
)  # fmt: skip
def test_a_directory_that_is_none_is_refused_by_name(directory: Any, message: str) -> None:
    for call in (crawler.mirror_sync, crawler.download_sync):
        with pytest.raises(crawler.ConfigError) as caught:
            call("http://127.0.0.1:1/", directory)
        assert str(caught.value) == message


@pytest.mark.parametrize("destination", [7, "dir", crawler.Config, Path("x"), open])
def test_a_destination_that_is_none_is_refused_by_name(destination: Any, tmp_path: Path) -> None:
    with pytest.raises(crawler.ConfigError, match="destination: "):
        crawler.mirror_sync("http://127.0.0.1:1/", tmp_path / "m", destination=destination)
    assert not (tmp_path / "m").exists()


class Lacking:
    async def __aenter__(self) -> Lacking:
        return self

    async def __aexit__(self, *_: object) -> None: ...


def test_a_destination_without_the_methods_is_refused_by_what_it_lacks(site: Site, tmp_path: Path) -> None:
    destination: Any = Lacking()
    with pytest.raises(crawler.ConfigError, match=r"destination: Lacking lacks scan, .*: derive it from crawler\.Dest"):
        crawler.mirror_sync(site.url, tmp_path / "m", destination=destination)


PAGE = (
    b'<h1>Index of /pub</h1><pre><a href="../">../</a>\n'
    b'<a href="\xc3\xa9">\xc3\xa9</a>  01-Jan-2025 12:00  1234\n</pre>'
)


def test_a_page_is_bytes_or_text() -> None:
    for page in (PAGE, bytearray(PAGE), memoryview(PAGE), PAGE.decode()):
        for kind in ("", None, "text/html", "text/html; charset=iso-8859-1"):
            call: Any = page
            listing = crawler.parse_listing(call, yarl.URL("http://h/pub/"), kind)
            assert listing.is_listing
            assert [entry.url for entry in listing.entries] == ["http://h/pub/%C3%A9"] or "8859" in str(kind)
    for wrong in ({"body": None}, {"body": 7}, {"url": None}, {"content_type": 7}):
        arguments: Any = {"body": PAGE, "url": "http://h/", "content_type": "", **wrong}
        with pytest.raises(crawler.ConfigError, match=f"^{next(iter(wrong))}: expected "):
            crawler.parse_listing(**arguments)


def test_options_from_something_else_than_a_mapping_are_refused_by_name() -> None:
    options: Any = ["workers"]
    with pytest.raises(crawler.ConfigError, match=r"^mine: expected a mapping, not list$"):
        crawler.Config.from_mapping(options, where="mine")


def test_a_url_may_be_an_object(site: Site, tmp_path: Path) -> None:
    assert crawler.mirror_sync(yarl.URL(site.url), str(tmp_path / "m")).saved == 2
    assert crawler.mirror_sync(urlsplit(site.url), tmp_path / "m").unchanged == 2  # type: ignore[arg-type]
