"""Texts of the help and the manual page that do not belong to a single option."""

from __future__ import annotations

SYNOPSIS = """\
  crawler [OPTIONS] URL [DIR]               mirror the listing at URL, or save the file there
  crawler [OPTIONS] --input-file FILE DIR   save the URLs that FILE lists
  crawler [OPTIONS] --config FILE           run the mirrors of a TOML file
  crawler --list URL                        print one listing
  crawler --verify [--repair] DIR           re-hash the files in DIR
  crawler --explain ENTRY URL [DIR]         explain what would be done, and why
  crawler --history DIR                     print the last runs
  crawler --list-snapshots DIR              print the snapshots of DIR
  crawler --rollback NAME DIR               make an earlier snapshot current again
  crawler --config FILE --history|--verify  the same for each mirror of a TOML file"""
DEFAULT_DIR = "Without DIR, files go to a directory here, named after the last directory of URL or its host."
EXAMPLES = (
    ("Mirror a directory and all below it:", "crawler https://files.example.org/pub/ pub"),
    ("Only archives, twenty at a time:", "crawler --ext zip,tar.gz --workers 20 https://files.example.org/pub/ pub"),
    ("See what an exact copy would do:", "crawler --dry-run --delete https://files.example.org/pub/ pub"),
)
"""Examples: (purpose, command)."""
EXIT_CODES = (
    "0 success; 1 unexpected error; 2 invalid option, URL or config; 3 URL could not be fetched or is not a listing; "
    "4 the destination failed; 5 some files or listings failed; 6 deletion refused; 7 another run holds DIR; "
    "8 robots.txt forbids URL; 9 stopped at a configured limit; 129 SIGHUP; 130 SIGINT; 143 SIGTERM"
)
