"""The version of an object as a condition of the next write: the ETag for S3 and Azure, the generation for Google."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutResult, UpdateVersion


def version_of(found: PutResult | ObjectMeta) -> UpdateVersion:
    """The version in ``found``, for use as the condition that the object has not changed."""
    return _version(found["e_tag"], found["version"])


def _version(etag: str | None, generation: str | None) -> UpdateVersion:
    version: UpdateVersion = {}
    if etag is not None:
        version["e_tag"] = etag
    if generation is not None:
        version["version"] = generation
    return version


def render(version: UpdateVersion) -> str:
    """``version`` as text."""
    return json.dumps(version)


def parse(text: str) -> UpdateVersion | None:
    """The version that ``render`` wrote; None for anything else."""
    try:
        found = json.loads(text)
        return _version(found.get("e_tag"), found.get("version")) or None
    except (ValueError, AttributeError):
        return None


def is_same(first: UpdateVersion | None, second: UpdateVersion | None) -> bool:
    """True if both are the same version of an object; only one of them may contain the generation."""
    return first is not None and second is not None and first.get("e_tag") == second.get("e_tag")
