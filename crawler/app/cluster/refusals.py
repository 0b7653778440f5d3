"""Options that cannot be combined with ``--cluster``. Needs none of its libraries."""

from __future__ import annotations

from importlib.util import find_spec

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.cluster import check_exposed, local_workers


def check_cluster(config: Config, client: object, *, has_destination: bool) -> None:
    """Raise ConfigError if ``config`` cannot be carried out with its cluster, or the caller's ``client``."""
    is_far = client is not None or local_workers(config.cluster or "") is None
    if is_far and find_spec("distributed") is None:
        raise ConfigError("--cluster on other machines needs dask.distributed: pip install 'crawler[cluster]'")
    if is_far and client is None:
        check_exposed(config.cluster or "", insecure=config.cluster_insecure)
    for name, is_given, why in (
        ("processes", config.processes != 1, "that is another spelling of --cluster local:N"),
        ("fallback", bool(config.fallback), "the upstreams are known to one process only"),
        ("names windows", config.names != "posix", "its names are known to one process only"),
        ("snapshots", config.snapshots is not None and is_far, "other machines may see new files late"),
        ("workers 1", config.workers == 1, "the cluster needs a connection beside that for listings"),
        ("a custom destination", has_destination, "it exists in this process only"),
    ):
        if is_given:
            other = name if name.startswith("a ") else f"--{name}"
            raise ConfigError(f"--cluster cannot be combined with {other}: {why}")
