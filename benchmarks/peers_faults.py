"""``make peers-faults``: the fault suite against wget, wget2, lftp and rclone, on the rows that apply to them.

Each test states its options as a wish (``tests/support/misbehaving/tools.py``), rendered as each tool's command line;
tests of what only this program offers are skipped. A row passes if all of its applicable tests pass. Exit codes are
compared as "0" and "not 0" only, and messages are not checked. Writes the table of ``docs/peers.md`` to stdout; for a
few rows, ``make peers-faults ARGS="-- -k 'name_of_a_test or name_of_another'"``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("crawler", "wget", "wget2", "lftp", "rclone")
PATIENCE = "20"
"""Seconds until a run counts as hanging. With timeouts of two seconds, no case needs more than ten."""


def outcomes(tool: str, arguments: list[str]) -> dict[str, list[bool]]:
    """Row → whether each of its tests that apply to ``tool`` passed."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=no", "-n", "2", "-p", "no:cacheprovider"]
        env = os.environ | {"FAULTS_TOOL": tool, "FAULTS_PATIENCE": PATIENCE}
        options = [f"--junitxml={report}", "-o", "junit_family=xunit1", "-m", "not heavy", "tests/reliability"]
        subprocess.run([*command, *options, *arguments], cwd=ROOT, env=env, check=False, stdout=subprocess.DEVNULL)
        return read(report)


def read(report: Path) -> dict[str, list[bool]]:
    """The rows of a JUnit report. A test that fails together with its teardown counts once, as failed."""
    verdicts: dict[tuple[str, str], bool] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("skipped") is not None:
            continue
        passed = case.find("failure") is None and case.find("error") is None
        for item in case.iter("property"):
            if item.get("name") == "row":
                key = (str(item.get("value")), f"{case.get('classname')}::{case.get('name')}")
                verdicts[key] = verdicts.get(key, True) and passed
    rows: dict[str, list[bool]] = defaultdict(list)
    for (row, _), passed in verdicts.items():
        rows[row].append(passed)
    return rows


def cell(results: list[bool] | None) -> str:
    if not results:
        return "–"
    failed = results.count(False)
    if not failed:
        return "✓"
    return "fails" if failed == len(results) else f"fails {failed} of {len(results)}"


def table(results: dict[str, dict[str, list[bool]]]) -> str:
    """A Markdown table with a line per row, a column per tool, and totals."""
    rows = sorted({row for found in results.values() for row in found})
    lines = ["| row | " + " | ".join(results) + " |", "| --- |" + " --- |" * len(results)]
    lines += [f"| {row} | " + " | ".join(cell(found.get(row)) for found in results.values()) + " |" for row in rows]
    sums = [f"{sum(map(all, found.values()))} of {len(found)}" for found in results.values()]
    return "\n".join([*lines, "| passed | " + " | ".join(sums) + " |"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", action="append", choices=TOOLS, help="only this one; may be repeated")
    parser.add_argument("rest", nargs="*", help="further arguments for pytest, after --")
    arguments = parser.parse_args()
    present = [tool for tool in arguments.tool or TOOLS if tool == "crawler" or shutil.which(tool)]
    results = {}
    for tool in present:
        sys.stderr.write(f"{tool} …\n")
        results[tool] = outcomes(tool, arguments.rest)
    sys.stdout.write(table(results) + "\n")


if __name__ == "__main__":
    main()
