"""Whether the next files of a host may be answered like those before, by what tells their types: their extensions.

A server adds fields to the responses of some types, and a page is not stored as it is but read by other rules. A
response that is not like the others ends an order, and all that was requested behind it is requested again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from crawler.model.network.responses import WholeResponse
from crawler.model.network.shapes import HeaderShape
from crawler.model.values import Job
from crawler.pipeline.rules.responses.alike import is_ordinary
from crawler.pipeline.rules.responses.content_type import is_file_itself

_LONGEST = 8
"""Longest extension, in characters, that a server is expected to know a type for."""


@lru_cache(maxsize=64)
def is_fit(shape: HeaderShape) -> bool:
    """Whether responses of this shape are files as they are, with a time: those without need the rules for all."""
    return "last-modified" in map(str.lower, shape.names) and is_ordinary(shape)


def extension(path: str) -> str:
    """What a server may know the type of a file by, in lower case; "" for a number, a long one, or none."""
    _, dot, found = path.rpartition(".")
    return found.lower() if dot and len(found) <= _LONGEST and not found.isdigit() and "/" not in found else ""


class SeenResponses:
    """The last response to a file of each extension, by origin: was it like those that an order is for?"""

    def __init__(self) -> None:
        self._fit = dict[str, dict[str, bool]]()

    def of(self, origin: str) -> Callable[[str], bool]:
        """A function of a path: whether the last response to such a file of ``origin`` was fit; False without one.

        It is for use at once: nearly all that it is asked is answered by what is known now.
        """
        known = self._fit.setdefault(origin, {})
        ends = tuple(f".{each}" for each, is_like in known.items() if each and is_like)
        return lambda path: path.endswith(ends) or known.get(extension(path), False)

    def note(self, origin: str, jobs: Iterable[Job], replies: Iterable[WholeResponse | None]) -> None:
        """Learn from ``replies`` to ``jobs``, of which there may be fewer."""
        known = self._fit.setdefault(origin, {})
        for job, reply in zip(jobs, replies, strict=False):
            if reply is not None:
                shape = reply.shape
                known[extension(job.path)] = shape is not None and reply.varying[0] is not None and is_fit(shape)

    def note_one(self, origin: str, path: str, headers: Mapping[str, str]) -> None:
        """Learn from the ``headers`` of the response with the file ``path``, which was requested alone."""
        kinds = [value for name, value in headers.items() if name.lower() == "content-type"]
        is_like = "Last-Modified" in headers and is_file_itself(tuple(headers), *kinds)
        self._fit.setdefault(origin, {})[extension(path)] = is_like

    def disappoint(self, origin: str, path: str) -> None:
        """The response to a file like ``path`` was not like the others."""
        self._fit.setdefault(origin, {})[extension(path)] = False
