"""What the event loop reports about connections."""

from __future__ import annotations

import asyncio

import pytest

from crawler.workers.event_loop import loop_factory

CLOSED = RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")


@pytest.mark.parametrize(
    ("error", "is_closed", "is_reported"),
    [(CLOSED, True, False), (CLOSED, False, True), (ValueError("a bug"), True, True), (MemoryError(), False, False)],
)
@pytest.mark.parametrize("is_light", [False, True])
def test_a_connection_that_was_closed_while_it_was_to_be_read_or_lacks_memory_is_no_error_of_the_loop(
    error: Exception, is_closed: bool, is_reported: bool, is_light: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def report() -> None:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            transport, protocol = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol, *server.sockets[0].getsockname()
            )
            if is_closed:
                transport.abort()
            asyncio.get_running_loop().call_exception_handler(
                {"message": "Fatal error", "exception": error, "transport": transport, "protocol": protocol}
            )
            transport.abort()

    with asyncio.Runner(loop_factory=loop_factory(is_light=is_light)) as runner:
        runner.run(report())
    assert ("Fatal error" in caplog.text) is is_reported
