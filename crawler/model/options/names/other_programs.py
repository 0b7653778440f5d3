"""Options of other programs, and their equivalents in this program: the tables of docs/moving.md.

Imported only for the message about an option that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

PROGRAMS = ("wget -m", "lftp mirror", "rclone sync (:http:)")
"""Headings of the columns before this program's own, as printed. Messages use their first words."""
NONE = "–"
_CODE = re.compile(r"`([^`]*)`")
_NAME = re.compile(r"(?<!\S)--?[A-Za-z0-9][\w-]*")

# fmt: off
ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("`-m -r -np -nH --cut-dirs=N`, `--mirror`, `--recursive`, `--no-parent`", "the default", "the default",
     "the default"),
    ("`-P DIR`, `--directory-prefix=DIR`", "the second argument", "the second argument", "the second argument, DIR"),
    ("`-R 'index.html*'`, `--reject-regex '\\?C='`", NONE, NONE, "not needed: sort links are recognised"),
    ("`-A zip`, `-A '*.zip'`, `--accept zip`", "`--include-glob=*.zip`", "`--include '*.zip'`",
     "`--ext zip`, `--include '*.zip'`"),
    ("`-R '*.iso'`, `--reject '*.iso'`", "`--exclude-glob=*.iso`", "`--exclude '*.iso'`", "`--exclude '*.iso'`"),
    ("`-X old`, `--exclude-directories=old`", "`--exclude=old/`", "`--exclude 'old/**'`", "`--exclude old/`"),
    ("`-I new`, `--include-directories=new`", "`--include=new/`", "`--include 'new/**'`", "`--include 'new/**'`"),
    ("`--accept-regex`", "`--include=RX`", "`--include '{{RX}}'`", "`--include 're:RX'`"),
    (NONE, "`--include-rx-from=FILE`", "`--filter-from FILE`, `--include-from FILE`, `--exclude-from FILE`",
     "`--include` and `--exclude`, one for each pattern"),
    ("`-l N`, `--level=N`", "`--max-depth=N`", "`--max-depth N+1`", "`--max-depth N`"),
    ("`-Q 1G`, `--quota=1G`", NONE, "`--max-transfer 1G`", "`--max-total-size 1G`"),
    (NONE, "`--newer-than=now-7days`", "`--max-age 7d`", "`--newer-than 7d`"),
    (NONE, "`--older-than=now-7days`", "`--min-age 7d`", "`--older-than 7d`"),
    (NONE, "`--size-range=1K-1G`", "`--min-size 1K --max-size 1G`", "`--min-size 1K --max-size 1G`"),
    (NONE, "`--delete`, `-e`", "`--delete-after`, the default (`copy` does not)", "`--delete`"),
    ("`--delete-after`", NONE, NONE, "not possible: files are kept"),
    (NONE, NONE, "`--max-delete N`", "`--max-delete N`, also a percentage; 25% by default"),
    (NONE, NONE, "`--backup-dir`", "`--trash DAYS`"),
    (NONE, NONE, "`--compare-dest`, `--copy-dest`", "`--snapshots N`: hard links, as with `rsync --link-dest`"),
    (NONE, "`--parallel=N`, `-P N`", "`--transfers N --checkers N`", "`--workers N --listers N`"),
    (NONE, "`--use-pget-n=N`", "`--multi-thread-streams N`", "`--segments N`"),
    ("`--limit-rate=1M`", "`set net:limit-total-rate 1M`", "`--bwlimit 1M`", "`--limit-rate 1M`"),
    (NONE, NONE, "`--bwlimit '08:00,2M 19:00,off'`",
     "`--limit-rate '08:00,2M 19:00,off'`; a number without a unit is bytes, not KiB"),
    ("`-w 2`, `--wait=2`", NONE, "`--tpslimit 0.5`",
     "`--requests-per-second N`; 0.5 is one in 2 s"),
    ("`-t 5`, `--tries=5`", "`set net:max-retries 5`", "`--low-level-retries 5`, `--retries 5`", "`--attempts 5`"),
    ("`-T 60`, `--timeout=60`", "`set net:timeout 60`", "`--timeout 60s --contimeout 10s`",
     "`--read-timeout 60 --connect-timeout 10`"),
    ("`-c`, `--continue`", "`--continue`, `-c`", NONE,
     "the default, if the server can prove that the file is the same"),
    ("`-N`, `--timestamping`", "`--only-newer`, `-n`", "the default, `--update`",
     "the default, without a request per file"),
    ("`-nc`, `--no-clobber`", "`--only-missing`", "`--ignore-existing`, `--immutable`",
     "not possible: a changed file is replaced; `--trash DAYS` keeps the old one"),
    ("`--no-use-server-timestamps`", "`--no-perms`", "`--no-update-modtime`", "times are always the server's"),
    ("`-e robots=off`", "the default", "the default", "`--no-robots`"),
    ("`-D host -H`, `--domains=host`, `--span-hosts`", NONE, NONE, "`--allow-host HOST`"),
    ("`--header 'N: V'`", "`set http:authorization`", "`--http-headers 'N,V'`", "`--header 'N: V'`, `--header @FILE`"),
    ("`--user=U --password=P`, `--http-user=U`, `--http-password=P`", "`-u U,P`", NONE,
     "`--netrc`, or `--header @FILE`"),
    ("`--load-cookies=F`", NONE, NONE, "`--cookies F`"),
    ("`-U X`, `--user-agent=X`", "`set http:user-agent X`", "`--user-agent X`", "`--user-agent X`"),
    ("`--no-check-certificate`", "`set ssl:verify-certificate no`", "`--no-check-certificate`", "`--insecure`"),
    ("`--ca-certificate=F`", "`set ssl:ca-file F`", "`--ca-cert F`", "`--ca-file F`"),
    ("`--certificate=F --private-key=F`", "`set ssl:cert-file F`", "`--client-cert F --client-key F`",
     "`--client-cert F`, with both in one file"),
    ("`--spider`", "`--dry-run`", "`--dry-run`, `-n`", "`--dry-run`, `--list`"),
    ("`-i FILE`", NONE, "`copyurl --urls`, `--files-from FILE`", "`--input-file FILE`"),
    ("`-O FILE`, `--output-document=FILE`", "`-o`", NONE, "`--input-file FILE`, whose lines may name the local path"),
    ("`-k -p -K -E`, `--convert-links`, `--page-requisites`, `--adjust-extension`", NONE, NONE,
     "not needed: pages are not saved; for web sites use wget"),
    ("`-nd`, `--no-directories`", "`--no-recursion`, `-r`", NONE, "`--no-recursive` for one directory"),
    ("`-x`, `--force-directories`, `--no-host-directories`", NONE, NONE,
     "not needed: the tree below DIR is the one below URL"),
    ("`-nv`, `-q`, `--no-verbose`", "`--verbose=0`", "`-q`", "the default without a terminal, `-q`"),
    ("`-o FILE`, `-a FILE`, `--output-file=FILE`, `--append-output=FILE`", "`--log=FILE`", "`--log-file FILE`",
     "`--log-file FILE`"),
    ("`--show-progress`", NONE, "`-P`, `--progress`", "the default on a terminal, `--progress`"),
    (NONE, NONE, "`--checksum`, `-c`", "`--check digest`"),
    (NONE, NONE, "`--max-duration 2h`", "`--max-duration 2h`"),
)
# fmt: on
"""The table, one row for each purpose; options are in backquotes."""

_GET = "not possible: files are requested with GET, and nothing is sent"
_ROUTES = "not possible: the system decides about addresses and routes; `--proxy URL`"
_FAMILIES = "not needed: IPv6 and IPv4 addresses are tried, and the first that answers is used"
_WORKERS, _SEGMENTS, _DIR, _SAME = "`--workers N`", "`--segments N`", "the second argument, DIR", "the default"
# fmt: off
OTHERS: tuple[tuple[str, str, str], ...] = (
    ("aria2", "`-j N`, `--max-concurrent-downloads=N`", _WORKERS),
    ("aria2", "`-x N`, `--max-connection-per-server=N`, `-s N`, `--split=N`", _SEGMENTS),
    ("aria2", "`-d DIR`, `--dir=DIR`", _DIR),
    ("aria2", "`--max-overall-download-limit=1M`, `--max-download-limit=1M`", "`--limit-rate 1M`"),
    ("aria2", "`--lowest-speed-limit=1K`", "`--min-speed 1K`"),
    ("aria2", "`--max-tries=5`", "`--attempts 5`"),
    ("aria2", "`-t 60`", "`--read-timeout 60`"),
    ("aria2", "`--check-certificate=false`", "`--insecure`"),
    ("aria2", "`--all-proxy=URL`, `--http-proxy=URL`, `--https-proxy=URL`", "`--proxy URL`"),
    ("aria2", "`-V`, `--check-integrity`", "`--check digest`"),
    ("aria2", "`--conditional-get`, `--allow-overwrite`, `--auto-file-renaming`, `--file-allocation`",
     "not needed: a file is replaced once its new version is complete"),
    ("curl", "`-o FILE`, `--output FILE`, `--output-dir DIR`", f"{_DIR}: files keep their names"),
    ("curl", "`-O`, `--remote-name`, `--create-dirs`", _SAME),
    ("curl", "`-J`, `--remote-header-name`", "`--name-from header`, with `--input-file`"),
    ("curl", "`-L`, `--location`", "the default within the host of URL, else `--allow-host HOST`"),
    ("curl", "`-C -`, `--continue-at -`", "the default, if the server can prove that the file is the same"),
    ("curl", "`-z`, `--time-cond`, `-f`, `--fail`, `-R`, `--remote-time`", _SAME),
    ("curl", "`-H 'N: V'`", "`--header 'N: V'`"),
    ("curl", "`-x URL`, `--socks5 URL`", "`--proxy URL`"),
    ("curl", "`-b FILE`, `--cookie FILE`", "`--cookies FILE`"),
    ("curl", "`--cacert F`", "`--ca-file F`"),
    ("curl", "`-E F`, `--cert F`, `--key F`", "`--client-cert F`, with certificate and key in one file"),
    ("curl", "`-k`", "`--insecure`"),
    ("curl", "`-A X`", "`--user-agent X`"),
    ("curl", "`--max-time 60`", "`--max-duration 60`"),
    ("curl", "`--retry 5`, `--retry-all-errors`", "`--attempts 5`"),
    ("curl", "`--speed-limit 1K`, `-Y 1K`", "`--min-speed 1K`"),
    ("curl", "`-s`, `--silent`, `-S`, `--show-error`", "`-q`"),
    ("curl", "`-Z`, `--parallel-max N`", _WORKERS),
    ("curl", "`--compressed`", "not needed: files are fetched as they are"),
    ("curl", "`-4`, `-6`, `--ipv4`, `--ipv6`", _FAMILIES),
    ("curl", "`-X GET`, `--request GET`", "not needed: files are requested with GET"),
    ("curl", "`-I`, `--head`", "`--list`, for a listing"),
    ("rclone", "`--stats 10s`, `--stats-one-line`", "`--progress plain`, a line every 10 seconds"),
    ("rclone", "`--fast-list`, `--no-traverse`, `--http-no-head`",
     "not needed: a listing is one request, and rows need none"),
    ("rclone", "`--size-only`, `--ignore-times`, `--update`, `-u`",
     "not possible: size and time of each row decide; `--check headers` asks for each file"),
    ("rclone", "`--create-empty-src-dirs`", "the default"),
    ("rclone", "`--metadata`", "not possible over HTTP: times are always the server's"),
    ("rclone", "`--track-renames`", "not possible: a renamed file is fetched again"),
    ("rclone", "`--filter '- *.iso'`", "`--exclude '*.iso'` and `--include`, in order"),
    ("rclone", "`-i`, `--interactive`", "`--dry-run`, then the run"),
    ("rclone", "`--http-url URL`", "the first argument, URL"),
    ("rclone", "`--delete-before`, `--delete-during`, `--delete-later`", "`--delete`, which comes after all transfers"),
    ("rclone", "`--log-level DEBUG`", "`-vv`"),
    ("rsync", "`-a`, `--archive`, `--times`, `--partial`, `--inplace`, `--links`, `--perms`", _SAME),
    ("rsync", "`-z`, `--compress`", "not needed: files are fetched as they are"),
    ("rsync", "`-u`", "the default, by size and time of each row"),
    ("rsync", "`-b`, `--backup`", "`--trash DAYS`"),
    ("rsync", "`--link-dest=DIR`", "`--snapshots N`"),
    ("rsync", "`--existing`, `--remove-source-files`", "not possible"),
    ("wget", "`-V`", "`--version`"),
    ("wget", "`-4`, `-6`, `--inet4-only`, `--inet6-only`, `--prefer-family=IPv6`", _FAMILIES),
    ("wget", "`--compression=auto`", "not needed: files are fetched as they are"),
    ("wget", "`-S`, `--server-response`", "`-vv`"),
    ("lftp", "`-X '*.iso'`", "`--exclude '*.iso'`"),
    ("lftp", "`-I '*.zip'`", "`--include '*.zip'`"),
    ("", "`-j`, `--jobs`, `--threads`, `--num-threads`, `--connections`, `--concurrency`, `--concurrent`", _WORKERS),
    ("", "`--max-connections`, `--max-threads`, `--max-concurrency`, `--max-concurrent`, `--max-parallel`", _WORKERS),
    ("", "`--ask-password`, `--use-askpass`, `--password-command`, `--user`, `--password`",
     "`--netrc`, or `--header @FILE`: nothing is asked on the terminal"),
    ("wget", "`--random-wait`", "`--requests-per-second N`"),
    ("wget", "`--post-data=X`, `--post-file=F`, `--method=POST`", _GET),
    ("wget", "`--referer=URL`", "`--header 'Referer: URL'`"),
    ("wget", "`--save-cookies=F`, `--keep-session-cookies`", "not needed: cookies of a run are kept for that run"),
    ("wget", "`--start-pos=N`", "not possible: files are complete"),
    ("wget", "`--dns-timeout=N`", "`--connect-timeout TIME`"),
    ("wget", "`--retry-connrefused`, `--retry-on-http-error=N`", "the default for what may pass"),
    ("wget", "`--content-disposition`, `--trust-server-names`", "`--name-from header`, with `--input-file`"),
    ("wget", "`--https-only`", "not needed: a redirect from https to http is never followed"),
    ("wget", "`--bind-address=A`", _ROUTES),
    ("wget", "`-b`, `--background`", "not possible: cron, systemd or `nohup` run it in the background"),
    ("curl", "`-d X`, `--data X`, `-F X`, `--form X`, `-T FILE`, `--upload-file FILE`", _GET),
    ("curl", "`--http2`, `--http3`, `--http1.1`", "not possible: HTTP/1.1 is used, with many requests on a connection"),
    ("curl", "`--resolve H:P:A`, `--connect-to X`, `--interface X`, `--dns-servers A`", _ROUTES),
    ("curl", "`--oauth2-bearer T`", "`--header @FILE`, with a line 'Authorization: Bearer T'"),
    ("aria2", "`--summary-interval=N`", "`--progress plain`, a line every 10 seconds"),
    ("aria2", "`--enable-rpc`", "not possible: `--status` and `--metrics` show what runs have done"),
    ("rsync", "`--partial-dir=DIR`, `--temp-dir=DIR`", "not needed: incomplete files are in DIR/.crawler"),
    ("rsync", "`--info=progress2`", "the default on a terminal, `--progress bars`"),
    ("rsync", "`--itemize-changes`, `-i`", "`--changes FILE`, or `-v`"),
    ("rsync", "`--chmod=X`, `--chown=X`, `--owner`, `--group`", "not possible: umask decides"),
    ("HTTrack", "`-O DIR`", _DIR),
    ("PowerShell", "`-Uri URL`, `-Source URL`", "the first argument, URL"),
    ("PowerShell", "`-OutFile DIR`, `-Destination DIR`", _DIR),
    ("PowerShell", "`-Recurse`", _SAME),
    ("", "`-o`, `--output`, `--out`, `--dest`, `--destination`, `--target`, `--directory`, `--to`, `--prefix`",
     _DIR),
    ("", "`--url`, `--source`, `--src`", "the first argument, URL"),
    ("", "`--resume`, `--retry-failed`", "the default: each run continues the last one"),
    ("", "`-f`, `--force`, `-y`, `--yes`, `--overwrite`, `--clobber`",
     "not needed: no question is asked, changed files are replaced"),
    ("", "`--sync`, `--update-only`", "the default; `--delete` removes what is gone upstream"),
    ("", "`--prune`, `--purge`, `--delete-missing`", "`--delete`"),
    ("", "`--depth N`, `--recursion N`", "`--max-depth N`"),
    ("", "`--flat`, `--non-recursive`", "`--no-recursive`, for one directory"),
    ("", "`--retry`, `--retries`, `--max-retries`", "`--attempts N`"),
    ("", "`--timeout`", "`--read-timeout 60 --connect-timeout 10`"),
    ("", "`--rate`, `--speed`, `--max-rate`, `--max-speed`, `--bandwidth`, `--throttle`", "`--limit-rate RATE`"),
    ("", "`--delay`, `--sleep`, `--pause`", "`--requests-per-second N`"),
    ("", "`--size`", "`--min-size SIZE`, `--max-size SIZE`"),
    ("", "`--include-regex`, `--include-regexp`, `--regex`, `--regexp`", "`--include 're:RX'`"),
    ("", "`--exclude-regex`, `--exclude-regexp`", "`--exclude 're:RX'`"),
    ("", "`--checksums`, `--verify-checksums`, `--hash`, `--sha256`, `--md5`",
     "the default, by the checksum files of the listing"),
    ("", "`--color`, `--colour`, `--colors`", "the default on a terminal, unless the variable NO_COLOR is set"),
    ("", "`--no-color`, `--no-colour`, `--no-colors`", "not possible as an option: set the variable NO_COLOR"),
    ("", "`--pattern`, `--glob`, `--match`", "`--include GLOB`"),
    ("", "`--include-dirs`, `--include-dir`", "`--include 'new/**'`"),
    ("", "`--exclude-dirs`, `--exclude-dir`", "`--exclude old/`"),
    ("", "`--ignore`, `--skip`", "`--exclude GLOB`"),
    ("", "`--extension`, `--extensions`, `--type`", "`--ext LIST`"),
    ("", "`--no-verify-ssl`, `--no-ssl-verify`, `--no-verify`, `--skip-verify`, `--no-check-ssl`", "`--insecure`"),
    ("", "`--since`, `--after`, `--newer`", "`--newer-than AGE`"),
    ("", "`--until`, `--before`, `--older`", "`--older-than AGE`"),
    ("", "`--auth`, `--token`, `--bearer`, `--username`, `--login`", "`--netrc`, or `--header @FILE`"),
    ("", "`--n-jobs`", _WORKERS),
    ("", "`--proxies`", "`--proxy URL`"),
    ("", "`--cert`", "`--client-cert FILE`"),
    ("", "`--execute`", "`--no-robots`, for robots=off"),
    ("", "`--simulate`, `--test`, `--what-if`, `--plan`", "`--dry-run`"),
    ("", "`--json`", "`--format json`, or `--summary FILE`"),
    ("", "`--debug`, `-d`", "`-vv`"),
    ("", "`--log`", "`--log-file FILE`"),
    ("", "`--help-all`, `--usage`, `-?`", "`--help`"),
)
# fmt: on
"""(program, its options, the equivalent), beyond the table; program "" for options of no particular program."""


def elsewhere(name: str, translate: Callable[[str], str] = str) -> str:
    """The equivalent of ``name`` (an option of another program, without a value), in one clause; "" if unknown.

    ``translate`` turns each piece of this program's command line, such as ``--workers N``, into another notation.
    """
    found = dict[str, list[str]]()
    for program, option, here in _options():
        if option == name and program not in found.setdefault(here, []):
            found[here].append(program)
    named = {here: [each for each in programs if each] for here, programs in found.items()}
    if any(named.values()):  # the options of known programs; the others would only confuse
        named = {here: programs for here, programs in named.items() if programs}
    clauses = dict[str, list[str]]()
    for here, programs in named.items():
        clause = _CODE.sub(lambda code: translate(code[1]), here)
        clauses[clause] = list(dict.fromkeys([*clauses.get(clause, ()), *programs]))
    return ", or ".join(f"{here} ({' and '.join(of)})" if of else here for here, of in clauses.items())


def _options() -> Iterator[tuple[str, str, str]]:
    """(program, option, equivalent in this program) for each option of the table. Options are in backquotes."""
    for row in ROWS:
        for heading, cell in zip(PROGRAMS, row, strict=False):
            for code in _CODE.findall(cell):
                for option in _NAME.findall(code):
                    yield heading.partition(" ")[0], option, row[-1]
    for program, options, here in OTHERS:
        for code in _CODE.findall(options):
            for option in _NAME.findall(code):
                yield program, option, here


def others_table() -> str:
    """OTHERS in Markdown, as in docs/moving.md, without the options of no particular program."""
    rows = "".join(f"| {' | '.join(row)} |\n" for row in OTHERS if row[0])
    return f"| program | option | crawler |\n|---|---|---|\n{rows}"


def table() -> str:
    """The table in Markdown, as in docs/moving.md."""
    heading, *rows = (f"| {' | '.join(row)} |\n" for row in ((*PROGRAMS, "crawler"), *ROWS))
    return "".join([heading, "|---|---|---|---|\n", *rows])
