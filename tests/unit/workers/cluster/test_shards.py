"""What travels in a cluster, and how connections are divided among its workers."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.app.cluster.opening import without_secrets
from crawler.http.credentials.keyring import Credentials
from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.freshness import Currency, Dating, Source
from crawler.model.struct import replace
from crawler.model.values import Job, Known, Local, Outcome, Result, Span, Validators
from crawler.model.values import Kind as K
from crawler.workers.cluster.connection_shares import granted, own_share, shares
from crawler.workers.cluster.members import Member
from crawler.workers.cluster.packing import pack_jobs, pack_results, unpack_jobs, unpack_results
from crawler.workers.cluster.shards import Done, Shard, seal, seal_done, seal_shard, unseal, unseal_done, unseal_shard
from crawler.workers.cluster.versions import check_versions, version_of, version_text


class AnyRedirect:
    """Rules for redirects that can be sent."""

    def file_redirect(self, source: str, target: str) -> None:
        return None


def test_what_travels_arrives_as_it_was_and_shows_nothing() -> None:
    job = Job(url="http://h/s3cret\udcff", path="a/\udcff", reason="new", local=Local(K.FILE, 3, 4, version='"e"'))
    shard = Shard(jobs=[job], redirects=AnyRedirect(), credentials=Credentials(), share=(2, 8))
    sealed = pickle.loads(pickle.dumps(seal_shard(shard)))
    assert unseal_shard(sealed).jobs == [job]
    assert unseal_shard(sealed).share == (2, 8)
    for text in (repr(sealed), str(sealed), f"{(sealed,)}"):
        assert "s3cret" not in text
        assert "bytes>" in text
    done = Done(results=[Result(path="a", url="u", outcome=Outcome.SAVED, reason="new")])
    assert unseal_done(seal_done(done)) == done


NOON = datetime(2025, 1, 1, 12)  # noqa: DTZ001 - as most servers print it
SIZE, TIME = Span(5, 5), Span(NOON, NOON + timedelta(seconds=59))
KNOWN = Known(path="a", url="u", row="5 noon", size=5, mtime=7, validators=Validators(etag='"e"'), digest="sha256:0")
JOB = Job(url="u", path="a", reason="new", size=SIZE, modified=TIME, row="5 noon")
RESULT = Result(path="a", url="u", outcome=Outcome.SAVED, reason="new", size=5, received=5, attempts=1,
                digest="sha256:0", known=KNOWN)  # fmt: skip
JOB_FIELDS = {
    "reason": "row changed", "size": None, "modified": None, "kind": K.UNKNOWN, "digest": "md5:00", "known": KNOWN,
    "local": Local(K.FILE, 3, 4), "probe": True, "copy": KNOWN, "recorded": KNOWN, "moment": TIME,
    "dating": Dating.RELIABLE, "vouched": True, "fresh": True, "source": Source.FALLBACK, "mirrors": ("v",), "spent": 2,
    "is_listed": False, "row": "\udcff", "path": "b", "url": "v", "mark": 7,
}  # fmt: skip
RESULT_FIELDS = {
    "outcome": Outcome.FAILED, "reason": "why", "size": 6, "received": 9, "seconds": 0.5, "attempts": 3, "digest": None,
    "old_size": 4, "known": None, "currency": Currency.OLDER, "dating": Dating.RELIABLE, "upstream": "u",
    "path": "b", "url": "v",
}  # fmt: skip
KNOWN_FIELDS = {
    "path": "b", "url": "v", "row": "r", "size": 6, "mtime": -8, "validators": Validators(last_modified="\udcff"),
    "digest": None, "checked": 3.5, "adopted": True, "version": "w",
}  # fmt: skip


def test_every_field_of_jobs_and_results_arrives() -> None:
    assert set(JOB_FIELDS) == set(Job.__struct_fields__)
    assert set(RESULT_FIELDS) == set(Result.__struct_fields__)
    assert set(KNOWN_FIELDS) == set(Known.__struct_fields__)
    jobs = [JOB, *(replace(JOB, **{name: value}) for name, value in JOB_FIELDS.items())]
    known = [replace(KNOWN, **{name: value}) for name, value in KNOWN_FIELDS.items()]
    results = [RESULT, *(replace(RESULT, **{name: value}) for name, value in RESULT_FIELDS.items())]
    results += [replace(RESULT, known=each) for each in known]
    assert unpack_jobs(pickle.loads(pickle.dumps(pack_jobs(jobs)))) == jobs
    assert unpack_results(pickle.loads(pickle.dumps(pack_results(results)))) == results
    assert all(isinstance(each, tuple) for each in pack_jobs([JOB, replace(JOB, mark=7)]))
    assert isinstance(pack_results([RESULT])[0], tuple), "most are short"


@given(
    total=st.integers(2, 300),
    workers=st.integers(0, 320),
    listers=st.none() | st.integers(1, 400),
    is_walked=st.booleans(),
)
def test_shares_use_every_connection_and_never_one_more(
    total: int, workers: int, listers: int | None, is_walked: bool
) -> None:
    own = own_share(total, workers, listers=listers, is_walked=is_walked)
    found = shares(total - own, [f"tcp://w{number}" for number in range(workers)])
    assert own >= 1
    assert own + sum(found.values()) == total
    if workers:
        assert max(found.values()) - min(found.values()) <= 1
        assert max(found.values()) >= 1, "someone can work"
        assert list(found.values()) == sorted(found.values(), reverse=True), "those who were first are served first"


@pytest.mark.parametrize(
    ("total", "workers", "listers", "is_walked", "own"),
    [
        (8, 0, None, False, 8), (8, 2, None, False, 4), (8, 2, 1, False, 1), (8, 2, 20, False, 6),
        (8, 2, None, True, 1), (8, 7, None, False, 1), (8, 9, None, False, 1),
        (2, 1, None, False, 1), (2, 5, None, True, 1),
    ],
)  # fmt: skip
def test_the_client_keeps_some_connections_for_listings(
    total: int, workers: int, listers: int | None, is_walked: bool, own: int
) -> None:
    assert own_share(total, workers, listers=listers, is_walked=is_walked) == own


@pytest.mark.parametrize(
    ("free", "wanted", "held", "now"),
    [
        (7, [4, 3], [0, 0], [4, 3]), (0, [3, 2, 2], [4, 3, 0], [3, 2, 0]), (1, [3, 2, 2], [3, 3, 0], [3, 2, 1]),
        (2, [3, 2, 2], [3, 2, 0], [3, 2, 2]), (-1, [2, 2], [3, 1], [2, 1]), (3, [0, 4], [2, 1], [0, 4]),
        (5, [], [], []),
    ],
)  # fmt: skip
def test_what_is_free_is_granted(free: int, wanted: list[int], held: list[int], now: list[int]) -> None:
    names = "abc"[: len(wanted)]
    found = granted(free, dict(zip(names, wanted, strict=True)), dict(zip(names, held, strict=True)))
    assert list(found.values()) == now


@given(
    total=st.integers(2, 30),
    steps=st.lists(st.tuples(st.sampled_from(["join", "leave", "close", "walked"]), st.integers(0, 30)), max_size=40),
)
def test_no_more_connections_are_open_than_the_total_whoever_is_slow(total: int, steps: list[tuple[str, int]]) -> None:
    """``close``: a worker has closed what it has beyond its share. Everybody else opens all that is allowed."""
    share, held = dict[str, int](), dict[str, int]()
    is_walked = False
    for number, (step, which) in enumerate(steps):
        if step == "join":
            share[f"w{number}"] = held[f"w{number}"] = 0
        elif step == "walked":
            is_walked = True
        elif share:
            name = sorted(share)[which % len(share)]
            if step == "leave":
                del share[name], held[name]
            else:
                held[name] = share[name]
        own = own_share(total, len(share), listers=None, is_walked=is_walked)
        own_open = min(own, total - sum(held.values()))
        share = granted(total - own - sum(held.values()), shares(total - own, list(share)), held)
        held = {name: max(held[name], share[name]) for name in share}
        assert own_open >= 1
        assert own_open + sum(held.values()) <= total
    for name in share:
        held[name] = share[name]
    wanted = shares(total - own_share(total, len(share), listers=None, is_walked=is_walked), list(share))
    assert granted(sum(wanted.values()) - sum(held.values()), wanted, held) == wanted, "all get theirs in the end"


def test_a_worker_holds_what_it_was_offered_until_it_says_that_it_fits_its_last_share() -> None:
    member = Member("a")
    for step, connections, held in (
        ("offer", 4, 4), ("give", 4, 4), ("offer", 3, 4), ("give", 3, 4), ("fits", 4, 4), ("fits", 2, 4),
        ("fits", 3, 3),
    ):  # fmt: skip
        getattr(member, step)(connections)
        assert member.held == held


def test_all_members_have_the_same_versions() -> None:
    here = version_text()
    check_versions({"scheduler": here, "tcp://a:1": here}, "tcp://s:8786")
    for packages, text in (
        ({"crawler": "9", "python": "3.11.7.final.0"}, "crawler 9, Python 3.11"),
        ({"crawler": None, "python": "3.11.7"}, "no crawler"),
    ):
        assert version_of(packages) == text
        with pytest.raises(ConfigError, match=f"worker tcp://a:1 has {text}; needed is {here}, as here"):
            check_versions({"scheduler": here, "tcp://a:1": text}, "tcp://s:8786")
    with pytest.raises(ConfigError, match=r"the scheduler has no crawler \(and 1 more\)"):
        check_versions({"scheduler": "no crawler", "tcp://a:1": "no crawler"}, "tcp://s:8786")


def test_a_configuration_with_a_cluster_travels() -> None:
    config = Config(cluster="local:2", requests_per_second=3)
    assert unseal(seal(config)) == config


def test_options_that_may_hold_secrets_do_not_travel() -> None:
    secrets = {
        "header": ["X-Key: s3cret"], "proxy": "http://me:s3cret@proxy:1", "on_end": "curl s3cret",
        "on_change": "s3cret", "on_failure": "s3cret", "fallback": ["http://me:s3cret@other/"], "cookies": "s3cret",
    }  # fmt: skip
    config = Config(**secrets, fsync="none", objects={"secret_access_key": "of the store"})  # type: ignore[arg-type]
    assert b"s3cret" in seal(config).content
    travelling = without_secrets(config)
    assert b"s3cret" not in seal(travelling).content
    assert travelling == Config(fsync="none", objects=config.objects)
