"""The commands of docs/cron.md, run as root, exactly as written, in a copy-on-write image of this machine's root.

apt-get and commands that need a running systemd are left out. The ordinary test does not install the libraries by pip;
a link to those of the tests replaces them. The heavy test runs everything else as written.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.conftest import Reader
from tests.docs.markdown import REPOSITORY, blocks_of

SECTIONS = ("Installation", "With cron", "With systemd")
PYTHON = "/usr/bin/python3"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
OUTPUTS = ("status", "log_file", "summary", "changes", "metrics", "report")
ENTER = """
set -e
mount -t tmpfs scratch "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
root=$1/root; shift
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
number=0
for place; do
    mkdir -p "$root/opt/tests/$number"
    mount --bind "$place" "$root/opt/tests/$number"
    mount -o remount,bind,ro "$root/opt/tests/$number"
    number=$((number + 1))
done
exec chroot "$root" /bin/sh -eu
"""
"""Makes the image in a mount namespace, with the directories of the tests in it, and reads what to do there."""
PLACES = [str(REPOSITORY), *(path for path in sys.path if path.endswith("site-packages"))]
"""In the image these are ``/opt/tests/0``, ``/opt/tests/1`` and so on, where every user may read them."""
PIP = f"""
printf '/opt/tests/%d\\n' {" ".join(map(str, range(len(PLACES))))} \\
    > /opt/crawler/lib/python{VERSION}/site-packages/crawler.pth
printf '#!/opt/crawler/bin/python\\nfrom crawler.__main__ import main\\nmain()\\n' > /opt/crawler/bin/crawler
chmod 755 /opt/crawler/bin/crawler
"""


def commands() -> list[tuple[str, str]]:
    """(section, command) of all commands that the page tells root to type."""
    blocks = [block for block in blocks_of(REPOSITORY / "docs" / "cron.md") if block.language == "console"]
    return [
        (block.section, line.removeprefix("# "))
        for block in blocks
        if block.section in SECTIONS
        for line in block.text.splitlines()
    ]


def edited(reader: Reader) -> str:
    """The commands in place of the editor: write the mirrors of the example, on loopback and with all output files."""
    keys = "|".join(OUTPUTS)
    text = re.sub(
        rf"^# (?=(?:{keys}) = )", "", (REPOSITORY / "config" / "crawler.toml").read_text(), flags=re.MULTILINE
    )
    return f"cat > /etc/crawler/crawler.toml <<'END'\n{reader.rewritten(text)}\nEND"


def as_typed(command: str, reader: Reader, *, is_real: bool) -> str:
    """The part of ``command`` that can be run in a test."""
    if command.startswith(("apt-get install ", "journalctl ", "systemctl start ", "systemctl daemon-reload")):
        return ":"
    if command.startswith("editor "):
        return edited(reader)
    if command.startswith("systemctl enable --now "):
        return command.replace(" --now", "") + " 2>&1"
    if not is_real:
        command = command.replace("python3 -m venv ", f"{PYTHON} -m venv --without-pip ")
        return PIP if "bin/pip install" in command else command
    return f"{command} 2>&1" if "bin/pip install" in command else command  # its warnings do not concern the program


def in_a_scratch_root(script: str, scratch: Path) -> subprocess.CompletedProcess[str]:
    """Run ``script`` in the image. Skips the test if no image can be made."""
    scratch.mkdir(exist_ok=True)
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                   "SYSTEMD_OFFLINE": "1", "LC_ALL": "C.UTF-8"}  # fmt: skip
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(scratch), *PLACES],
        input=script, capture_output=True, text=True, cwd="/", env=environment, check=False,
    )  # fmt: skip


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can make a scratch root")
    if not all(map(shutil.which, ("unshare", "chroot", "runuser", "setpriv", "systemctl"))):
        pytest.skip("util-linux or systemd is not installed")
    if in_a_scratch_root(f"{PYTHON} -c 'import venv'", tmp_path / "try").returncode:
        pytest.skip("no overlay can be mounted here, or /usr/bin/python3 has no venv")
    yield tmp_path / "image"


def writable() -> list[str]:
    """The directories that the service may write to."""
    unit = (REPOSITORY / "config" / "crawler.service").read_text()
    paths = [
        path.lstrip("-") for line in re.findall(r"^ReadWritePaths=(.+)$", unit, re.MULTILINE) for path in line.split()
    ]
    for key, base in (("StateDirectory", "/var/lib"), ("LogsDirectory", "/var/log")):
        paths += [f"{base}/{name}" for name in re.findall(rf"^{key}=(.+)$", unit, re.MULTILINE)]
    return paths


CHECK = """
as_mirror='setpriv --reuid mirror --regid mirror --init-groups'
crawler_as_cron() {{
    path=$(grep ^PATH= /etc/cron.d/crawler)
    env -i HOME=/var/lib/crawler LOGNAME=mirror SHELL=/bin/sh "$path" $as_mirror sh -c "{cron}"
}}
crawler_as_service() {{
    env -i HOME=/var/lib/crawler PATH=/usr/bin $as_mirror --no-new-privs --bounding-set=-all sh -c "{service}"
}}
exec >&2
test "$(readlink -f /usr/local/bin/crawler)" = /opt/crawler/bin/crawler
test -e /etc/systemd/system/timers.target.wants/crawler.timer
systemd-analyze verify --man=no /etc/systemd/system/crawler.service /etc/systemd/system/crawler.timer \\
    /etc/systemd/system/crawler-failed.service
crawler_as_cron
rm -r /srv/mirror/*
for path in {writable}; do mount --bind $path $path; done
mount -t tmpfs tmpfs /tmp
mount -o remount,bind,ro /
crawler_as_service
if touch /etc/crawler/x 2>/dev/null; then echo writable; fi
mount -o remount,bind,rw /
if command -v logrotate; then logrotate --force --state /run/state /etc/logrotate.d/crawler; ls /var/log/crawler/; fi
umount /tmp
find /srv/mirror /var/lib/crawler /var/www/html/mirrors /var/lib/prometheus/node-exporter -name .crawler -prune -o \\
    -type f -user mirror -print >&3
"""


def follow(reader: Reader, scratch: Path, *, is_real: bool) -> None:
    cron = re.findall(r"^[\d* ]+ mirror (.+)$", (REPOSITORY / "config" / "crawler.cron").read_text(), re.MULTILINE)[0]
    service = re.findall(r"^ExecStart=(.+)$", (REPOSITORY / "config" / "crawler.service").read_text(), re.MULTILINE)[0]
    typed = [as_typed(command, reader, is_real=is_real) for _, command in commands()]
    check = CHECK.format(cron=cron, service=service, writable=" ".join(writable()))
    script = "\n".join(["exec 3>&1", "exec >/tmp/typed", "cd /opt/tests/0", "umask 022", *typed, check])
    done = in_a_scratch_root(script, scratch)
    assert done.returncode == 0, done.stdout + done.stderr
    files = set(done.stdout.split())
    assert {
        "/srv/mirror/pub/report-001.txt", "/srv/mirror/releases/app-1.4.zip", "/var/www/html/mirrors/index.html",
        "/var/www/html/mirrors/pub.html", "/var/lib/prometheus/node-exporter/crawler-releases.prom",
        "/var/lib/crawler/pub.json", "/var/lib/crawler/releases.jsonl",
    } <= files  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "logrotate" not in line and not line.startswith("crawler.log")]
    assert said == [], done.stderr
    if shutil.which("logrotate"):
        assert "crawler.log.1" in done.stderr


def test_the_commands_lead_to_runs_by_cron_and_by_systemd(reader: Reader, scratch: Path) -> None:
    version = subprocess.run([PYTHON, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith(f"Python {VERSION}."):
        pytest.skip(f"{PYTHON} is another Python than that of the tests, whose libraries it would need")
    follow(reader, scratch, is_real=False)


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_the_commands_lead_to_runs_by_cron_and_by_systemd_with_the_libraries_that_pip_fetches(
    reader: Reader, scratch: Path
) -> None:
    follow(reader, scratch, is_real=True)


def test_each_command_is_run_or_known_not_to_be() -> None:
    sections = {section for section, _ in commands()}
    assert sections == set(SECTIONS)
    skipped = [command for _, command in commands() if command.startswith(("apt-get", "journalctl", "systemctl"))]
    assert skipped == [
        "apt-get install python3-venv", "apt-get install cron logrotate", "systemctl daemon-reload",
        "systemctl enable --now crawler.timer", "systemctl start crawler.service", "journalctl -u crawler",
    ]  # fmt: skip


def paths_in_the_example(keys: Callable[[str], bool]) -> set[str]:
    text = (REPOSITORY / "config" / "crawler.toml").read_text()
    found = re.findall(r'^(?:# )?(\w+) = "(/[^"]+)"', text, re.MULTILINE)
    return {path for key, path in found if keys(key)}


def test_all_that_the_example_writes_is_where_the_unit_may_write() -> None:
    written = paths_in_the_example(lambda key: key in {*OUTPUTS, "dir", "state"})
    assert len(written) == len(OUTPUTS) + 3
    assert [path for path in written if not path.startswith(tuple(f"{place}/" for place in writable()))] == []
