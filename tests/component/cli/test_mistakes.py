"""Typical mistakes of new users, and the message about each: one line that tells what to do.

The program runs in this process, against one scripted server for all tests.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crawler.cli import parser as cli
from crawler.model.config import option_fields
from crawler.model.options.names.other_programs import OTHERS, ROWS, elsewhere, others_table
from crawler.model.options.option import option_of
from tests.docs.markdown import REPOSITORY
from tests.support import ports
from tests.support.misbehaving.behaviours import Page, Raw, Redirect, Status
from tests.support.misbehaving.samples import certificate
from tests.support.misbehaving.server import Site

URL = "http://127.0.0.1:9/pub/"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory, made the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def complaint(capsys: pytest.CaptureFixture[str], args: list[str], code: int) -> str:
    """The one line on standard error, without the name of the program."""
    assert cli.run(args) == code
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.isprintable()
    return line.removeprefix("crawler: ")


ARGUMENTS: list[tuple[list[str], str]] = [
    # URL in the form of another program
    (["ftp://h/pub/", "DIR"], "for FTP use lftp or wget"),
    (["ftps://h/pub/", "DIR"], "for FTP use lftp or wget"),
    (["sftp://h/pub/", "DIR"], "over SSH use rsync or lftp"),
    (["user@host.example:pub/", "DIR"], "over SSH use rsync"),
    (["rsync://h/pub/", "DIR"], "rsync's own protocol: use rsync"),
    (["s3://bucket/x", "DIR"], "give the bucket's https address, such as https://BUCKET.s3.amazonaws.com/"),
    (["gs://bucket/x", "DIR"], "https://storage.googleapis.com/BUCKET/"),
    (["az://account/x", "DIR"], "https://ACCOUNT.blob.core.windows.net/CONTAINER/"),
    (["davs://h/x", "DIR"], "write https:// for davs://"),
    (["git://h/x", "DIR"], "use git clone"),
    (["gopher://h/x", "DIR"], "only http and https are fetched"),
    (["file:///srv/pub", "DIR"], "local directories are copied by rsync or cp"),
    (["/srv/pub", "DIR"], "that is a local path: local directories are copied by rsync or cp"),
    (["./pub", "DIR"], "that is a local path"),
    (["~/pub", "DIR"], "that is a local path"),
    ([".", "DIR"], "that is a local path"),
    (["C:\\data", "DIR"], "that is a local path"),
    (["D:/data", "DIR"], "that is a local path"),
    (["\\\\server\\share", "DIR"], "that is a local path"),
    (["files.example.org/pub/", "DIR"], "did you mean https://files.example.org/pub/?"),
    (["localhost:8000/pub/", "DIR"], "did you mean http://localhost:8000/pub/?"),
    (["127.0.0.1/pub/", "DIR"], "did you mean http://127.0.0.1/pub/?"),
    (["http:/h/pub/", "DIR"], "write the scheme as http:// or https://"),
    (["https//h/pub/", "DIR"], "write the scheme as http:// or https://"),
    (["http://h:99999/", "DIR"], "the port is a number from 0 to 65535"),
    (["http://u:p/w@h/", "DIR"], "in a user name or password, write / as %2F"),
    (["http://", "DIR"], "write it as http://host/path/"),
    (["", "DIR"], "not an http or https URL: (empty)"),
    (["mail@", "DIR"], "not an http or https URL: \u2026@: write it as"),
    (["a word", "DIR"], "write it as http://host/path/"),
    # arguments
    (["DIR", URL], "not an http or https URL: DIR: URL comes first, then DIR"),
    (["/srv/pub", URL], "URL comes first, then DIR"),
    (["s3://bucket/pub/", URL], "URL comes first, then DIR"),
    ([URL, ""], "DIR: expected a path"),
    (
        [URL, "host:/srv/pub"],
        "a place on another machine, as for scp and rsync: mirror into a local directory and copy",
    ),
    ([URL, "user@host:pub"], "or write ./user@host:pub if that is its name"),
    ([URL, "remote:"], "a place on another machine"),
    ([URL, "C:\\data"], "is a path of Windows: write it as here, such as /mnt/c/data"),
    ([URL, "\\\\server\\share"], "is a path of Windows"),
    ([URL, "~/pub"], "~/pub: only a shell expands ~, and not in quotes: write the path in full, or write ./~/pub"),
    ([URL, "$HOME/pub"], "only a shell expands $"),
    ([URL, "-"], "files are saved into a directory, not to standard output"),
    ([f"'{URL}'", "DIR"], f"leave out what is around it: {URL}"),
    ([f"<{URL}>", "DIR"], f"leave out what is around it: {URL}"),
    ([f"[pub]({URL})", "DIR"], f"leave out what is around it: {URL}"),
    ([f"view-source:{URL}", "DIR"], f"leave out what is around it: {URL}"),
    (["--user-agent", URL, "DIR"], f"--user-agent took {URL} as its value: give it one of its own, before URL"),
    (["--log-file", URL, "DIR"], f"--log-file took {URL} as its value"),
    (["--proxy", "http://h:3128/", "DIR"], "not an http or https URL: DIR"),
    (["--summary", "-", URL, "DIR"], "expected a path, such as /dev/stdout"),
    (["--log-file", "no/x", URL, "DIR"], "no: create it first"),
    (["--cookies", "a=b", URL, "DIR"], "for a cookie itself, write --header 'Cookie: NAME=VALUE'"),
    (["--ext", "zip;tar", URL, "DIR"], "separate extensions by commas: zip,tar"),
    (["--ext", "zip | tar.gz", URL, "DIR"], "separate extensions by commas: zip,tar.gz"),
    (["--max-files", "all", URL, "DIR"], "expected a whole number from 1 on"),
    (["--no-verify-ssl", URL, "DIR"], "here --insecure"),
    (["--since", "2025-01-01", URL, "DIR"], "here --newer-than AGE"),
    ([URL, "rsync://h/pub"], "rsync:// is not a destination: *then copy it there with rsync"),
    ([URL, "sftp://h/pub"], "then copy it there with rsync"),
    (["--verify", "host:pub"], "a place on another machine"),
    (["sync", URL, "DIR"], "no commands such as sync: leave it out; an exact copy, which deletes *, is --delete"),
    (["mirror", URL, "DIR"], "no commands such as mirror: leave it out"),
    (["copy", URL, "DIR"], "the URL of a file saves that file"),
    (["get", URL], "leave it out"),
    (["ls", URL], "--list URL prints a listing"),
    (["help"], "--help explains all options"),
    (["--history", URL, "DIR"], "--history takes no URL: the state in DIR knows it"),
    (["--verify", URL, "DIR"], "--verify takes no URL"),
    (["--rollback", "x", URL, "DIR"], "--rollback takes no URL"),
    (["--input-file", "list", URL, "DIR"], "--input-file takes no URL: the URLs are in the file"),
    ([URL, "http://h/", "DIR"], "run it once for each URL, or list them as mirrors in a --config file"),
    (["--ext", "zip", "tar", URL, "DIR"], "separate a list after an option by commas (--ext zip,tar)"),
    (["--include", "a.zip", "b.zip", URL, "DIR"], "put patterns in quotes ('*.zip')"),
    ([URL, "my", "files"], "put names with spaces"),
    (["--verify"], "expected DIR, got 0 arguments"),
    (["--verify", URL], "--verify takes no URL: name the directory of the mirror, DIR"),
    (["--history", URL], "--history takes no URL: name the directory of the mirror"),
    (["--rollback", "x", URL], "--rollback takes no URL: name the directory of the mirror"),
    (["--input-file", "list", URL], f"DIR: {URL} is a URL: name the directory to save the files in"),
    ([URL, "http://u:p/w@h/x/"], "DIR: http://h/x/ is a URL: name the directory to save files in"),
    ([URL, "https://h/x/"], "DIR: https://h/x/ is a URL: run it once for each URL, or list them as mirrors in a"),
    (
        ["--input-file", "http://h/list.txt", "DIR"],
        "a URL: name a file on this machine; to read one from elsewhere, fetch",
    ),
    (["--summary", "s3://b/x", URL, "DIR"], "--summary: 's3://b/x': a URL: name a file on this machine"),
    (["--config", "-"], "--config -: write /dev/stdin for standard input"),
    (["--status", "~/x", "--config", "-"], "--config -: write /dev/stdin"),
    (["--config=~/x"], "--config ~/x: a shell expands ~, but not in quotes, and not after ="),
    (["--log-file=~/x", URL, "DIR"], "--log-file: '~/x': a shell expands ~, but not in quotes, and not after ="),
    (["--ca-file", "$HOME/x", URL, "DIR"], "a shell expands $"),
    (["--header=@~/x", URL, "DIR"], "--header: a shell expands ~"),
    (["--explain", "", URL, "DIR"], "--explain: expected a URL or path, not an empty text"),
    (["--no-cookies", URL, "DIR"], "no such option: --no-cookies: leave --cookies out"),
    (["--noproxy", "*", URL, "DIR"], "leave --proxy out"),
    (["--dns-timeout=5", URL, "DIR"], "here --connect-timeout TIME (wget)"),
    (["-Uri", URL, "DIR"], "no such option: -Uri; here the first argument, URL (PowerShell)"),
    (["-?"], "no such option: -?: write --help"),
    (["/?"], "--help explains all options"),
    (["--data", "x=1", URL, "DIR"], "not possible: files are requested with GET, and nothing is sent (curl)"),
    (["--progress", URL, "DIR"], "--progress: '*': expected one of auto, bars, plain, none: that is a URL: give the"),
    (["--workers", "http://u:p/w@h/", "DIR"], "--workers: expected a whole number from 1 to 1000: that is a URL"),
    ([URL, ".\\mirror"], "is a path of Windows: write it as here"),
    ([URL, "pub\\sub"], "is a path of Windows: write it as here, such as /mnt/c/data, or write ./pub\\sub if that is"),
    ([URL, "%USERPROFILE%\\x"], "is a path of Windows"),
    ([URL, "%TEMP%"], "is a path of Windows"),
    (["--include", "*/", "--include", "*.zip", "--exclude", "*", URL, "DIR"], "leave it out; for the files below a"),
    (["--include", "re:[[:digit:]]+", URL, "DIR"], "[:digit:] is not known in regular expressions here: write "),
    (["--newer-than", "2025-01-31 noon", URL, "DIR"], "expected a date such as 2025-01-31 or 2025-01-31T12:00+01:00"),
    (["--allow-host", "a.org,b.org", URL, "DIR"], "or '*' for every host: write the option once for each"),
    ([URL, "DIR", "2>&1"], "2>&1 has a meaning in a shell, and only without quotes"),
    ([URL, "DIR", "# nightly"], "has a meaning in a shell"),
    ([URL, "DIR", "[--delete]"], "brackets mark what may be left out: write --delete"),
    (["crawler", URL, "DIR"], "the name of the program is written once"),
    ([URL, "<DIR>"], "<DIR> stands for a name in a manual"),
    (["//h.example/pub/", "DIR"], "did you mean https://h.example/pub/?"),
    (["htpp://h.example/pub/", "DIR"], "did you mean http://h.example/pub/?"),
    (["\uff48\uff54\uff54\uff50://h.example/", "DIR"], "or are invisible: write http://h.example/"),
    (["\u200b" + URL, "DIR"], f"or are invisible: write {URL}"),
    (["verify", "DIR"], "no commands such as verify: leave it out; --verify DIR compares"),
    (["history", "DIR"], "--history DIR prints the last runs"),
    (["version"], "--version prints the version"),
    (["--ext", "zip/txt", URL, "DIR"], "separate extensions by commas: zip,txt"),
    (["--verbose=0", URL, "DIR"], "--verbose takes no value: write --quiet"),
    (["--verify-digests=false", URL, "DIR"], "--verify-digests takes no value: write --no-verify-digests"),
    (["--delete=no", URL, "DIR"], "--delete takes no value: leave it out"),
    (["- *.iso", URL, "DIR"], "no such option: - *.iso"),
    (["--max-size", "10", "GB", URL, "DIR"], "a value and its unit are one word: write 10GB, not 10 GB"),
    (["--newer-than", "7", "days", URL, "DIR"], "a value and its unit are one word: write 10days"),
    (["--explain", "a.zip", "DIR", URL], "is a URL: after ENTRY, URL comes first, then DIR"),
    (["--explain", URL, "DIR"], f"--explain took {URL} as its ENTRY: write --explain ENTRY URL [DIR]"),
    (["--explain", URL], f"--explain took {URL} as its ENTRY: write --explain ENTRY URL [DIR]"),
    (["-q", "-v", URL, "DIR"], "--quiet and --verbose contradict each other: give one of them"),
    (["--cluster", "4", URL, "DIR"], "did you mean local:4?"),
    (["--cluster", "yes", URL, "DIR"], "did you mean local?"),
    (["--newer-than", "last-week", URL, "DIR"], "did you mean 7d?"),
    (["http://h.example:abc/", "DIR"], "the port after the host is a number"),
    (["http://[::1]:abc/", "DIR"], "the port after the host is a number"),
    (["--no-progress", URL, "DIR"], "no such option: --no-progress: write --progress none"),
    (["--no-lock", URL, "DIR"], "no such option: --no-lock: write --lock none"),
    (["--no-proxy", URL, "DIR"], "no such option: --no-proxy: leave --proxy out"),
    (["--recursion", "2", URL, "DIR"], "here --max-depth N"),
    (["--flat", URL, "DIR"], "here --no-recursive"),
    (["--delay", "1", URL, "DIR"], "here --requests-per-second N"),
    (["--include-regex", "x", URL, "DIR"], "here --include 're:RX'"),
    (["--plan", URL, "DIR"], "here --dry-run"),
    (["--delete=yes", URL, "DIR"], "--delete takes no value: write --delete"),
    (["--delete", "true", URL, "DIR"], "--delete: no value follows, leave out true"),
    (["--delete", "--no-robots", "0", URL, "DIR"], "--delete and --no-robots: no value follows, leave out 0"),
    (["--netrc", "~/.netrc", URL, "DIR"], "--netrc takes no value: name the file by the variable, NETRC=~/.netrc"),
    (["--netrc", "zip", URL, "DIR"], "separate a list after an option by commas"),
    (["--ask-password", URL, "DIR"], "here --netrc, or --header @FILE: nothing is asked on the terminal"),
    (["--max-connections", "4", URL, "DIR"], "here --workers N"),
    (["--newer-than=now-7days", URL, "DIR"], ": did you mean 7d?"),
    (["--newer-than", "2025", URL, "DIR"], "a year, or seconds? write 2025-01-01 or 2025s"),
    (["--workers", "1,5", URL, "DIR"], "expected a whole number"),
    (["--max-size", "1,5G", URL, "DIR"], "did you mean 1.5G?"),
    (["--check", "Headers", URL, "DIR"], "did you mean headers?"),
    (["--list", URL, "DIR"], "--list takes no DIR: it saves nothing"),
    # values
    (["--newer-than", "yesterday", URL, "DIR"], "7d, or a date: 2025-01-31 or 2025-01-31T12:00"),
    (["--older-than", "31.01.2025", URL, "DIR"], "or a date: 2025-01-31"),
    (["--newer-than", "01/31/2025", URL, "DIR"], "or a date: 2025-01-31"),
    (["--max-size", "10 megs", URL, "DIR"], "expected a size such as 500, 10K, 1.5GiB"),
    (["--limit-rate", "fast", URL, "DIR"], "expected a size such as"),
    (["--workers", "0", URL, "DIR"], "expected a whole number from 1 to 1000"),
    (["--workers", "auto", URL, "DIR"], "expected a whole number from 1 to 1000"),
    (["--read-timeout", "0", URL, "DIR"], "expected a time above zero"),
    (["--max-delete", "all", URL, "DIR"], "a percentage such as 25%"),
    (["--check", "md5", URL, "DIR"], "expected one of listing, headers, digest"),
    (["--header", "X-Token=1", URL, "DIR"], "expected 'Name: value' or @FILE"),
    (["--header", "range: bytes=0-4", URL, "DIR"], "--header: Range cannot be set: the program requests ranges itself"),
    (["--header", "Host: other", URL, "DIR"], "--header: Host cannot be set: it is that of URL"),
    (["--include", "re:(", URL, "DIR"], "not a regular expression"),
    (["--ext", "zip tar", URL, "DIR"], "separate extensions by commas: zip,tar"),
    (["--ext", "zip,tar gz", URL, "DIR"], "separate extensions by commas: zip,tar,gz"),
    (["-e", "robots=off", URL, "DIR"], "wget's -e robots=off is --no-robots here"),
    (["--include", "old/", URL, "DIR"], "write 'directory/**'"),
    (["--min-size", "2M", "--max-size", "1M", URL, "DIR"], "--min-size is larger than --max-size"),
    (
        ["--newer-than", "1d", "--older-than", "2d", URL, "DIR"],
        "--newer-than is later than --older-than, so that no file",
    ),
    (["--newer-than", "2030-01-01", "--older-than", "2d", URL, "DIR"], "no file matches both: exchange their values?"),
    (["--newer-than", "1d", "--older-than", "2020-01-01", "--list", URL], "no file matches both"),
    (["--newer-than", "1d", "--older-than", "2020-01-01", "--explain", "x", URL, "DIR"], "no file matches both"),
    (
        ["--config", "a.toml", "--config", "b.toml"],
        "--config is given twice (a.toml, b.toml): run the program once for",
    ),
    (
        ["--input-file", "a", "--input-file", "b", "DIR"],
        "--input-file is given twice (a, b): join the lists and give -",
    ),
    (["--explain", "a", "--explain", "b", "--explain=c", URL, "DIR"], "--explain is given 3 times (a, b, c): run the"),
    (["--status", "a", "--status", "a", "--config", "x"], "--status is given twice (a, a): give one"),
    (["--rollback", "a", "--rollback", "b", "DIR"], "--rollback is given twice (a, b): give one"),
    (["--ignore-errors", URL, "DIR"], "--ignore-errors has no effect without --delete"),
    (["--only", "a", URL, "DIR"], "--only requires --config"),
    (["--ca-file", "missing.pem", URL, "DIR"], "--ca-file"),
    (["--config", "missing.toml"], "missing.toml"),
    (["--input-file", "missing.txt", "DIR"], "missing.txt"),
    # options of other programs
    (["--parallel", "3", URL, "DIR"], "no such option: --parallel; here --workers N --listers N (lftp)"),
    (["--parallel=3", URL, "DIR"], "--workers N --listers N (lftp)"),
    (["--accept", "zip", URL, "DIR"], "here --ext zip, --include '*.zip' (wget)"),
    (["-A", "zip", URL, "DIR"], "here --ext zip, --include '*.zip' (wget)"),
    (["-A.zip", URL, "DIR"], "here --ext zip, --include '*.zip' (wget)"),
    (["-r", URL, "DIR"], "no such option: -r; here the default (wget)"),
    (["-m", URL, "DIR"], "here the default (wget)"),
    (["-np", URL, "DIR"], "no such option: -np; here the default (wget)"),
    (["-P", "DIR", URL], "the second argument, DIR (wget)"),
    (["-l", "3", URL, "DIR"], "--max-depth N (wget)"),
    (["-l3", URL, "DIR"], "--max-depth N (wget)"),
    (["-X", "old", URL, "DIR"], "--exclude old/ (wget)"),
    (["-c", URL, "DIR"], "the default, if the server can prove that the file is the same (wget and lftp)"),
    (["-N", URL, "DIR"], "the default, without a request per file (wget)"),
    (["-nc", URL, "DIR"], "--trash DAYS keeps the old one (wget)"),
    (["--no-parent", URL, "DIR"], "here the default (wget)"),
    (["--transfers", "4", URL, "DIR"], "--workers N --listers N (rclone)"),
    (["--bwlimit", "1M", URL, "DIR"], "--limit-rate 1M (rclone)"),
    (["--tries=3", URL, "DIR"], "--attempts 5 (wget)"),
    (["--backup-dir", "old", URL, "DIR"], "--trash DAYS (rclone)"),
    (["--no-check-certificate", URL, "DIR"], "--insecure (wget and rclone)"),
    (["-k", URL, "DIR"], "for web sites use wget (wget), or --insecure (curl)"),
    (["-j", "4", URL, "DIR"], "--workers N (aria2)"),
    (["--jobs", "4", URL, "DIR"], "only in the file of --config, for mirrors at once; here --workers N sets"),
    (["--output", "x", URL], "the second argument, DIR"),
    (["-o", "x", URL], "DIR: files keep their names (curl)"),
    (["--resume", URL, "DIR"], "the default: each run continues the last one"),
    (["--continue", URL, "DIR"], "the default, if the server can prove"),
    (["--stats", "1s", URL, "DIR"], "--progress plain, a line every 10 seconds (rclone)"),
    (["-L", URL, "DIR"], "the default within the host of URL, else --allow-host HOST (curl)"),
    (["-x", "4", URL, "DIR"], "--segments N (aria2)"),
    (["-a", URL, "DIR"], "--log-file FILE (wget), or the default (rsync)"),
    (["-f", URL, "DIR"], "the default (curl)"),
    (["--force", URL, "DIR"], "no question is asked"),
    (["-V"], "--version (wget)"),
    # misspelt options
    (["--wrkers", "3", URL, "DIR"], "no such option: --wrkers: did you mean --workers?"),
    (["--inclde", "x", URL, "DIR"], "did you mean --include?"),
    (["--dleete", URL, "DIR"], "did you mean --delete?"),
    (["--user_agent", "x", URL, "DIR"], "no such option: --user_agent: write --user-agent"),
    (["--dryrun", URL, "DIR"], "no such option: --dryrun: write --dry-run"),
    (["-delete", URL, "DIR"], "-delete: long options have two dashes: --delete"),
    (["-workers", "3", URL, "DIR"], "-workers: long options have two dashes: --workers"),
    (["--frobnicate", URL, "DIR"], "no such option: --frobnicate (see --help)"),
    ([URL, "  "], "DIR: expected a path; use . for the current directory"),
    (["-verify", "DIR"], "-verify: long options have two dashes: --verify"),
    (["-ext", "zip", URL, "DIR"], "-ext: long options have two dashes: --ext"),
    (["--workers"], "--workers takes a value: write --workers N (see --help)"),
    ([URL, "DIR", "-w"], "--workers takes a value: write --workers N (see --help)"),
    ([URL, "--exclude"], "--exclude takes a value: write --exclude GLOB (see --help)"),
    ([URL, "DIR", "--header"], "--header takes a value: write --header 'N: V' (see --help)"),
    (["127.0.0.1:8000/pub/", "DIR"], "did you mean http://127.0.0.1:8000/pub/?"),
    (["h.example:8000/pub/", "DIR"], "did you mean http://h.example:8000/pub/?"),
    (["h.example/pub/", "DIR"], "did you mean https://h.example/pub/?"),
    (["data.tar.gz", "DIR"], "that is the name of a file: write its URL in full"),
    (["magnet:?xt=1", "DIR"], "a magnet link is for a BitTorrent client, such as aria2"),
    ([URL, "\u2013delete"], "\u2013delete: options begin with hyphens, not with a dash: write --delete"),
    (["\u2014delete", URL, "DIR"], "write --delete, or ./\u2014delete if it is a path"),
    ([URL, "DIR", "\u2014workers", "3"], "write --workers"),
    ([URL, "DIR", "-\u2013delete"], "write --delete"),
    (["\u2212e", "zip", URL, "DIR"], "write -e"),
    (["--config", "m.toml", "\u2013delete"], "write --delete"),
    (["--ext", "zip,", "tar", URL], "a list has no spaces: write --ext zip,tar"),
    (["--ext", "zip", ",tar", URL, "DIR"], "a list has no spaces: write --ext zip,tar"),
    (["--ext", "zip,", "tar,", "gz", URL, "DIR"], "a list has no spaces: write --ext zip,tar,gz"),
    (["--ext", "zip", "DIR", URL], "not an http or https URL: DIR: URL comes first, then DIR"),
    (["m.toml"], "not an http or https URL: m.toml: --config m.toml runs the mirrors that a file describes"),
    (["urls.txt", "DIR"], "urls.txt: --input-file urls.txt DIR saves the URLs that a file lists"),
    (["--summary", "--delete", URL, "DIR"], "--summary took --delete as its value: give it one of its own"),
    (["--exclude", "--delete", URL, "DIR"], "--exclude took --delete as its value"),
    (["--config", "--only", "x"], "--config took --only as its value"),
    (["--user-agent", "-q", URL, "DIR"], "--user-agent took -q as its value"),
    (["--on-change", "--ext=zip", URL, "DIR"], "--on-change took --ext=zip as its value"),
    (["--rule", "*.zip", URL, "DIR"], "no such option: --rule: write --include and --exclude"),
    (["--rule=*.zip", URL, "DIR"], "no such option: --rule"),
    (["--max-delete", "5", URL, "DIR"], "--max-delete has no effect without --delete"),
    (["--no-recursive", "--max-depth", "3", URL, "DIR"], "--max-depth has no effect beside --no-recursive"),
    (["-q", "--progress", "bars", URL, "DIR"], "--progress has no effect beside --quiet"),
    (["--lock", "none", "--lock-wait", "5", URL, "DIR"], "--lock-wait has no effect beside --lock none"),
    ([URL, "s3:/bucket/x"], "an object store is given by its URL: write s3://bucket/x"),
    ([URL, "gcs://bucket/x"], "gcs://bucket/x is not a destination: write gs://bucket/x"),
    (["--cluster-insecure", URL, "DIR"], "--cluster-insecure has no effect without --cluster"),
    (["--exclude", "/", URL, "DIR"], "--exclude: '/': expected the name or path of what is below URL"),
    (["--trash", "x", URL, "DIR"], "--trash: 'x': expected a number of days such as 30, or a time such as 12h or 4w"),
    (["--newer-than", "1M", URL, "DIR"], "--newer-than: '1M': M may mean minutes or months"),
    (["--proxy", "", URL, "DIR"], "--proxy: '': expected a value, not an empty text: is a variable unset?"),
    (["http://a..b/", "DIR"], "http://a..b/: a host name has no dot at its start, and no two dots in a row"),
    (["http://.../", "DIR"], "no two dots in a row"),
    ([f"http://{'x' * 64}.org/", "DIR"], "between two dots, a host name has at most 63 characters"),
    (["http://1.2.3.4.5/", "DIR"], "a host that ends in a number is an IPv4 address: four numbers up to 255"),
    (["http://b..\u00fcrg/", "DIR"], "that is not an international host name"),
    (["http://a b/", "DIR"], "a host name has no ' '"),
    (["--fallback", "http://a..b/", URL, "DIR"], "--fallback: http://a..b/: a host name has no dot at its start"),
    (["--proxy", "http://a..b/", URL, "DIR"], "--proxy http://a..b/: expected http://host:port"),
]


@pytest.mark.parametrize(("args", "said"), ARGUMENTS, ids=[" ".join(args) for args, _ in ARGUMENTS])
def test_a_wrong_command_line_says_what_to_write(
    args: list[str], said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = complaint(capsys, args, 2)
    assert fnmatchcase(line, f"*{said.replace('[', '[[]').replace('?', '[?]')}*") or said in line, line
    assert "p/w" not in line, "a password is shown"
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("variable", "options"),
    [("http_proxy", []), ("all_proxy", []), ("", ["--proxy", "http://nowhere"]), ("", ["--proxy", "socks5://nowhere"])],
)
def test_a_proxy_that_nobody_knows_is_named_before_the_run(
    variable: str, options: list[str], here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def unknown(host: str | bytes, *where: Any, **more: Any) -> list[Any]:
        if host in {"127.0.0.1", b"127.0.0.1"}:
            return look_up(host, *where, **more)
        raise socket.gaierror(code, "no address")

    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    if variable:
        monkeypatch.setenv(variable, "u:secret@nowhere")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # a real look-up would leave this machine
    (here / "list").write_text(URL + "a.zip")
    for arguments in ([URL, "DIR"], ["--input-file", "list", "DIR"]):
        code = socket.EAI_NONAME
        line = complaint(capsys, [*options, *arguments], 2)
        assert line.startswith(f"{variable}=nowhere: " if variable else f"--proxy {options[1]}")
        assert "no host nowhere is known" in line
        assert ("set no_proxy=127.0.0.1" in line) == bool(variable)
        assert [path.name for path in here.iterdir()] == ["list"]
    if variable:
        monkeypatch.setenv(variable, "nowhere")
    code = socket.EAI_AGAIN  # the name server does not respond: the run may still find it
    assert cli.run(["--attempts", "1", *options, URL, "DIR"]) == 3
    assert "proxy" in capsys.readouterr().err


WRONG = {
    "ext": ("", ",", "a/b"), "min_size": ("x",), "max_size": ("-1",),
    "newer_than": ("soon", "1M"), "older_than": ("soon",),
    "fallback": ("", "ftp://h/", "x.zip"), "cluster": ("x", "tcp://", "local:0"),
    "max_files": ("0",), "max_total_size": ("0",), "max_depth": ("-1",), "allow_host": ("http://x/", "", "a b"),
    "workers": ("0",), "processes": ("x", "0"), "pipeline": ("x", "0"), "listers": ("0",), "backlog": ("0",),
    "segments": ("0",), "attempts": ("0",), "connect_timeout": ("0",), "read_timeout": ("x",), "min_speed": ("x",),
    "limit_rate": ("fast",), "requests_per_second": ("0",), "header": ("x", "@missing"), "cookies": ("missing", ""),
    "proxy": ("x", "ftp://h", "http://a..b", ""), "ca_file": ("missing", ".", "/dev/null", ""),
    "client_cert": ("missing", ".", "/dev/null", ""), "max_delete": ("200%",),
    "trash": ("x", "1M"), "snapshots": ("x", "1M"),
    "check": ("x",), "fsync": ("x",), "names": ("x",), "name_from": ("x", "header"), "state": ("no/x", ""),
    "lock": ("x",), "lock_wait": ("x",), "max_duration": ("0",), "progress": ("x",), "format": ("x",),
    "log_file": ("no/x", ".", ""), "log_format": ("x",), "summary": ("no/x", ".", ""), "changes": ("no/x", "."),
    "metrics": ("no/x.prom", ".", "x.txt", "x.prom/", ""),
    "report": ("no/x", "."), "include": ("", "re:(", "old/", "//"), "exclude": ("", "re:[", "/"),
    "user_agent": ("", " "), "last": ("",), "on_change": ("",), "on_failure": ("",), "on_end": ("",),
}  # fmt: skip
"""Option → values that are recognised as wrong before anything is opened."""


@pytest.mark.parametrize("key", [*WRONG])
def test_a_wrong_value_is_one_line_that_names_the_option_and_no_directory_is_made(
    key: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flag = "--" + key.replace("_", "-")
    for value in WRONG[key]:
        line = complaint(capsys, [flag, value, URL, "DIR"], 2)
        assert line.startswith(flag), line
        assert value in line or key == "header", "the value is named, unless it may be secret"
        assert list(here.iterdir()) == []


def test_every_option_with_a_value_is_in_the_table_of_wrong_values() -> None:
    with_value = {key for key, item in option_fields().items() if option_of(item).metavar is not None}
    assert with_value == WRONG.keys() - {"include", "exclude"}


TABLES = [
    ('[[mirror]]\nname = "a"\nurl = "http://h/"\ndri = "d"', "unknown key 'dri': did you mean dir?"),
    (
        '[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\nheader = ["Range: x"]',
        "header: Range cannot be set: the program requests ranges itself: it resumes, and segments = N fetches",
    ),
    (
        '[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\nschedule = "daily"',
        "unknown key 'schedule': cron or a systemd timer runs the program",
    ),
    (
        '[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\nenabled = false',
        "unknown key 'enabled': on the command line, --only NAME runs some of the mirrors",
    ),
    ('[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\nmax-files = 3', "'max-files': write max_files"),
    ('[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\nworker = 3', "'worker': did you mean workers?"),
    (
        '[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\ntransfers = 3',
        "'transfers': here workers = N, listers = N (rclone)",
    ),
    ('[[mirror]]\nname = "a"\nurl = "s3://b/"\ndir = "d"', "give the bucket's https address"),
    ('[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\nmax_delete = 5', "max_delete has no effect without delete"),
    ('[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\npipeline = 0', "pipeline: '0': expected auto, off, or a"),
    ('[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\non_change = ""', "on_change: '': expected a value"),
    ('[[mirrors]]\nname = "a"', "m.toml:1: unknown key 'mirrors': write [[mirror]]"),
    ('[mirror]\nname = "a"', "write [[mirror]] with two brackets"),
    ('[[mirror]]\nname = "a"\nurl = "http://h/"', "m.toml:1: mirror 1 (a): dir: missing"),
    ('[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\ndelete = "yes"', "delete: expected true or false"),
    (
        '[[mirror]]\nname = "a"\nurl = "http://h/"\ndir = "d"\nmetrics = "x.txt"',
        "metrics: 'x.txt': expected a path that",
    ),
    ("[[mirror]]\nname = a", "m.toml:2: name: text needs quotes"),
]


@pytest.mark.parametrize(("text", "said"), TABLES, ids=[said for _, said in TABLES])
def test_a_wrong_configuration_file_says_what_to_write(
    text: str, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "m.toml").write_text(text + "\n")
    line = complaint(capsys, ["--config", "m.toml"], 2)
    assert "m.toml" in line
    assert said in line


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Site]]:
    with Site() as plain, Site(tls=certificate()) as tls, Site() as odd:
        for status in (
            204,
            301,
            205,
            206,
            400,
            403,
            404,
            405,
            406,
            410,
            418,
            421,
            426,
            429,
            451,
            500,
            501,
            502,
            503,
            505,
            511,
        ):
            plain.on(f"{status}/", Status(status))
        for name, value in {
            "basic": 'Basic realm="a, Digest b"', "digest": 'Digest realm="x", nonce = "y", qop="auth"',
            "both": 'Negotiate, Basic realm="x"', "ntlm": "NTLM", "bearer": "Bearer", "none": "",
        }.items():  # fmt: skip
            plain.on(f"401-{name}/", Status(401, (("WWW-Authenticate", value),) if value else ()))
        plain.on("home/", Page(b"<html><title>Welcome</title><body><p>Hello</p></body></html>"))
        plain.on("circle/", Redirect("/pub/circle/"))
        plain.on("away/", Redirect("http://elsewhere.example/pub/"))
        odd.portal = (Raw(b"\x15\x03\x01\x00\x02\x02\x46"),)
        yield {"plain": plain, "tls": tls, "odd": odd}


RESPONSES = [
    ("plain", "401-basic/", "HTTP 401: it needs a login (Basic), or refuses the one given: --netrc, or --header @FILE"),
    ("plain", "401-both/", "it needs a login (Negotiate, Basic), or refuses the one given: --netrc*"),
    ("plain", "401-bearer/", "--header @FILE with a line 'Authorization: Bearer TOKEN'"),
    ("plain", "401-digest/", "it needs a login (Digest), or refuses the one given: --netrc"),
    ("plain", "401-ntlm/", "it needs a login (Ntlm), which crawler does not support: --cookies FILE*"),
    ("plain", "401-none/", "it needs a login, or refuses the one given: --netrc, or --header @FILE"),
    ("plain", "403/", "HTTP 403: the server refuses access*"),
    ("plain", "404/", "HTTP 404: there is nothing at that URL: open it in a browser"),
    (
        "plain",
        "404",
        "HTTP 404: there is nothing at that URL: open it in a browser, or end it in / if it is that of a*",
    ),
    ("plain", "404.zip", "HTTP 404: there is nothing at that URL: open it in a browser"),
    ("plain", "410/", "HTTP 410: the server removed it for good: look for its new URL"),
    ("plain", "204/", "HTTP 204: the server has no page at that URL"),
    ("plain", "205/", "HTTP 205: the server has no page at that URL"),
    ("plain", "206/", "HTTP 206: the server sent a part although the whole was requested*"),
    ("plain", "405/", "HTTP 405: the server does not allow GET there*"),
    ("plain", "406/", "HTTP 406: some servers refuse programs that they do not know: --user-agent TEXT*"),
    ("plain", "421/", "HTTP 421: the server does not serve that host name*"),
    ("plain", "426/", "HTTP 426: if it expects https, try https://127.0.0.1:PORT/pub/426/"),
    ("plain", "451/", "HTTP 451: it is blocked for legal reasons*"),
    ("plain", "501/", "HTTP 501: the server does not know GET: is it a web server for files?"),
    ("plain", "505/", "HTTP 505: the server does not speak HTTP/1.1*"),
    ("plain", "511/", "HTTP 511: the network requires a login: open any page in a browser first"),
    ("plain", "circle/", "more than 10 redirects, *: the server may want a cookie (--cookies FILE) or a login*"),
    ("plain", "404/index.html", "HTTP 404: leave out the name of the page: http://127.0.0.1:PORT/pub/404/"),
    ("plain", "404/*.zip", "a URL has no wildcards: write http://127.0.0.1:PORT/pub/404/ and --include '*.zip'"),
    ("plain", "404/a[1-3].zip", "write http://127.0.0.1:PORT/pub/404/ and --include 'a[[]1-3].zip'"),
    ("plain", "404/{a,b}.zip", "write http://127.0.0.1:PORT/pub/404/ and --include 'a.zip' --include 'b.zip'"),
    ("plain", "404/{a,b}/x", "a URL has no wildcards: write http://127.0.0.1:PORT/pub/404/ and *"),
    ("plain", "404/ http://h/b/", "HTTP 404: run it once for each URL, or list them as mirrors in a --config file"),
    ("plain", "301/", "HTTP 301: the server redirects without saying where: open it in a browser"),
    ("plain", "400/", "HTTP 400: if it expects https, try https://127.0.0.1:PORT/pub/400/"),
    ("plain", "404/,http://h/b/", "HTTP 404: run it once for each URL, or list them as mirrors in a --config file"),
    ("plain", "418/", "pub/418/: HTTP 418"),
    ("plain", "429/", "HTTP 429: the server asks for fewer requests: try again later, with --requests-per-second 1"),
    ("plain", "500/", "HTTP 500: the server has an error of its own: try again later"),
    ("plain", "502/", "HTTP 502: the server has an error of its own*"),
    ("plain", "503/", "HTTP 503: the server is overloaded or under maintenance: try again later"),
    ("plain", "home/", "not a directory listing (text/html*): is it the page of a directory?"),
    ("plain", "away/", "redirect to http://elsewhere.example/pub/: *"),
    ("tls", "", "certificate is not trusted: *: --ca-file FILE trusts the certificates in FILE"),
    (
        "tls http",
        "",
        "cannot be read * if it expects https, try https://127.0.0.1:PORT/pub/; --no-robots continues without it",
    ),
    (
        "odd",
        "",
        "cannot be read * if it expects https, try https://127.0.0.1:PORT/pub/; --no-robots continues without it",
    ),
]


@pytest.mark.parametrize(("where", "path", "said"), RESPONSES, ids=[f"{row[0]} {row[1]}" for row in RESPONSES])
def test_a_response_of_no_use_says_what_to_do(
    where: str, path: str, said: str, servers: dict[str, Site], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server, _, scheme = where.partition(" ")
    url = servers[server].url + path
    if scheme:
        url = f"{scheme}://{url.partition('://')[2]}"
    forbidden = "cannot be read" in said
    line = complaint(capsys, ["--attempts", "1", url, "DIR"], 8 if forbidden else 3)
    pattern = f"*{said.replace('PORT', str(servers[server].port))}".replace("'*.zip'", "'[*].zip'")
    assert fnmatchcase(line, pattern), line


class _Quiet(BaseHTTPRequestHandler):
    """Responds with 400 to what is not HTTP, as most servers do."""

    def log_message(self, *_args: object) -> None:
        return


def test_the_listing_of_a_file_cannot_be_printed(
    servers: dict[str, Site], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers["plain"].file("x.zip", b"PK", content_type="application/zip")
    url = servers["plain"].url + "x.zip"
    assert complaint(capsys, ["--list", url], 3).endswith(": that is a file, not the page of a directory")


def test_https_on_a_port_of_http_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line = complaint(capsys, [f"https://127.0.0.1:{server.server_port}/pub/", "DIR"], 3)
        server.shutdown()
    assert line.endswith(f": that port does not speak TLS: try http://127.0.0.1:{server.server_port}/pub/")


@pytest.mark.parametrize("more", [[], ["--no-robots"]], ids=["robots", "no robots"])
def test_the_first_contact_with_a_port_on_which_nothing_listens_is_two_attempts(
    more: list[str], here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = list[int]()
    monkeypatch.setattr("crawler.output.log.log_retry", lambda attempt, _wait, _error: waits.append(attempt))
    monkeypatch.setattr("crawler.model.limits.BACKOFF_INITIAL", 0.01)
    with ports.refusing() as port:
        url = f"http://127.0.0.1:{port}/pub/"
        line = complaint(capsys, [*more, url, "DIR"], 3)
        assert line == f"{url}: cannot connect: connection refused: is the port right, and the server running?"
        assert set(waits) == {2}  # the page may be requested beside robots.txt
        waits.clear()
        complaint(capsys, ["--attempts", "3", *more, url, "DIR"], 3)
        assert set(waits) == {2, 3}, "a number that was given applies"


def test_a_host_that_served_this_mirror_before_is_waited_for(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = list[int]()
    monkeypatch.setattr("crawler.output.log.log_retry", lambda attempt, _wait, _error: waits.append(attempt))
    monkeypatch.setattr("crawler.model.limits.BACKOFF_INITIAL", 0.01)
    with Site() as site:
        site.file("a.zip", b"a")
        url = site.url
        assert cli.run([url, "DIR"]) == 0
        capsys.readouterr()
    complaint(capsys, [url, "DIR"], 3)
    assert waits == [2, 3, 4, 5]


def test_an_unknown_host_is_named_as_such(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = complaint(capsys, ["--attempts", "1", "http://no-such-host.invalid/", "DIR"], 3)
    assert line.endswith("cannot connect: unknown host: is the host name right?") or "Temporary failure" in line


def test_every_option_of_another_program_in_the_table_is_explained() -> None:
    page = (REPOSITORY / "docs" / "moving.md").read_text()
    for cell in {cell for row in ROWS for cell in row[:3]}:
        for name in re.findall(r"(?<=`)--?[A-Za-z][\w-]*", cell):
            assert elsewhere(name), name
    for row in ROWS:
        assert f"| {' | '.join(row)} |" in page
    assert others_table() in page
    for _, options, _ in OTHERS:
        for name in re.findall(r"(?<=`)--?[A-Za-z][\w-]*", options):
            assert elsewhere(name), name
