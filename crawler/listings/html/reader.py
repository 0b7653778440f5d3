"""Reads one HTML page, of any family, as a listing.

Links are resolved and classified by their targets; the tree is divided into rows; the group of rows that is the listing
is found; its columns are read and the kinds of its entries decided; finally the marks of a listing are weighed. The
family determines how sizes are rounded and what proves the listing.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

from bs4.element import NavigableString

from crawler.listings.html import families, verdict
from crawler.listings.html.families import Family
from crawler.listings.html.index_pages import resolve_index_pages
from crawler.listings.html.listed_directory import find_listed_directory, find_query_directory
from crawler.listings.html.soundness.page_end import LastRow, PageEnd, end_of
from crawler.listings.html.specimens.abridged_page import Abridged
from crawler.listings.html.specimens.row_copies import Copies
from crawler.listings.html.titles import Titles, links_up, read_titles
from crawler.listings.html.tree import unescaped_names
from crawler.listings.html.tree.external_rows import lead_elsewhere
from crawler.listings.html.tree.file_names import Names
from crawler.listings.html.tree.headings import count_words
from crawler.listings.html.tree.kinds import KindReader
from crawler.listings.html.tree.regions import Candidate, choose_regions, find_regions, labels_of
from crawler.listings.html.tree.rejected_rows import name_rejected_rows
from crawler.listings.html.tree.row_facts import order_of, read_facts
from crawler.listings.html.tree.rows import MAX_CLIMB, RowSplitter
from crawler.listings.html.tree.survey import Link, Survey
from crawler.listings.html.verdict import Evidence
from crawler.listings.page import tree_of
from crawler.listings.values import queries
from crawler.listings.values.hrefs import LinkKind, Resolver
from crawler.listings.values.mentioned_names import has_files, last_name, names_of_link, reason_of, row_rejection
from crawler.listings.values.sizes import are_apart
from crawler.listings.values.times import Order
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Listing, Rejection, Span

_FRAGMENT_DIGEST = re.compile(r"#(?:[^#]*&)?(sha256|sha512|md5)[=:]([0-9a-fA-F]{32,128})")
_EPOCH_YEAR = 1970
_AROUND = {LinkKind.PARENT, LinkKind.SELF, LinkKind.SORT, LinkKind.BREADCRUMB, LinkKind.FRAGMENT}
"""Links that are no sign of rows."""


class HtmlReader:
    """One HTML page being read, or a part of it.

    ``part`` is an abridgement of the page ``text``; ``leader`` is the reader of the first part, None for that part
    itself. Raises NotAbridgeable if the page must be read unabridged.
    """

    def __init__(self, url: str, text: str, part: Abridged, leader: HtmlReader | None = None) -> None:
        self._url, self._text = url, text
        self.family: Family = leader.family if leader else families.family_of(text)
        self._tree = tree_of(part.text)
        self.survey = Survey.of(self._tree)
        bases = [str(tag.attrs["href"]) for tag in self.survey.named["base"] if "href" in tag.attrs]
        resolver = Resolver(url, bases[0] if bases else "")
        copies = Copies(self.survey.links(resolver), part.specimens, resolver)
        self.links = copies.links
        for find in (find_query_directory, find_listed_directory):
            if (found := find(self.links, resolver)) is not None:
                resolver = found
                copies.retarget(resolver)
        self.resolver = resolver
        unescaped_names.correct_targets(self.links, self.resolver, members_only=self.family.children_only)
        if not self.family.proves:
            self._drop_own_script()
            resolve_index_pages(self.links)
        self.rows = copies.rows(RowSplitter(copies.tree_links).rows())
        self.regions = choose_regions(find_regions(self.rows, self.family))
        self.seen: set[str] = leader.seen if leader else set()
        self.names: set[str] = leader.names if leader else set()
        self._places: set[str] = leader._places if leader else set()
        """The directories that queries name: see ``queries.directory_key``."""
        self._used: set[str] = leader._used if leader else set()
        self._slashes: bool = self.family.slashes or (leader is not None and leader._slashes)
        self._names = Names()
        self._counts = Counter[str]()
        """Counts over the rows, by the fields of ``Evidence``."""
        self._shown: dict[str, Link] = leader._shown if leader else {}
        """URL of an entry → the link that named it."""
        self._sizes: dict[str, Span[int] | None] = leader._sizes if leader else {}
        self._merged: set[int] = set()
        """``id`` of the links of rows that have the URL of an entry but show another name or size."""
        self.mentioned: set[str] = leader.mentioned if leader else set()
        """The names that rejected links mention, complete after ``rejections`` has run."""

    def listing(self) -> Listing:
        """The listing that the page shows."""
        path = self.resolver.root if not self.resolver.key else self.resolver.named_directory
        titles = Titles(3.0) if self.family.whole else read_titles(self.survey, self._url, path)
        entries = self.entries(trusts_foreign=self.family.proves or titles.score >= 3.0)
        page = verdict.PageFacts(self._evidence(), titles, self.family)
        score, recognised = verdict.weigh(page), verdict.is_recognised(page)
        rejections = tuple(self.rejections(recognised=recognised))
        end = end_of(self._text, self.last_row(), proved=self.family.proves)
        return Listing(
            url=self._url,
            family=self._family_name() if recognised else "none",
            confidence=round(max(0.0, min(1.0, score / 8.0)), 2),
            is_listing=recognised,
            complete=end is not PageEnd.CUT,
            closed=end is PageEnd.CLOSED,
            entries=tuple(entries) if recognised else (),
            rejections=rejections,
            mentioned=frozenset(self.mentioned) if recognised else frozenset(),
            conclusive=self.is_conclusive(entries),
        )

    def _drop_own_script(self) -> None:
        """Treat a link to the script that prints the listing, such as ``index.php``, as a link to this page."""
        for link in self.links:
            if link.target.kind is LinkKind.CHILD and queries.OWN_SCRIPT.fullmatch(link.target.name):
                link.retarget(replace(link.target, kind=LinkKind.SELF))

    def entries(self, *, trusts_foreign: bool = False) -> list[Entry]:
        """The entries in the regions of the listing, each URL once."""
        chosen = [candidate for region in self.regions for candidate in region.candidates]
        reader = KindReader(
            [(c.row, c.facts, c.link.target.slash) for c in chosen], slashes=self._slashes, dots=self._dot_sizes()
        )
        entries: list[Entry] = []
        plain = {candidate.link.target.url for candidate in chosen} | self.seen
        for region in self.regions:
            order = order_of([candidate.facts for candidate in region.candidates])
            for candidate in region.candidates:
                kind = reader.kind(candidate.row, candidate.facts, candidate.link.target.slash)
                entry = self._entry(candidate, kind, order)
                first = self._shown.setdefault(entry.url, candidate.link)
                size = self._sizes.setdefault(entry.url, candidate.facts.size)
                if unescaped_names.show_different_names(first, candidate.link) or are_apart(size, candidate.facts.size):
                    self._merged.add(id(candidate.link))
                address, _, query = entry.url.partition("?")
                if entry.url not in self.seen and not (query and address in plain and last_name(address) == entry.name):
                    if entry.kind is Kind.DIRECTORY and self._is_known_place(entry.url):
                        continue
                    self.seen.add(entry.url)
                    self.names.add(entry.name)
                    entries.append(entry)
                    self._count(candidate, entry, reader, trusts_foreign=trusts_foreign)
        return entries

    def _is_known_place(self, url: str) -> bool:
        """True if the query of ``url`` names a directory that is an entry in another spelling; else records it."""
        place = queries.directory_key(url, coded=self.resolver.is_coded)
        if place in self._places:
            return True
        if place:
            self._places.add(place)
        return False

    def _dot_sizes(self) -> set[int]:
        """Sizes in bytes that are printed in the rows of ``.`` and ``..``."""
        rows = [row for row in self.rows if row.links[0].href.strip("/") in {".", "..", "./.", "./.."}]
        facts, _ = read_facts([row for row in rows if not row.in_table], [], self.family.rounding)
        return {fact.size.low for fact in facts if fact.size is not None and fact.size.exact}

    def _entry(self, candidate: Candidate, kind: Kind, order: Order) -> Entry:
        facts, target = candidate.facts, candidate.link.target
        modified = facts.modified(order)
        if modified is not None and modified.low.year <= _EPOCH_YEAR and kind is Kind.DIRECTORY:
            modified = None
        digest = _FRAGMENT_DIGEST.search(candidate.link.href)
        return Entry(
            name=target.name,
            kind=kind,
            url=target.url,
            size=None if kind is Kind.DIRECTORY else facts.size,
            modified=modified,
            row=facts.row,
            folder=target.folder if target.kind is LinkKind.DEEP else "",
            digest=f"{digest[1]}:{digest[2].lower()}" if digest else facts.digest,
            external=target.kind is LinkKind.OTHER_HOST,
        )

    def _count(self, candidate: Candidate, entry: Entry, reader: KindReader, *, trusts_foreign: bool) -> None:
        counts, facts = self._counts, candidate.facts
        if not trusts_foreign and _is_foreign(candidate):
            counts["foreign"] += 1
            return
        directory = entry.kind is Kind.DIRECTORY
        counts["entries"] += 1
        counts["matching"] += candidate.matches
        counts["dated"] += bool(facts.moment or facts.stamp)
        counts["sized"] += bool(facts.size or facts.no_size)
        counts["slashed"] += directory and candidate.matches and candidate.link.text.endswith("/")
        counts["directories"] += (is_marked := directory and reader.is_marked_directory(candidate.row, facts))
        counts["weighed"] += directory and not is_marked and facts.size is not None
        counts["queried"] += directory and candidate.link.target.queried
        self._names.add(entry.name, is_file=not directory)

    def _evidence(self) -> Evidence:
        """The counts over the rows, and the marks outside the rows: links up, sort links, headings, other text."""
        headings = max((region.columns.labelled for region in self.regions), default=0)
        if not self.regions:
            tables = self.survey.first("table", limit=8)
            headings = max((count_words(" | ".join(labels_of(table))) for table in tables), default=0)
        for pre in self.survey.first("pre", limit=3):
            headings = max(headings, count_words(" | ".join(islice(pre.stripped_strings, 6))))
        if self.regions and headings < 2:
            headings = max(headings, count_words(self._text_above()))
        entries = self._counts["entries"]
        parent, up, back, inside = links_up(self.links, [region.element for region in self.regions])
        return Evidence(
            **{**self._counts, **self._names.counts()},
            parent=parent,
            up=up,
            back=back,
            inside=inside,
            measured=any(region.columns.is_measure for region in self.regions),
            sort_links=len({link.target.url for link in self.links if link.target.kind is LinkKind.SORT}),
            headings=headings,
            others=0 if entries else sum(link.target.kind not in _AROUND for link in self.links),
            empty=not entries and verdict.says_empty(self._tree),
            words=sum(len(tag.get_text().split()) for tag in self.survey.named["p"]) if entries < 5 else 0,
        )

    def _text_above(self) -> str:
        """The last few strings before the first row: the headings of a list that is not a table."""
        nodes = islice(self.regions[0].candidates[0].link.tag.previous_elements, 60)
        texts = [node.strip() for node in nodes if type(node) is NavigableString and node.strip() and len(node) < 60]
        return " | ".join(texts[:6])

    def _family_name(self) -> str:
        shape = self._shape()
        if self.family.name in {"apache", "apache-like", "generic"}:
            return f"{self.family.name}-{shape}"
        return self.family.name

    def _shape(self) -> str:
        if not self.regions:
            return next((name for name in ("table", "pre", "ul") if self.survey.named[name]), "rows")
        name = self.regions[0].element.name
        if self.regions[0].candidates[0].row.in_table:
            return "table"
        return {"pre": "pre", "ul": "ul", "ol": "ul"}.get(name, "rows")

    def last_row(self) -> LastRow:
        """The place of the page's last row."""
        if not self.regions:
            tables = self.survey.first("table", "pre", "ul", limit=1)
            return LastRow(tables[0] if tables else None)
        region = self.regions[-1]
        row, link = region.candidates[-1].row, region.candidates[-1].link
        element = row.element or link.tag
        around = frozenset(tag.name for tag in (element, *islice(element.parents, MAX_CLIMB)))
        is_alone = len(self.regions) == 1 and (len(region.candidates) > 1 or region.columns.labelled > 0)
        return LastRow(region.element, link.href, around, holds_all=is_alone)

    def rejections(self, *, recognised: bool) -> list[Rejection]:
        """Every link that is not an entry, with the reason."""
        result = []
        used = self._used
        names: set[str] = self.names if recognised else set()
        shown_rows = name_rejected_rows(self.rows, self.regions, self.family) if recognised else {}
        here = self.resolver.named_directory.rpartition("/")[2] or last_name(self.resolver.root)
        for link in self.links:
            target = link.target
            if recognised and target.url in self.seen:
                if id(link) in self._merged:
                    result.append(row_rejection(Reason.CLASH, link.href, "", link.text))
                elif target.url in used:
                    result.append(Rejection(Reason.DUPLICATE, link.href))
                used.add(target.url)
                continue
            again, row = target.kind is LinkKind.CHILD and target.name in names, shown_rows.get(id(link), "")
            if not again:
                shown = link.pieces[0] if len(link.pieces) == 1 else ""  # an unclosed link has several
                own = "" if row else here
                self.mentioned |= names_of_link(target.kind, link.href, shown, target.name, own) - names
            if again or row in names:
                result.append(Rejection(Reason.DUPLICATE, link.href))
            elif row or target.kind is LinkKind.BAD_NAME:
                result.append(row_rejection(target.kind.value, link.href, target.problem, row or target.name))
            else:
                result.append(Rejection(reason_of(target), link.href, target.problem))
        return result

    def is_conclusive(self, entries: list[Entry]) -> bool:
        """False if all rows for files lead outside the directory, so that the page proves nothing absent."""
        return has_files(entries) or not lead_elsewhere(self.rows, self.family)


def _is_foreign(candidate: Candidate) -> bool:
    """True if a row leads outside the directory, or to a deeper level without the size that files have.

    Such rows count only on pages that identify themselves as listings.
    """
    facts, kind = candidate.facts, candidate.link.target.kind
    if kind is LinkKind.CHILD:
        return False
    return kind is not LinkKind.DEEP or not (facts.size or facts.no_size)
