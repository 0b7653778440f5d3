"""Which names are those of files, whatever page they are on."""

from __future__ import annotations

import pytest

from crawler.listings.html.tree.file_names import Names


def counts(text: str) -> dict[str, int]:
    names = Names()
    for name in text.split():
        names.add(name.rstrip("/"), is_file=not name.endswith("/"))
    return names.counts()


@pytest.mark.parametrize(
    ("names", "filelike", "typed", "alike"),
    [
        ("", 0, 0, 0), ("LICENSE 3.6.4 name-1.00", 0, 0, 0), ("a.zip/ b.zip", 1, 1, 0), ("a.ZIP", 1, 1, 0),
        ("a.tar.gz b.tar.xz.asc c.PDF d.jpeg e.iso f.csv g.py h.mkv", 8, 8, 0),
        ("SAP.DE BRK.A VOW3.F BP.L RDS.A MC.PA AIR.PA UCG.MI", 7, 0, 2),
        ("j.doe a.lee m.ali p.kim s.roy t.fox u.day v.may", 8, 0, 1),
        ("u1.doe u2.doe u3.doe", 3, 0, 3), ("foo.io abc.net xyz.com", 0, 0, 0),
        ("ssh.service dbus.socket tmp.mount a.timer b.path c.slice d.scope", 7, 0, 1),
        ("java.util.Deque java.util.Set com.example.app1", 3, 0, 1), ("N00E006.q5x N00E007.Q5X readme.txt", 3, 1, 2),
    ],
)  # fmt: skip
def test_names_are_counted_by_their_extensions(names: str, filelike: int, typed: int, alike: int) -> None:
    assert counts(names) == {"filelike": filelike, "typed": typed, "alike": alike}
