"""A page of several that stays wrong never hides a saved file, and healthy listings are whole again soon.

The oracle is the site, in whole runs: the files that it has are asked for once its listing shows them no more.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.faulty_site import FAULTS, FaultySite, faulty_site
from tests.support.paged_mirror import PagedMirror
from tests.unit.pipeline.walk.test_read_pages import PAGINGS, files

RUNS = 2
"""Number of runs that meet the fault, and of those after which a healthy listing is whole."""


@given(seed=st.integers(0, 10**9))
@settings(max_examples=10)
async def test_a_lasting_fault_of_a_page_hides_nothing_and_is_forgotten_once_it_is_over(seed: int) -> None:
    random = Random(seed)
    site = faulty_site(random, PAGINGS)
    mirror = PagedMirror(site)
    await mirror.runs(RUNS)
    site.begin(random.choice(FAULTS), random.randint(1, site.last), random.randint(1, site.last))
    for _ in range(RUNS):
        if random.random() < 0.5:
            site.change(random)
        await mirror.run(delete=random.random() < 0.7)  # asserts that nothing is hidden or lost
    site.begin("", 0)
    is_new = PagedMirror(site, extra="gone.zip")
    if "0" in await is_new.runs(RUNS):
        assert "0" in await mirror.runs(RUNS), site
        assert mirror.names == set(site.names)
    else:  # nothing on the pages tells that they are all, in the first runs of a mirror either
        await mirror.run(trusts=True)
        assert mirror.names >= set(site.names)


@pytest.mark.parametrize("style", ["next", "older", "relations", "icons", "dead-next", "numbers"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", [1, 2])
async def test_a_page_that_is_wrong_hides_no_saved_file(style: str, fault: str, place: int) -> None:
    site = FaultySite(names=files(14), length=7, style=style)
    mirror = PagedMirror(site)
    assert await mirror.runs(1) == "0"
    site.begin(fault, place)
    site.names = ["new.zip", *reversed(site.names)]
    await mirror.runs(2)
    site.begin("", 0)
    assert await mirror.runs(1) == "0"
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("left", [3, 6])
async def test_pages_that_are_gone_may_be_followed_by_none(left: int) -> None:
    site = FaultySite(names=files(9), length=3, style="next", is_endless=True, beyond="not-found")
    mirror = PagedMirror(site)
    assert await mirror.runs(2) == "50"
    site.names = site.names[-left:]
    assert await mirror.runs(2) == "00"
    assert mirror.names == set(site.names)


@pytest.mark.parametrize("fault", ["half", "not-found"])
async def test_a_row_that_only_an_incomplete_visit_has_shown_is_missing_if_a_page_hides_it(fault: str) -> None:
    site = FaultySite(names=files(10), length=4, style="numbers")
    mirror = PagedMirror(site)
    assert await mirror.runs(1) == "0"
    site.begin(fault, 2)
    site.names.insert(0, "new.zip")
    assert await mirror.runs(2) == "55"
    site.begin("half", 2)
    site.names = [*files(5), "new.zip", "f005.zip", "other.zip", *files(10)[6:]]
    assert await mirror.runs(2) == "55"
    site.begin("", 0)
    assert await mirror.runs(1) == "0"
    assert mirror.names == set(site.names)


async def test_a_row_that_only_an_incomplete_visit_has_shown_is_gone_once_a_whole_listing_lacks_it() -> None:
    site = FaultySite(names=files(10), length=4, style="numbers")
    mirror = PagedMirror(site)
    assert await mirror.runs(1) == "0"
    site.begin("not-found", 2)
    site.names.insert(0, "new.zip")
    assert await mirror.runs(1) == "5"
    assert "new.zip" in mirror.names
    site.begin("", 0)
    site.names.remove("new.zip")
    assert await mirror.runs(1) == "0"
    assert mirror.names == set(site.names)
