"""The entries of a tree as a data frame of pandas (``pip install pandas``): the sizes by kind of file.

    python examples/data_frame.py https://files.example.org/pub/

``to_dict`` is flat: each key becomes a column. A listing rounds sizes and times, so these are two columns each, the
lowest and the highest value.
"""

from __future__ import annotations

import asyncio
import sys

import pandas

import crawler


async def entries_of(url: str) -> pandas.DataFrame:
    """One row for each file below ``url``; nothing is saved."""
    async with crawler.walk(url) as entries:
        rows = [entry.to_dict() async for entry in entries if entry.kind is crawler.Kind.FILE]
    frame = pandas.DataFrame(rows, columns=["path", "name", "folder", "size_low", "size_high", "modified_low", "url"])
    frame["extension"] = frame["name"].str.extract(r"\.(\w+)$")
    return frame


def main(url: str) -> None:
    frame = asyncio.run(entries_of(url))
    table = frame.groupby("extension").agg(files=("name", "count"), at_most=("size_high", "sum"))
    print(table.sort_values("at_most", ascending=False).to_string())
    print("newest:", frame.sort_values("modified_low").iloc[-1]["path"])


if __name__ == "__main__":
    main(sys.argv[1])
