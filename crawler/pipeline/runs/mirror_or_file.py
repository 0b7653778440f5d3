"""A run that begins at URL: a mirror of the listing there, or, if there is a file instead, of that file alone."""

from __future__ import annotations

from crawler.model.errors import ListingError, innermost
from crawler.pipeline.rules.single_file import may_be_file, names_file
from crawler.pipeline.runs.base import Components
from crawler.pipeline.runs.mirror import MirrorRun
from crawler.text.urls import last_name


async def mirror_or_file(parts: Components, url: str, *, free: int) -> None:
    """``free``: free space at the destination in bytes. Raises like ``MirrorRun.run`` and ``DownloadRun.run``."""
    if names_file(url) and await _is_known_file(parts, url):
        await _fetch_file(parts, url)
        return
    try:
        await MirrorRun(parts, url, free=free).run()
    except (ListingError, BaseExceptionGroup) as error:
        found = innermost(error)
        content_type = found.content_type if isinstance(found, ListingError) else None
        if not may_be_file(url, content_type, is_mirror=parts.is_mirror):
            raise
        await _fetch_file(parts, url)


async def _is_known_file(parts: Components, url: str) -> bool:
    """Whether an earlier run saved the file at ``url`` itself, and no listing was found there."""
    if parts.is_mirror:
        return False
    known = (await parts.state.directory("")).get(last_name(url))
    return known is not None and known.url == url


async def _fetch_file(parts: Components, url: str) -> None:
    from crawler.pipeline.runs.url_list import DownloadRun

    parts.tally.note_file(last_name(url))
    await DownloadRun(parts).run([(url, "")])
