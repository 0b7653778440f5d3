"""Chooses the workers of a run. Needs no library of a cluster."""

from __future__ import annotations

from contextlib import AsyncExitStack

from crawler.app.cluster.refusals import check_cluster
from crawler.model.config import Config
from crawler.model.options.cluster import local_workers
from crawler.workers.child_process import WorkerProcesses, start_workers


def chosen_workers(
    stack: AsyncExitStack, config: Config, client: object, started: WorkerProcesses | None, *, has_destination: bool
) -> object:
    """The workers that fetch and save, as ``open_pool`` takes them; None if this process does.

    ``client``: the caller's ``distributed.Client``; ``started``: workers that have been started early, otherwise
    ``stack`` ends those that are started. A dry run has none, and --processes none for a custom destination. Raises
    ConfigError if the options cannot be combined.
    """
    if config.cluster is not None or client is not None:
        check_cluster(config, client, has_destination=has_destination)
    if config.dry_run:
        return None
    if client is not None:
        return client
    if config.cluster is not None and local_workers(config.cluster) is None:
        return config.cluster
    if config.cluster is None and has_destination:
        return None
    children = started or stack.enter_context(start_workers(config))
    return children if children.wanted else None
