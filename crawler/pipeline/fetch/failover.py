"""Fetches a file that its own host does not deliver from other hosts that have it. Each starts at the first byte.

A part belongs to the URL from which it was fetched (``resuming.is_proven``), and so do validators: no host ever
continues or confirms what another one has sent.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Protocol

from crawler.model.freshness import Source
from crawler.model.interfaces import Permit
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import UNCONFIRMED, Job, Kind, Outcome, Result, Staged, Validators, result_of, with_result
from crawler.pipeline.fetch.effort import Ended
from crawler.pipeline.rules.responses.evidence import prove
from crawler.text.digests import header_digest
from crawler.text.escape import masked
from crawler.text.web_links import duplicates


class Alternatives(Protocol):
    """The other hosts that have the files of a run."""

    def given_up(self, url: str) -> str | None:
        """The reason why the host of ``url`` is no longer used; None if it is."""
        ...

    def others(self, job: Job) -> AsyncGenerator[Job, None]:
        """Yield ``job`` for each of the other hosts that may be used, in order."""
        ...

    def ended(self, url: str, error: Exception | None) -> None:
        """Note that the request for ``url`` has ended after all its attempts, with ``error`` if it failed."""
        ...

    def name_of(self, url: str) -> str:
        """The name of the host of ``url``, as in ``Result.upstream``."""
        ...


class Attempting(Protocol):
    """Does jobs with all of their attempts: the part of ``Downloader`` that is needed here."""

    @property
    def observer(self) -> Observer: ...

    @property
    def permit(self) -> Permit: ...

    @property
    def verify(self) -> bool: ...

    async def attempt(self, job: Job) -> Ended: ...


async def fetch_from_any(shared: Attempting, job: Job, alternatives: Alternatives) -> Result | Staged:
    """Do ``job`` on its own host or, if that fails, on the first other one that has the listed version."""
    refused = alternatives.given_up(job.url)
    if refused is not None:
        ended = Ended(Result(path=job.path, url=job.url, outcome=Outcome.FAILED, reason=refused))
    else:
        ended = await shared.attempt(job)
        alternatives.ended(job.url, ended.error if ended.is_failed else None)
    if not ended.is_failed:
        return ended.done
    done, headers = await _first_good(shared, job, alternatives.others(job), ended, alternatives)
    if isinstance(done, Result) and done.outcome is Outcome.FAILED and headers is not None and "Link" in headers:
        return await fetch_duplicate(shared, job, Ended(done, ended.error, headers))
    return done


async def fetch_duplicate(shared: Attempting, job: Job, ended: Ended) -> Result | Staged:
    """Do ``job``, which ``ended`` in failure, with the other copies that its response named (RFC 6249).

    A copy is used only if there is a digest to check the body, and if a redirect of the file could lead to it.
    """
    headers = ended.headers or {}
    digest = job.digest or header_digest(headers)
    if digest is None or not shared.verify:
        return ended.done
    is_vouched = job.vouched if job.digest is not None else _is_of_listed_version(job, headers)

    async def copies() -> AsyncGenerator[Job, None]:
        for url in duplicates(headers.get("Link", ""), job.url):
            if await shared.permit(job.url, url) is None:
                yield replace(job, url=url, digest=digest, vouched=is_vouched, source=Source.ELSEWHERE)

    done, _ = await _first_good(shared, job, copies(), ended, None)
    return _named(done, job.url) if is_vouched else done


def _named(done: Result | Staged, url: str) -> Result | Staged:
    """``done`` with the record of the listed version at ``url``, without the validators of the host that sent it."""
    result = result_of(done)
    if result.known is not None:
        result = replace(result, known=replace(result.known, url=url, validators=Validators()))
    return with_result(done, result)


def _is_of_listed_version(job: Job, headers: Mapping[str, str]) -> bool:
    """Whether the digest in ``headers`` is that of the listed version, as far as their own time shows."""
    return prove(job, 200, headers, time.time()).checked != UNCONFIRMED


async def _first_good(
    shared: Attempting,
    job: Job,
    others: AsyncGenerator[Job, None],
    ended: Ended,
    alternatives: Alternatives | None,
) -> tuple[Result | Staged, Mapping[str, str] | None]:
    """The first successful result of ``others``; if there is none, the failure of ``job`` with all reasons.

    Also returns the headers that may name further copies.
    """
    spent, headers = result_of(ended.done), ended.headers
    reasons = [spent.reason]
    async with aclosing(others):
        async for other in others:
            if spent.received:
                shared.observer.resumed(other, 0)
            again = await shared.attempt(_unconditional(other, verify=shared.verify))
            is_refused = isinstance(again.done, Result) and again.done.reason == Reason.ROBOTS
            if alternatives is not None:
                alternatives.ended(other.url, again.error if again.is_failed else None)
            if not again.is_failed and not is_refused:
                return _with_costs(again.done, spent), None
            last = _with_costs(again.done, spent)
            assert isinstance(last, Result)
            place = masked(other.url) if alternatives is None else alternatives.name_of(other.url)
            reasons.append(f"{place}: {last.reason}")
            spent, headers = last, headers or again.headers
    return replace(spent, url=job.url, outcome=Outcome.FAILED, reason="; ".join(reasons)), headers


def _unconditional(job: Job, *, verify: bool) -> Job:
    """``job`` for another host, without the validators of the local copy, which that host does not know.

    If there is no digest to check, HEAD may show that the copy is the listed version.
    """
    digest = job.digest if verify else None
    is_here = job.local is not None and job.local.kind is Kind.FILE
    return replace(
        job,
        known=None,
        digest=digest,
        vouched=job.vouched and digest is not None,
        probe=is_here and digest is None and job.source is Source.ELSEWHERE,
        fresh=False,
        mirrors=(),
    )


def _with_costs(done: Result | Staged, spent: Result) -> Result | Staged:
    """``done`` with the attempts, bytes and seconds added that other hosts took before."""
    result = result_of(done)
    result = replace(
        result,
        received=result.received + spent.received,
        attempts=result.attempts + spent.attempts,
        seconds=result.seconds + spent.seconds,
    )
    return with_result(done, result)
