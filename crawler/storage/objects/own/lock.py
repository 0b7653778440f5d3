"""The lock of a prefix: an object that is created only if there is none, and expires unless it is renewed.

A store cannot know that a process has ended, so a killed run leaves a stale lock. Until it expires, at most EXPIRY plus
SKEW seconds later, runs on other machines are refused. A run on the same machine knows that its predecessor has ended,
because it holds the lock of the cache (flock), and takes over the stale lock at once.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import secrets
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import obstore

from crawler.model.errors import AlreadyRunning, DestinationError
from crawler.model.struct import Value, replace
from crawler.storage.objects.errors import CONFLICT, FAILURES, MISSING, destination_error
from crawler.storage.objects.own.versions import version_of
from crawler.text.escape import printable

if TYPE_CHECKING:
    from obstore import PutMode, UpdateVersion
    from obstore.store import ObjectStore

KEY = ".crawler/lock"
EXPIRY = 300.0
"""How long the lock is valid after a renewal, in seconds."""
RENEWAL = 60.0
"""Interval between two renewals of the lock, in seconds."""
SKEW = 60.0
"""Maximum difference between the clocks of two machines, in seconds."""
POLL = 1.0
"""Pause between two attempts, in seconds."""
RELEASED = 0.0
"""``Holder.expires`` of a lock that nobody holds."""
_BYTES = 4096
_TOKENS = 20
_NO_VERSION: UpdateVersion = {"e_tag": f'"{"0" * 32}"', "version": "1"}
"""A version that no lock has."""


class Holder(Value, frozen=True, kw_only=True):
    """The content of the lock object."""

    owner: str = "another run"
    since: str = "?"
    expires: float = RELEASED
    """When the lock expires, in seconds since the epoch by the owner's clock."""
    token: str = ""
    """Distinguishes this run from all others."""

    def render(self) -> bytes:
        """The holder as JSON."""
        expires = datetime.fromtimestamp(self.expires, UTC)
        facts = {"owner": self.owner, "since": self.since, "expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
        return json.dumps({**facts, "expires_at": self.expires, "token": self.token}).encode()


def parse_holder(body: bytes) -> Holder:
    """The holder in a lock object; an unknown one whose lock does not expire if this program did not write it."""
    try:
        facts = json.loads(body)
        expires = float(facts["expires_at"])
        return Holder(
            owner=printable(str(facts["owner"])[:200]),
            since=printable(str(facts["since"])[:40]),
            expires=math.inf if math.isnan(expires) else expires,
            token=str(facts["token"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return Holder(expires=math.inf)


class Lock:
    """The lock of one run. ``own``: file on this machine with the tokens of its locks that were not released."""

    def __init__(self, store: ObjectStore, where: object, own: Path) -> None:
        self._store, self._where, self._own = store, where, own
        self._token = secrets.token_hex(16)
        self._owner = f"{socket.gethostname()} pid {os.getpid()}"
        self._since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self._version = _NO_VERSION
        self._until = self._expires = 0.0
        self._before: list[str] = []
        self._lost = ""
        self.is_new = False
        """Whether this run has created the lock, so that the prefix was not marked as a mirror."""
        self._renewing: asyncio.Task[None] | None = None

    async def acquire(self, wait: float) -> None:
        """Take the lock, waiting up to ``wait`` seconds. Raises AlreadyRunning, DestinationError."""
        until = time.monotonic() + wait
        with suppress(OSError, ValueError):
            self._before = self._own.read_text().split()[-_TOKENS:]
        with suppress(OSError):  # before the lock is written, because the process may be killed at any time
            self._own.write_text("\n".join([*self._before, self._token]))
        try:
            while (holder := await self._try()) is not None:
                left = until - time.monotonic()
                if left <= 0:
                    raise AlreadyRunning(self._refusal(holder))
                await asyncio.sleep(min(POLL, left))
        except FAILURES as error:
            raise destination_error(error, self._where) from error
        self._renewing = asyncio.create_task(self._renew(), name="lock")

    async def _try(self) -> Holder | None:
        """Try once to take the lock. Returns its holder; None if it is now this run. Raises what obstore raises."""
        for _ in range(3):
            if await self._write("create"):
                await self._prove_conditions()
                self.is_new = True
                return None
            found = await self._read()
            if found is None:  # it has been released in the meantime
                continue
            holder, version = found
            if holder.token == self._token:  # this run has taken the lock; the response was lost
                await self._write(version)
                return None
            if not self._is_stale(holder):
                return holder
            if await self._write(version):
                return None
        return Holder(expires=time.time() + POLL)

    async def _prove_conditions(self) -> None:
        """Raise DestinationError if the store ignores the conditions of writes, as some stores do.

        This is called when the lock is created, which happens once for each prefix.
        """
        if await self._write("create") or await self._write(_NO_VERSION):
            raise DestinationError(
                f"cannot lock {self._where}: this store ignores the conditions of writes: use --lock none, and make "
                "sure that runs never overlap"
            )

    def _is_stale(self, holder: Holder) -> bool:
        return holder.expires + SKEW < time.time() or holder.token in self._before

    async def _write(self, mode: PutMode, *, is_held: bool = True) -> bool:
        """Write the lock if the condition ``mode`` holds, else return False. Raises what obstore raises."""
        began, expires = time.monotonic(), time.time() + EXPIRY if is_held else RELEASED
        mine = Holder(owner=self._owner, since=self._since, expires=expires, token=self._token if is_held else "")
        try:
            done = await obstore.put_async(
                self._store, KEY, mine.render(), mode=mode, attributes={"Content-Type": "application/json"}
            )
        except CONFLICT:
            return False
        self._version, self._until, self._expires = version_of(done), began + EXPIRY, expires
        return True

    async def _rewrite(self, *, is_held: bool) -> Holder | None:
        """Write the lock again if this run still holds it; otherwise return its holder.

        Raises what obstore raises.
        """
        if await self._write(self._version, is_held=is_held):
            return None
        found = await self._read()
        if found is not None and found[0].token == self._token:  # the response to an earlier request was lost
            await self._write(found[1], is_held=is_held)
            return None
        return found[0] if found else Holder(owner="someone")

    async def _read(self) -> tuple[Holder, UpdateVersion] | None:
        try:
            got = await obstore.get_async(self._store, KEY)
            body = b"" if got.meta["size"] > _BYTES else bytes(await got.bytes_async())
        except MISSING:
            return None
        holder = parse_holder(body)
        if holder.expires != RELEASED:  # by the clock of the store: that of the owner may be slow or ahead
            holder = replace(holder, expires=got.meta["last_modified"].timestamp() + EXPIRY)
        return holder, version_of(got.meta)

    async def _renew(self) -> None:
        while not self._lost:
            await asyncio.sleep(RENEWAL)
            with suppress(*FAILURES):  # tried again; ``check`` ends the run once the lock has expired
                await self.renew()

    async def renew(self) -> None:
        """Extend the lock. Raises what obstore raises."""
        holder = await self._rewrite(is_held=True)
        if holder is not None:
            self._lost = f"{holder.owner} has taken over or removed its lock"

    def check(self) -> None:
        """Raise DestinationError if another run may hold the lock by now."""
        if self._lost:
            raise DestinationError(f"cannot use {self._where} any longer: {self._lost}")
        if (
            time.monotonic() > self._until or time.time() > self._expires
        ):  # the monotonic clock may stop while the machine sleeps
            raise DestinationError(f"cannot use {self._where} any longer: its lock could not be renewed in time")

    def _refusal(self, holder: Holder) -> str:
        ends = datetime.fromtimestamp(holder.expires + SKEW, UTC)
        return (
            f"another run ({holder.owner}, since {holder.since}) holds {self._where}: let it finish, or wait for it "
            f"with --lock-wait; if it was killed, its lock ends at {ends:%Y-%m-%dT%H:%M:%SZ}"
        )

    async def release(self) -> None:
        """Let the lock expire now if this run still holds it. The object stays, as it marks the prefix as a mirror.

        Failures are ignored, because the lock expires anyway.
        """
        await self._stop_renewing()
        if self._version is not _NO_VERSION and not self._lost:
            with suppress(*FAILURES):
                await self._rewrite(is_held=False)
                self._own.unlink(missing_ok=True)

    async def remove(self) -> None:
        """Release the lock and remove its object. Raises what obstore raises; DestinationError if it may be lost."""
        await self._stop_renewing()
        self.check()
        await unmark(self._store)
        self._version = _NO_VERSION
        self._own.unlink(missing_ok=True)

    async def _stop_renewing(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])


async def mark(store: ObjectStore) -> bool:
    """Mark the prefix as a mirror, for a run without a lock. Returns whether it was not. Raises what obstore raises."""
    try:
        await obstore.put_async(store, KEY, Holder().render(), mode="create")
    except CONFLICT:
        return False
    return True


async def unmark(store: ObjectStore) -> None:
    """Remove the mark. Raises what obstore raises."""
    await obstore.delete_async(store, KEY)


async def is_marked(store: ObjectStore, prefix: str) -> bool:
    """Whether there is a mirror at ``prefix``. Raises what obstore raises."""
    try:
        await obstore.head_async(store, f"{prefix}/{KEY}".lstrip("/"))
    except MISSING:
        return False
    return True
