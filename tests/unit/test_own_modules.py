"""The modules of the program are found and compiled as by Python's importer, only with less work."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from pkgutil import walk_packages
from py_compile import PycInvalidationMode
from py_compile import compile as compiled

import pytest

import crawler
from crawler.own_modules import OwnModules

SOURCE = "import sys\n\nVALUE = {'a': 1}\n\n\ndef function():\n    return VALUE\n"


def found(name: str, directory: Path | str) -> ModuleSpec:
    spec = OwnModules.find_spec(name, [str(directory)])
    assert spec is not None
    return spec


def code_of(spec: ModuleSpec) -> bytes:
    assert isinstance(spec.loader, SourceFileLoader)
    code = spec.loader.get_code(spec.name)
    assert code is not None
    return marshal.dumps(code, 2) + code.co_filename.encode()


def test_every_module_of_the_program_is_found_and_compiled_as_usual() -> None:
    names = [module.name for module in walk_packages(crawler.__path__, "crawler.") if "__main__" not in module.name]
    assert len(names) > 500
    for name in names:
        above = Path(crawler.__path__[0], *name.split(".")[1:-1])
        spec, usual = found(name, above), PathFinder.find_spec(name, [str(above)])
        assert usual is not None
        for attribute in ("name", "origin", "cached", "parent", "submodule_search_locations", "has_location"):
            assert getattr(spec, attribute) == getattr(usual, attribute)
        if name.endswith("s") and Path(spec.cached or "").exists():  # some of them: it takes long, above all to compile
            assert code_of(spec) == code_of(usual)


@pytest.mark.parametrize(
    ("name", "path"),
    [("crawler", None), ("crawler", ["."]), ("crawler.none", ["."]), ("other.m", ["."]), ("crawlers.m", ["."])],
)
def test_others_are_left_to_other_finders(
    name: str, path: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for other in ("m", "crawler"):
        (tmp_path / f"{other}.py").write_text(SOURCE)
    assert OwnModules.find_spec(name, path) is None


def as_is(_cache: Path) -> None:
    pass


def patched(at: int, *, by: bytes) -> Callable[[Path], None]:
    def patch(cache: Path) -> None:
        content = bytearray(cache.read_bytes())
        content[at : at + len(by)] = by
        cache.write_bytes(content)

    return patch


def changed(cache: Path) -> None:
    """The source is changed, in the same second."""
    source = cache.parent.parent / "m.py"
    times = source.stat().st_mtime
    source.write_text(SOURCE + "\nMORE = 1\n")
    os.utime(source, (times, times))


def newer(cache: Path) -> None:
    os.utime(cache.parent.parent / "m.py", (1_800_000_000, 1_800_000_000))


def moved(cache: Path) -> None:
    compiled(str(cache.parent.parent / "m.py"), str(cache), dfile="/elsewhere/m.py")


def by_hash(cache: Path) -> None:
    compiled(str(cache.parent.parent / "m.py"), invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def by_another_hash(cache: Path) -> None:
    by_hash(cache)
    patched(8, by=source_hash(b"another"))(cache)


def a_directory(cache: Path) -> None:
    cache.unlink()
    cache.mkdir()


def long(cache: Path) -> None:
    source = cache.parent.parent / "m.py"
    source.write_text("".join(f"def function_{number}(): return {number}\n" for number in range(900)))
    compiled(str(source))
    assert cache.stat().st_size > 1 << 16


@pytest.mark.parametrize(
    ("make", "is_written"),
    [
        (as_is, False),
        (Path.unlink, True),
        (changed, True),
        (newer, True),
        (moved, False),
        (long, False),
        (by_hash, False),
        (by_another_hash, True),
        (a_directory, False),
        (patched(0, by=bytes(len(MAGIC_NUMBER))), True),
        (patched(8, by=b"\1\2\3\4"), True),
        (patched(12, by=b"\1\2\3\4"), True),
        (lambda cache: cache.write_bytes(b""), True),
        (lambda cache: cache.write_bytes(cache.read_bytes()[:10]), True),
    ],
)
def test_whatever_the_compiled_module_is_the_code_is_that_of_the_source(
    make: Callable[[Path], object], is_written: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written anew where Python would do that."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source = tmp_path / "m.py"
    source.write_text(SOURCE)
    cache = Path(compiled(str(source)) or "")
    make(cache)
    before = cache.read_bytes() if cache.is_file() else b""
    loader = found("crawler.m", tmp_path).loader
    assert isinstance(loader, SourceFileLoader)
    code = loader.get_code("crawler.m")
    assert code is not None
    assert code.co_filename == str(source)
    assert marshal.dumps(code, 2) == marshal.dumps(
        compile(source.read_text(), str(source), "exec", dont_inherit=True), 2
    )
    assert ((cache.read_bytes() if cache.is_file() else b"") != before) is is_written


def test_a_current_compiled_module_is_taken_without_further_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.py").write_text(SOURCE)
    compiled(str(tmp_path / "m.py"))
    monkeypatch.setattr(SourceFileLoader, "get_data", None)
    assert code_of(found("crawler.m", tmp_path))


def test_a_package_is_found_and_a_module_beside_it_comes_before_it(tmp_path: Path) -> None:
    """Python prefers the package; the program has none beside a module of its name."""
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "__init__.py").write_text("")
    spec = found("crawler.p", tmp_path)
    assert spec.submodule_search_locations == [str(tmp_path / "p")]
    sources = {path.relative_to(crawler.__path__[0]) for path in Path(crawler.__path__[0]).rglob("*.py")}
    assert not [path for path in sources if path.with_suffix("") / "__init__.py" in sources]


@pytest.mark.parametrize(
    ("options", "is_used"), [([], True), (["-O"], False), (["-OO"], False), (["-X", "pycache_prefix=/none"], False)]
)
def test_it_is_used_only_where_compiled_modules_are_in_their_usual_place(options: list[str], is_used: bool) -> None:
    program = """
import sys
class Other:
    find_spec = staticmethod(lambda *_: None)
sys.meta_path.insert(0, Other)
from crawler.own_modules import OwnModules, find_own_modules_here
find_own_modules_here()
find_own_modules_here()
assert sys.meta_path[0] is Other
print(sys.meta_path.count(OwnModules))
"""
    command = [sys.executable, *options, "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert done.stdout == f"{int(is_used)}\n"
