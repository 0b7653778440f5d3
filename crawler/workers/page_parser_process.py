"""The process that reads long listings, so that a page which nothing else would stop can be stopped: see ``parsers``.

It is told one page after the other over a socket, its standard input, and answers each with the frames of a packed
listing. It ends with its parent, and by the limits that it sets for itself: on memory, and on processor time, should
the parent no longer be there to look at the clock. Where a sandbox forbids to set limits, a thread looks at the memory.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import time
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from crawler.listings import parse_without_grammar
from crawler.workers import listing_codec as packing

_GARBAGE = (100_000, 50, 50)
"""The collector runs seldom: a page makes a million objects, few of them in circles, and is over soon."""
_WATCH_SECONDS = 0.1
_Task = tuple[str, str, float, bytes]


def main(allowed: str) -> None:
    """Serve until the parent closes the connection or is gone; ``allowed`` bytes of memory, in digits."""
    memory = int(allowed)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # who asks the parent to stop need not ask us
        signal.signal(number, signal.SIG_IGN)
    gc.set_threshold(*_GARBAGE)
    _limit(resource.RLIMIT_CORE, 0)
    if not _limit(resource.RLIMIT_DATA, memory):
        Thread(target=_watch, args=(memory,), daemon=True).start()
    connection = socket.socket(fileno=0)
    tasks: SimpleQueue[_Task] = SimpleQueue()
    Thread(target=_listen, args=(connection.makefile("rb"), tasks), daemon=True).start()
    while True:
        url, content_type, seconds, body = tasks.get()
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)
        try:
            for frame in packing.pack(parse_without_grammar(body, url, content_type)):
                connection.sendall(len(frame).to_bytes(4) + frame)
        except MemoryError:
            os._exit(packing.OUT_OF_MEMORY)


def _listen(source: BufferedReader, tasks: SimpleQueue[_Task]) -> None:
    """Receive what the parent sends. Ends the process with the connection, whatever the other thread is doing."""
    status = packing.OUT_OF_MEMORY
    try:
        while head := source.readline():
            url, content_type, seconds, size = json.loads(head)
            tasks.put((url, content_type, seconds, source.read(size)))
        status = 0
    finally:
        os._exit(status)


def _limit(which: int, value: int) -> bool:
    """Lower a limit, as far as it is not lower already. False where that is not allowed."""
    _, hard = resource.getrlimit(which)
    try:
        resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
    except (OSError, ValueError):  # systemd's SystemCallFilter=~@resources
        return False
    return True


def _watch(memory: int) -> None:
    """End the process when it takes more than so many bytes, as far as this system tells."""
    page = resource.getpagesize()
    with suppress(OSError):
        while int(Path("/proc/self/statm").read_text().split()[1]) * page <= memory:
            time.sleep(_WATCH_SECONDS)
        os._exit(packing.OUT_OF_MEMORY)
