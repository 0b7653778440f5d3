"""Resolves the links of a listing and classifies them by their targets.

References are resolved according to RFC 3986 section 5 and keep their bytes (``%d1`` and ``%D1`` stay different,
``%2e%2e`` is never collapsed). Only characters that a request line cannot contain are percent-encoded, as browsers do.
The name of an entry is the last segment of the encoded path, decoded once.
"""

from __future__ import annotations

from enum import Enum
from urllib.parse import parse_qsl, urlsplit

from crawler.listings.values import queries
from crawler.model.reasons import Reason
from crawler.model.struct import Value, replace
from crawler.text.patterns import pattern
from crawler.text.urls import INDEX_SORT, decoded, is_same_site, page_origin, resolve_any, segment_problem, stripped

_SCHEMES = {"http", "https", "ftp"}
_TYPE_CODE = pattern(r"(?<=[^/]);type=[adi](?=/?\Z)")
_SIMPLE = pattern(r"(?:\./)?[A-Za-z0-9_%~+!$,;'@()*=&\[\]|][A-Za-z0-9_%.~+!$,;'@()*=&\[\]|-]*/?")
PLAIN_DIRECTORY = pattern(
    r"((?P<host>https?://[a-z0-9.-]+(?::[0-9]{1,5})?)/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*/)*)[A-Za-z0-9_~-][A-Za-z0-9_.~-]*/"
)
"""URL of a directory that is not the root, without anything to be resolved. Groups: URL of the parent, and origin."""
PLAIN_HREF_TEXT = r"[A-Za-z0-9_][A-Za-z0-9_.~+-]{0,199}/?"
PLAIN_HREF = pattern(PLAIN_HREF_TEXT)
"""References that are names as they are, see ``Resolver.plain_base``."""
_SCHEME = pattern(r"([A-Za-z][A-Za-z0-9+.-]*):")
_FILE_KEYS = ("file", "filename", "f", "download", "dl", "name", "get")
_DRIVE_OR_PARENT = pattern(r"(?:^|\\)\.\.(?:\\|$)|^[A-Za-z]:\\|^\\")


class LinkKind(Enum):
    """The kind of a link, judged by its target alone. The values are the reasons in ``docs/listings.md``."""

    CHILD = "child"
    PAGE = Reason.PAGE.value
    SORT = Reason.SORT.value
    PARENT = Reason.PARENT.value
    BREADCRUMB = Reason.BREADCRUMB.value
    SELF = Reason.SELF.value
    ABOVE = Reason.ABOVE.value
    OTHER_HOST = Reason.OTHER_HOST.value
    SCHEME = Reason.SCHEME.value
    QUERY = Reason.QUERY.value
    FRAGMENT = Reason.FRAGMENT.value
    DEEP = Reason.DEEP.value
    BAD_NAME = Reason.BAD_NAME.value


class Target(Value, frozen=True):
    """A resolved link. ``url`` is "" if the link cannot be resolved, ``name`` is "" if it has none."""

    kind: LinkKind
    url: str = ""
    name: str = ""
    slash: bool = False
    """Whether the target's path ends in a slash."""
    folder: str = ""
    """The decoded path from the listing to the target's directory; "" for a child."""
    queried: bool = False
    """Whether the query contains the path of a directory below the listed one."""
    problem: str = ""
    """For BAD_NAME: why the name is invalid."""


def link_name_problem(name: str) -> str:
    """Why the last segment of a link (decoded) cannot be an entry's name; "" if it can."""
    problem = segment_problem(name)
    if problem is None and "\\" in name and _DRIVE_OR_PARENT.search(name):
        return "leaves the directory by a backslash"
    return problem or ""


class Resolver:
    """Resolves the links of one page."""

    def __init__(
        self, url: str, base_href: str = "", *, root: str = "", directory: str | None = None, coded: bool = False
    ) -> None:
        """``root``: encoded path of the directory that the page lists, by default that of ``url`` or ``base_href``.
        ``directory``: the directory that the query of ``url`` names, by default taken from its parameters. ``coded``:
        queries name directories in base64.
        """
        self._base_href = base_href
        self._parent = ""
        """URL of the directory above the listed one, if both have URLs without anything special; otherwise ""."""
        if not (base_href or root or directory is not None) and self._is_plain(url, coded=coded):
            return
        self.page = url.partition("#")[0]
        self.base = (resolve_any(self.page, base_href) if base_href else None) or self.page
        self.origin = page_origin(self.page)
        try:
            parts = urlsplit(self.page)
        except ValueError:
            parts = urlsplit("")
        self.path, self.query = parts.path or "/", parts.query
        self.is_coded = coded
        self.key, named = queries.directory_value(self.query) or ("", "")
        self.named_directory = named if directory is None else directory
        self.directory = self.base.partition("?")[0].rpartition("/")[0] + "/"
        if self.directory.count("/") < 3:
            self.directory = self.base.partition("?")[0].rstrip("/") + "/"
        self._plain = self.origin is not None and page_origin(self.directory) == self.origin
        assumed = self._path(self.directory) if self._plain else self.path.rpartition("/")[0] + "/"
        self.root = root or assumed
        self._fast = self._plain and self.root == assumed

    def _is_plain(self, url: str, *, coded: bool) -> bool:
        """Whether ``url`` is that of a directory with nothing special in it; if so, sets all attributes."""
        plain, origin = PLAIN_DIRECTORY.fullmatch(url), page_origin(url)
        if plain is None or origin is None:
            return False
        self.page = self.base = self.directory = url
        self.origin, self.path, self.query = origin, url[plain.end("host") :], ""
        self.is_coded, self.key, self.named_directory = coded, "", ""
        self.root, self._plain, self._fast, self._parent = self.path, True, True, plain[1]
        return True

    @property
    def plain_base(self) -> str | None:
        """What precedes a PLAIN_HREF, a child of this directory, in its URL; None if ``target`` must resolve it."""
        return self.directory if self._fast else None

    @staticmethod
    def _path(url: str) -> str:
        return "/" + url.split("/", 3)[3].partition("?")[0]

    def with_root(self, root: str) -> Resolver:
        """The resolver for a page that lists the directory ``root`` (an encoded path that ends in a slash)."""
        return Resolver(self.page, self._base_href, root=root, directory=self.named_directory, coded=self.is_coded)

    def with_named_directory(self, directory: str, *, coded: bool) -> Resolver:
        """The resolver for a page whose query names the directory ``directory``, in base64 if ``coded``."""
        return Resolver(self.page, self._base_href, root=self.root, directory=directory, coded=coded)

    def target(self, href: str, *, literal: bool = False) -> Target:
        """The target of ``href``. ``literal``: its path parameters (``;…``) belong to the name."""
        if href == "../" and self._parent:
            return Target(LinkKind.PARENT, self._parent)
        href = stripped(href)
        if ";" in href and not literal:
            href = self._without_session(href) or "./"
        if self._fast and _SIMPLE.fullmatch(href):
            return self._simple(href, literal=literal)
        if not href or href[0] == "#":
            return Target(LinkKind.FRAGMENT)
        scheme = _SCHEME.match(href)
        if scheme and (scheme[1].lower() not in _SCHEMES or not href[scheme.end() :].strip("/")):
            return Target(LinkKind.SCHEME)
        url = resolve_any(self.base, href)
        if url is None and "\\" in href:
            name = decoded(href.rpartition("/")[2])
            return Target(LinkKind.BAD_NAME, "", name, problem="contains backslashes that browsers read as //")
        place = page_origin(url) if url else None
        if url is None or place is None or (place[0] == "ftp" and self.origin and self.origin[0] != "ftp"):
            return Target(LinkKind.SCHEME, url or "")
        parts = urlsplit(url)
        if not is_same_site(place, self.origin):
            return self._elsewhere(LinkKind.OTHER_HOST, url, parts.path)
        if parts.query or url.endswith("?"):
            return self._with_query(url, parts.path or "/", parts.query)
        return self._by_path(url, parts.path or "/", literal=literal)

    def _without_session(self, href: str) -> str:
        """``href`` without session parameters, except those in the URL of this directory, which are part of names."""
        for own in (self.directory, self.root):
            if ";" in own and own.startswith(href):
                return href
            if ";" in own and href.startswith(own):
                return own + queries.without_session(href[len(own) :])
        return queries.without_session(href)

    def _simple(self, href: str, *, literal: bool) -> Target:
        bare = href[2:] if href.startswith("./") else href
        slash = bare.endswith("/")
        segment = bare[:-1] if slash else bare
        name = decoded(segment)
        if problem := link_name_problem(name):
            return Target(LinkKind.BAD_NAME, self.directory + bare, name, problem=problem)
        if ";" in segment and not literal:
            name = decoded(_TYPE_CODE.sub("", segment))
        return Target(LinkKind.CHILD, self.directory + bare, name, slash)

    @staticmethod
    def _elsewhere(kind: LinkKind, url: str, path: str) -> Target:
        slash = path.endswith("/")
        name = decoded(path.rstrip("/").rpartition("/")[2])
        return Target(kind, url, "" if link_name_problem(name) else name, slash)

    def _by_path(self, url: str, path: str, *, literal: bool = False) -> Target:
        if path in {self.root, self.path} and path != self.root.rstrip("/"):
            return Target(LinkKind.SELF, url)
        bare = path.rstrip("/") + "/"
        if path.endswith("//"):
            path = bare
        if self.root.startswith(bare):
            return Target(self._kind_above(bare), url)
        if not path.startswith(self.root):
            return self._elsewhere(LinkKind.ABOVE, url, path)
        tail = path[len(self.root) :] if literal else _TYPE_CODE.sub("", path[len(self.root) :])
        slash = tail.endswith("/")
        segments = [decoded(segment) for segment in tail.rstrip("/").split("/")]
        segments = [segment for segment in segments[:-1] if segment] + segments[-1:]
        if problem := next(filter(None, map(link_name_problem, segments)), ""):
            return Target(LinkKind.BAD_NAME, url, segments[-1], problem=problem)
        kind = LinkKind.CHILD if len(segments) == 1 else LinkKind.DEEP
        return Target(kind, url, segments[-1], slash, "/".join(segments[:-1]))

    def _kind_above(self, path: str) -> LinkKind:
        """The kind of a link to the listed directory or to one above it; ``path`` ends in a slash."""
        if path == self.root:
            return LinkKind.SELF
        parent = self.root.rstrip("/").rpartition("/")[0] + "/"
        return LinkKind.PARENT if path == parent else LinkKind.BREADCRUMB

    def _with_query(self, url: str, path: str, query: str) -> Target:
        here = path in {self.path, self.root} or path.rstrip("/") == self.root.rstrip("/")
        script = here or (path.startswith(self.root) and "/" not in path[len(self.root) :])
        if here and INDEX_SORT.fullmatch(query):
            return Target(LinkKind.SORT, url)
        if here and queries.SORT_KEYS.search(query) and self._is_same_directory(query):
            return Target(LinkKind.PAGE if self._is_further(query) else LinkKind.SORT, url)
        if script and (named := self._named_by_query(url, query)):
            return named
        if here and self._is_further(query):
            return Target(LinkKind.PAGE, url)
        return Target(LinkKind.QUERY, url) if here else self._with_kept_query(url, path, query)

    def _with_kept_query(self, url: str, path: str, query: str) -> Target:
        """The entry at ``path`` with the query parameters that fetching it needs; or a link up if it needs none."""
        kept = queries.kept_of(path, query)
        if kept is None:
            return Target(LinkKind.QUERY, url)
        target = self._by_path(url.partition("?")[0], path)
        if target.kind in {LinkKind.CHILD, LinkKind.DEEP, LinkKind.BAD_NAME}:
            return replace(target, url=f"{target.url}?{kept}") if kept else target
        return (
            target
            if target.kind in {LinkKind.PARENT, LinkKind.BREADCRUMB} and not kept
            else Target(LinkKind.QUERY, url)
        )

    def shows_same(self, url: str) -> bool:
        """Whether ``url`` is that of the listed directory, whatever else its query says."""
        path, _, query = url.partition("#")[0].partition("?")
        where = page_origin(url)
        if where is None or not is_same_site(where, self.origin):
            return False
        path = "/" + path.partition("://")[2].partition("/")[2]
        is_here = path.rstrip("/") in {self.path.rstrip("/"), self.root.rstrip("/")}
        is_script = path.startswith(self.root) and queries.OWN_SCRIPT.fullmatch(path[len(self.root) :]) is not None
        value = queries.directory_value(query, coded=self.is_coded) or ("", "")
        own = decoded(self.root).rstrip("/")  # some programs name the directory from the root of the host
        is_same = value[1] == self.named_directory or (value[1] != "" and own.endswith(f"/{value[1]}"))
        return (is_here or is_script) and is_same

    def _is_same_directory(self, query: str) -> bool:
        value = queries.directory_value(query, coded=self.is_coded)
        return value is None or value[1] == self.named_directory

    def _named_by_query(self, url: str, query: str) -> Target | None:
        value = queries.directory_value(query, coded=self.is_coded)
        file = next((v for k, v in parse_qsl(query, errors="surrogateescape") if k.lower() in _FILE_KEYS and v), "")
        if value is None:
            return None
        key, directory = value
        if file:
            file = file.rstrip("/").rpartition("/")[2]
            if directory != self.named_directory or link_name_problem(file):
                return None
            return Target(LinkKind.CHILD, url, file)
        target = self._named_directory_target(url, directory)
        # A path that is the whole query (``?/a/b``) may name a file: only a trailing slash makes it a directory.
        slash = target.slash and (key != "/" or query.partition("&")[0].endswith("/"))
        queried = target.kind is LinkKind.CHILD and key in queries.PLAIN_DIRECTORY_KEYS and "/" in decoded(query)
        return replace(target, slash=slash, queried=queried)

    def _named_directory_target(self, url: str, directory: str) -> Target:
        if directory == self.named_directory:
            return Target(LinkKind.SELF, url)
        above = self.named_directory.rpartition("/")[0]
        if not directory or (self.named_directory + "/").startswith(directory + "/"):
            return Target(LinkKind.PARENT if directory == above else LinkKind.BREADCRUMB, url)
        if self.named_directory and not directory.startswith(self.named_directory + "/"):
            return Target(LinkKind.PARENT if directory.endswith("/..") else LinkKind.ABOVE, url)
        segments = directory[len(self.named_directory) :].strip("/").split("/")
        if problem := next(filter(None, map(link_name_problem, segments)), ""):
            return Target(LinkKind.PARENT if segments[-1] == ".." else LinkKind.BAD_NAME, url, problem=problem)
        return Target(
            LinkKind.CHILD if len(segments) == 1 else LinkKind.DEEP, url, segments[-1], True, "/".join(segments[:-1])
        )

    def _is_further(self, query: str) -> bool:
        """True if a query requests a later page than this one. Page numbers begin at 1, offsets at 0."""
        key, page = queries.page_of(query)
        here = queries.page_of(self.query)[1]
        return page > max(here, 1 if key.startswith("p") else 0)
