"""``make cover``: branch coverage of the unit tests by package, and a floor for the packages without I/O.

Other packages are listed for information: most of their code is tested end to end, in processes that are not measured.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from coverage import Coverage

FLOOR = 95.0
"""Per cent of lines and branches that each package and module without I/O must reach."""
PURE = ("text", "model", "pipeline/rules", "listings")
REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "crawler"


def package_of(module: str) -> str:
    """The package that a module, as a path below crawler/, is counted in."""
    pure = next((name for name in PURE if module.startswith(f"{name}/")), None)
    return pure or module.partition("/")[0] if "/" in module else "crawler"


def percent(covered: int, total: int) -> float:
    """``covered`` as a percentage of ``total``; nothing to cover is fully covered."""
    return 100.0 * covered / total if total else 100.0


def measure(coverage: Coverage, scratch: Path) -> dict[str, tuple[int, int]]:
    """Module, as a path below crawler/ → covered and total number of lines and branches."""
    with contextlib.redirect_stdout(io.StringIO()):
        coverage.json_report(outfile=str(scratch / "report.json"))
    files = json.loads((scratch / "report.json").read_text())["files"]
    counts = {}
    for name, file in files.items():
        numbers = file["summary"]
        covered = numbers["covered_lines"] + numbers["covered_branches"]
        total = numbers["num_statements"] + numbers["num_branches"]
        counts[(REPOSITORY / name).relative_to(PACKAGE).as_posix()] = (covered, total)
    return counts


def report(counts: dict[str, tuple[int, int]]) -> bool:
    """Print the coverage by package and name the modules below the floor; False if a package is below it."""
    packages = defaultdict[str, list[str]](list)
    for module in counts:
        packages[package_of(module)].append(module)
    sums = {
        package: (sum(counts[module][0] for module in modules), sum(counts[module][1] for module in modules))
        for package, modules in packages.items()
    }
    for package in sorted(packages):
        note = f"  at least {FLOOR:.0f}" if package in PURE else ""
        print(f"{percent(*sums[package]):6.1f} %  {package}{note}")
    print()
    for module, count in sorted(counts.items(), key=lambda item: percent(*item[1])):
        if package_of(module) in PURE and percent(*count) < FLOOR:
            print(f"{percent(*count):6.1f} %  {module}: below {FLOOR:.0f}")
    return all(percent(*sums[package]) >= FLOOR for package in PURE)


def main(arguments: list[str]) -> int:
    """Run the unit tests with pytest's ``arguments`` and print the report. Returns the exit code."""
    with tempfile.TemporaryDirectory() as scratch:
        data = str(Path(scratch) / "data")
        options = ["--data-file", data, "--branch", "--source", "crawler"]
        tests = [sys.executable, "-m", "coverage", "run", *options, "-m", "pytest", "-q", "tests/unit", *arguments]
        if code := subprocess.run(tests, cwd=REPOSITORY, check=False).returncode:
            return code
        coverage = Coverage(data_file=data, branch=True, source=["crawler"])
        coverage.load()
        return 0 if report(measure(coverage, Path(scratch))) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
