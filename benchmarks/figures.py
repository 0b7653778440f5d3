"""The figures of a measurement, which may be made in several parts: a file keeps them in between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import Cost
from benchmarks.parsing import Parsed

Costs = dict[tuple[str, str], list[Cost]]
"""(work, program) → its runs, in the order of the rounds. The name of a second run ends in ``again``."""


def read(path: Path | None) -> tuple[Costs, list[Parsed]]:
    """The figures in a file, of runs and of pages; none without a file."""
    if path is None or not path.exists():
        return {}, []
    kept = json.loads(path.read_text())
    costs = {(work, program): [Cost(**each) for each in runs] for work, program, runs in kept["costs"]}
    return costs, [Parsed(**each) for each in kept["pages"]]


def write(path: Path, costs: Costs, pages: Sequence[Parsed]) -> None:
    """Keep the figures in a file."""
    runs = [[work, program, [asdict(each) for each in found]] for (work, program), found in costs.items()]
    path.write_text(json.dumps({"costs": runs, "pages": [asdict(page) for page in pages]}, indent=1))
