"""The last bytes of a body that arrives in pieces."""

from __future__ import annotations


class Tail:
    """Keeps the last pieces: at least ``least`` bytes, if so many have arrived. Nothing is copied before ``joined``."""

    __slots__ = ("_least", "_pieces", "_size")

    def __init__(self, least: int) -> None:
        self._least = least
        self._pieces: list[bytes] = []
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, piece: bytes) -> None:
        """``piece`` follows."""
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size - len(self._pieces[0]) >= self._least:
            self._size -= len(self._pieces.pop(0))

    def clear(self) -> None:
        """Forget everything: another body begins."""
        self._pieces.clear()
        self._size = 0

    def joined(self) -> bytes:
        """The pieces that are kept."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
