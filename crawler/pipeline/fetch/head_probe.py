"""Checks by HEAD whether the local copy is what the server has. Unless the response proves it, GET decides."""

from __future__ import annotations

import time

from crawler.model import limits
from crawler.model.errors import FetchError
from crawler.model.interfaces import Client, Permit
from crawler.model.struct import replace
from crawler.model.values import Job, Known
from crawler.pipeline.rules.responses.conditional_requests import request_headers
from crawler.pipeline.rules.responses.evidence import Proof, adopted, prove


class HeadProbes:
    """Sends the HEAD requests of a run, and stops after several failures in a row: some servers do not support HEAD."""

    def __init__(self) -> None:
        self._failed = 0
        """Number of consecutive HEAD requests that failed."""

    async def ask(self, client: Client, job: Job, permit: Permit) -> tuple[Known, Proof] | None:
        """Request HEAD. Returns the record of the copy if it is what the server has; None if GET has to decide."""
        if self._failed >= limits.HEAD_FAILURES:
            return None
        headers = request_headers(replace(job, known=None), None)
        try:
            async with client.open("HEAD", job.url, headers=headers, permit=permit) as reply:
                self._failed = 0
                if reply.status != 200:
                    return None
                proof = prove(job, 200, reply.headers, time.time(), is_head=True)
                known = adopted(job, reply.headers, proof)
                return None if known is None else (known, proof)
        except FetchError:  # no failure of the job; the client counts it, so that a host that is down is given up
            self._failed += 1
            return None


class CacheBypass:
    """Decides whether to bypass caches: after ten times in a row without effect it is not tried again."""

    def __init__(self) -> None:
        self._useless = 0
        """Number of consecutive requests that bypassed caches without effect."""

    @property
    def is_hopeless(self) -> bool:
        return self._useless >= limits.BYPASSES

    def tried(self, *, helped: bool) -> None:
        self._useless = 0 if helped else self._useless + 1
