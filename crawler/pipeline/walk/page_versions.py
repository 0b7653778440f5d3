"""What identifies a version of a page, and what the state remembers of it: pure functions of its response."""

from __future__ import annotations

from crawler.model.errors import ListingError
from crawler.model.interfaces import FetchedPage
from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.state.store import ListingMemo
from crawler.model.values import Entry, Kind, Listing
from crawler.pipeline.walk.pages import PageVersion
from crawler.text.web_links import next_pages

_DIRECTORY = Kind.DIRECTORY  # a member of an enumeration takes 80 ns to look up


def is_memorable(listing: Listing) -> bool:
    """Whether the state may remember the page: every row is an entry, and unlisted names are proven absent."""
    return listing.conclusive and not any(rejection.row for rejection in listing.rejections)


def version_of(url: str, page: FetchedPage, listing: Listing) -> PageVersion | None:
    """The version of ``page``, requested at ``url``, if it is the whole listing of its directory; otherwise None."""
    is_all = listing.is_listing and listing.complete and not (listing.next_pages or listing.linked)
    if not is_all or not is_memorable(listing):
        return None
    return PageVersion(
        url=url,
        answered=listing.url,
        body_digest=page.digest,
        validators=page.validators,
        family=listing.family,
    )


def recalled_version(memo: ListingMemo) -> PageVersion | None:
    """The version of a page that was recalled, if it is the whole listing of its directory; otherwise None."""
    if memo.next_pages or memo.linked:
        return None
    return PageVersion(
        url=memo.url,
        answered=memo.answered,
        body_digest=memo.body_digest,
        validators=memo.validators,
        family=memo.family,
    )


def is_same(known: ListingMemo | DirectoryDigest, page: FetchedPage) -> bool:
    """Whether the response proves, by its status or its bytes, that the page is the ``known`` one."""
    return page.status == 304 or (known.body_digest, known.answered) == (page.digest, page.url)


def memo_of(url: str, path: str, page: FetchedPage, listing: Listing, entries: tuple[Entry, ...]) -> ListingMemo:
    return ListingMemo(
        url=url,
        answered=listing.url,
        path=path,
        validators=page.validators,
        body_digest=page.digest,
        family=listing.family,
        complete=True,
        entries=entries,
        next_pages=listing.next_pages,
        linked=listing.linked,
        claims=listing.claims,
        mentioned=listing.mentioned,
    )


def linked_pages(page: FetchedPage) -> tuple[str, ...]:
    """The next pages according to the Link header. Raises ListingError if the header cannot be parsed."""
    found = () if page.link is None else next_pages(page.link, page.url)
    if found is None:
        raise ListingError("its Link header names a next page but cannot be parsed")
    return found


def shows_all_files(listing: Listing) -> bool:
    """Whether ``listing`` is complete in itself, and shows no directory."""
    is_all = listing.is_listing and listing.complete and not (listing.next_pages or listing.linked or listing.claims)
    return is_all and _DIRECTORY not in [entry.kind for entry in listing.entries]
