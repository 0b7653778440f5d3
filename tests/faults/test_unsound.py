"""Rows L: pages that are listings and no proof of what their folder holds."""

from __future__ import annotations

import pytest

from tests.faulty.pages import Row, nginx
from tests.faulty.samples import blob
from tests.faulty.sandbox import Sandbox
from tests.faulty.server import Site
from tests.faulty.site import OLD

_TABLE = (
    "<table><tr><th>Name</th><th>Size</th><th>Date</th></tr><tr><td><a href='../'>..</a></td><td>-</td><td>-</td></tr>"
)


def page(place: str, inside: str = "", around: str = "") -> bytes:
    text = (
        f"<title>Index of {place}</title><body><h1>Index of {place}</h1>{_TABLE}{inside}</table>{around}</body></html>"
    )
    return f"<html>{text}".encode()


@pytest.mark.row("L22")
def test_a_page_that_is_no_proof_deletes_nothing(sandbox: Sandbox, site: Site) -> None:
    row = "<tr><td>f.bin</td><td>100</td><td>2020-01-01 00:00</td></tr>"
    unsound = {
        "linkless": (row, ""),
        "error": ("", "<p>scandir: Permission denied</p>"),
        "warning": ("", "<b>Warning</b>: scandir() in <b>i.php</b> on line <b>3</b>"),
        "part": ("", "<p>Showing 0 of 1 entries</p>"),
        "script": ("", "<script>var x = '<a href=' + n; document.write(x)</script>"),
    }
    for number, name in enumerate((*unsound, "other", "empty")):
        site.file(f"{name}/f.bin", blob(100, number))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for name, (inside, around) in unsound.items():
        site.listing(name, lambda name=name, inside=inside, around=around: page(f"{site.root}{name}/", inside, around))
    site.listing("other", lambda: page("/elsewhere/"))
    run = sandbox.mirror(site.url, delete=True, more=["--ignore-errors"])
    run.fails(6)  # and says so: 5 without the folders in which deletion was refused
    run.says("no-link")
    sandbox.holds(wanted)
    for name in (*unsound, "other"):
        site.listing(name, lambda name=name: nginx(f"{site.root}{name}/", [Row(href="f.bin", size=100, mtime=OLD)]))
    site.listing("empty", lambda: page(f"{site.root}empty/"))
    sandbox.mirror(site.url, delete=True).succeeds()
    sandbox.holds({path: data for path, data in wanted.items() if path != "empty/f.bin"})
