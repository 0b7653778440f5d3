"""Rows N: connections that fail, break, stall or crawl. Every wait has a limit, every limit an end."""

from __future__ import annotations

import pytest

from tests.support.misbehaving.behaviours import Behaviour, Cut, HangUp, Held, ResetAtOnce, Silent, Stall, Trickle
from tests.support.misbehaving.samples import DAY, KB, SILENCE, authority, beside, blob, certificate, many, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD


@pytest.mark.row("N01")
def test_a_server_that_is_gone_ends_the_run_and_spares_the_mirror(sandbox: Sandbox) -> None:
    with Site() as site:
        wanted = populate(site)
        sandbox.mirror(site.url).succeeds()
    run = sandbox.mirror(site.url, delete=True)
    run.fails(3)
    sandbox.holds(wanted)


@pytest.mark.row("N02")
@pytest.mark.parametrize("size", [20 * KB, 3000 * KB])
def test_a_reset_in_the_middle_of_a_body_is_tried_again(sandbox: Sandbox, site: Site, size: int) -> None:
    beside(site, "a.bin", blob(size), Cut(at=0.4, how="rst", times=1))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("N03")
@pytest.mark.parametrize("size", [20 * KB, 3000 * KB])
def test_a_body_that_always_ends_early_never_gets_its_name(sandbox: Sandbox, site: Site, size: int) -> None:
    good = beside(site, "a.bin", blob(size), Cut(at=0.4))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)
    assert 2 <= site.log.times("/pub/a.bin", "GET") <= 3


@pytest.mark.row("N04")
@pytest.mark.parametrize("size", [20 * KB, 3000 * KB])
def test_a_broken_update_never_replaces_a_good_copy(sandbox: Sandbox, site: Site, size: int) -> None:
    beside(site, "a.bin", blob(size))
    old = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.file("a.bin", blob(size + 5, 1), Cut(at=0.4), mtime=OLD + DAY)
    sandbox.mirror(site.url, attempts=2).fails(5)
    sandbox.holds(old)


@pytest.mark.row("N05")
@pytest.mark.parametrize("size", [20 * KB, 3000 * KB])
def test_a_stalled_body_is_given_up_after_the_idle_time_and_tried_again(
    sandbox: Sandbox, site: Site, size: int
) -> None:
    beside(site, "a.bin", blob(size), Stall(at=0.4, times=1))
    run = sandbox.mirror(site.url, timeout=SILENCE)
    run.succeeds()
    sandbox.holds(site.contents())
    assert run.seconds >= SILENCE


@pytest.mark.own
@pytest.mark.row("N06")
def test_a_file_without_a_response_delays_no_other(sandbox: Sandbox, site: Site) -> None:
    """Unless they follow it on its connection."""
    good = many(site, 30, "zz")
    site.file("a.bin", blob(5000), Held(lambda: len(site.log.bodies("/pub/zz/")) == len(good)))
    sandbox.mirror(site.url, more=["--pipeline=off"]).succeeds()
    sandbox.holds(site.contents())
    assert site.log.times("/pub/a.bin") == 1


@pytest.mark.row("N06")
def test_a_file_that_never_gets_a_response_is_given_up(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "a.bin", blob(5000), Silent())
    sandbox.mirror(site.url, attempts=2, timeout=SILENCE).fails(5)
    sandbox.holds(good)
    assert site.log.times("/pub/a.bin") == 2


@pytest.mark.row("N07")
@pytest.mark.parametrize("fault", [HangUp(times=2), ResetAtOnce(times=2)], ids=["fin", "rst"])
def test_connections_that_close_without_a_byte_are_tried_again(
    sandbox: Sandbox, site: Site, fault: HangUp | ResetAtOnce
) -> None:
    wanted = populate(site)
    site.on("", fault)
    site.on("a.txt", fault)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)


@pytest.mark.row("N10")
def test_a_trickle_below_the_minimum_speed_is_given_up(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "a.bin", blob(5000), Trickle(every=0.3))
    run = sandbox.mirror(site.url, attempts=2, timeout=SILENCE)
    run.fails(5)
    sandbox.holds(good)


@pytest.mark.row("N11")
def test_a_name_that_does_not_resolve_ends_the_run_and_spares_the_mirror(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    run = sandbox.mirror("http://nobody.invalid/pub/", delete=True, more=["--moved"])
    run.fails(3)
    sandbox.holds(wanted)


@pytest.mark.row("N12")
def test_a_host_with_several_addresses_is_reached_at_the_one_that_listens(sandbox: Sandbox) -> None:
    with Site(host="localhost") as site:
        wanted = populate(site)
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(wanted)


@pytest.mark.row("N13")
def test_an_untrusted_certificate_gets_no_request(sandbox: Sandbox) -> None:
    with Site(tls=certificate()) as site:
        populate(site)
        run = sandbox.mirror(site.url)
        run.fails(3)
        assert site.log == []
        assert sandbox.tree() == {}


@pytest.mark.own
@pytest.mark.row("N13")
def test_an_untrusted_certificate_is_not_tried_again(sandbox: Sandbox) -> None:
    with Site(tls=certificate()) as site:
        run = sandbox.mirror(site.url, attempts=5, more=["-v"])
        run.fails(3)
        assert "retry" not in run.text, "waiting does not make a certificate better"


@pytest.mark.own
@pytest.mark.row("N13")
def test_the_certificates_of_the_system_are_trusted_without_an_option(sandbox: Sandbox) -> None:
    with Site(tls=certificate()) as site:
        wanted = populate(site)
        sandbox.mirror(site.url, env={"SSL_CERT_FILE": authority(sandbox.reports)}).succeeds()
        sandbox.holds(wanted)


@pytest.mark.row("N15")
def test_a_server_that_dies_ends_the_run_and_not_each_of_its_files(sandbox: Sandbox, site: Site) -> None:
    wanted = many(site, 400)
    site.refuse_after = 20
    run = sandbox.mirror(site.url)
    run.fails(5)
    sandbox.holds_only_whole(wanted)


@pytest.mark.row("N16")
@pytest.mark.parametrize("fault", [HangUp(), ResetAtOnce()], ids=["fin", "rst"])
def test_many_broken_files_in_a_row_do_not_stop_the_others(sandbox: Sandbox, site: Site, fault: Behaviour) -> None:
    good = many(site, 30)
    for number in range(12):
        site.file(f"a{number:02}", b"never answered", fault)
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)


@pytest.mark.own
@pytest.mark.row("N16")
def test_no_process_gives_up_a_host_for_its_broken_files(sandbox: Sandbox, site: Site) -> None:
    good = many(site, 30)
    for number in range(20):
        site.file(f"a{number:02}", b"never answered", HangUp())
    sandbox.mirror(site.url, more=["--processes=2"]).fails(5)
    sandbox.holds(good)
