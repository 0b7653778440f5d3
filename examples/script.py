"""A script without asyncio: mirror a tree, show a bar, and keep what happened as JSON.

    python examples/script.py https://files.example.org/pub/ pub

Ctrl-C ends it cleanly; the next call continues.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import crawler


def main(url: str, directory: str) -> int:
    report = crawler.mirror_sync(
        url, directory, ext=("txt", "zip"), exclude="old/", workers=16, observers=[crawler.RichProgress()]
    )
    for failure in report.failures:
        print(f"{failure.path}: {failure.reason}", file=sys.stderr)
    Path(f"{directory}.json").write_text(json.dumps(report.to_dict(), indent=2))
    print(f"{report.saved} saved, {report.unchanged} unchanged, {report.failed} failed")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
