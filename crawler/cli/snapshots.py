"""The modes --list-snapshots and --rollback."""

from __future__ import annotations

from pathlib import Path

from crawler.cli.invocation import Invocation
from crawler.cli.printing import print_result
from crawler.cli.runner import run_query
from crawler.model.errors import ConfigError
from crawler.text.arguments import is_object_url, start_directory


def run_list_snapshots(call: Invocation) -> int:
    """Print the snapshots, oldest first."""
    from crawler.app.snapshots.existing import list_snapshots
    from crawler.output.snapshots import render_snapshots

    found = list_snapshots(_directory(call))
    return print_result(render_snapshots(found, call.config.format))


def run_rollback(call: Invocation) -> int:
    """Make another snapshot current, and print which one was current before."""
    from crawler.app.snapshots.existing import roll_back

    name = call.rollback or ""
    before = run_query(roll_back(name, _directory(call), call.config))
    seen = f"in place of {before}" if before not in {None, name} else "as before" if before else "from now on"
    return print_result(f"readers see {name} {seen}")


def _directory(call: Invocation) -> Path:
    """DIR. Raises ConfigError."""
    name = call.positional[0]
    if is_object_url(name):
        raise ConfigError(f"{name} has no snapshots: an object store has no hard links, of which they are made")
    return start_directory(name)
