"""A custom filter: only the newest version of each program.

    python examples/newest_only.py https://files.example.org/releases/ newest

No option can do this, because the choice depends on other entries. So the entries are read first (``walk``), the newest
are chosen, and then fetched (``download``). A second run checks whether the chosen files have changed, and fetches new
ones.
"""

from __future__ import annotations

import asyncio
import re
import sys

import crawler

VERSIONED = re.compile(r"(?P<program>.+?)-(?P<version>\d+(?:\.\d+)*)(?P<rest>\D.*)")


def newest(files: list[crawler.Entry]) -> list[crawler.Entry]:
    """The highest version among files such as ``app-1.10.zip`` and ``app-1.9.zip`` in one directory; no other files."""
    best: dict[tuple[str, str, str], tuple[tuple[int, ...], crawler.Entry]] = {}
    for entry in files:
        found = VERSIONED.fullmatch(entry.name)
        if found is None:
            continue
        key = (entry.folder, found["program"], found["rest"])
        version = tuple(int(number) for number in found["version"].split("."))
        if key not in best or best[key][0] < version:
            best[key] = (version, entry)
    return [entry for _, entry in best.values()]


async def main(url: str, directory: str) -> int:
    async with crawler.walk(url) as entries:
        files = [entry async for entry in entries if entry.kind is crawler.Kind.FILE]
    chosen = newest(files)
    print(f"{len(chosen)} of {len(files)} files")
    report = await crawler.download([(entry.url, entry.path) for entry in chosen], directory)
    print(f"{report.saved} saved, {report.unchanged} unchanged, {report.failed} failed")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
