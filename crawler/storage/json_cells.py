"""Values in JSON, as the state keeps them: with msgspec, which is there, unless that refuses something.

It refuses the lone surrogates that stand for bytes of names. The json module, which takes 1 ms to import, does not.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec.json


def encoded(value: Any) -> str:
    """``value``, in which all numbers are finite, as JSON."""
    try:
        return msgspec.json.encode(value).decode()
    except ValueError:
        return json.dumps(value)


def decoded(text: str | bytes) -> Any:
    """The value of ``text``. Raises ValueError, TypeError, RecursionError."""
    try:
        return msgspec.json.decode(text)
    except ValueError:
        return json.loads(text)
