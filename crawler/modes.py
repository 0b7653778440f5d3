"""The command line's other modes: what they print, and their exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

from crawler.console import Call, run_async

RUNS_SHOWN = 20


def run_history(call: Call) -> int:
    """Print the last runs; with -v all that are remembered."""
    from crawler.history import render_history
    from crawler.upkeep import read_history

    limit = 1_000_000 if call.verbosity else RUNS_SHOWN
    runs = run_async(lambda _stop: read_history(Path(call.positional[0]), call.config, limit))
    unicode = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    print(render_history(runs, None, unicode=unicode) if runs else "no run is remembered")  # noqa: T201
    return 0
