"""--cluster: which texts name a cluster, and which schedulers strangers could reach."""

from __future__ import annotations

import pytest

from crawler.model.config import Config
from crawler.model.errors import ConfigError
from crawler.model.options.cluster import check_exposed, is_exposed, local_workers, parse_cluster


@pytest.mark.parametrize(
    ("text", "workers"),
    [
        ("local", 0), ("local:1", 1), ("local:1000", 1000), ("tcp://127.0.0.1:8786", None),
        ("tls://scheduler.example.org:8786", None), ("tcp://[::1]:8786", None), ("tcp://h:1", None),
        ("tls://h:65535", None),
    ],
)  # fmt: skip
def test_a_cluster_is_local_or_has_an_address(text: str, workers: int | None) -> None:
    assert parse_cluster(text) == text
    assert local_workers(text) == workers


@pytest.mark.parametrize(
    "text",
    ["", "local:", "local:0", "local:1001", "local:two", "8", "remote", "tcp://host", "http://host:80", "tcp://h:1/x",
     "tcp://user:secret@host:8786", "tls://:8786", "LOCAL", "local:4\n"],
)  # fmt: skip
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match=r"Config: cluster: .*expected local"):
        Config(cluster=text)


@pytest.mark.parametrize("text", ["tcp://h:0", "tls://h:00", "tcp://127.0.0.1:65536", "tls://[::1]:99999"])
def test_a_port_that_cannot_exist_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"cluster: .*expected a port from 1 to 65535"):
        Config.from_mapping({"cluster": text}, where="Config")


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("tcp://127.0.0.1:8786", False), ("tcp://127.9.9.9:1", False), ("tcp://[::1]:8786", False),
        ("tcp://localhost:8786", False), ("inproc://10.0.0.1/7/1", False), ("tls://10.0.0.1:8786", False),
        ("tcp://10.0.0.1:8786", True), ("tcp://[fe80::1]:8786", True), ("tcp://localhost.example.org:8786", True),
        ("ws://10.0.0.1:8786", True), ("ucx://10.0.0.1:8786", True), ("tcp://0.0.0.0:8786", True),
    ],
)  # fmt: skip
def test_a_scheduler_that_others_can_reach_needs_tls(address: str, exposed: bool) -> None:
    assert is_exposed(address) is exposed
    check_exposed(address, insecure=True)
    if exposed:
        with pytest.raises(ConfigError, match=r"no TLS: use tls://, or accept that with --cluster-insecure"):
            check_exposed(address, insecure=False)
    else:
        check_exposed(address, insecure=False)
