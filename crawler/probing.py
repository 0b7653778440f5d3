"""HEAD: is the copy that lies here the one that the server has? Only a clear yes counts, for all else GET decides."""

from __future__ import annotations

import time
from dataclasses import replace

from crawler import limits
from crawler.errors import FetchError
from crawler.evidence import adopted
from crawler.interfaces import Client, Permit
from crawler.models import Job, Known
from crawler.plan import request_headers


class Probes:
    """What the transfers of a run know of HEAD, which some servers answer with a body, a redirect or not at all."""

    def __init__(self) -> None:
        self._failed = 0
        """In a row."""

    async def ask(self, client: Client, job: Job, permit: Permit) -> Known | None:
        """What to remember of the copy if it is current; None where GET has to be asked."""
        if self._failed >= limits.HEAD_FAILURES:
            return None
        headers = request_headers(replace(job, known=None), None)
        try:
            async with client.open("HEAD", job.url, headers=headers, permit=permit) as reply:
                self._failed = 0
                return adopted(job, reply.headers, time.time()) if reply.status == 200 else None
        except FetchError:  # counted by the client: a host that is down is given up as ever
            self._failed += 1
            return None
