"""What counts as something that this machine lacks, and is told in one line."""

from __future__ import annotations

import errno

import pytest

from crawler.app.lifetime import first_error
from crawler.model.errors import DestinationError
from crawler.text.advice.scarcity import lacking

ERRORS: list[tuple[BaseException, str | None]] = [
    (MemoryError(), "out of memory"),
    (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
    (OSError(errno.EMFILE, "Too many open files", "module.py"), "too many open files: "),
    (OSError(errno.ENFILE, "File table overflow"), "too many open files in the whole system"),
    (RuntimeError("can't start new thread"), "no more threads or processes"),
    (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no more threads or processes"),
    (ImportError("/x/_y.so: failed to map segment from shared object"), "a module of Python cannot be loaded"),
    (ImportError("cannot import name 'x' from 'y'"), None),
    (RuntimeError("a bug"), None),
    (OSError(errno.ENOENT, "No such file or directory"), None),
    (ValueError("a bug"), None),
]


@pytest.mark.parametrize(("error", "begins"), ERRORS, ids=[repr(error) for error, _ in ERRORS])
def test_what_is_lacking_is_named_and_anything_else_is_a_bug(error: BaseException, begins: str | None) -> None:
    later = RuntimeError("Cannot close a running event loop")
    later.__context__ = error
    for each in (error, later):
        found = lacking(each)
        assert (found is None) if begins is None else (found or "").startswith(begins)


@pytest.mark.parametrize(("error", "begins"), [each for each in ERRORS if isinstance(each[0], Exception)])
def test_a_lack_that_ends_a_task_ends_the_run_and_a_bug_beside_it_is_not_hidden(
    error: Exception, begins: str | None
) -> None:
    group = BaseExceptionGroup("tasks", [BaseExceptionGroup("inner", [error])])
    if begins is None:
        with pytest.raises(BaseExceptionGroup):
            first_error(group)
        return
    found = first_error(group)
    assert isinstance(found, DestinationError)
    assert str(found).startswith(begins)
    with pytest.raises(BaseExceptionGroup):
        first_error(BaseExceptionGroup("tasks", [error, KeyError("a bug")]))
