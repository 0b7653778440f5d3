"""Finds the workers of a run before DIR is opened: a cluster that cannot be used leaves no trace there."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack

from crawler.app.cluster.refusals import check_cluster
from crawler.model.config import Config
from crawler.model.options.cluster import local_workers
from crawler.workers.child_process import WorkerProcesses, start_workers


async def find_workers(
    stack: AsyncExitStack, config: Config, client: object, started: WorkerProcesses | None, *, has_destination: bool
) -> object:
    """The workers that fetch and save, as ``open_pool`` takes them; None if this process does.

    ``client``: the caller's ``distributed.Client``; ``started``: workers that have been started early. ``stack`` ends
    what is started or connected here. A dry run has no workers, and --processes has none for a custom destination.
    Raises ConfigError if the options cannot be combined, or the cluster cannot be used.
    """
    if config.cluster is not None or client is not None:
        check_cluster(config, client, has_destination=has_destination)
    if config.dry_run or (config.cluster is None and client is None and has_destination):
        return None
    if client is not None or (config.cluster is not None and local_workers(config.cluster) is None):
        return await _connect(stack, config, client if client is not None else config.cluster)
    children = started or stack.enter_context(start_workers(config))
    return children if children.wanted else None


async def _connect(stack: AsyncExitStack, config: Config, cluster: object) -> object:
    """A connection to the workers of a dask cluster. Raises ConfigError, ClusterError."""
    from crawler.app.cluster.tasks import FUNCTIONS
    from crawler.workers.cluster.dask_connection import connected
    from crawler.workers.cluster.versions import check_versions

    token = secrets.token_hex(8)
    opened = connected(cluster, token, FUNCTIONS, insecure=config.cluster_insecure)
    connection = await stack.enter_async_context(opened)
    check_versions(await connection.versions(), connection.address)
    return connection
