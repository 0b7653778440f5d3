"""The lock in a store, and the copy of the state: every order of events, with a store in memory."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore

from crawler.model.config import Config
from crawler.model.errors import AlreadyRunning, DestinationError
from crawler.storage.objects.location import Location
from crawler.storage.objects.own import lock as locks
from crawler.storage.objects.own import session, state_copy
from crawler.storage.objects.own.lock import Lock, is_marked, mark
from crawler.storage.objects.own.session import Session
from crawler.storage.objects.own.state_copy import KEY, StateCopy

ODD = (b"1e400", b"Infinity", b"NaN", b'"x"', b"1" * 500)
"""Times at which no lock expires."""


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def holder(store: MemoryStore) -> dict[str, object]:
    found: dict[str, object] = json.loads(bytes(obstore.get(store, locks.KEY).bytes()))
    return found


def hold(store: MemoryStore, *, seconds: float, token: str = "other") -> None:
    facts = {"owner": "far pid 1", "since": "now", "expires_at": time.time() + seconds, "token": token}
    obstore.put(store, locks.KEY, json.dumps(facts).encode())


async def test_one_run_after_the_other(store: MemoryStore, tmp_path: Path) -> None:
    for _ in range(2):
        lock = Lock(store, "s3://b", tmp_path / "token")
        await lock.acquire(0)
        lock.check()
        with pytest.raises(AlreadyRunning, match=r"pid \d+, since 20.*holds s3://b"):
            await Lock(store, "s3://b", tmp_path / "elsewhere").acquire(0)
        await lock.renew()
        lock.check()
        await lock.release()
        assert (holder(store)["expires_at"], holder(store)["token"]) == (0, "")
    assert await is_marked(store, "")
    assert not await is_marked(store, "pub")


@pytest.mark.parametrize(
    ("left", "known", "taken"),
    [
        (-61, False, True),
        (200, False, False),
        (7200, False, True),  # whose owner's clock is two hours ahead
        (200, True, True),  # on this machine, where the lock of the cache proves that the process has ended
    ],
)
async def test_a_stale_lock(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: float, known: bool, taken: bool
) -> None:
    hold(store, seconds=left)
    (tmp_path / "token").write_text("older\nother" if known else "older")
    if left < 0 or left > 300:
        with pytest.raises(AlreadyRunning):  # just written, whatever the clock of its owner says
            await Lock(store, "s3://b", tmp_path / "token").acquire(0)
        monkeypatch.setattr(locks, "SKEW", -400.0)  # as if minutes had passed
    lock = Lock(store, "s3://b", tmp_path / "token")
    if taken:
        await lock.acquire(0)
        lock.check()
    else:
        with pytest.raises(AlreadyRunning):
            await lock.acquire(0)
    await lock.release()


async def test_what_is_no_lock_is_replaced_when_one_would_have_expired_and_a_mark_is_none(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for forged in (b"not JSON", b"[" * 9999, *(b'{"owner":1,"since":2,"token":3,"expires_at":%s}' % x for x in ODD)):
        obstore.put(store, locks.KEY, forged)
        lock = Lock(store, "s3://b", tmp_path / "token")
        with pytest.raises(AlreadyRunning, match="its lock ends at 20"):
            await lock.acquire(0)
        with monkeypatch.context() as patch:
            patch.setattr(locks, "SKEW", -400.0)  # as if minutes had passed
            await lock.acquire(0)
        await lock.release()
    obstore.put(store, locks.KEY, b"not JSON")
    await mark(store)
    assert bytes(obstore.get(store, locks.KEY).bytes()) == b"not JSON"
    obstore.delete(store, locks.KEY)
    await mark(store)
    lock = Lock(store, "s3://b", tmp_path / "token")
    await lock.acquire(0)
    await lock.release()


async def test_a_lock_that_was_taken_over_or_ran_out_ends_the_run(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = Lock(store, "s3://b", tmp_path / "token")
    await lock.acquire(0)
    hold(store, seconds=100)
    await lock.renew()
    with pytest.raises(DestinationError, match="far pid 1 has taken over"):
        lock.check()
    await lock.release()
    assert holder(store)["token"] == "other", "it is not ours to release"
    monkeypatch.setattr(locks, "EXPIRY", -1.0)
    obstore.delete(store, locks.KEY)
    late = Lock(store, "s3://b", tmp_path / "token")
    await late.acquire(0)
    with pytest.raises(DestinationError, match="could not be renewed in time"):
        late.check()
    await late.release()
    assert holder(store)["token"] == ""
    assert not (tmp_path / "token").exists()


async def test_a_response_that_was_lost_does_not_cost_the_lock(store: MemoryStore, tmp_path: Path) -> None:
    lock = Lock(store, "s3://b", tmp_path / "token")
    await lock.acquire(0)
    obstore.put(store, locks.KEY, bytes(obstore.get(store, locks.KEY).bytes()))  # the same content with another ETag
    await lock.renew()
    lock.check()
    await lock.release()
    assert holder(store)["token"] == ""


@pytest.mark.parametrize("at_once", [state_copy.AT_ONCE, 0])
async def test_the_copy_follows_the_newest_state(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(state_copy, "AT_ONCE", at_once)
    one, two = (StateCopy(store, tmp_path / name / "state.sqlite3") for name in ("one", "two"))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = tmp_path / "one/state.sqlite3", tmp_path / "two/state.sqlite3"
    assert (await one.is_newer(), await one.save()) == (False, ""), "there is nothing to save"
    first.write_bytes(b"first")
    assert await one.save() == ""
    assert not await one.is_newer()
    assert await two.is_newer()
    assert await two.fetch(second)
    assert second.read_bytes() == b"first"
    second.write_bytes(b"second")
    assert await two.save() == ""
    first.write_bytes(b"behind")
    assert await one.save() == "another run has written it meanwhile"
    Path(f"{first}-wal").write_bytes(b"of the old state")
    assert await one.is_newer()
    assert await one.fetch(first)
    assert (first.read_bytes(), Path(f"{first}-wal").exists()) == (b"second", False)
    obstore.delete(store, KEY)
    assert not await one.is_newer()
    assert not await two.fetch(second)
    one.drop_note_without_copy()
    assert await one.save() == ""
    assert bytes(obstore.get(store, KEY).bytes()) == b"second"
    Path(f"{first}-wal").write_bytes(b"not closed cleanly")
    obstore.delete(store, KEY)
    assert await one.save() == ""
    assert not [item for chunk in obstore.list(store) for item in chunk]


async def test_a_copy_whose_confirmation_was_lost_is_not_that_of_another_run(
    store: MemoryStore, tmp_path: Path
) -> None:
    state = tmp_path / "state.sqlite3"
    copy = StateCopy(store, state)
    for body in (b"first", b"second"):
        state.write_bytes(body)
        obstore.put(store, KEY, body)  # the request succeeded, and is repeated because the response did not arrive
        assert await copy.save() == ""
        assert not await copy.is_newer()
    state.write_bytes(b"third!")
    obstore.put(store, KEY, b"others")
    assert await copy.save() == "another run has written it meanwhile"


async def test_a_store_that_ignores_conditions_is_refused(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = obstore.put_async

    async def unconditional(*arguments: Any, mode: object = None, **more: Any) -> Any:
        return await put(*arguments, **more)

    monkeypatch.setattr(obstore, "put_async", unconditional)
    lock = Lock(store, "s3://b", tmp_path / "token")
    with pytest.raises(DestinationError, match="ignores the conditions of writes: use --lock none"):
        await lock.acquire(0)
    await lock.release()


async def test_a_kill_between_the_lock_and_its_answer_is_known_here(store: MemoryStore, tmp_path: Path) -> None:
    killed = Lock(store, "s3://b", tmp_path / "token")
    await killed.acquire(0)
    killed._renewing.cancel() if killed._renewing else None  # as if the process had ended
    with pytest.raises(AlreadyRunning):
        await Lock(store, "s3://b", tmp_path / "elsewhere").acquire(0)
    after = Lock(store, "s3://b", tmp_path / "token")
    await after.acquire(0)
    after.check()
    await after.release()


@pytest.mark.parametrize(
    ("size", "has_news", "was_killed", "is_sent"),
    [
        (9, False, False, False),
        (9, True, False, True),
        (9, False, True, True),
        (5, False, False, True),
    ],
    ids=["nothing new", "news", "news of a killed run", "small"],
)
async def test_a_large_copy_is_sent_if_it_lacks_something(
    store: MemoryStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    has_news: bool,
    was_killed: bool,
    is_sent: bool,
) -> None:
    monkeypatch.setattr(state_copy, "SMALL", 5)
    state = tmp_path / "state.sqlite3"
    state.write_bytes(b"1" * size)
    first = StateCopy(store, state)
    first.begin()
    assert await first.save(has_news=True) == ""
    if was_killed:
        StateCopy(store, state).begin()
    state.write_bytes(b"2" * size)
    copy = StateCopy(store, state)
    assert not await copy.is_newer()
    copy.begin()
    assert await copy.save(has_news=has_news) == ""
    assert bytes(obstore.get(store, KEY).bytes()) == (b"2" if is_sent else b"1") * size
    assert not copy._behind.exists()


async def test_a_copy_that_was_removed_or_could_not_be_sent_is_sent_by_the_next_run(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_copy, "SMALL", 0)
    state = tmp_path / "state.sqlite3"
    state.write_bytes(b"1")
    for prepare in (lambda: None, lambda: obstore.delete(store, KEY)):
        prepare()
        copy = StateCopy(store, state)
        assert not await copy.is_newer()
        copy.drop_note_without_copy()
        copy.begin()
        assert await copy.save(has_news=False) == ""
        assert bytes(obstore.get(store, KEY).bytes()) == b"1"
    with monkeypatch.context() as failing:
        failing.setattr(StateCopy, "_put", lambda _: _fails())
        state.write_bytes(b"2")
        copy = StateCopy(store, state)
        copy.begin()
        assert "no network" in await copy.save(has_news=True)
    copy = StateCopy(store, state)
    copy.begin()
    assert await copy.save(has_news=False) == ""
    assert bytes(obstore.get(store, KEY).bytes()) == b"2"


async def _fails() -> None:
    raise OSError("no network")


@pytest.mark.parametrize("is_locked", [True, False])
@pytest.mark.parametrize("is_unused", [True, False])
@pytest.mark.parametrize("before", ["nothing", "a run", "only a copy"])
async def test_a_first_run_that_got_nothing_leaves_no_lock(
    store: MemoryStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_locked: bool,
    is_unused: bool,
    before: str,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(session, "connect", lambda *_: store)
    config, where = Config(lock="flock" if is_locked else "none"), Location("s3", "b", "")
    where.home.mkdir(parents=True)
    if before == "a run":
        await mark(store)
    elif before == "only a copy":
        obstore.put(store, KEY, b"state")
    async with Session(where, config, read_only=False, is_unused=lambda: is_unused):
        assert await is_marked(store, "")
    left = [item["path"] for chunk in obstore.list(store) for item in chunk]
    assert (locks.KEY in left) == (before != "nothing" or not is_unused)
