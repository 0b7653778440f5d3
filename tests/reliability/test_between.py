"""Rows M09, M10, M23, M25: truncated TLS, and proxies that respond in place of the server."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from typing import Literal

import pytest

from tests.support.misbehaving.behaviours import Behaviour, Cut, EndlessHeaders, Page, Says, Silent, Status
from tests.support.misbehaving.samples import DAY, KB, LOGIN, SILENCE, authority, blob, certificate, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD
from tests.support.socks import socks_proxy


@pytest.mark.row("M09")
@pytest.mark.parametrize("shape", ["nginx", "python"])
@pytest.mark.parametrize(("size", "how"), [(20 * KB, "rst"), (900 * KB, "rst"), (900 * KB, "silent")])
def test_tls_that_ends_without_close_notify_is_a_truncation(
    sandbox: Sandbox, shape: str, size: int, how: Literal["rst", "silent"]
) -> None:
    ca_file = authority(sandbox.reports)
    with Site(shape=shape, tls=certificate()) as site:
        site.file("good.bin", blob(3000, 1))
        site.file("a.bin", blob(size, 1))
        sandbox.mirror(site.url, ca_file=ca_file).succeeds()
        old = site.contents()
        unframed = Says(framing="close", http="HTTP/1.0")
        site.file("a.bin", blob(size, 2), unframed, Cut(at=0.5, how=how), mtime=OLD + DAY)
        sandbox.mirror(site.url, ca_file=ca_file, attempts=2).fails(5)
        sandbox.holds(old)


def demand_a_certificate(listening: socket.socket, tls: ssl.SSLContext) -> None:
    """End each handshake with the TLS alert that real servers send; asyncio closes without it."""
    with contextlib.suppress(OSError):  # the socket is closed: the end
        while True:
            wire, _ = listening.accept()
            with wire, contextlib.suppress(OSError):
                secure = tls.wrap_socket(wire, server_side=True, do_handshake_on_connect=False)
                with secure:
                    with contextlib.suppress(ssl.SSLError):
                        secure.do_handshake()
                    with socket.socket(fileno=os.dup(secure.fileno())) as below:
                        below.shutdown(socket.SHUT_WR)
                        while below.recv(1 << 16):  # a reset would overtake the alert
                            pass


@pytest.mark.own
@pytest.mark.row("M23")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_that_is_missing_is_named(sandbox: Sandbox, version: ssl.TLSVersion) -> None:
    """With TLS 1.3 the error comes after the handshake, when robots.txt has already been requested."""
    ca_file = authority(sandbox.reports)
    tls = certificate()
    tls.load_verify_locations(ca_file)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.minimum_version = tls.maximum_version = version
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=demand_a_certificate, args=(listening, tls), daemon=True)
        server.start()
        run = sandbox.mirror(f"https://127.0.0.1:{listening.getsockname()[1]}/pub/", ca_file=ca_file, attempts=5)
        run.fails(3)
        run.says("--client-cert")
        assert "robots" not in run.text
        assert run.text.count("\n") <= 1
        listening.shutdown(socket.SHUT_RDWR)
        server.join()


@pytest.mark.own  # programs written in Go never send requests for 127.0.0.1 to a proxy
@pytest.mark.row("M10")
@pytest.mark.parametrize(
    ("fault", "tls"),
    [
        pytest.param(Status(407), True, id="407 to CONNECT"),
        pytest.param(Status(502), False, id="502"),
        pytest.param(Page(LOGIN), False, id="page"),
        pytest.param(EndlessHeaders(most=32 << 20), True, id="headers after CONNECT"),
        pytest.param(Silent(), False, id="silent"),
    ],
)
def test_what_a_proxy_sends_never_enters_the_mirror(sandbox: Sandbox, fault: Behaviour, tls: bool) -> None:
    ca_file = authority(sandbox.reports)
    with Site(tls=certificate() if tls else None) as site, Site() as proxy:
        wanted = populate(site)
        sandbox.mirror(site.url, ca_file=ca_file).succeeds()
        site.log.clear()
        proxy.portal = (fault,)
        env = {"http_proxy": proxy.origin, "https_proxy": proxy.origin, "no_proxy": ""}
        run = sandbox.mirror(site.url, ca_file=ca_file, env=env, delete=True, attempts=2, timeout=SILENCE)
        run.fails(3, 8)  # 8: a 5xx for robots.txt forbids everything (RFC 9309 section 2.3.1.4)
        assert proxy.log != []
        assert site.log == []
        sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("M25")
def test_nothing_goes_around_a_socks_proxy_that_refuses(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    with socks_proxy() as proxy:
        sandbox.mirror(site.url, env={"ALL_PROXY": f"socks5h://{proxy.address}", "no_proxy": ""}).succeeds()
        assert proxy.asked != []
    site.log.clear()
    with socks_proxy(refuses=4) as proxy:
        env = {"all_proxy": f"socks5h://{proxy.address}", "no_proxy": ""}
        sandbox.mirror(site.url, env=env, delete=True, attempts=2).fails(3)
    assert site.log == []
    sandbox.holds(wanted)


@pytest.mark.row("M10")
@pytest.mark.parametrize("exempt", ["*", "127.0.0.1:{port}", "10.0.0.0/8, 127.0.0.0/8"])
def test_hosts_in_no_proxy_are_contacted_directly(sandbox: Sandbox, site: Site, exempt: str) -> None:
    wanted = populate(site)
    with Site() as proxy:
        no_proxy = exempt.format(port=site.origin.rpartition(":")[2])
        sandbox.mirror(site.url, env={"http_proxy": proxy.origin, "no_proxy": no_proxy}).succeeds()
        assert proxy.log == []
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("M10")
def test_a_proxy_may_be_named_without_its_scheme(sandbox: Sandbox) -> None:
    with Site() as proxy:
        wanted = populate(proxy)
        proxy.otherwise = lambda target: proxy.at(target.removeprefix("http://far.invalid/pub/"))
        env = {"http_proxy": proxy.origin.removeprefix("http://"), "no_proxy": ""}
        sandbox.mirror("http://far.invalid/pub/", env=env).succeeds()
    sandbox.holds(wanted)


@pytest.mark.own
@pytest.mark.row("M10")
@pytest.mark.parametrize("given", ["socks4://user:secret@{host}", "not a url"])
def test_a_proxy_of_another_kind_is_a_wrong_option(sandbox: Sandbox, site: Site, given: str) -> None:
    populate(site)
    with Site() as proxy:
        text = given.format(host=proxy.origin.removeprefix("http://"))
        run = sandbox.mirror(site.url, env={"http_proxy": text, "no_proxy": ""})
        run.fails(2)
        run.says("http_proxy=", "expected http://host:port")
        assert "secret" not in run.text
        assert proxy.log == []
    assert site.log == []
