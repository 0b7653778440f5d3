"""Digest and Basic authentication by Apache: the mirror is the tree, and the password is sent as the server asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support import servers, trees
from tests.support.program import Program
from tests.support.servers.apache import APACHE_WITH_LOGINS, PASSWORD, USER


@pytest.fixture
def apache(docroot: Path) -> Iterator[servers.Server]:
    try:
        server = servers.Server(APACHE_WITH_LOGINS, docroot)
    except servers.Missing as program:
        pytest.skip(f"{program} is not installed")
    yield server
    server.stop()


@pytest.mark.server
def test_a_tree_behind_digest_is_mirrored_at_the_price_of_one_refused_request(
    apache: servers.Server, site: Path, run_crawler: Program, mirror: Path, tmp_path: Path
) -> None:
    trees.write(site / "a b.bin", 5000)
    trees.write(site / "sub" / "c.bin", 300_000)
    url = apache.url_of(site)
    apache.forget()
    first = run_crawler(url.replace("://", f"://{USER}:{quote(PASSWORD)}@"), mirror)
    assert first.code == 0, first.output
    trees.assert_same(site, mirror)
    seen = apache.requests()
    refused = [request.path for request in seen if request.status == 401]
    usual = ([f"/{site.name}/"], [f"/{site.name}/", "/robots.txt"], ["/robots.txt", f"/{site.name}/"])
    assert refused in usual  # robots.txt and the page are requested side by side: their nonce counts may change places
    assert len(seen) == len(refused) + 5  # robots.txt, which may be requested beside the page, two listings, two files

    netrc = tmp_path / "netrc"
    netrc.write_text(f'machine 127.0.0.1 login {USER} password "{PASSWORD}"\n')
    apache.forget()
    trees.write(site / "new.bin", 7)
    second = run_crawler(url, mirror, "--netrc", "--check=headers", "--segments=2", env={"NETRC": str(netrc)})
    assert second.code == 0, second.output
    trees.assert_same(site, mirror)
    seen = apache.requests()
    assert [request.path for request in seen if request.status == 401] in usual
    assert [request.status for request in seen].count(304) == 2

    wrong = run_crawler(url.replace("://", f"://{USER}:wrong@"), mirror)
    assert wrong.code == 3
    assert "401" in wrong.stderr
    trees.assert_same(site, mirror)
