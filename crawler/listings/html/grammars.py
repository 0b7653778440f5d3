"""What known servers print, from the first byte of a page to the last, as regular expressions."""

from __future__ import annotations

import re

from crawler.listings.values.hrefs import PLAIN_HREF_TEXT
from crawler.listings.values.sizes import Rounding
from crawler.model.struct import Value
from crawler.text.patterns import pattern


class Grammar(Value, frozen=True):
    """The pages of one server, in order: head, rows, tail. ``row`` has the groups href, time and size."""

    family: str
    head: re.Pattern[str]
    row: re.Pattern[str]
    tail: re.Pattern[str]
    plain_rows: re.Pattern[str]
    """As many rows as there are whose references are PLAIN_HREF."""
    rounding: Rounding = Rounding.SAFE


def _grammar(family: str, head: str, row: str, tail: str, rounding: Rounding = Rounding.SAFE) -> Grammar:
    plain = row.replace(_HREF, rf"(?P<href>{PLAIN_HREF_TEXT})")
    return Grammar(family, pattern(head), pattern(row), pattern(tail), pattern(f"(?:{plain})*"), rounding)


_NEWLINE = r"\r?\n"
_HREF = r'(?P<href>[^"<>\s\0\ud800-\udfff]+)'  # ``Page.markup`` replaces NUL and surrogates
_LINK = rf'<a href="{_HREF}">[^<]*</a>'
_DMY, _YMD = r"\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d", r"\d{4}-\d\d-\d\d \d\d:\d\d"
_IMG = r"<img [^<>]*>"
_ICON = rf"(?:{_IMG}|&nbsp;)"
_ADDRESS = r"(?:<address>[^<]*</address>\n)?</body></html>\s*"
_APACHE = (
    r"(?:<!DOCTYPE [^<>]*>\n)?<html>\n <head>\n  <title>Index of [^<]*</title>\n </head>\n <body>\n"
    r"<h1>Index of [^<]*</h1>\n"
)
_APACHE_SIZE = r"(?P<size>-|\d{1,3}|\d{1,3}[KMGTPE]|\d\.\d[KMGTPE])"
_SORT = r'<a href="\?C=[NMSD];O=[AD]">'

GRAMMARS = (
    _grammar(
        "nginx-pre",
        rf"<html>{_NEWLINE}<head><title>Index of [^<]*</title></head>{_NEWLINE}"
        rf"<body(?: bgcolor=\"white\")?>{_NEWLINE}"
        rf"<h1>Index of [^<]*</h1><hr><pre><a href=\"\.\./\">\.\./</a>{_NEWLINE}",
        rf"{_LINK} +(?P<time>{_DMY}) +(?P<size>-|\d+[KMG]?){_NEWLINE}",
        rf"</pre><hr></body>{_NEWLINE}</html>\s*",
        Rounding.NEAREST,
    ),
    _grammar(
        "apache-pre",
        rf"{_APACHE}<pre>(?:{_IMG}| {{5}})? ?{_SORT}Name</a> *{_SORT}Last modified</a> *{_SORT}Size"
        rf"</a>(?: *{_SORT}Description</a>)?"
        rf" *<hr>(?:(?:{_IMG} | {{6}})?<a href=\"[^\"<>]*\">Parent Directory</a> +(?:(?:{_YMD}|{_DMY}) +)?- *\n)?",
        rf"(?:{_IMG} | {{6}})?{_LINK} +(?P<time>{_YMD}|{_DMY}) +{_APACHE_SIZE}(?: [^<\n]*)?\n",
        rf"<hr></pre>\n{_ADDRESS}",
        Rounding.NEAREST,
    ),
    _grammar(
        "apache-table",
        rf"{_APACHE}  <table>\n   <tr><th valign=\"top\">{_ICON}</th><th>{_SORT}Name</a></th>"
        rf"<th>{_SORT}Last modified</a></th>"
        rf"<th>{_SORT}Size</a></th>(?:<th>{_SORT}Description</a></th>)?</tr>\n   <tr><th colspan=\"\d\"><hr></th>"
        rf"</tr>\n"
        rf"(?:<tr><td valign=\"top\">{_ICON}</td><td><a href=\"[^\"<>]*\">Parent Directory</a> *</td>"
        rf"<td>&nbsp;</td><td align=\"right\"> *- *</td>(?:<td>&nbsp;</td>)?</tr>\n)?",
        rf"<tr><td valign=\"top\">{_ICON}</td><td>{_LINK} *</td><td align=\"right\">(?P<time>{_YMD}|{_DMY}) *</td>"
        rf"<td align=\"right\"> *{_APACHE_SIZE} *</td>(?:<td>[^<]*</td>)?</tr>\n",
        rf" *<tr><th colspan=\"\d\"><hr></th></tr>\n</table>\n{_ADDRESS}",
        Rounding.NEAREST,
    ),
    _grammar(
        "apache-ul",
        rf"{_APACHE}<ul>(?:<li><a href=\"[^\"<>]*\"> Parent Directory</a></li>\n)?",
        rf'(?:<li><a href="{_HREF}"> [^<]*</a></li>\n)(?P<time>)(?P<size>)',
        rf"</ul>\n{_ADDRESS}",
        Rounding.NEAREST,
    ),
    _grammar(
        "lighttpd",
        r"<!DOCTYPE html>\n<html>\n<head>\n(?:<meta [^<>]*>\n)?<title>Index of [^<]*</title>\n"
        r"<style type=\"text/css\">[^<]*</style>\n"
        r"</head>\n<body>\n<h2>Index of [^<]*</h2>\n<div class=\"list\">\n"
        r"<table summary=\"Directory Listing\" [^<>]*>\n"
        r"<thead><tr><th class=\"n\">Name</th><th class=\"m\">Last Modified</th><th class=\"s\">Size</th>"
        r"<th class=\"t\">Type</th></tr></thead>\n<tbody>\n"
        r"(?:<tr class=\"d\"><td class=\"n\"><a href=\"\.\./\">\.\.</a>/</td><td class=\"m\">&nbsp;</td>"
        r"<td class=\"s\">- &nbsp;</td><td class=\"t\">Directory</td></tr>\n)?",
        rf"<tr(?: class=\"d\")?><td class=\"n\">{_LINK}/?</td><td class=\"m\">(?P"
        rf"<time>\d{{4}}-[A-Z][a-z]{{2}}-\d\d \d\d:\d\d:\d\d)</td>"
        r"<td class=\"s\">(?P<size>-|\d+\.\d[KMGTPE])(?: &nbsp;)?</td><td class=\"t\">[^<]*</td></tr>\n",
        r"(?s:</tbody>\n</table>\n</div>\n<div class=\"foot\">[^<]*</div>\s*(?:"
        r"<script type=\"text/javascript\">.{0,20000}?</script>\s*)?"
        r"</body>\n</html>\s*)",
        Rounding.FLOOR,
    ),
    _grammar(
        "go-http",
        r"(?:<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n)?<pre>\n",
        rf"(?:{_LINK}\n)(?P<time>)(?P<size>)",
        r"</pre>\n",
    ),
    _grammar(
        "python",
        r"<!DOCTYPE [^<>]*>\n<html(?: lang=\"en\")?>\n<head>\n<meta [^<>]*>\n(?:<style type=\"text/css\">[^<]*"
        r"</style>\n)?"
        r"<title>Directory listing for [^<]*</title>\n</head>\n<body>\n<h1>Directory listing for [^<]*</h1>\n"
        r"<hr>\n<ul>\n",
        rf"(?:<li>{_LINK}</li>\n)(?P<time>)(?P<size>)",
        r"</ul>\n<hr>\n</body>\n</html>\s*",
    ),
)  # fmt: skip
