"""Does one job: sends the request, decides what the response means, copies the body to the destination, verifies it.

The outcome is Staged (a complete, verified body that has no name yet) or a Result.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial

from crawler.model import limits
from crawler.model.errors import Cause, FetchError, VerificationError
from crawler.model.interfaces import Client, Destination, Part, Permit, Response
from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.struct import Value, field, replace
from crawler.model.values import UNCONFIRMED, Job, Outcome, Result, Staged, Validators
from crawler.pipeline.doubtful_bodies import Body, DoubtfulBodies, judged, suspect
from crawler.pipeline.fetch.effort import Effort
from crawler.pipeline.fetch.head_probe import CacheBypass, HeadProbes
from crawler.pipeline.fetch.page_guard import Arrival, IsListing, RejectsHeaders, is_directory, may_be_directory
from crawler.pipeline.fetch.ranges import whole
from crawler.pipeline.fetch.segments import SegmentConnections, SegmentOptions, Segments
from crawler.pipeline.rules.responses.conditional_requests import request_headers
from crawler.pipeline.rules.responses.evidence import (
    Proof,
    Ruling,
    adopted,
    confirmed,
    is_same_body,
    known_of,
    mtime_of,
    prove,
    refused,
    rule,
)
from crawler.pipeline.rules.responses.strong_validators import is_strong
from crawler.pipeline.rules.responses.verdict import UNLIMITED, Action, Verdict, interpret, length_proven
from crawler.pipeline.rules.upstreams.agreement import refusal
from crawler.text import digests
from crawler.text.http_fields import ENDING, Tail, ends_in_response, validators_of
from crawler.text.resuming import Resume, resume_at

_NONE = Validators()
_SAME = "same size and time as the server's"
_GOOD = frozenset({Ruling.TAKE, Ruling.KEEP})
_ASKS = frozenset({Ruling.ASK_AGAIN, Ruling.ASK_ANEW})


class Shared(Value, frozen=True, kw_only=True):
    """The components that all jobs of a run share."""

    client: Client
    destination: Destination
    observer: Observer
    permit: Permit
    attempts: int
    is_listing: IsListing
    """Tells whether a body is a listing; called if a file may turn out to be a directory."""
    verify: bool = True
    """Whether bodies are checked against published digests."""
    rejects_headers: RejectsHeaders = lambda _job, _size, _modified: None
    connections: SegmentConnections = field(default_factory=SegmentConnections)
    """Connections and memory for the streams of ``--segments``."""
    probes: HeadProbes = field(default_factory=HeadProbes)
    bypass: CacheBypass = field(default_factory=CacheBypass)
    doubts: DoubtfulBodies = field(default_factory=DoubtfulBodies)


class Transfer:
    """Makes the attempts at one job; a part file carries over from one to the next."""

    def __init__(self, shared: Shared, job: Job, began: float | None = None) -> None:
        self._shared = shared
        self._job = job
        self._part: Part | None = None
        self._validators = _NONE
        """Strong validators of the version to which the part belongs; empty if there are none."""
        self._length: int | None = None
        """Length in bytes of the version to which the part belongs; None unless a response of this run stated it."""
        self.effort = Effort(job, shared.observer, began)
        self.headers: Mapping[str, str] | None = None
        """Headers of the last response with a body, for ``Ended.headers``."""
        self._fresh = job.fresh
        """True if caches are bypassed, because a cached response contradicted the listing."""
        self._divided = False
        """True once pieces of the body were fetched in parallel. After a failure the body is fetched in one stream."""

    async def attempt(self) -> Result | Staged:
        """Make one attempt. If this machine spoils it, it goes on at once.

        That ends: a process that is lost is never replaced.
        """
        self.effort.begin_attempt()
        while True:
            try:
                return await self._attempt()
            except FetchError as error:
                if error.cause is not Cause.RECEIVER_LOST:
                    raise

    async def _attempt(self) -> Result | Staged:
        job, shared = self._job, self._shared
        if job.probe and self.effort.attempts == 1:
            found = await shared.probes.ask(shared.client, job, shared.permit)
            if found is not None and rule(job, found[1], found[0].size, fresh=self._is_fresh()) in _GOOD:
                return self.effort.result(Outcome.UNCHANGED, _SAME, size=found[0].size, known=found[0], proof=found[1])
        if self._part is not None:
            await self._part.rewind()
        elif shared.destination.has_part(job.path):
            self._part = await shared.destination.open_part(job)
            self._validators = self._part.validators
        resume = resume_at(self._part.offset, self._validators, self._length) if self._part is not None else None
        for each in (resume, None, None):  # at most once more for the whole file, and once bypassing caches
            done = await self._request(each)
            if done is not None:
                return done
        raise FetchError("the server contradicts itself about the version of the file", url=job.url)

    def _is_fresh(self) -> bool:
        return self._fresh or self._shared.bypass.is_hopeless

    async def _request(self, resume: Resume | None) -> Result | Staged | None:
        job, shared, headers = self._job, self._shared, request_headers(self._job, resume, fresh=self._fresh)
        async with shared.client.open("GET", job.url, headers=headers, permit=shared.permit) as reply:
            with judged(reply):
                return await self.take(reply, resume)

    async def take(self, reply: Response, resume: Resume | None) -> Result | Staged | None:
        """Use a response to the request of this attempt. None if a different request has to be sent."""
        job, shared, now = self._job, self._shared, time.time()
        action = interpret(reply.status, reply.headers, job, resume, now)
        if action.verdict is Verdict.RESTART:
            return None
        if action.verdict not in {Verdict.SAVE, Verdict.UNCHANGED}:
            raise refused(action, job.url, reply.status)
        self.headers = reply.headers
        proof = prove(job, reply.status, reply.headers, now)
        ruling = rule(job, proof, action.length, fresh=self._is_fresh())
        if ruling in _ASKS:
            self._fresh = True
            if ruling is Ruling.ASK_ANEW:
                self._job = replace(job, known=None)
            if proof.is_another:
                suspect(reply)
            return None
        if self._fresh and not job.fresh:
            shared.bypass.tried(helped=proof.checked != UNCONFIRMED)
        if ruling is Ruling.REFUSE:
            raise VerificationError(refusal(job, proof.validators) or Reason.OUTDATED, retryable=False)
        if ruling is Ruling.KEEP or action.verdict is Verdict.UNCHANGED:
            return await self._confirmed(proof, action.reason or Reason.SAME_VERSION)
        return await self._save(reply, action, proof)

    async def _confirmed(self, proof: Proof, reason: str) -> Result:
        """The Result of a copy that is what the server has; its time is set to the time upstream, which may differ."""
        local, known = self._job.local, confirmed(self._job, proof)
        if local is not None and known.mtime != local.mtime:
            mtime = await self._shared.destination.set_time(self._job.path, local, known.mtime)
            known = replace(known, mtime=local.mtime if mtime is None else mtime)
        return self.effort.result(Outcome.UNCHANGED, reason, size=known.size, known=known, proof=proof)

    async def _save(self, reply: Response, action: Action, proof: Proof) -> Result | Staged | None:
        self._arrival(reply, action).refuse_unwanted(self._shared.rejects_headers)
        known = adopted(self._job, reply.headers, proof) if self._job.probe and not action.offset else None
        if known is not None:  # HEAD has not shown it, but this response does
            return self.effort.result(Outcome.UNCHANGED, _SAME, size=known.size, known=known, proof=proof)
        if may_be_directory(self._job, reply):
            body = await self._read(reply, limits.LISTING_RAW)
            if await is_directory(self._job, reply, body, self._shared.is_listing):
                return self.effort.result(Outcome.DIRECTORY, "its body is a listing")
            await self._arrival(reply, action).refuse_page(body, whole=True)
            return await self._staged(reply, action, proof, body)
        expected = action.length if action.length is not None else self._job.size.high if self._job.size else UNLIMITED
        if action.offset == 0 and expected <= limits.SMALL_BODY and self._part is None:
            body = await self._read(reply, action.limit)
            await self._arrival(reply, action).refuse_page(body, whole=True)
            return await self._staged(reply, action, proof, body)
        return await self._stream(reply, action, proof)

    def _arrival(self, reply: Response, action: Action) -> Arrival:
        return Arrival(self._shared.destination, self._job, reply, action)

    async def _read(self, reply: Response, limit: int) -> bytes:
        body = await reply.read(limit)
        self.effort.count(len(body))
        return body

    async def _staged(self, reply: Response, action: Action, proof: Proof, body: bytes) -> Result | Staged | None:
        problem = length_proven(self._job, action, reply.headers, len(body))
        if problem:
            raise VerificationError(problem)
        digest = digests.sha256_of(body)
        for expected in self._published(reply):
            if not digests.matches(body, expected):
                raise VerificationError(f"the body does not have the published digest {expected}")
        if self._is_doubtful(reply, action, body[-ENDING:], len(body), digest):
            return None
        return await self._stage(reply, proof, body, len(body), digest)

    def _is_doubtful(self, reply: Response, action: Action, end: bytes, size: int, digest: str | None) -> bool:
        """Whether a complete body without a published digest has to come a second time to count."""
        body = Body(self._job.url, size, digest, validators_of(reply.headers))
        turn, may_be_cut = None if action.offset else reply.turn, action.length is not None and ends_in_response(end)
        is_doubtful = self._shared.doubts.is_doubtful(body, turn, may_be_cut=may_be_cut)
        return is_doubtful and not self._published(reply)

    def _published(self, reply: Response) -> list[str]:
        """The published digests of the file: from its listing or a checksum file, and from the response headers."""
        found = (self._job.digest, digests.header_digest(reply.headers)) if self._shared.verify else ()
        return [digest for digest in found if digest is not None]

    async def _stream(self, reply: Response, action: Action, proof: Proof) -> Result | Staged | None:
        job, shared, tail = self._job, self._shared, Tail(ENDING)
        part = self._part
        if part is None:
            part = self._part = await shared.destination.open_part(job)
        validators = _strong_validators(reply.headers)
        self.effort.continues(action.offset, action.length)
        segments = self._segments(reply, action, validators)
        pieces = self._counted(reply) if segments is None else segments.chunks()
        async with aclosing(self._arrival(reply, action).judged(pieces)) as chunks:
            chunk = await anext(chunks, b"")  # the body is accepted now; a page in its place would discard no part
            if action.offset != part.offset:
                await part.restart()
            self._validators, self._length = validators, action.length
            part.note(validators)
            part.expect(mtime_of(job, reply.headers), self._published(reply))
            while chunk:
                if part.offset + len(chunk) > action.limit:
                    await part.restart()
                    raise VerificationError(f"longer than the announced {action.limit} bytes", retryable=False)
                await part.write(chunk)
                tail.add(chunk)
                offer = partial(reply.bulk, action.limit - part.offset, self.effort.count)
                if segments is None and (filling := part.fill(offer)) is not None:
                    tail.add(await filling)
                chunk = await anext(chunks, b"")
        problem = length_proven(job, action, reply.headers, part.offset)
        if problem:
            raise VerificationError(problem)
        size, digest = part.offset, await part.finish()
        self._part = None
        for expected in self._published(reply):
            if not await part.matches(expected):
                await part.discard()
                raise VerificationError(f"the body does not have the published digest {expected}")
        if self._is_doubtful(reply, action, tail.joined()[-ENDING:], size, digest):
            await part.discard()
            return None
        return await self._stage(reply, proof, part, size, digest)

    def _segments(self, reply: Response, action: Action, validators: Validators) -> Segments | None:
        """The body in several streams, if it can be divided."""
        shared = self._shared
        of = whole(action, reply.headers, validators) if shared.connections.most > 1 and not self._divided else None
        if of is None:
            return None
        self._divided = True
        options = SegmentOptions(
            client=shared.client,
            permit=shared.permit,
            job=self._job,
            attempts=shared.attempts,
            connections=shared.connections,
            received=self.effort.count,
        )
        return Segments(options, reply, of, action.offset)

    async def _counted(self, reply: Response) -> AsyncGenerator[bytes, None]:
        async for chunk in reply.chunks():
            self.effort.count(len(chunk))
            yield chunk

    async def _stage(
        self, reply: Response, proof: Proof, content: Part | bytes, size: int, digest: str | None
    ) -> Result | Staged:
        job, mtime = self._job, mtime_of(self._job, reply.headers)
        part, body = ("", content) if isinstance(content, bytes) else (content.name, b"")
        if is_same_body(job, size, mtime, digest):
            if not isinstance(content, bytes):
                await content.discard()
            return await self._confirmed(proof, Reason.SAME_VERSION)
        known = known_of(job, proof, size, mtime or 0, digest)
        result = self.effort.result(Outcome.SAVED, job.reason, size=size, known=known, proof=proof)
        return Staged(job=job, part=part, body=body, size=size, mtime=mtime, result=result)

    async def close(self) -> None:
        """Keep the part if a later run can resume it; otherwise discard it."""
        if self._part is None:
            return
        is_of_use = resume_at(self._part.offset, self._validators, self._length) is not None
        await (self._part.keep() if is_of_use else self._part.discard())


def _strong_validators(headers: Mapping[str, str]) -> Validators:
    found = validators_of(headers)
    return found if is_strong(found, headers.get("Date"), headers.get("Age")) else _NONE
