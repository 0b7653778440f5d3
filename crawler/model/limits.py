"""Every bound in one place, each with its reason. Sizes are in bytes, times in seconds unless they are timedeltas.

A server can send anything for ever; whatever it sends, one of these ends it.
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
"""No real server sends more than a few dozen."""
HEAD = 256 * KIB
"""All header lines of one response; curl stops at 300 KB."""
FRAMING = 2 * MIB
"""What may arrive of one answer beside its body: its headers, interim answers, sizes of chunks, trailers, …"""
FRAMING_SHARE = 16
"""… and so much for each byte of its body: a chunk of one byte takes six."""
REDIRECTS = 10
"""Hops for one request; browsers stop at 20, and a mirror needs one or two."""
HEAD_FAILURES = 10
"""HEADs in a row that come to nothing, after which a run asks with GET alone: some servers leave each unanswered."""
BYPASSES = 10
"""Requests in a row past all caches that brought no other version, after which a run sends no more of them."""
RETRY_AFTER = 600.0
"""Longest wait that a server may ask for. Beyond it the file fails now and the next run comes back."""
BODY_CHUNK = 256 * KIB
"""How much of a large body is read, hashed and written in one step."""
SMALL_BODY = 256 * KIB
"""Bodies up to this size are kept in memory until they are written together with others."""
ERROR_BODY = 64 * KIB
"""The page beside an error is read up to this size, so that its connection is used again; longer ones are left."""
SEGMENTED_BODY = 4 * MIB
"""With --segments, what is left of a file must be at least so much: for less a second connection is not worth its
handshake."""
PIECE_LEAST = 256 * KIB
"""Smallest piece of such a file, towards its end: each costs a request, and a round trip in which nothing comes."""
PIECES_AHEAD = 32 * MIB
"""Of all files together, what may arrive before its turn and waits in memory for the bytes in front of it."""

# --- listings -------------------------------------------------------------------------------------
LISTING_RAW = 192 * MIB
"""A page of a million rows is about 115 MB."""
LISTING_DECODED = 192 * MIB
"""The same after decompression: 4 MB of gzip can become 4 GB."""
LISTING_OVERHEAD = 16 * KIB
"""Of gzip, what may say nothing at a stretch: blocks that hold nothing can go on for ever."""
SMALL_PAGE = 8 * KIB
"""Pages up to this size, about eighty rows, are parsed at once: to hand one to a thread and back takes longer."""
LARGE_PAGE = 128 * KIB
"""Longer pages, about 1,300 rows, are parsed in a process that can be killed, unless a grammar fits: a hostile one of
this length keeps a thread busy for a second, and nothing ends a thread. An honest one takes 50 ms; to start the process
takes 200, once."""
PARSER_SECONDS = 30.0
PARSER_SECONDS_PER_MIB = 20.0
PARSER_SECONDS_MOST = 900.0
"""How long a page may take to parse: 30 s and 20 s for each MiB, at most 15 minutes. A themed page of 100,000 rows has
10 MiB and takes 4 s on the machine of the measurements; the dearest markup that is known, tables in tables, takes 9 s
for each MiB."""
PARSER_MEMORY = GIB
"""Memory of that process, one for each run: 640,000 rows in 64 MiB of text, more than which no tree is made of, need
900 MiB."""
LISTING_PAGES = 10_000
"""Pages of one paginated listing; S3 gives 1,000 keys a page, so this is ten million keys."""
DEPTH = 64
"""Levels below the root. Deeper trees exist only as loops, or ask for --max-depth."""
PATH_BYTES = 4000
"""Longest path under DIR; Linux stops at 4,096 with the directory in front of it."""
NAME_BYTES = 255
"""NAME_MAX of every file system in use, in bytes of UTF-8."""

CHECKSUM_BYTES = 16 * MIB
"""Largest checksum file that is read into memory: about 150,000 lines of SHA-256."""

CHECKSUM_FILES = 100
"""Checksum files of one folder that are read: each file that none of them names makes us read them all."""
REMEMBERED_ENTRIES = 200_000
"""Listings up to this length are remembered, so that an unchanged page needs no parsing; a longer one would
cost more memory to keep and to store than time to parse."""
READ_AGAIN_ENTRIES = 20_000
"""The same for pages that are sent whole each time, without a validator, and parsed as fast as they are recalled:
read in pieces they need half the memory."""

# --- the run --------------------------------------------------------------------------------------
CONNECTION_FAILURES = 20
"""Consecutive failures to talk to a host, over all workers, after which one request decides if it is given up."""
REFUSALS = 8
"""Answers 429 to one request that are put down to our other requests, and are no attempt: each halves what a host gets
at once, so that one by one is reached before."""
BACKOFF_INITIAL = 0.5
BACKOFF_MAX = 30.0
"""Waits between attempts grow from BACKOFF_INITIAL by doubling, with jitter, to BACKOFF_MAX."""
PENDING_FILES = 1024
PENDING_BYTES = 16 * MIB
"""Small bodies that wait in memory for the next batch of writes: more than this, and workers wait."""
BATCH_FILES = 128
BATCH_BYTES = 4 * MIB
BATCH_SECONDS = 0.02
"""A batch of writes is begun when so much has gathered, or so long after its first body: a thread that is woken for
each file takes longer to wake than to write."""
OPEN_DIRECTORIES = 64
"""Directory descriptors kept open between writes; lowered where RLIMIT_NOFILE asks for it."""
MINIMUM_SPEED_WINDOW = 60.0
"""Seconds over which --min-speed is averaged, or --read-timeout if that is shorter: a trickle that
resets the idle clock gets no more patience than silence does."""
CHECKPOINT_BYTES = 32 * MIB
"""A large part is flushed and its digest noted each time this much has arrived, so that a later run can
prove, before it resumes, that what lies on the disk is what was received."""
FREE_RESERVE = 64 * MIB
"""What a run plans to leave free, for its state and for others; one percent of what is free where that is less."""
