"""The parser process as its parent sees it: started, given pages, and killed. Imported with the first long page."""

from __future__ import annotations

import asyncio
import json
import signal

from crawler.model import limits
from crawler.model.errors import ListingError
from crawler.workers.child_process import ChildProcess
from crawler.workers.frames import FrameDecoder, FrameError, frame, frame_header
from crawler.workers.listing_codec import OUT_OF_MEMORY, is_last

_MAX_FRAME = 64 * limits.MIB
_EXIT_SECONDS, _POLL_SECONDS = 2.0, 0.02
"""How long a process that closed its connection may take to exit, and the polling interval, in seconds."""


class ParserProcess:
    """One parser process, which runs in ``/``. Raises OSError if it cannot be started."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        """The connection to the process; opened with the first page."""
        self._child = ChildProcess("crawler.workers.page_parser_process", str(memory), directory="/")

    async def parse(self, body: bytes, url: str, content_type: str, seconds: float) -> list[bytes]:
        """The frames of the page's listing. Raises ListingError, after which the process must be killed."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(json.dumps([url, content_type, seconds]).encode(), body)
        except TimeoutError:
            raise ListingError(f"its page took longer than {seconds:.0f} s to read") from None
        except (OSError, EOFError, FrameError):
            raise ListingError(await self._explain_end(seconds)) from None

    async def _exchange(self, head: bytes, body: bytes) -> list[bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(sock=self._child.connection)
        reader, writer = self._streams
        writer.write(frame(head) + frame_header(len(body)))
        for start in range(0, len(body), limits.BODY_CHUNK):
            writer.write(body[start : start + limits.BODY_CHUNK])
            await writer.drain()
        decoder, frames = FrameDecoder(_MAX_FRAME), list[bytes]()
        while not frames or not is_last(frames[-1]):
            data = await reader.read(limits.BODY_CHUNK)
            if not data:
                raise EOFError
            frames.extend(decoder.feed(data))
        return frames

    async def _explain_end(self, seconds: float) -> str:
        """Why the process ended, as the reason of a ListingError."""
        for _ in range(int(_EXIT_SECONDS / _POLL_SECONDS)):
            if self._child.process.poll() is not None:
                break
            await asyncio.sleep(_POLL_SECONDS)
        status = self._child.process.returncode
        if status == OUT_OF_MEMORY:
            return f"its page takes more than {self._memory // limits.MIB} MiB to read"
        if status == -signal.SIGXCPU:
            return f"its page took longer than {seconds:.0f} s to read"
        if status is None or status >= 0:
            return f"the parser process ended with status {status}"
        return f"the parser process was killed by signal {-status}"

    def kill(self) -> None:
        """Kill the process, whatever its state."""
        if self._streams is not None:
            self._streams[1].transport.abort()
        self._child.kill()
