"""Remembers between runs which failures were reported, in ``DIR/.crawler/told.json``.

This is not part of the state, because it is needed when the state cannot be used: while another run holds DIR, or if
the disk is missing. If DIR is not writable, a file in the user's home directory is used. If the file is damaged, the
only consequence is one repeated message.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from crawler.model.errors import ConfigError
from crawler.output.commands.notices import Trouble
from crawler.paths import real_path
from crawler.text.arguments import start_directory
from crawler.text.urls import STATE_DIRECTORY

NAME = "told.json"
_BLOCK = 4096
"""The size of the file in bytes is a multiple of this; so it can be overwritten in place even on a full disk."""
_MOST = 1 << 20
"""Maximum number of bytes that are read from the file."""


class Memory:
    """The memory of the runs on ``directory``: kind of run → Trouble."""

    def __init__(self, directory: str) -> None:
        self._places = list(_places(directory))

    def load(self) -> dict[str, Trouble]:
        """The stored entries: for each kind of run, the latest one of all files."""
        found: dict[str, Trouble] = {}
        for place in self._places:
            for kind, trouble in _read(place).items():
                other = found.get(kind)
                if other is None or trouble.runs > other.runs:
                    found[kind] = trouble
        return found

    def save(self, troubles: Mapping[str, Trouble]) -> None:
        """Write ``troubles`` to the first file that is writable, and empty the others."""
        values = {
            kind: {"since": trouble.since, "runs": trouble.runs, "told": dict(trouble.told)}
            for kind, trouble in troubles.items()
        }
        text = json.dumps(values).encode() + b"\n"
        padded = text.rjust(-(-len(text) // _BLOCK) * _BLOCK)
        is_saved = False
        for place in self._places:
            if not is_saved and _write(place, padded):
                is_saved = True
            else:
                with suppress(OSError):
                    place.unlink(missing_ok=True)


def _places(directory: str) -> Iterator[Path]:
    """Yield the files in order of preference. DIR is never created for this."""
    with suppress(ConfigError):  # DIR is an object store or unknown
        own = start_directory(directory) / STATE_DIRECTORY
        if _is_directory(own):
            yield own / NAME
    try:
        home = Path(os.environ.get("XDG_STATE_HOME", ""))
        home = home if home.is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError:  # the user has no home directory
        return
    name = hashlib.sha256(os.fsencode(real_path(directory))).hexdigest()[:32]
    yield home / "crawler" / f"told-{name}.json"


def _read(place: Path) -> dict[str, Trouble]:
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            values = json.loads(stream.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {kind: trouble for kind, value in values.items() if (trouble := _trouble_of(value)) is not None}


def _trouble_of(value: object) -> Trouble | None:
    match value:
        case {"since": float(since), "runs": int(runs), "told": dict(told)}:
            is_sound = math.isfinite(since) and all(isinstance(when, float) for when in told.values())
            return Trouble(since=since, runs=runs, told=told) if is_sound else None
    return None


def _write(place: Path, content: bytes) -> bool:
    """Overwrite the file in place. Returns whether this succeeded."""
    try:
        if place.parent.name != STATE_DIRECTORY:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        with os.fdopen(os.open(place, flags, 0o644), "wb") as stream:
            stream.write(content)
            stream.truncate()
    except OSError:
        return False
    return True


def _is_directory(path: Path) -> bool:
    """Whether ``path`` is a directory, and no link to one; False if that cannot be found out."""
    with suppress(OSError):
        return stat.S_ISDIR(path.lstat().st_mode)
    return False
