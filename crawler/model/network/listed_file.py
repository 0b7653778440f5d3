"""A file of a list of URLs, as a line of the list or a Metalink describes it."""

from __future__ import annotations

from crawler.model.struct import Value


class ListedFile(Value, frozen=True, kw_only=True):
    """One file to be saved."""

    url: str
    """URL of the file; "" if the list names none that can be requested."""
    path: str = ""
    """Path under DIR; "" for the last segment of the URL."""
    mirrors: tuple[str, ...] = ()
    """Other URLs of the same file, in the order in which they are to be tried."""
    size: int | None = None
    """Size in bytes; None if the list does not give it."""
    digest: str | None = None
    """Digest of the file, ``algorithm:hex``; None if the list does not give one."""
    problem: str = ""
    """Why the file fails without a request, because the list describes it wrongly; "" if it does not."""
