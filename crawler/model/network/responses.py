"""Interfaces for the responses of a client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Protocol

from crawler.model.network.shapes import HeaderShape, Varying
from crawler.model.struct import Value
from crawler.model.values import Validators
from crawler.model.versions.hashing import sha256_hex

_CARRIED = 16
"""Maximum number of responses that are remembered of a connection."""


class BulkBody(Protocol):
    """The rest of a long body, which has yet to arrive.

    It must be received, in a thread or by another process, unless the response is released.
    """

    pieces: Sequence[bytes]
    """Bytes that precede it and have arrived."""
    length: int
    """Number of bytes of it."""
    ending: bytes
    """The last ENDING bytes of it, or all, afterwards; empty if some are missing.

    Bytes before the first possible status line may be zeros."""

    @property
    def is_whole(self) -> bool:
        """Whether ``receive`` has received all, and nothing has followed."""
        ...

    def receive(self, write: Callable[[bytes | memoryview], memoryview | None], memory: memoryview) -> None:
        """Pass ``pieces`` and all of it to ``write`` as it arrives. Must be called once, in a thread.

        ``memory`` of BULK_PIECE is used for the bytes.

        Ends early if the connection does, or once the response is released. Raises what ``write`` raises, and nothing
        else: ``Response.chunks`` goes on with what follows, or with the error. ``write`` may keep a memoryview if it
        returns other memory for the next bytes, of BULK_PIECE; if it returns None, that of its argument is used again.
        """

    def begin_elsewhere(self) -> int:
        """Let another process receive it, instead of ``receive``: the descriptor of a connection that does not block.

        No more than ``length`` may be read. ``arrived`` must be called now and then, ``end_elsewhere`` at the end.
        """
        ...

    def arrived(self, count: int, busy: float) -> bool:
        """``count`` bytes of it have arrived so far; for ``busy`` seconds since the last call, nobody was reading.

        Returns False if nobody waits for more, or it comes too slowly: then the connection has been ended.
        """
        ...

    def is_followed(self) -> bool:
        """Whether there is more behind it, as far as has arrived. To be asked once, after all of it."""
        ...

    def end_elsewhere(self, count: int, error: int | None, ending: bytes, last: bytes) -> None:
        """All of it, or ``count`` bytes, have arrived, and no more will be read by another process.

        ``error``: number of an error of the connection, 0 for none; None if it is unknown what was read. ``ending``:
        empty unless all has arrived. ``last``: if it is followed, the last DOUBTED bytes.
        """


class Carrier:
    """A connection that carries one request at a time."""

    __slots__ = ("_carried", "_turns", "is_suspect")

    def __init__(self) -> None:
        self._turns = 0
        """Number of requests."""
        self._carried = dict[int, tuple[str, str]]()
        """Number of a request → its URL, and what its response was. Only of those that were noted last."""
        self.is_suspect = False
        """Whether its responses may be those to earlier requests. Then it is not used again."""

    def next(self) -> Turn:
        """The turn of another request."""
        self._turns += 1
        return Turn(self, self._turns)

    def suspect(self) -> None:
        """Note that its responses may be those to earlier requests."""
        self.is_suspect = True

    def is_repeated(self, turn: int, url: str, what: str) -> bool:
        """See ``Turn.is_repeated``. More requests may have been sent meanwhile."""
        last = self._carried.get(turn - 1)
        self._carried[turn] = url, what
        if len(self._carried) > _CARRIED:
            del self._carried[next(iter(self._carried))]
        return last is not None and last[1] == what and last[0] != url


class Turn:
    """The turn of one request on a connection."""

    __slots__ = ("_number", "carrier")

    def __init__(self, carrier: Carrier, number: int) -> None:
        self.carrier, self._number = carrier, number

    def is_repeated(self, url: str, what: str) -> bool:
        """Note that the response for ``url`` was ``what``. Returns whether the one before was it, for another URL."""
        return self.carrier.is_repeated(self._number, url, what)


class Response(Protocol):
    """A response whose headers have arrived."""

    status: int
    """HTTP status."""
    url: str
    """URL of the response, after redirects."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields, case-insensitive."""
        ...

    @property
    def turn(self) -> Turn | None:
        """Its turn on the connection; None if that is not known, or requests have shared the connection."""
        ...

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises VerificationError if it exceeds ``limit`` bytes, FetchError if it is cut short."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body in chunks as they arrive. Raises FetchError if it is cut short, stalls or is too slow."""
        ...

    def bulk(self, most: int, received: Callable[[int], None]) -> BulkBody | None:
        """The next part of the body, of at most ``most`` bytes, if it is long; it must be received before ``chunks``.

        ``received`` is called in the event loop with numbers of bytes that have arrived. None if the body must be read
        in chunks.
        """
        ...

    def release(self) -> None:
        """Return the connection before the context of ``open`` ends, because the rest of the body is not needed."""


class WholeResponse(Response, Protocol):
    """A response whose body has arrived."""

    body: bytes
    shape: HeaderShape | None
    """What its header section has in common with those of other responses; None if that is not known."""
    varying: Varying
    """The values of the fields that are not in ``shape``."""


class FetchedPage(Value, frozen=True, kw_only=True, dict=True):
    """The response to a request for a listing page, decompressed."""

    url: str
    """URL of the response, after redirects."""
    status: int
    """HTTP status."""
    content_type: str
    """Content-Type header as received."""
    body: bytes
    """The decompressed body."""
    validators: Validators
    """Validators of the page."""
    date: float | None = None
    """Date header: the server's clock in seconds since the epoch."""
    retry_after: str | None = None
    """Retry-After header as received."""
    link: str | None = None
    """Link header as received; several fields are joined by commas."""
    end_proven: bool = True
    """False if the body ended with its connection, so that truncation cannot be detected."""
    logins: tuple[str, ...] = ()
    """Authentication schemes that a 401 response offers."""

    @property
    def digest(self) -> str:
        """SHA-256 of the body, in hex. Computed once; ``cached_property`` would take a lock, as long as the hash."""
        computed = self.__dict__
        if "digest" not in computed:
            computed["digest"] = sha256_hex(self.body)
        found: str = computed["digest"]
        return found
