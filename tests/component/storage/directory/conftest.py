"""What tests of helper processes have in common."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from crawler.storage import processes as helpers


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The numbers of all helper processes that are started."""
    found: list[int] = []
    real = helpers.started

    def started(module: str, connection: int) -> int:
        found.append(real(module, connection))
        return found[-1]

    monkeypatch.setattr(helpers, "started", started)
    yield found
    for number in found:
        with pytest.raises(ProcessLookupError):  # each has ended, and has been reaped
            os.kill(number, 0)
