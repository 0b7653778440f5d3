"""Messages between a client and the workers of a cluster: plain data, as bytes that reveal nothing of their content.

Schedulers and workers of dask print the arguments of a task when it fails, and its key on their dashboard. Therefore
everything is ``Sealed``. Both ends belong to one user and run the same code, so pickle adds no risk to that of a
cluster as such, whose members run each other's programs.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import Any

from crawler.http.client import ClientOptions
from crawler.http.credentials.keyring import Credentials
from crawler.model import limits
from crawler.model.config import Config
from crawler.model.interfaces import Redirects
from crawler.model.state.host_limits import HostLimits
from crawler.model.struct import Value, replace
from crawler.model.values import Job, Result
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.workers.cluster.packing import pack_jobs, pack_results, unpack_jobs, unpack_results

SHARD_FILES = 128
"""Maximum number of jobs in a shard for another machine."""
SHARD_BYTES = 64 * limits.MIB
"""Size of all files of such a shard together at which it is complete, in bytes."""

# Kinds of messages, followed by their values.

# From the client to a worker, all answered by dask.
SHARE = 1
"""(connections, of how many): the share of this worker in the connections to a host, and in the rates."""
ALIVE = 2
"""(): the client is there. The reply is HEARD."""
PAUSE = 3
"""(URL, seconds): a host asked for a pause. In both directions."""
GRANTED = 4
"""(number, whether it is granted): the reply to DOUBT."""
END = 5
"""(): no more shards will come."""
STOP = 6
"""(): cancel the jobs in flight."""
CREDENTIALS = 7
"""(number, sealed ``Credentials`` of an origin): the reply to WANTED."""

# From a worker to the client, whose address is the first value of each. They travel as pickled bytes: msgpack, which
# dask uses, rejects names that are not UTF-8.
HEARD = 10
"""(): the reply to ALIVE."""
PROGRESS = 11
"""(pairs of path and bytes, pairs of path and offset): bytes received since the last report, and bodies resumed."""
LOG = 12
"""(level, event, fields): a log record."""
RETRY = 13
"""(attempt, seconds, URL, reason): another attempt follows after that wait."""
WARN = 14
"""(text): a problem that does not end the work."""
DOUBT = 15
"""(number, paths): call ``StateStore.doubt``. The reply is GRANTED."""
EARLY = 16
"""(name of a shard, results): some results of a shard that is not complete. They come again with the others."""
WANTED = 17
"""(number, origin): a redirect leads to an origin of which the worker has no credentials. The reply is CREDENTIALS."""
FITS = 18
"""(connections): no more connections to any host are open than this share allows, which is the last one received."""

REFUSED = 19
"""(reason): the worker cannot take part. Sent on its behalf by the connection, if it cannot handle any message."""


class Sealed:
    """A pickled value whose representation does not show it."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __repr__(self) -> str:
        return f"<{len(self.content)} bytes>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Sealed, (self.content,)


def seal(value: object) -> Sealed:
    """``value`` as bytes."""
    return Sealed(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))


def unseal(sealed: Sealed) -> Any:
    """The value that ``seal`` was given."""
    return pickle.loads(sealed.content)


class Settings(Value, frozen=True, kw_only=True):
    """The settings of a run that a worker needs. Among them are the login of a proxy, and the keys of an object store.

    Credentials for the hosts of files come with the shards that need them.
    """

    config: Config
    """Without the options that only the client of the cluster uses."""
    options: ClientOptions
    """With no credentials."""
    directory: str
    """The absolute path of DIR, which must be the same directory on all workers."""
    mark: str
    """Name of a file in DIR/.crawler that proves this; "" for an object store, or on the client's machine."""
    store: Value | None
    """The place in an object store, instead of ``directory``."""
    own: Sequence[OwnFile]
    """Files of the program, which a worker must not replace."""
    log_level: int
    hosts: Mapping[str, HostLimits]
    """What earlier runs learnt about hosts, divided by the number of workers."""
    start: int
    """Initial limit of requests in flight to an unknown host."""
    knew_files: bool
    """The value of ``StateStore.knew_files``."""


class Shard(Value, frozen=True, kw_only=True):
    """Jobs that one worker does. They need not be of one directory."""

    jobs: Sequence[Job]
    redirects: Redirects
    credentials: Credentials
    """Those of the origins of the jobs."""
    share: tuple[int, int]
    """The share of the worker when the shard was sent; see SHARE."""
    pauses: Sequence[tuple[str, float]] = ()
    """(URL, seconds) of the hosts that have asked for a pause, which may have been before the worker joined."""


class Done(Value, frozen=True, kw_only=True):
    """What became of a shard. Jobs without a result are to be done again."""

    results: Sequence[Result] = ()
    failure: str = ""
    """Why the destination cannot take files any longer."""
    bug: str = ""
    """Any other error that ended the work of this worker."""
    refusal: str = ""
    """Why this worker cannot take part."""
    learnt: Mapping[str, HostLimits] = {}
    """What this worker has learnt about hosts so far."""


def seal_shard(shard: Shard) -> Sealed:
    """``shard`` as bytes."""
    return seal(replace(shard, jobs=pack_jobs(shard.jobs)))


def unseal_shard(sealed: Sealed) -> Shard:
    """The shard that ``seal_shard`` was given."""
    shard: Shard = unseal(sealed)
    return replace(shard, jobs=unpack_jobs(shard.jobs))


def seal_done(done: Done) -> Sealed:
    """``done`` as bytes."""
    return seal(replace(done, results=pack_results(done.results)))


def unseal_done(sealed: Sealed) -> Done:
    """What ``seal_done`` was given."""
    done: Done = unseal(sealed)
    return replace(done, results=unpack_results(done.results))
