"""What to do about a file that an option names and that cannot be read, or not even be looked at."""

from __future__ import annotations

import errno

from crawler.model.options.readers import foreign_path

_ADVICE = {
    errno.ENOENT: "create it, or correct the path",
    errno.ENOTDIR: "correct the path",
    errno.EACCES: "make it readable for the user who runs this program",
    errno.EISDIR: "name a file",
    errno.ELOOP: "a link leads to itself: remove it, or name another path",
    errno.ENAMETOOLONG: "shorten the name",
}
_NO_ENTRY = "make its directory accessible to the user who runs this program, or name another path"


def unreadable(error: OSError, path: str) -> str:
    """Why the file at ``path``, as given, cannot be read, and what to do."""
    if error.errno == errno.ENOENT and path == "-":
        return "write /dev/stdin for standard input, or ./- for a file of that name"
    if error.errno == errno.ENOENT and (problem := foreign_path(path)):
        return problem
    reason, advice = str(error.strerror or error), _ADVICE.get(error.errno or 0)
    if advice and "path" in advice and not path.startswith(("/", "~")):
        advice += ", which is relative to the working directory"
    return f"{reason}: {advice}" if advice else reason


def unreachable(error: OSError) -> str:
    """Why it cannot be found out what is at a path, and what to do."""
    reason, advice = str(error.strerror or error), _ADVICE.get(error.errno or 0)
    if error.errno in {errno.EACCES, errno.EPERM}:
        advice = _NO_ENTRY
    return f"{reason}: {advice}" if advice else reason
