"""All limits in one place, each with its reason. Sizes are in bytes, times in seconds unless they are timedeltas.

Whatever a server sends, one of these limits stops it.
"""

from __future__ import annotations

from datetime import timedelta

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# --- time zones -----------------------------------------------------------------------------------
WESTERNMOST_ZONE = timedelta(hours=-12)
"""Smallest offset of a time zone from UTC (IANA tz database)."""
EASTERNMOST_ZONE = timedelta(hours=14)
"""Largest offset of a time zone from UTC (IANA tz database). A time without a zone is off by no more than this."""

# --- one response ---------------------------------------------------------------------------------
HEADER_LINE = 64 * KIB
"""Longest status or header line: a Content-Security-Policy can have 9 kB; browsers and curl accept more than 64 kB."""
HEADER_COUNT = 128
"""Maximum number of header lines of one response; no real server sends more than a few dozen."""
HEAD = 256 * KIB
"""Total size of the header lines of one response; curl stops at 300 KB."""
FRAMING = 2 * MIB
"""Maximum size of one response outside its body: headers, interim responses, chunk sizes, trailers."""
FRAMING_SHARE = 16
"""Framing bytes allowed per body byte, in addition to FRAMING; a chunk of one byte takes six."""
REDIRECTS = 10
"""Redirects followed for one request; browsers stop at 20, and a mirror needs one or two."""
CHALLENGES = 3
"""Authentication challenges answered for one request: a nonce may go stale again before the answer arrives."""
HEAD_FAILURES = 10
"""Consecutive failed HEAD requests after which a run uses GET only; some servers never answer HEAD."""
BYPASSES = 10
"""Consecutive cache-bypassing requests without a newer version, after which a run stops sending them."""
RETRY_AFTER = 600.0
"""Longest Retry-After that is honoured; beyond it the file fails and the next run retries it."""
BODY_CHUNK = 256 * KIB
"""Amount of a large body that is read, hashed and written in one step."""
BULK_LEAST = 32 * KIB
"""Smallest rest of a body that one thread receives and stores by itself; for less, waking it is not worth while."""
BULK_PIECE = MIB
"""Amount that this thread receives at once, if so much has arrived."""
BULK_STAGED = 16 * MIB
"""Smallest rest of a body that three threads receive, hash and write; for less, starting them is not worth while."""
DOUBTED = 256 * KIB
"""Number of bytes at the end of a body in which the beginning of another response is looked for."""
SMALL_BODY = 256 * KIB
"""Bodies up to this size are kept in memory until they are written together with others."""
TOGETHER_BODIES = MIB
"""Maximum size of all bodies that are requested together from a fast server; SMALL_BODY from any other one."""
TOGETHER_SECONDS = 0.2
"""How long a server takes at most to send them, as far as can be told from the last ones."""
SERIES_BODIES = 4 * MIB
"""Maximum size of all bodies that a process requests one after the other; it is lost if the run is interrupted."""
ERROR_BODY = 64 * KIB
"""Error pages up to this size are read, so that the connection can be reused; longer ones are not read."""
ERROR_SECONDS = 1.0
"""Time for such a page to arrive; it is closer than a new connection, unless the server makes it up meanwhile."""
SEGMENTED_BODY = 4 * MIB
"""Smallest remainder of a file that --segments splits; for less, a second connection is not worth its handshake."""
PIECE_LEAST = 256 * KIB
"""Smallest range requested with --segments; each costs a request and an idle round trip."""
PIECES_AHEAD = 32 * MIB
"""Bytes of all files that may wait in memory for earlier ranges to arrive, with --segments."""

# --- listings -------------------------------------------------------------------------------------
LISTING_RAW = 192 * MIB
"""Largest listing page as received; a million rows take about 115 MB."""
LISTING_DECODED = 192 * MIB
"""Largest listing page after decompression; 4 MB of gzip can expand to 4 GB."""
LISTING_OVERHEAD = 16 * KIB
"""Compressed input allowed without any output; empty gzip blocks can repeat forever."""
SMALL_PAGE = 8 * KIB
"""Pages up to this size, about 80 rows, are parsed on the event loop; handing them to a thread takes longer."""
LARGE_PAGE = 128 * KIB
"""Pages above this size, about 1,300 rows, are parsed in a process that can be killed, unless a grammar fits. A hostile
page of this size keeps a thread busy for a second, and a thread cannot be ended; a normal one takes 50 ms. Starting the
process takes 200 ms, once."""
PARSER_SECONDS = 30.0
"""Time allowed to parse a page of any size."""
PARSER_SECONDS_PER_MIB = 20.0
"""Additional time per MiB of page. A themed page of 100,000 rows has 10 MiB and takes 4 s on a two-core machine; the
most expensive markup known, nested tables, takes 9 s per MiB."""
PARSER_SECONDS_MOST = 900.0
"""Upper bound of the time to parse a page."""
PARSER_MEMORY = GIB
"""Memory limit of the parser process, one per run; the largest page that is parsed as a tree, 640,000 rows in 64 MiB,
needs 900 MiB."""
LISTING_PAGES = 10_000
"""Maximum number of pages of one listing; S3 returns 1,000 keys per page, so this is ten million keys."""
DEPTH = 64
"""Maximum number of directory levels below the root without --max-depth; deeper trees are nearly always loops."""
PATH_BYTES = 4000
"""Longest path under DIR; Linux allows 4,096 bytes including DIR."""
NAME_BYTES = 255
"""Longest name (NAME_MAX of common file systems), in bytes of UTF-8."""

METALINK_BYTES = 64 * MIB
"""Largest Metalink document that is read; 100,000 files with three URLs each have about 50 MB."""
CHECKSUM_BYTES = 16 * MIB
"""Largest checksum file that is read, about 150,000 lines of SHA-256."""

CHECKSUM_FILES = 100
"""Maximum number of checksum files read per directory; a file that none of them names requires reading all."""
REMEMBERED_ENTRIES = 200_000
"""Maximum number of entries of a listing that the state remembers, so that an unchanged page need not be parsed.
Longer listings are not worth the memory."""
READ_AGAIN_ENTRIES = 4_000
"""REMEMBERED_ENTRIES for pages without a validator. These are sent in full each time, and parsing them is as fast as
recalling their entries; parsing in pieces needs half the memory."""

ROW_BYTES = 300
"""Number of bytes that a row of a page has at most, on average; nearly all have less than half of that."""
EXACT_NAMES = 50_000
"""Number of names and URLs of one listing that are kept as they are; of more than these, hashes are kept."""
FILES_AT_ONCE = 200_000
"""Number of files beyond which an unchanged directory is compared in pieces: a file takes 1 KB in memory otherwise."""

# --- the run --------------------------------------------------------------------------------------
CONNECTION_FAILURES = 20
"""Consecutive connection failures to a host, over all workers, after which one request decides whether to give up."""
REFUSALS = 8
"""Responses 429 to one request that are attributed to concurrent requests and do not count as attempts. Each halves the
host's limit, which therefore reaches one before this number."""
BACKOFF_INITIAL = 0.5
"""First wait between two attempts; each further one doubles, with jitter."""
BACKOFF_MAX = 30.0
"""Longest wait between two attempts."""
NEAR = 0.03
"""A host that responds within this time gets one request for each file, even if its row does not tell it from others.
With more latency, two ranges of a file on a shared connection are faster (``rules.responses.division``)."""
QUICK = 0.002
"""A host that responds within this time sends four listings on one connection sooner than another one is opened."""
PENDING_FILES = 1024
"""Small bodies that may wait in memory to be written; beyond it workers wait."""
PENDING_BYTES = 16 * MIB
"""Total size of the small bodies that may wait in memory to be written; beyond it workers wait."""
BATCH_FILES = 128
"""A batch of bodies is written once it has this many files: waking a thread for each takes longer than writing it."""
BATCH_BYTES = 4 * MIB
"""A batch is written once its bodies have this total size."""
BATCH_SECONDS = 0.02
"""A batch is written no later than this after its first body."""
OPEN_DIRECTORIES = 64
"""Directory descriptors kept open between writes; fewer if RLIMIT_NOFILE is low."""
MINIMUM_SPEED_WINDOW = 60.0
"""Time over which --min-speed is averaged, or --read-timeout if that is shorter, so that a trickle of bytes gets no
more patience than silence."""
CHECKPOINT_BYTES = 32 * MIB
"""A large part is flushed and its digest noted each time this much has arrived, so that a later run can verify it
before resuming."""
FREE_RESERVE = 64 * MIB
"""Disk space that a run leaves free, or one percent of the free space if that is less."""
RUNS_READ = 1000
"""Maximum number of runs that are searched for the last successful one."""
