"""What servers do with several requests on one connection, right and wrong, as hypothesis strategies."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from hypothesis import strategies as st


class Step(NamedTuple):
    """One thing that a server sends. ``of`` is the number of the file to which it belongs."""

    kind: str
    of: int = 0


class History(NamedTuple):
    """Everything that a server does on one connection after ``requests`` requests."""

    requests: int
    steps: list[Step]
    is_reset: bool
    """Whether the connection ends with a reset instead of a FIN."""
    cuts: list[int]
    """Offsets at which the bytes are split into pieces."""


def body(number: int) -> bytes:
    """The content of a file; each has its own size."""
    return b"%d" % number * (2 * number + 1) if number % 3 else b"\r\n" * (number + 1)


def sent(step: Step) -> bytes:
    content = body(step.of)
    length = b"Content-Length: %d\r\n" % len(content)
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
    forms = {
        "right": b"HTTP/1.1 200 OK\r\n" + length + b"\r\n" + content,
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
        "interim": b"HTTP/1.1 103 x\r\nLink: </y>\r\n\r\n",
        "last": b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + length + b"\r\n" + content,
        "old": b"HTTP/1.0 200 OK\r\n" + length + b"\r\n" + content,
        "endless": b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n" + content,
        "garbage": b"\0garbage\r\n\r\n",
        "400": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "cut": b"HTTP/1.1 200 OK\r\n" + length + b"\r\n" + content[:-1],
        "half": b"HTTP/1.1 200 OK\r\nContent-",
    }
    return forms[step.kind]


GOOD = ("right", "chunked")
CLOSING = ("last", "old")
ENDS = ("endless", "garbage", "400", "cut", "half")
"""Steps after which nothing more can be a response."""


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Responses in order, with occasional faults: swapped, dropped, repeated, added or truncated, or closing."""
    requests = draw(st.integers(1, 6))
    order = list(range(requests))
    match draw(st.sampled_from(["right", "right", "swap", "drop", "extra", "fewer"])):
        case "swap":
            order = draw(st.permutations(order))
        case "drop":
            del order[draw(st.integers(0, requests - 1))]
        case "extra":
            order.insert(draw(st.integers(0, requests)), draw(st.integers(0, requests)))
        case "fewer":
            del order[draw(st.integers(0, requests)) :]
    steps = [Step(draw(st.sampled_from([*GOOD, *GOOD, *GOOD, *CLOSING, *ENDS])), of) for of in order]
    for place in draw(st.lists(st.integers(0, len(steps)), max_size=2)):
        steps.insert(place, Step("interim"))
    return History(requests, steps, draw(st.booleans()), draw(st.lists(st.integers(0, 2000), max_size=8)))


def pieces(history: History) -> list[bytes]:
    """The pieces that arrive; nothing follows a truncated response."""
    stop = next((place for place, step in enumerate(history.steps, 1) if step.kind in ("cut", "half")), None)
    wire = b"".join(map(sent, history.steps[:stop]))
    places = sorted({0, len(wire), *(cut % (len(wire) + 1) for cut in history.cuts)})
    return [wire[one:other] for one, other in itertools.pairwise(places)]
