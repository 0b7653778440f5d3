"""Plain modules are found, compiled and imported as by Python's importer, only with less work."""

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
from crawler.importing import PlainModules

SOURCE = "import sys\n\nVALUE = {'a': 1}\n\n\ndef function():\n    return VALUE\n"


def found(name: str, directory: Path | str) -> ModuleSpec:
    spec = PlainModules.find_spec(name, [str(directory)])
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
    assert PlainModules.find_spec(name, path) is None


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
from crawler.importing import PlainModules, import_plainly
import_plainly()
import_plainly()
assert sys.meta_path[0] is Other
print(sys.meta_path.count(PlainModules))
"""
    command = [sys.executable, *options, "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert done.stdout == f"{int(is_used)}\n"


def run(program: str, *options: str, cwd: Path) -> list[str]:
    """The lines that a new interpreter prints whose modules are imported plainly."""
    start = f"import sys\nsys.path[1:1] = [{str(Path(crawler.__path__[0]).parent)!r}]\nfrom crawler import importing\n"
    command = [sys.executable, *options, "-c", f"{start}sys.path[:2] = []\n{program}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_module_of_the_library_is_found_as_usual(tmp_path: Path) -> None:
    program = """
from importlib.machinery import PathFinder, FrozenImporter
import os, pkgutil
importing.import_plainly()
names = {name: None for name in sys.stdlib_module_names}
for package in "asyncio collections concurrent concurrent.futures json re logging urllib sqlite3".split():
    path = [os.path.join(os.path.dirname(os.__file__), *package.split("."))]
    names |= {f"{package}.{module.name}": path for module in pkgutil.iter_modules(path)}
found = 0
for name, path in names.items():
    spec = importing.PlainModules.find_spec(name, path)
    if spec is not None:
        usual = FrozenImporter.find_spec(name, path) or PathFinder.find_spec(name, path)
        found += 1
        for attribute in ("name", "origin", "cached", "parent", "submodule_search_locations", "has_location"):
            assert getattr(spec, attribute) == getattr(usual, attribute), (name, attribute)
print(found)
"""
    assert int(run(program, cwd=tmp_path)[-1]) > 150


@pytest.mark.parametrize(
    ("before", "expected"),
    [("none", "library"), (".", "here"), ("", "here"), ("sub", "library"), ("file.zip", "not plain"), ("pkg", "pkg")],
)
def test_a_module_before_the_library_comes_first(tmp_path: Path, before: str, expected: str) -> None:
    """As from PYTHONPATH, or beside the script that starts the program."""
    for place in ("string.py", "sub/strings.py", "pkg/string/__init__.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")
    (tmp_path / "file.zip").write_bytes(b"")
    program = f"""
sys.path[:0] = [{before!r}]
importing.import_plainly()
plain = importing.PlainModules.find_spec("string")
import string
where = string.__file__.partition({str(tmp_path)!r})[2]
found = "library" if plain and not where else "pkg" if "pkg" in where else "here"
print(found if importing._library else "not plain")
"""
    assert run(program, cwd=tmp_path) == [expected]


MODULES = {
    "crawler/__init__.py": "",
    "crawler/a/__init__.py": "from crawler.a import b\nfrom . import c as other\nVALUE = b.VALUE",
    "crawler/a/b.py": "import crawler.a as a\nVALUE = [hasattr(a, 'VALUE'), a.__spec__._initializing]",
    "crawler/a/c.py": "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(is_other=True)",
    "crawler/wrong.py": "VALUE = 1 / 0",
    "crawler/syntax.py": "VALUE = = 1",
    "crawler/data.json": "",
    "crawler/late.py": "import crawler.wrong",
}
LOOK = """
def attributes(module):
    names = "__name__", "__package__", "__file__", "__cached__", "__doc__"
    found = [getattr(module, name, None) for name in names]
    return [*found, list(getattr(module, "__path__", [])), module.__spec__.name, module.__spec__._initializing]
def look():
    sys.dont_write_bytecode = True
    from crawler import a
    print(a.VALUE, a.other, attributes(a), attributes(a.b))
    print(sys.modules["crawler"].a is a, a.b is sys.modules["crawler.a.b"])
    import string, json.decoder, concurrent.futures.thread as thread
    print(attributes(string), attributes(json), attributes(json.decoder), json.decoder is sys.modules["json"].decoder)
    for name in "crawler.wrong crawler.late crawler.syntax crawler.none crawler.data crawler.a.b.c none".split():
        for _ in range(2):
            try:
                __import__(name)
            except BaseException as error:
                print(name, type(error), error, error.name if isinstance(error, ImportError) else "")
        print(name in sys.modules)
    sys.modules["crawler.halt"] = None
    try:
        import crawler.halt
    except ImportError as error:
        print(error)
"""


def test_modules_are_imported_as_usual(tmp_path: Path) -> None:
    """Also those that fail, that need each other, or that put something else in their place."""
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    again = f"del sys.modules['crawler']\nsys.path.insert(3, {str(tmp_path)!r})\n{LOOK}"
    count = "print(type(sys.modules['crawler.a'].__spec__.loader).__module__.rpartition('.')[2])"
    usual = run(f"{again}look()", cwd=Path("/"))
    plain = run(f"importing.import_plainly()\n{again}look()\n{count}", cwd=Path("/"))
    assert plain == [*usual, "importing"]
    assert len(usual) > 20 and "ZeroDivisionError" in "".join(usual)


def test_another_finder_comes_first(tmp_path: Path) -> None:
    program = """
from importlib.machinery import ModuleSpec, PathFinder
class Other:
    def find_spec(name, path=None, target=None):
        if name in ("crawler.paths", "string"):
            return ModuleSpec(name, Other)
    def create_module(spec): return None
    def exec_module(module): module.mark = 1
sys.meta_path.insert(0, Other)
importing.import_plainly()
import string, crawler.paths, crawler.model
print(string.mark, crawler.paths.mark, type(crawler.model.__spec__.loader).__module__)
"""
    assert run(program, cwd=tmp_path) == ["1 1 crawler.importing"]
