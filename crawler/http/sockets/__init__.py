"""Settings and readings of TCP sockets below their asyncio transports."""
