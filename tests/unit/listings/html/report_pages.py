"""Pages with tables and lists that are no listings, although their rows look much like those of one.

Each is (title, labels of the columns, cells of a row). In a cell, ``[href text]`` is a link, ``{n}`` counts the rows,
``{w}`` is a word, ``{d}`` a date and ``{s}`` a size. Without labels the rows are the items of a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.unit.listings.html.other_pages import page

_WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]
_FILE = "[{w}.zip {w}.zip]"

REPORTS: dict[str, tuple[str, str, str]] = {
    # Work and code
    "issues": ("Issues · tool", "Issue|Opened|Comments", "[{n} Crash in {w}]|{d}|{n}"),
    "issues by slug": ("Open issues", "Name|Date|Size", "[issue-{n} issue-{n}]|{d}|{n} KB"),
    "repositories": ("Repositories", "Name|Size|Updated", "[{w}/ {w}]|{n} MB|{d}"),
    "groups of projects": ("Projects", "Name|Size|Updated", "[{w}/ {w}/]|{n} MB|{d}"),
    "mailboxes": ("Mailboxes", "Name|Messages|Last login", "[{w}.x {w}.x]|{n}K|{d}"),
    "languages": ("Choose your language", "", "[{w}/ {w}/]"),
    "milestones": ("Milestones", "Name|Due date|Progress", "[v1.{n} v1.{n}]|{d}|{n}0 %"),
    "merge requests": ("Merge requests", "Title|Updated", "[{n}/ {w}/]|{d}"),
    "commits": ("Commits", "Commit|Date|Size", "[a1b2c{n}d a1b2c{n}d]|{d}|{n} lines"),
    "branches": ("Branches", "Name|Last change", "[{w} {w}]|{d}"),
    "tags of an image": ("tool - container image", "Tag|Pushed|Size", "[1.{n}-alpine 1.{n}-alpine]|{d}|{n}.2 MB"),
    "layers of an image": ("Layers", "Digest|Size|Created", "[sha256-{n}a sha256-{n}a]|{s}|{d}"),
    "pipelines": ("Pipelines", "Pipeline|Started|Duration", "[{n}00 #{n}00]|{d}|{n} min"),
    "builds": ("Build history", "Name|Date|Size", "[build-{n} build-{n}]|{d}|{n} MB"),
    "test results": ("Test results", "Name|Time|Date", "[{w}.xml {w}.xml]|{n}.2 s|{d}"),
    "coverage": ("Coverage report: 90%", "File|Lines|Size", "[{w}.py {w}.py]|{n}0 %|{n} KB"),
    "lcov": ("LCOV - pub", "Directory|Rate", "[{w}/index.html {w}]|9{n} %"),
    "benchmarks": ("Benchmarks", "Name|Time|Date", "[{w} {w}]|{n}.1 ms|{d}"),
    "static analysis": ("Warnings of the analyzer", "Name|Size|Date", "[W{n} W{n}]|{n}|{d}"),
    "mercurial repositories": ("Mercurial repositories index", "[?sort=name Name]|[?sort=lastchange Last modified]",
                               "[{w}/ {w}]|{d}"),
    "git repositories": ("Git repositories", "[?s=name Name]|[?s=desc Description]|[?s=idle Idle]",
                         "[{w}.git/ {w}.git]|A tool|{d}"),
    "changes": ("Changes in /pub/ since yesterday", "File|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
    "changelog": ("ChangeLog", "", "[v1.{n}/ v1.{n}/] {d} Fixes"),
    "release notes": ("Release notes", "Version|Date", "[1.{n}.0 1.{n}.0]|{d}"),
    "differences": ("Differences between /pub/ and /old/", "Name|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
    # Packages
    "package versions": ("tool: versions", "Version|Released|Size", "[2.{n} 2.{n}]|{d}|{n}.4 MB"),
    "dependencies": ("Dependencies of tool", "Name|Version|Date", "[{w} {w}]|1.{n}|{d}"),
    "licences": ("Licences of third parties", "Name|Size", "[{w}-licence {w}-licence]|{n} KB"),
    "gems": ("All gems", "", "[{w} {w}] ({n}.0) {d} {n} KB"),
    "plugins": ("Plugins", "Name|Updated|Size", "[{w}/ {w}]|{d}|{n} downloads"),
    "themes": ("Themes", "Name|Price|Size", "[{w} {w}]|${n}.99|{n} MB"),
    # People and talk
    "forum": ("Forum", "Topic|Replies|Last post", "[topic-{n} topic-{n}]|{n}|{d}"),
    "forum with sizes": ("Board", "Name|Date|Size", "[t{n} t{n}]|{d}|{n} K"),
    "forum called an index": ("Index of the forum", "Name|Posts|Last modified", "[{w}/ {w}]|{n}|{d}"),
    "mail archive": ("The list archives", "Name|Date|Size", "[msg0{n} msg0{n}]|{d}|{n} KB"),
    "threads": ("All threads", "", "[{n}a Re: {w}] {d}"),
    "inbox": ("INBOX", "[?sort=from From]|[?sort=date Date]|[?sort=size Size]", "[msg{n} msg{n}]|{d}|{n} KB"),
    "chat rooms": ("Rooms", "Name|Size|Date", "[{w} {w}]|{n}0|{d}"),
    "members": ("Members", "[?sort=name Name]|[?sort=date Date]", "[{w} {w}]|{d}"),
    "staff": ("Directory of staff", "Name|Size|Date", "[{w} {w}]|{n} M|{d}"),
    "authors": ("Index of authors", "", "[{w}/ {w}]"),
    "poll": ("Poll", "Name|Size", "[{w} {w}]|{n}0 %"),
    "comments": ("Comments", "", "[c{n} c{n}] {d}"),
    # Wikis and documents
    "wiki pages": ("All pages - Wiki", "Page|Modified|Size", "[{w} {w}]|{d}|{n},234 bytes"),
    "recent changes": ("Recent changes", "Page|Date|Size", "[{w} {w}]|{d}|{n}00 bytes"),
    "category": ("Category:Tools", "", "[{w} {w}]"),
    "generated index": ("Index of functions", "Name|Size", "[{w}.html#f {w}()]|{n}"),
    "classes": ("All classes", "", "[{w}.html {w}]"),
    "modules": ("Modules", "Name|Description", "[{w}/index.html {w}]|A module"),
    "glossary": ("Glossary", "", "[{w} {w}]"),
    "chapters": ("Contents of the book", "", "[ch{n}.html ch{n}.html]"),
    "site map": ("Site map", "", "[{w}/ {w}/] {d}"),
    "feed": ("News feed", "", "[{n} {w}] {d}"),
    "blog": ("Blog", "Title|Date", "[2024-{w} 2024-{w}]|{d}"),
    "bookmarks": ("Bookmarks", "", "[https://{w}.test/ {w}]"),
    "links": ("Links for today", "", "[{w} {w}]"),
    "press": ("Press releases", "Name|Date|Size", "[pr-{n} pr-{n}]|{d}|{n} KB"),
    "print page": ("Print", "Name|Date", "[p{n} p{n}]|{d}"),
    # Shops and money
    "shop of disks": ("Disks", "Name|Size|Date", "[ssd-{n} ssd-{n}]|{n}00 GB|{d}"),
    "shop of parts": ("Parts", "Name|Price|Size", "[usb.{n}a usb.{n}a]|{n}.99|{n} GB"),
    "shop of clothes": ("Shirts", "Name|Size|Date", "[shirt-{n} shirt-{n}]|{n} M|{d}"),
    "cart": ("Contents of your cart", "Name|Size|Date", "[shirt-{n} shirt-{n}]|{n} M|{d}"),
    "orders": ("Your orders", "Name|Date|Size", "[order-{n} order-{n}]|{d}|{n} kg"),
    "invoices": ("Rechnungen", "Name|Datum|Größe", "[r-{n} r-{n}]|{d}|{n} kB"),
    "memory": ("Memory modules", "Name|Size", "[ddr{n} ddr{n}]|{n} GB"),
    "plans": ("Hosting plans", "Name|Size|Date", "[{w} {w}]|{n}0 GB|{d}"),
    "auction": ("Auctions", "Name|Ends|Size", "[lot-{n} lot-{n}]|{d}|{n} MB"),
    "houses": ("Listing for 12 Main St", "", "[photo{n} photo{n}.jpg]"),
    "jobs": ("Listing of jobs", "Name|Date", "[job{n} job{n}]|{d}"),
    "salaries": ("Jobs", "Name|Posted|Size", "[job-{n} job-{n}]|{d}|{n}0K"),
    # Machines
    "tables of a database": ("db", "[?sort=name Table]|[?sort=rows Rows]|[?sort=size Size]", "[{w} {w}]|{n}|{n} KiB"),
    "databases": ("Databases", "Name|Size", "[{w} {w}]|{n}.1 GB"),
    "indices": ("Indices", "Name|Docs|Size", "[logs-{n} logs-{n}]|{n}00|{n}.1 gb"),
    "disk usage": ("Disk usage of /pub/", "Directory|Size|Date", "[{w}/ {w}/]|{n} GB|{d}"),
    "download statistics": ("Download statistics for /pub/", "File|Downloads|Size", f"{_FILE}|{{n}}00|{{s}}"),
    "statistics in German": ("Statistik von /pub/", "Name|Datum|Größe", f"{_FILE}|{{d}}|{{s}}"),
    "statistics in Russian": ("Статистика загрузок", "Имя|Дата|Размер", f"{_FILE}|{{d}}|{{s}}"),
    "visitors": ("Usage statistics", "Name|Hits|Size", "[usage_2024{n}.html Month {n}]|{n}00|{n}M"),
    "top downloads": ("Top 12 downloads this week", "Name|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
    "recently added": ("Recently added", "Name|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
    "trash": ("Deleted files of /pub/", "Name|Deleted|Size", f"{_FILE}|{{d}}|{{s}}"),
    "trash in German": ("Papierkorb", "Name|Datum|Größe", f"{_FILE}|{{d}}|{{s}}"),
    "trash in French": ("Corbeille", "Nom|Date|Taille", f"{_FILE}|{{d}}|{{s}}"),
    "log viewer": ("Log viewer", "File|Lines|Date", "[?file={w}.log {w}.log]|{n}|{d}"),
    "processes": ("Processes", "Name|Size|Date", "[{n}00 {n}00]|{n} MB|{d}"),
    "hosts": ("Hosts", "Name|Date|Size", "[{w}.lan {w}.lan]|{d}|{n} GB"),
    "zones": ("DNS zones", "Name|Date|Size", "[{w}.example.com {w}.example.com]|{d}|{n} records"),
    "backups of a service": ("Snapshots", "Name|Date|Size", "[snap-{n} snap-{n}]|{d}|{n} GB"),
    "volumes": ("Volumes", "Name|Size|Date", "[vol-{n} vol-{n}]|{n}0 GB|{d}"),
    "jobs of a queue": ("Queue", "Name|Date|Size", "[{n}1 {n}1]|{d}|{n} KB"),
    "sensors": ("Sensors", "Name|Date", "[{w} {w}]|{d}"),
    "mirrors": ("Mirrors of app-1.0.iso", "Host|Date", "[http://{w}.test/pub/app-1.0.iso {w}.test]|{d}"),
    # Media, sports and time
    "gallery": ("Holiday", "", "[{w}/ Photo {n}]"),
    "albums": ("Albums", "Name|Date|Size", "[{w}/ {w}]|{d}|{n} photos"),
    "films": ("Films", "Name|Added|Size", "[film-{n} film-{n}]|{d}|{n}.2 GB"),
    "torrents": ("Torrents", "Name|Added|Size|Seeds", "[/t/{n} film.{n}.mkv]|{d}|{n}.2 GB|{n}"),
    "torrents by file": ("Torrents", "Name|Added|Size|Seeds", "[film.{n}.mkv.torrent film.{n}.mkv]|{d}|{n}.2 GB|{n}"),
    "songs": ("Charts", "Name|Time|Date", "[{w} {w}]|{n}:30|{d}"),
    "league": ("League table", "Name|Points|Date", "[{w} {w}]|{n}|{d}"),
    "leaderboard": ("Leaderboard", "Name|Size|Date", "[{w} {w}]|{n}k|{d}"),
    "results": ("Ergebnisse", "Name|Zeit|Datum", "[{w} {w}]|{n}:02|{d}"),
    "timetable": ("Timetable", "Name|Time|Type", "[{n}2 Line {n}2]|10:{n}0|Bus"),
    "calendar": ("Calendar", "Name|Date", "[2024-0{n} 2024-0{n}]|{d}"),
    "events": ("Événements", "Nom|Date", "[{w} {w}]|{d}"),
    "courses": ("Courses", "Name|Date|Size", "[cs{n} cs{n}]|{d}|{n} MB"),
    "recipes": ("Recetas", "Nombre|Fecha|Tamaño", "[{w} {w}]|{d}|{n} kB"),
    # In place of a listing
    "search": ("Search results for zip", "Name|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
    "search in Chinese": ("搜索结果", "名称|日期|大小", f"{_FILE}|{{d}}|{{s}}"),
    "not found": ("404 Not Found", "Name|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
    "not found in Italian": ("Pagina non trovata", "Nome|Data|Dimensione", f"{_FILE}|{{d}}|{{s}}"),
    "not found in Japanese": ("ページが見つかりません", "名前|日付|サイズ", f"{_FILE}|{{d}}|{{s}}"),
    "not found in Korean": ("페이지를 찾을 수 없습니다", "이름|날짜|크기", f"{_FILE}|{{d}}|{{s}}"),
    "denied in Spanish": ("Acceso denegado", "Nombre|Fecha|Tamaño", f"{_FILE}|{{d}}|{{s}}"),
    "denied in Polish": ("Odmowa dostępu", "Nazwa|Data|Rozmiar", f"{_FILE}|{{d}}|{{s}}"),
    "maintenance": ("Maintenance", "", _FILE),
    "maintenance in Russian": ("Технические работы", "Имя|Дата|Размер", f"{_FILE}|{{d}}|{{s}}"),
    "login": ("Log in", "Name|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
    "login in German": ("Bitte anmelden", "Name|Datum|Größe", f"{_FILE}|{{d}}|{{s}}"),
    "check for bots": ("Making sure you're not a bot!", "", _FILE),
    "quota": ("Bandwidth limit exceeded", "Name|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
    "moved": ("We have moved", "Name|Date|Size", f"{_FILE}|{{d}}|{{s}}"),
}  # fmt: skip
_LINK = re.compile(r"\[(\S+) ([^\]]*)\]")


def report(name: str, *, count: int = 11, below: str = "") -> str:
    """The page ``name`` with ``count`` rows and, after them, ``below``."""
    title, labels, cells = REPORTS[name]
    words = enumerate(_WORDS[:count], 1)
    rows = [cells.format(n=n, w=word, d=f"2024-05-{n:02}", s=f"{n}.4 MB") for n, word in words]
    return row_page(title, labels, rows, below=below)


def row_page(title: str, labels: str, rows: Iterable[str], *, above: str = "", below: str = "") -> str:
    """A page with ``rows`` in the notation of ``REPORTS``, and markup above and below them."""

    def cells(row: str, element: str) -> str:
        texts = _LINK.sub(r'<a href="\1">\2</a>', row).split("|")
        return "<tr>" + "".join(f"<{element}>{text}</{element}>" for text in texts) + "</tr>"

    if labels:
        body = f"<table>{cells(labels, 'th')}{''.join(cells(row, 'td') for row in rows)}</table>"
    else:
        body = "<ul>" + "".join("<li>" + _LINK.sub(r'<a href="\1">\2</a>', row) + "</li>" for row in rows) + "</ul>"
    return page(title, f"<h1>{title}</h1>{above}{body}{below}")
