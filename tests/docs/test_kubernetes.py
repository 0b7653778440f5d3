"""The manifests of docs/cluster.md refer to each other correctly, and their commands are those of dask and crawler."""

from __future__ import annotations

import importlib
from typing import Any

import click
import pytest

from crawler.model.config import option_fields
from crawler.model.options.cluster import check_exposed
from tests.docs.markdown import REPOSITORY, blocks_of

yaml = pytest.importorskip("yaml")
distributed = pytest.importorskip("distributed")

import dask  # noqa: E402

(BLOCK,) = (block.text for block in blocks_of(REPOSITORY / "docs" / "cluster.md") if block.language == "yaml")
MANIFESTS: dict[tuple[str, str], dict[str, Any]] = {
    (each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(BLOCK)
}
PODS = {name: each["spec"]["template"] for (kind, name), each in MANIFESTS.items() if kind in {"Deployment", "Job"}}
CERTIFICATE = "/etc/crawler/tls/tls.crt"


def container(name: str) -> dict[str, Any]:
    (only,) = PODS[name]["spec"]["containers"]
    return dict(only)


@pytest.mark.parametrize("name", PODS)
def test_whatever_a_pod_names_is_there(name: str) -> None:
    volumes = {each["name"]: each for each in PODS[name]["spec"]["volumes"]}
    assert volumes.keys() == {mount["name"] for mount in container(name)["volumeMounts"]}
    assert volumes["tls"]["secret"]["secretName"] == "crawler-tls"
    if "mirror" in volumes:
        assert ("PersistentVolumeClaim", volumes["mirror"]["persistentVolumeClaim"]["claimName"]) in MANIFESTS
    for source in container(name)["envFrom"]:
        required = source.get("configMapRef")
        assert required is None or ("ConfigMap", required["name"]) in MANIFESTS
    if ("Deployment", name) in MANIFESTS:
        assert MANIFESTS["Deployment", name]["spec"]["selector"]["matchLabels"] == PODS[name]["metadata"]["labels"]
    assert container(name)["image"] == container("crawler")["image"], "the versions are compared"


def test_the_certificates_are_those_that_dask_uses() -> None:
    given = dask.config.collect_env(MANIFESTS["ConfigMap", "crawler-dask"]["data"])
    with dask.config.set(dask.config.merge(dask.config.config, given)):
        security = distributed.Security()
        assert security.require_encryption
        for role in ("scheduler", "worker", "client"):
            found = security.get_tls_config_for_role(role)
            assert found["ca_file"] == found["cert"] == CERTIFICATE
            assert found["key"] == CERTIFICATE.replace(".crt", ".key")


@pytest.mark.parametrize("role", ["scheduler", "worker"])
def test_dask_knows_its_options(role: str) -> None:
    program, command, *arguments = container(f"crawler-{role}")["command"]
    assert (program, command) == ("dask", role)
    main: click.Command = importlib.import_module(f"distributed.cli.dask_{role}").main
    main.make_context(role, arguments)


def test_everybody_meets_at_the_scheduler() -> None:
    service = MANIFESTS["Service", "crawler-scheduler"]["spec"]
    assert service["selector"] == PODS["crawler-scheduler"]["metadata"]["labels"]
    address = f"tls://crawler-scheduler:{service['ports'][0]['port']}"
    url, target, *options = container("crawler")["args"]
    assert (url.startswith("https://"), target.startswith("/srv/mirror/")) == (True, True)
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert given["--cluster"] == address == container("crawler-worker")["command"][2]
    check_exposed(address, insecure=False)
    assert {name.removeprefix("--") for name in given} <= option_fields().keys()
