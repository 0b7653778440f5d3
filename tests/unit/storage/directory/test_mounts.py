"""mountinfo: parsing lines, and finding mounts below a directory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.storage.directory.boundaries.mounts import Mount, below, parse

MOUNT = Mount(36, b"98:0", b"/mnt1", b"/mnt2")


@pytest.mark.parametrize(
    ("line", "mounts"),
    [
        (b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue", [MOUNT]),
        (b"36 35 98:0 /mnt1 /mnt2 rw,noatime - ext3 /dev/root rw", [MOUNT]),
        (b"36 35 98:0 /mnt1 /mnt2 rw shared:1 master:2 propagate_from:3 new:4 - ext3 /dev/root rw", [MOUNT]),
        (b"36 35 98:0 /mnt1 /mnt2", [MOUNT]),
        (b"9 1 0:5 /a\\040b /c\\011d\\012e\\134f rw - x y z", [Mount(9, b"0:5", b"/a b", b"/c\td\ne\\f")]),
        (b"9 1 0:5 / /\\134040 rw - x y z", [Mount(9, b"0:5", b"/", b"/\\040")]),
        (b"9 1 0:5 / /\xc3\xa4\xff#x rw - x y z", [Mount(9, b"0:5", b"/", b"/\xc3\xa4\xff#x")]),
        (b"9 1 0:5 net:[4026531840] /run/n rw - nsfs nsfs rw", [Mount(9, b"0:5", b"net:[4026531840]", b"/run/n")]),
        (b"9 1 0:5 / / rw - x y z", [Mount(9, b"0:5", b"/", b"/")]),
        (b"9 1 0:5 / /gone//deleted rw - x y z", []),
        (b"9 1 0:5 /gone//deleted /here rw - x y z", [Mount(9, b"0:5", b"/gone//deleted", b"/here")]),
        (b"", []),
        (b"36 35 98:0 /mnt1", []),
        (b"x 35 98:0 /mnt1 /mnt2 rw", []),
        (b"36 35 98:0 /mnt1 relative rw", []),
        (b"tmpfs on /x type tmpfs (rw)", []),
    ],
)
def test_a_line_of_mountinfo(line: bytes, mounts: list[Mount]) -> None:
    assert parse(line) == parse(line + b"\n") == mounts
    assert parse(b"\n" + line + b"\nnonsense\n") == mounts


def escaped(path: bytes) -> bytes:
    """A path escaped as by the kernel: fs/seq_file.c, mangle_path with " \\t\\n\\\\"."""
    return b"".join(b"\\%03o" % byte if byte in b" \t\n\\" else bytes([byte]) for byte in path)


NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: not {0, ord("/")} & set(name))
PATHS = st.lists(NAMES, max_size=5).map(lambda names: b"/" + b"/".join(names))
MOUNTS = st.builds(
    Mount, st.integers(0, 10**6), st.from_regex(rb"\A[0-9]{1,3}:[0-9]{1,5}\Z"), PATHS, PATHS.filter(lambda p: p != b"/")
)


@given(mounts=st.lists(MOUNTS, max_size=5))
def test_mounts_printed_as_by_the_kernel_are_read_back(mounts: list[Mount]) -> None:
    lines = (b"%d 1 %s %s %s rw - x y z\n" % (m.number, m.device, escaped(m.root), escaped(m.point)) for m in mounts)
    assert parse(b"".join(lines)) == mounts


@given(mount=MOUNTS, directory=PATHS)
def test_a_mount_below_a_directory_has_a_relative_path(mount: Mount, directory: bytes) -> None:
    here = directory.rstrip(b"/")
    inside = Mount(mount.number, mount.device, mount.root, here + mount.point)
    found = below([inside, Mount(1, b"", b"", directory), Mount(2, b"", b"", here + b"-beside")], directory)
    assert {one.point for one in found if one.number == mount.number} >= {mount.point[1:]}
    assert not [one for one in found if one.point.startswith(b"/") or not one.point]


@pytest.mark.parametrize(
    ("point", "relative"),
    [
        (b"/srv/m/sub", b"sub"), (b"/srv/m/a/b c", b"a/b c"), (b"/srv/m", None), (b"/srv", None), (b"/", None),
        (b"/srv/mm", None), (b"/srv/m2/sub", None), (b"/other/srv/m/sub", None),
    ],
)  # fmt: skip
def test_a_mount_point_is_below_a_directory_or_not(point: bytes, relative: bytes | None) -> None:
    for directory in (b"/srv/m", b"/srv/m/"):
        found = below([Mount(1, b"0:1", b"/", point)], directory)
        assert [mount.point for mount in found] == ([] if relative is None else [relative])
