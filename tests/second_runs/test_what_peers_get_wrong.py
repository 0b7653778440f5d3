"""Faults observed in other mirror programs, each with the test that shows that this program does not have it.

- an unchanged tree costs requests per file
  reliability/test_control.py::test_an_unchanged_tree_costs_one_request_per_directory
- column-sort pages are fetched
  reliability/test_listings.py::test_sort_links_and_other_furniture_are_never_requested
- a file cut to 300 of 1003 bytes stays cut
  reliability/test_control.py::test_a_deleted_and_a_truncated_local_file_come_back
- the same, whatever decides "unchanged"
  second_runs/test_check.py::test_a_truncated_file_is_repaired_and_no_304_validates_it
- one HEAD that answers 503 deletes the file
  test_a_file_with_status_503_is_kept_and_nothing_else_is_deleted
- one sub-listing that answers 503 deletes the subtree
  reliability/test_delete.py::test_a_directory_whose_listing_failed_keeps_its_files
- a 200 page without links at the root deletes all
  reliability/test_delete.py::test_a_root_that_cannot_be_trusted_deletes_nothing
- one 429 with Retry-After loses the file
  test_one_429_costs_a_second_and_no_file
- an endless directory is walked down to a depth
  reliability/test_listings.py::test_a_loop_is_detected_after_few_levels
- a final name is visible while incomplete
  reliability/test_process.py::test_a_reader_sees_the_old_file_or_the_new_one
- the same for a file that is new, after a kill
  reliability/test_process.py::test_a_killed_run_leaves_whole_files_and_the_next_one_cleans_up
- the same for a body that ends early
  reliability/test_network.py::test_a_body_that_always_ends_early_never_gets_its_name
- `..%2fe1.txt` is written above the target
  test_an_encoded_slash_leads_nowhere_and_stops_nothing
- a .gz sent with Content-Encoding: gzip fails
  reliability/test_protocol.py::test_a_compressed_file_is_stored_as_it_was_sent
- robots.txt with Disallow: / is an empty success
  e2e/test_exit_codes.py::test_a_root_that_robots_txt_forbids_is_8
- unwanted files cost a request each
  e2e/test_selection.py::test_what_is_selected_is_requested_once_and_saved
- the same for 12 of 17, and when nothing changed
  test_files_that_are_not_wanted_cost_no_request
- two runs at once both write
  reliability/test_process.py::test_a_second_run_on_the_same_directory_leaves_with_a_message
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.misbehaving.behaviours import Status, When
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.samples import blob, many, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Resource

TESTS = Path(__file__).parents[1]
SHOWN_BY = re.compile(r"^- .+\n  (?:(\S+\.py)::)?(test_\w+)$", re.MULTILINE)


def test_every_row_names_a_test_that_exists() -> None:
    assert __doc__ is not None
    named = SHOWN_BY.findall(__doc__)
    assert len(named) == __doc__.count("\n- "), "a row without a test"
    for module, test in named:
        path = TESTS / module if module else Path(__file__)
        assert test in {node.name for node in ast.parse(path.read_text("utf-8")).body if hasattr(node, "name")}


@pytest.mark.parametrize(("shape", "when"), [("python", "head"), ("python", "any"), ("nginx", "any")])
def test_a_file_with_status_503_is_kept_and_nothing_else_is_deleted(sandbox: Sandbox, shape: str, when: When) -> None:
    """If a listing has only names, each file costs a request, and its response must not be taken for absence."""
    with Site(shape=shape) as site:
        populate(site)
        sandbox.mirror(site.url).succeeds()
        before = site.contents()
        if shape == "nginx":  # a changed row causes a request
            site.file("a.txt", blob(517, 9), mtime=OLD + 60)
        site.on("a.txt", Status(503, when=when))
        site.remove("sub/deep/e")
        run = sandbox.mirror(site.url, delete=True, attempts=1)
        if when == "head":  # which is not needed
            run.succeeds()
            sandbox.holds(site.contents())
        else:
            run.fails(5)
            sandbox.holds(before)


def test_one_429_costs_a_second_and_no_file(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    site.on("sub/c.iso", Status(429, headers=(("Retry-After", "1"),), times=1))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)
    first, second = site.log.of("/pub/sub/c.iso")
    assert 0.9 <= second.at - first.at < 10


@pytest.mark.parametrize(("shape", "directory"), [("apache", ""), ("python", "sub/")])
def test_an_encoded_slash_leads_nowhere_and_stops_nothing(sandbox: Sandbox, shape: str, directory: str) -> None:
    with Site(shape=shape) as site:
        populate(site)
        site.file(f"{directory}e2.txt", b"beside it")
        wanted = site.contents()
        site.otherwise = lambda target: (
            Resource(path=target, state=Version(data=b"owned", mtime=OLD)) if target.endswith("e1.txt") else None
        )
        site.links("..%2fe1.txt", path=directory.rstrip("/"))
        sandbox.mirror(site.url, attempts=1).ends(0, 5)
        sandbox.holds(wanted)


def test_files_that_are_not_wanted_cost_no_request(sandbox: Sandbox, site: Site) -> None:
    for number in range(12):
        site.file(f"{('', 'sub/', 'sub/deep/')[number % 3]}t{number}.txt", blob(100 + number, number))
    wanted = site.contents()
    many(site, 5)
    directories = ["/pub/", "/pub/sub/", "/pub/sub/deep/", "/robots.txt"]
    for files in (wanted, {}):
        site.log.clear()
        sandbox.mirror(site.url, ext="txt").succeeds()
        sandbox.holds(wanted)
        assert sorted(site.log.targets) == sorted([*directories, *(f"/pub/{path}" for path in files)])
