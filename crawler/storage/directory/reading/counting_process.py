"""The process that counts directories ahead for ``counted_ahead``, with an interpreter lock of its own.

Standard input is a socket to the parent. The only message names the directories, in shared memory: those to be listed,
and those to be counted. There is an answer for each of the former, and one for each group of the latter. It only reads
DIR, and decides nothing. The kernel kills it when its parent ends.

It starts while the program is still being imported, so it imports little beside modules that are written in C.
"""

from __future__ import annotations

import marshal
import os

from crawler.storage.directory.reading.counted import counted, listed
from crawler.storage.life_line import COUNTED, begun

GROUP = 64
"""Maximum number of directories in one answer."""


def main() -> None:
    """Count what the parent asks for, and end."""
    given = begun()
    if given is None:
        return
    connection, (order, root) = given
    above, paths = marshal.loads(os.pread(order, os.fstat(order).st_size, 0))
    for items in listed(root, above):
        answer = marshal.dumps(items)
        connection.send(answer if len(answer) <= COUNTED else marshal.dumps(None))
    found = counted(root, paths)
    for start in range(0, len(paths), GROUP):
        group = [next(found) for _ in paths[start : start + GROUP]]
        connection.send(marshal.dumps(group))
