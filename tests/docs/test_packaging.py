"""The wheel and the source archive: built, installed into a new environment, and used."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from crawler import __version__
from tests.docs.conftest import Reader
from tests.docs.markdown import REPOSITORY

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


def environment(directory: Path, *wanted: str) -> Path:
    """Create a virtual environment and install ``wanted``. Returns the directory of its programs."""
    venv.create(directory, with_pip=True)
    programs = directory / "bin"
    call(programs / "python", "-m", "pip", "-qq", "install", *wanted)
    return programs


def call(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Kind → archive. The wheel is built from the source archive, as a package index expects."""
    scratch = tmp_path_factory.mktemp("build")
    programs = environment(scratch / "venv", "build")
    call(programs / "python", "-m", "build", "--outdir", scratch / "dist", REPOSITORY)
    (wheel,), (source,) = (scratch / "dist").glob("*.whl"), (scratch / "dist").glob("*.tar.gz")
    return {"wheel": wheel, "sdist": source}


def test_the_archives_contain_what_they_should(archives: dict[str, Path]) -> None:
    names = set(zipfile.ZipFile(archives["wheel"]).namelist())
    with tarfile.open(archives["sdist"]) as archive:
        source = {name.partition("/")[2] for name in archive.getnames()}
    package = [path for path in (REPOSITORY / "crawler").rglob("*.*") if "__pycache__" not in path.parts]
    files = {path.relative_to(REPOSITORY).as_posix() for path in package if path.is_file()}
    others = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/crawler.1", "examples/notebook.py"}
    others |= {".ci/run", ".ci/release", ".dockerignore", ".editorconfig", ".pre-commit-config.yaml"}  # tests, release
    assert {"crawler/py.typed", "crawler/pipeline/engine.py", "crawler/output/html_report/templates/page.html"} <= files
    assert files <= names
    assert files | others <= source
    assert f"crawler-{__version__}.data/data/share/man/man1/crawler.1" in names
    assert not [name for name in names if name.startswith(("tests", "docs", "config"))]


@pytest.mark.parametrize(("kind", "extra"), [("wheel", ""), ("sdist", "[report]")])
def test_each_installs_and_works(
    archives: dict[str, Path], kind: str, extra: str, tmp_path: Path, reader: Reader
) -> None:
    programs = environment(tmp_path / "venv", f"{archives[kind]}{extra}")
    assert call(programs / "crawler", "--version") == f"crawler {__version__}\n"
    assert (tmp_path / "venv" / "share" / "man" / "man1" / "crawler.1").is_file()
    reader.run("sh", f"{programs}/crawler --ext zip https://files.example.org/releases/ releases\n")
    assert "releases/old/app-0.9.zip" in reader.files()
    if extra == "[report]":
        reader.run("sh", f"{programs}/crawler --history --report page.html releases\n")
        assert "releases" in (reader.home / "page.html").read_text()
    assert call(programs / "python", "-m", "pip", "check") == "No broken requirements found.\n"


def test_this_python_is_one_that_the_package_names() -> None:
    classifiers = (REPOSITORY / "pyproject.toml").read_text()
    assert f"Python :: {sys.version_info.major}.{sys.version_info.minor}" in classifiers
