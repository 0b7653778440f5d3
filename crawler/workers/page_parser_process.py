"""The process that parses long pages for ``page_parsers``, so that a page which takes too long can be killed.

Standard input is a socket to the parent. For each page the process receives a frame of JSON and a frame with the body,
and sends the frames of an encoded listing. It ends with its parent, or at limits that it sets itself: memory, and
processor time in case the parent is gone and cannot enforce a time limit. If a sandbox forbids setting limits, a thread
watches the memory.
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
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from crawler.listings import parse_without_grammar
from crawler.workers.frames import frame, read_frame
from crawler.workers.listing_codec import OUT_OF_MEMORY, encode_listing

_GC_THRESHOLDS = (100_000, 50, 50)
"""The garbage collector runs rarely: a page creates a million short-lived objects, few of them in cycles."""
_WATCH_SECONDS = 0.1
_Page = tuple[str, str, float, bytes]
"""A page to parse: (URL, content type, seconds of processor time allowed, body)."""


def main(allowed: str) -> None:
    """Serve until the parent closes the connection. ``allowed``: memory limit in bytes, as decimal text."""
    memory = int(allowed)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the parent decides what these mean
        signal.signal(number, signal.SIG_IGN)
    gc.set_threshold(*_GC_THRESHOLDS)
    _limit(resource.RLIMIT_CORE, 0)
    if not _limit(resource.RLIMIT_DATA, memory):
        Thread(target=_watch_memory, args=(memory,), daemon=True).start()
    connection = socket.socket(fileno=0)
    pages: SimpleQueue[_Page] = SimpleQueue()
    Thread(target=_receive, args=(connection.makefile("rb"), pages), daemon=True).start()
    while True:
        url, content_type, seconds, body = pages.get()
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)
        try:
            for payload in encode_listing(parse_without_grammar(body, url, content_type)):
                connection.sendall(frame(payload))
        except MemoryError:
            os._exit(OUT_OF_MEMORY)


def _receive(source: BinaryIO, pages: SimpleQueue[_Page]) -> None:
    """Receive pages. Ends the process when the connection ends, whatever the other thread is doing."""
    status = OUT_OF_MEMORY
    try:
        while (head := read_frame(source)) is not None and (body := read_frame(source)) is not None:
            url, content_type, seconds = json.loads(head)
            pages.put((url, content_type, seconds, body))
        status = 0
    finally:
        os._exit(status)


def _limit(which: int, value: int) -> bool:
    """Lower a resource limit to ``value``, or to its hard limit. False if that is not allowed."""
    _, hard = resource.getrlimit(which)
    try:
        resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
    except (OSError, ValueError):  # systemd's SystemCallFilter=~@resources
        return False
    return True


def _watch_memory(memory: int) -> None:
    """End the process when it uses more than ``memory`` bytes, on systems with /proc."""
    page = resource.getpagesize()
    with suppress(OSError):
        while int(Path("/proc/self/statm").read_text().split()[1]) * page <= memory:
            time.sleep(_WATCH_SECONDS)
        os._exit(OUT_OF_MEMORY)
