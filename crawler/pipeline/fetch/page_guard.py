"""Recognises a page that was sent instead of a file, by the beginning of its body, before any of it is written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NamedTuple

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError, VerificationError
from crawler.model.interfaces import Destination, Response
from crawler.model.values import Job, Kind
from crawler.pipeline.rules.responses.content_type import (
    SNIFFED,
    begins_like_html,
    contradiction,
    is_coded_twice,
    is_html,
    is_message_instead,
    is_never_the_file,
    is_page_instead,
    is_text_instead,
)
from crawler.pipeline.rules.responses.evidence import Unwanted
from crawler.pipeline.rules.responses.login_page import READ, is_login_page, leads_astray
from crawler.pipeline.rules.responses.verdict import Action, is_confirmed, is_recorded
from crawler.text.http_fields import coding_of, parse_http_date, validators_of

_PAGE = "got an HTML page instead of the file (a login or error page?)"
IsListing = Callable[[bytes, str, str], Awaitable[bool]]
"""Tells whether a page is a listing, by (body, URL, content type).

Raises ListingError for a page that takes too much time or memory.

"""
RejectsHeaders = Callable[[Job, int | None, float | None], str | None]
"""Returns the filter that refuses (job, size in bytes, Last-Modified in seconds since the epoch), or None."""


def may_be_directory(job: Job, reply: Response) -> bool:
    """Whether an entry that looked like a file may be a directory, judged by the headers of its response."""
    return job.kind is Kind.UNKNOWN and is_html(reply.headers.get("Content-Type", ""))


async def is_directory(job: Job, reply: Response, body: bytes, is_listing: IsListing) -> bool:
    """Whether ``body`` is a listing. Raises FetchError if this cannot be determined."""
    try:
        return await is_listing(body, reply.url, reply.headers.get("Content-Type", ""))
    except ListingError as error:
        raise FetchError(f"it may be a directory, but {error}", url=job.url) from None


class Arrival(NamedTuple):
    """The body of a response that may be the file of ``job``."""

    destination: Destination
    job: Job
    reply: Response
    action: Action

    def refuse_unwanted(self, rejects: RejectsHeaders) -> None:
        """Raise Unwanted if a filter refuses the file by the headers of its response."""
        reason = rejects(self.job, self.action.length, parse_http_date(self.reply.headers.get("Last-Modified")))
        if reason:
            raise Unwanted(reason)

    async def refuse_page(self, head: bytes, *, whole: bool = False) -> None:
        """Raise VerificationError if ``head`` shows that the body is not the file.

        ``head``: the first bytes of the body, or all of it if ``whole``.
        """
        job, length = self.job, self.action.length
        if self._is_confirmed(len(head) if length is None and whole else length, head if whole else None):
            if self._is_suspect and is_never_the_file(job.path, self.reply.headers.get("Content-Type", ""), head):
                raise VerificationError(f"{_PAGE}, although it has the expected size", retryable=False)
            return
        if length is None and job.size is not None and job.size.exact and not begins_like_html(head):
            return  # the response states no length: once the body has ended, the listed size decides
        if is_coded_twice(job.path, coding_of(self.reply.headers), head):
            problem = "the server compressed the file once more (Content-Encoding: gzip); identity was requested"
            raise VerificationError(problem, retryable=False)
        content_type = self.reply.headers.get("Content-Type", "")
        is_page = is_page_instead(job.path, content_type, head)
        if not is_page and is_message_instead(job.path, content_type, head):
            raise VerificationError("got JSON or XML instead of the file (an error message?)", retryable=False)
        is_short = length is None or length <= limits.MIB  # messages are never larger than this
        if not is_page and is_short and is_text_instead(job.path, content_type, head):
            raise VerificationError("got text instead of the file (an error message?)", retryable=False)
        if is_page is None and job.local is not None and job.local.kind is Kind.DIRECTORY:
            raise VerificationError(
                "got an HTML page instead of the file, perhaps that of the directory at this path", retryable=False
            )
        if is_page is None and job.local is not None and job.local.kind is Kind.FILE and job.local.size:
            old = await self.destination.read(job.path, limits.MIB)  # error pages are never larger than this
            is_page = old is None or not begins_like_html(old[1])
        if is_page:
            raise VerificationError(_PAGE, retryable=False)
        if is_short:
            await self._refuse_contradiction(head, content_type)
        if job.digest is None and (is_html(content_type) or (not content_type and begins_like_html(head))):
            await self._refuse_login(head)

    def _is_confirmed(self, length: int | None, body: bytes | None) -> bool:
        """Whether the listing or the record shows that the body is the file, whatever it or the copy looks like."""
        return is_confirmed(self.job, length) or is_recorded(self.job, length, validators_of(self.reply.headers), body)

    @property
    def _is_suspect(self) -> bool:
        """Whether the response is labelled as a page, and no published digest decides."""
        return self.job.digest is None and is_html(self.reply.headers.get("Content-Type", ""))

    def _held(self) -> int:
        """The number of bytes after which a body is judged: with a record and no length, its digest may decide."""
        recorded, length = self.job.recorded, self.action.length
        is_digest_needed = recorded is not None and length is None and recorded.size < limits.MIB
        least = READ if self.job.digest is None and is_html(self.reply.headers.get("Content-Type", "")) else SNIFFED
        return max(least, recorded.size + 1) if recorded is not None and is_digest_needed else least

    async def _refuse_login(self, head: bytes) -> None:
        """Raise VerificationError for a page to which a redirect has led astray, or that asks for a password.

        The latter may be so if a listing shows the page, or if the copy that is here does the same.
        """
        job, is_login = self.job, leads_astray(self.job.url, self.reply.url, head)
        if not is_login and not job.is_listed and is_login_page(job.url, head):
            is_here = job.local is not None and job.local.kind is Kind.FILE
            old = await self.destination.read(job.path, limits.MIB) if is_here else None
            is_login = old is None or not is_login_page(job.url, old[1])
        if is_login:
            problem = "got another page instead, perhaps for a login (--netrc, --header @FILE, --cookies FILE)"
            raise VerificationError(problem, retryable=False)

    async def _refuse_contradiction(self, head: bytes, content_type: str) -> None:
        """Raise VerificationError if ``head`` contradicts the copy of a file whose size and digest are not known."""
        job = self.job
        if job.size is not None or job.digest is not None or job.local is None or job.local.kind is not Kind.FILE:
            return
        if not job.local.size:
            return
        old = await self.destination.read(job.path, limits.MIB)
        what = contradiction(job.path, content_type, head, None if old is None else old[1])
        if what is not None:
            raise VerificationError(
                f"got {what} in place of the file that is here, which is kept (an error?): remove it to accept this",
                retryable=False,
            )

    async def judged(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Yield ``chunks``, but nothing before the guard has accepted the first bytes: rejected bytes reach no part."""
        is_open = self._is_suspect or not self._is_confirmed(self.action.length, None)
        head, is_held = b"", self.action.offset == 0 and is_open
        held = self._held()
        async with aclosing(chunks):
            async for chunk in chunks:
                if not is_held:
                    yield chunk
                    continue
                head += chunk
                if len(head) >= held:
                    await self.refuse_page(head)
                    is_held = False
                    yield head
            if is_held:
                await self.refuse_page(head, whole=True)
                if head:
                    yield head
