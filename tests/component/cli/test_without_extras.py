"""Without the optional libraries, whatever needs one is refused in a line that says how to install it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

EXTRAS = {
    "report": ("jinja2", "squarify", "svg"),
    "tqdm": ("tqdm",),
    "socks": ("python_socks",),
    "objects": ("obstore",),
    "cluster": ("distributed", "dask"),
}
"""Extra → the modules that it installs."""
URL = "http://127.0.0.1:1/"
CALLS = (
    ("objects", [URL, "s3://bucket/x"]),
    ("objects", ["--dry-run", URL, "gs://bucket/x"]),
    ("objects", ["--explain", "a", URL, "az://bucket/x"]),
    ("objects", ["--input-file", "list", "s3://bucket/x"]),
    ("objects", ["--verify", "s3://bucket/x"]),
    ("objects", ["--history", "s3://bucket/x"]),
    ("objects", ["--config", "stores.toml"]),
    ("objects", ["--config", "stores.toml", "--verify"]),
    ("objects", ["--config", "stores.toml", "--history"]),
    ("report", ["--report", "r.html", URL, "d"]),
    ("report", ["--history", "--report", "r.html", "d"]),
    ("report", ["--config", "reports.toml"]),
    ("report", ["--config", "plain.toml", "--status", "s.html"]),
    ("socks", ["--proxy", "socks5://127.0.0.1:1", URL, "d"]),
    ("socks", ["--config", "proxies.toml"]),
    ("cluster", ["--cluster", "tcp://127.0.0.1:1", URL, "d"]),
    ("cluster", ["--config", "clusters.toml"]),
)
"""Extra, and a command line that needs it."""
_MIRROR = f'[[mirror]]\nname = "a"\nurl = "{URL}"\n'
FILES = {
    "list": f"{URL}a\n",
    "plain.toml": f'{_MIRROR}dir = "d"\n',
    "stores.toml": f'{_MIRROR}dir = "s3://bucket/x"\n',
    "reports.toml": f'{_MIRROR}dir = "d"\nreport = "r.html"\n',
    "proxies.toml": f'{_MIRROR}dir = "d"\nproxy = "socks5://127.0.0.1:1"\n',
    "clusters.toml": f'[defaults]\ncluster = "tcp://127.0.0.1:1"\n{_MIRROR}dir = "d"\n',
}
SCRIPT = f"""
import contextlib, io, sys
for name in {[name for names in EXTRAS.values() for name in names]}:
    sys.modules[name] = None
from crawler.cli import parser
for args in {[args for _, args in CALLS]}:
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = parser.run(args)
    print(code, repr(said.getvalue()))
"""


def test_what_is_missing_is_said_in_one_line_and_nothing_is_left(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=tmp_path, check=True)
    for (extra, args), line in zip(CALLS, done.stdout.splitlines(), strict=True):
        code, said = line.split(" ", 1)
        assert code == "2", (args, said)
        assert f"pip install 'crawler[{extra}]'" in said, (args, said)
        assert said.count("\\n") == 1, (args, said)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


def test_every_extra_of_users_is_in_the_table() -> None:

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert set(EXTRAS) == set(project["project"]["optional-dependencies"]) - {
        "dev",
        "docs",
        "fuzz",
        "mutants",
        "release",
    }
    assert set(EXTRAS) - {extra for extra, _ in CALLS} == {"tqdm"}, "which only the library needs"
