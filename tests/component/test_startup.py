"""No module is imported before it is needed: imports take most of the time of a short run."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

import crawler
from crawler.model.config import Config
from crawler.pipeline.runs import mirror
from crawler.workers.page_parsers import PageParsers
from tests.support import warm_start
from tests.support.disorderly import Disorderly

HEAVY = {
    "aiohttp", "aiolimiter", "bs4", "humanize", "jinja2", "lxml", "protego", "rich", "sqlite3", "stamina", "svg",
    "tomllib", "uvloop",
}  # fmt: skip
"""Libraries that take more than a millisecond."""


EXECUTED = '" ".join(name for name, module in sys.modules.items() if type(module).__name__ != "LateModule")'
"""An expression for the names of the modules that have been executed."""


def printed(program: str, *arguments: str) -> str:
    """Run ``program`` in a new interpreter. Returns the last line that it prints."""
    found = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return found.stdout.splitlines()[-1]


def imported(statement: str) -> set[str]:
    """The HEAVY libraries that a new interpreter has loaded after ``statement``."""
    return HEAVY & set(printed(f"import sys\n{statement}\nprint('\\n' + ' '.join(sys.modules))").split())


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """URL of a directory with one file."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.bin").write_bytes(b"a")
    os.utime(tmp_path / "site" / "a.bin", (1_700_000_000, 1_700_000_000))
    (tmp_path / "site" / "index.html").write_text(
        '<html>\n<head><title>Index of /</title></head>\n<body>\n<h1>Index of /</h1><hr><pre><a href="../">../</a>\n'
        '<a href="a.bin">a.bin</a>                       14-Nov-2023 22:13                   1\n'
        "</pre><hr></body>\n</html>\n"
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "site"))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def loaded(*arguments: str, code: int = 0) -> set[str]:
    """All modules that the program imports during a run."""
    command = [sys.executable, "-X", "importtime", "-m", "crawler", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def imported_for_warm_starts() -> set[str]:
    """All modules that the tests have imported before they start the program."""
    imports = "\n".join(f"import {name}" for name in warm_start.IMPORTED)
    return set(printed(f"import sys\n{imports}\nprint(' '.join(sys.modules))").split())


@pytest.mark.parametrize(
    ("arguments", "code", "most"),
    [(["--version"], 0, 75), (["--help"], 0, 170), (["--no-such-option"], 2, 170), (["--max-size=x"], 2, 150)],
)
def test_what_needs_no_event_loop_imports_none(arguments: list[str], code: int, most: int) -> None:
    modules = loaded(*arguments, code=code)
    assert not modules & (HEAVY | {"asyncio", "socket", "ssl", "logging", "crawler.app"})
    assert ("click" in modules) is (most == 170), "only for what has to be looked up or explained"
    assert len(modules) <= most  # with Python 3.11 ten less; 156 for `import asyncio, uvloop, click, sqlite3`


def test_a_plain_run_imports_what_it_uses(site: str, tmp_path: Path) -> None:
    modules = loaded(site, str(tmp_path / "mirror"))
    assert HEAVY & modules <= {"protego", "sqlite3"}
    assert not {name for name in modules if name.startswith(("crawler.listings.json", "crawler.listings.xml"))}
    assert not {name for name in modules if name.startswith("crawler.output.html_report")}
    assert not {
        name for name in modules if name.startswith(("obstore", "crawler.storage.objects", "crawler.app.object_"))
    }
    assert not modules & {"aiofiles", "email.utils", "http.cookiejar", "logging.handlers", "pickle", "urllib.request"}
    assert "yarl" not in modules
    assert not modules & {"_ssl", "ast", "dis"}, "they are for TLS and uvloop"
    assert len(modules) <= 472  # 469 with Python 3.11
    again = loaded("-q", site, str(tmp_path / "mirror"))
    own = {name for name in modules | again | loaded("--no-such-option", code=2) if name.startswith("crawler.")}
    assert own - imported_for_warm_starts() == set(), "name them in tests/support/warm_start.py: many tests run slower"
    stages = ("crawler.pipeline.fetch", "crawler.listings.", "crawler.workers.listing_codec", "crawler.output.summary")
    assert not {name for name in again if name.startswith(stages)}, "nothing is fetched, parsed or printed"
    assert not again & {"click", "html", "shutil", "crawler.pipeline.runs.url_list", "crawler.app.keywords"}
    assert not again & {"_hashlib", "_ssl", "ast", "dis", "uvloop"}, "OpenSSL and inspect are for bodies, and for TLS"
    assert len(again) <= 404  # 400 with Python 3.11
    history = loaded("--history", str(tmp_path / "mirror"))
    assert not history & {"aiohttp", "crawler.http.client", "crawler.pipeline.engine"}
    assert len(history) <= 250


def at_the_first_request(arguments: list[str]) -> str:
    """A program that prints its modules when it would send its first requests, before its event loop is imported."""
    return f"""
import os, sys
from crawler.__main__ import main, _import_libraries
_import_libraries()
from crawler.http.sockets.early import EarlyConnections
def enter(connections):
    print("\\n" + {EXECUTED}, flush=True)
    os._exit(0)
EarlyConnections.__enter__ = enter
sys.argv[1:] = {arguments!r}
main()
"""


@pytest.mark.parametrize(("is_first", "most", "own"), [(True, 185, 70), (False, 213, 87)])
def test_the_first_requests_of_a_plain_run_are_sent_before_the_event_loop_is_imported(
    site: str, tmp_path: Path, is_first: bool, most: int, own: int
) -> None:
    arguments = ["-q", "--delete", site, str(tmp_path / "mirror")]
    if not is_first:
        loaded(*arguments)
    modules = set(printed(at_the_first_request(arguments)).split())
    assert HEAVY & modules == (set() if is_first else {"sqlite3"})
    assert not modules & {"asyncio", "click", "concurrent.futures", "encodings.idna", "logging", "ssl"}
    assert not {name for name in modules if name.startswith(("crawler.pipeline", "crawler.http.lane"))}
    assert len(modules) <= most  # 170 and 196 with Python 3.11
    assert len([name for name in modules if name.partition(".")[0] == "crawler"]) <= own


@pytest.mark.parametrize("is_first", [True, False])
def test_those_of_a_file_of_mirrors_are_sent_before_the_event_loop_is_imported(
    site: str, tmp_path: Path, is_first: bool
) -> None:
    mirrors = (f'[[mirror]]\nname = "{n}"\nurl = "{site}"\ndir = "{tmp_path}/{n}"\n' for n in range(3))
    (tmp_path / "mirrors.toml").write_text("[defaults]\nlock_wait = '10m'\ntrash = 30\n" + "".join(mirrors))
    arguments = ["--quiet", "--config", str(tmp_path / "mirrors.toml")]
    if not is_first:
        loaded(*arguments)
    modules = set(printed(at_the_first_request(arguments)).split())
    assert HEAVY & modules == ({"tomllib"} if is_first else {"sqlite3", "tomllib"})
    assert not modules & {"asyncio", "click", "concurrent.futures", "decimal", "logging", "ssl"}
    assert len([name for name in modules if name.partition(".")[0] == "crawler"]) <= (103 if is_first else 118)


@pytest.mark.parametrize(("option", "most"), [("--fsync=none", 197), ("--no-robots", 258)])
def test_that_of_any_other_run_is_sent_before_anything_is_imported_that_only_responses_need(
    site: str, tmp_path: Path, option: str, most: int
) -> None:
    """That for robots.txt, if there is one, leaves before the modules are imported that read listings."""
    program = f"""
import asyncio, os, sys
from crawler.__main__ import main, _import_libraries
_import_libraries()
from crawler.app.first_request import robots_txt as first_request
from crawler.http.lane.lane import Lane
async def imported(name):
    if {option!r} != "--no-robots":
        await asyncio.Event().wait()  # however long a busy machine takes to connect
    from crawler.pipeline.runs import mirror
    mirror._ON_ITS_WAY = 60.0  # seconds until the parser is imported
    return mirror
def send(lane, requests):
    print("\\n" + {EXECUTED}, flush=True)
    os._exit(0)
first_request.imported, Lane.send = imported, send
sys.argv[1:] = ["-q", {f"--state={tmp_path}/state"!r}, {option!r}, {site!r}, {str(tmp_path / "mirror")!r}]
main()
"""
    modules = set(printed(program).split())
    assert not modules & {"aiohappyeyeballs", "encodings.idna", "typing_extensions"}
    assert ("crawler.pipeline.runs.mirror" in modules) is (option == "--no-robots")
    later = ("crawler.pipeline.fetch", "crawler.listings", "crawler.output.summary", "crawler.workers.listing_codec")
    assert not {name for name in modules if name.startswith(later)}
    assert not modules & {"click", "glob", "protego", "shlex", "crawler.pipeline.runs.dry_run"}
    assert not modules & {"crawler.text.names.windows", "crawler.text.names.disposition"}
    own = [name for name in modules if name.partition(".")[0] == "crawler"]
    assert len(own) <= most  # of this program, at 0.2 ms each


@pytest.mark.parametrize(("options", "last"), [([], []), (["-X", "dev"], ["taken apart"])])
def test_the_exit_leaves_out_only_what_takes_the_interpreter_apart(options: list[str], last: list[str]) -> None:
    """It is compared with the ordinary exit, which development mode gets."""
    program = """
import atexit, sys, threading, time
from crawler.__main__ import _exit
class Kept:
    def __del__(self): print("taken apart")
kept = Kept()
def work():
    time.sleep(0.05)
    print("thread")
atexit.register(print, "registered")
threading.Thread(target=work).start()
_exit(3)
"""
    done = subprocess.run([sys.executable, *options, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split("\n")) == (3, ["thread", "registered", *last, ""])
    assert not done.stderr


def test_what_stands_in_for_modules_of_libraries_is_gone_when_they_have_been_imported() -> None:
    program = """
from crawler.__main__ import _import_libraries
_import_libraries()
import sys
names = {"decimal", "platform", "uuid"}
kept = {name for name, module in sys.modules.items() for held in vars(module).values()
        if isinstance(held, type(sys)) and held.__name__ in names and held.__spec__ is None}
assert kept == {"multidict._compat"}, kept
import decimal, platform, uuid, msgspec.json, typing_extensions
from crawler.model.values import Span
assert platform.system() and uuid.uuid4() and decimal.Decimal(1) == 1 and typing_extensions.Annotated
print(msgspec.json.decode("[1]"), Span(low=1, high=2) == Span(low=1, high=2))
"""
    assert printed(program) == "[1] True"


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_question_to_the_program_itself_imports_none_of_them(option: str) -> None:
    assert imported(f"from crawler.cli.parser import run\nrun(['{option}'])") == set()


def test_the_package_itself_imports_none_of_them() -> None:
    assert imported("import crawler") == set()


def test_a_run_imports_its_network_and_its_state_only_before_it_begins() -> None:
    modules = "crawler.cli.parser, crawler.app.api, crawler.output.files, crawler.output.log"
    assert imported(f"import {modules}") == {"sqlite3"}


def test_a_run_does_not_read_the_certificates_of_the_system_before_it_needs_them() -> None:
    program = """
import ssl
read = []
ssl.SSLContext.load_default_certs = lambda *_: read.append(1)
from crawler.cli.runner import run_async
import crawler.http.client
async def work(stop): return 0
run_async(work)
print(len(read))
"""
    assert printed(program) == "0"


@pytest.mark.parametrize("is_light", [False, True])
def test_tls_is_there_when_it_is_needed(tmp_path: Path, is_light: bool) -> None:
    """A redirect may lead to https in a run that began without."""
    program = f"""
import sys
from crawler.__main__ import _import_libraries
_import_libraries()
from crawler.cli.runner import run_async
from crawler.http.client import ClientOptions, HttpClient
from crawler.http.pacing.gate import Gate
async def permit(source, target): return None
async def work(stop):
    assert ("_ssl" in sys.modules) is not {is_light}
    async with HttpClient(ClientOptions(user_agent="x", ca_file=sys.argv[1]), Gate(1)) as client:
        async with client.open("GET", sys.argv[2], headers={{}}, permit=permit) as response:
            print(response.status, "_ssl" in sys.modules, "uvloop" in sys.modules)
    return 0
run_async(work, is_light={is_light})
"""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"https://127.0.0.1:{server.server_port}/"
        assert printed(program, str(tmp_path / "ca.pem"), url) == f"200 True {not is_light}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("most", "expected"), [(255, "1"), (1024, "11")])
def test_modules_are_imported_late_unless_descriptors_may_be_used_up(most: int, expected: str) -> None:
    program = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from crawler.__main__ import _import_libraries
_import_libraries()
import asyncio
print(sum(type(module).__name__ == "LateModule" for module in sys.modules.values()))
"""
    assert printed(program) == expected


@pytest.mark.parametrize(("proxy", "libraries"), [("", set()), ("127.0.0.1:1", {"aiohttp"})])
def test_aiohttp_is_imported_for_a_proxy_alone(proxy: str, libraries: set[str]) -> None:
    program = f"""
import sys
from crawler.cli.runner import run_async
from crawler.http.client import ClientOptions, HttpClient
from crawler.http.pacing.gate import Gate
from crawler.http.proxies import Proxies
from crawler.model.errors import FetchError
async def permit(source, target): return None
async def work(stop):
    options = ClientOptions(user_agent="x", proxies=Proxies(by_scheme={{"http": "{proxy}"}} if "{proxy}" else {{}}))
    async with HttpClient(options, Gate(1)) as client:
        try:
            async with client.open("GET", "http://127.0.0.1:1/", headers={{}}, permit=permit): pass
        except FetchError: return 0
run_async(work)
print(*sys.modules)
"""
    assert HEAVY & set(printed(program).split()) - {"uvloop", "sqlite3"} == libraries


async def test_the_parser_is_imported_while_the_first_page_of_a_first_run_is_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later run may parse nothing, and a URL that does not end with a slash may be that of a file."""
    prepared = []
    monkeypatch.setattr(PageParsers, "prepare", lambda _parsers: prepared.append(1))
    monkeypatch.setattr(mirror, "_ON_ITS_WAY", 0.0)
    async with Disorderly({"a": b"a", "d/b": b"b"}) as server:
        for url, times in ((server.url, 1), (server.url, 1), (f"{server.url}d/", 2), (f"{server.url}a", 2)):
            await crawler.mirror(url, str(tmp_path / url.rpartition(":")[2].replace("/", "-")), Config(no_robots=True))
            assert len(prepared) == times, url
