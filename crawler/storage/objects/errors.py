"""Errors of obstore: whether they affect one object or all of them, and one line for the user.

obstore's own message contains the whole request, including its URL, which for Azure may contain a signature.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from crawler.model.errors import DestinationError
from crawler.model.values import Known
from crawler.text.escape import printable

FAILURES = (BaseError, OSError, ValueError)
"""All exceptions that a call of obstore can raise."""
MISSING = FileNotFoundError
CONFLICT = (AlreadyExistsError, PreconditionError)
"""Exceptions that mean that the condition of a write does not hold."""

_STATUS = re.compile(r"status code: (\d{3})([A-Za-z ]*)")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_INVALID = re.compile(r'Path "(.{1,300}?)"', re.DOTALL)
_OF_ONE = frozenset({"400", "405", "411", "413", "414", "422"})
"""HTTP statuses that refuse a single object, for example because of its key."""
_NAMED = re.compile(r"elete\w* request failed for key .{1,5000}? \(code: (\w{1,60})\)|<DeleteResult", re.DOTALL)
"""In the error of obstore for an object that a store refuses to delete; its code, or the response that has it."""
_REFUSED_DELETE = re.compile(r"Error performing DELETE .{1,5000}? status code: (403|409|412|423)", re.DOTALL)
"""In the error of obstore for a request that deletes one object, which may be protected."""
_ACCESS = "check the credentials and the permissions, see docs/object-stores.md"


def is_of_one(error: Exception) -> bool:
    """True if ``error`` affects a single object, and others can be stored."""
    if isinstance(error, InvalidPathError | ValueError) and not isinstance(error, OSError):
        return True
    status = _STATUS.search(str(error))
    return status is not None and status[1] in _OF_ONE


def is_of_one_deletion(error: Exception) -> bool:
    """True if ``error``, from a request to delete one object, affects only that object.

    A store that answers requests for several objects names the refused ones in its response, which itself succeeds.
    """
    text = str(error)
    return _NAMED.search(text) is not None or _REFUSED_DELETE.search(text) is not None or is_of_one(error)


def summary(error: Exception) -> str:
    """``error`` in a few words: HTTP status and code of the store, or the kind of failure."""
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    if (named := _NAMED.search(text)) is not None:
        return f"the store refuses: {named[1] or (code[1] if code else 'no reason given')}"
    if status is not None:
        return f"HTTP {status[1]}{status[2].rstrip()}{f', {code[1]}' if code else ''}"
    line = text.strip().partition("\n")[0]
    line = re.sub(r"https?://\S+", "", line)  # a URL may contain a signature
    return printable(line.rpartition(" - ")[2].strip()[:200]) or type(error).__name__


def destination_error(
    error: Exception, where: object, *, done: Sequence[Known] = (), untouched: bool = False
) -> DestinationError:
    """The error for the user if the store as a whole cannot be used. ``done`` and ``untouched``: see there."""
    text = str(error)
    if isinstance(error, InvalidPathError):
        found = _INVALID.search(text)
        key = printable(found[1]) if found else "?"
        return DestinationError(
            f"cannot list {where}: another program stored a key there that cannot be read here: {key}: remove or "
            "rename that object, or choose another prefix",
            done=done,
            untouched=untouched,
        )
    if isinstance(error, OSError) and error.errno is not None:
        return DestinationError(
            f"cannot keep the state of {where} in {error.filename}: {error.strerror}", done=done, untouched=untouched
        )
    advice = ""
    if "NoSuchBucket" in text or "ContainerNotFound" in text:
        advice = ": create the bucket first"
    elif isinstance(error, PermissionDeniedError | UnauthenticatedError) or re.search("credential|40[13] ", text):
        advice = f": {_ACCESS}"
    elif isinstance(error, NotSupportedError) or "501" in summary(error):
        advice = ": this store has no conditional writes: use --lock none, and make sure that runs never overlap"
    elif _STATUS.search(text) is None:
        advice = ": is the endpoint right, and can it be reached?"
    return DestinationError(f"cannot use {where}: {summary(error)}{advice}", done=done, untouched=untouched)
