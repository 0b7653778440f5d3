"""The functions that a client calls on the workers of a dask cluster."""

from __future__ import annotations

import threading
from typing import Any

from crawler.app.cluster.node_thread import NodeThread
from crawler.workers.cluster.dask_connection import Functions
from crawler.workers.cluster.remote import DaskWorker
from crawler.workers.cluster.shards import END, Done, Sealed, Settings, seal_done, unseal, unseal_shard
from crawler.workers.cluster.versions import version_text

_nodes: dict[tuple[str, str], NodeThread] = {}
"""(identity of a worker, token of a run) → the work of that run there. Several runs may share a cluster."""
_turn = threading.Lock()


def control(token: str, message: list[Any], dask_worker: Any = None) -> None:
    """Pass a message of the client to the run that ``token`` names."""
    worker = DaskWorker(dask_worker)
    with _turn:
        node = _nodes.get((worker.identity, token))
        if node is None and message[0] != END:
            node = _nodes[worker.identity, token] = NodeThread(worker, token)
        if message[0] == END:
            _nodes.pop((worker.identity, token), None)
    if node is not None:
        node.receive(message)


def run_shard(token: str, name: str, versions: str, settings: Sealed, shard: Sealed) -> Sealed:
    """Do the jobs of a shard; returns Done, sealed. ``name`` is that of the task, ``versions`` those of the client.

    Never raises: dask would print the arguments.
    """
    worker = DaskWorker()
    if versions != version_text():
        return seal_done(Done(refusal=f"it has {version_text()}; needed is {versions}"))
    with _turn:
        node = _nodes.get((worker.identity, token))
        if node is None or node.node.is_over:
            node = _nodes[worker.identity, token] = NodeThread(worker, token)
    wanted: Settings = unseal(settings)
    return seal_done(node.do(name, wanted, unseal_shard(shard)))


FUNCTIONS = Functions(control, run_shard)
