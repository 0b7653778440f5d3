"""Pages of many kinds that are not listings, as real programs print them: name → (URL, page)."""

from __future__ import annotations

from collections.abc import Iterable

HOST = "http://host.test"
PROSE = "<p>" + "Some words that tell a reader what this is about. " * 12 + "</p>"
HOME = '<a href="/">Home</a>'


def page(title: str, body: str, *, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def links(items: Iterable[tuple[str, str]], around: str = "li") -> str:
    rows = "".join(f'<{around}><a href="{href}">{text}</a></{around}>' for href, text in items)
    return f"<ul>{rows}</ul>" if around == "li" else rows


def table(labels: str, rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{label}</th>" for label in labels.split("|")) if labels else ""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def a(href: str, text: str = "") -> str:
    return f'<a href="{href}">{text or href}</a>'


_VERSIONS = ["3.6.4", "3.6.3", "3.6.2", "3.5.0", "3.4.1", "3.4.0", "3.3.9", "3.3.8", "2.0.1", "2.0.0", "1.9"]
_DAYS = [f"2024-05-{day:02}" for day in range(1, 12)]
_WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]
_RELEASES = list(zip(_VERSIONS, _DAYS, strict=True))
_DATED = list(zip(_WORDS[:11], _DAYS, strict=True))
_GIT = "/cgit/tool.git"

OTHERS: dict[str, tuple[str, str]] = {
    # Forges and their refs
    "cgit tags": (f"{_GIT}/refs/tags", page("tool.git", HOME + a(f"{_GIT}/") + table("Tag|Download|Author|Age", (
        [a(f"{_GIT}/tag/?h=v{v}", f"v{v}"), a(f"{_GIT}/snapshot/tool-{v}.tar.gz", f"tool-{v}.tar.gz"), "A. Body",
         f'<span title="{d}">{d}</span>'] for v, d in _RELEASES)))),
    "cgit summary": (f"{_GIT}", page("tool.git - a tool", a("/cgit/", "index") + table("Branch|Commit message|Age", (
        [a(f"{_GIT}/log/?h={w}", w), a(f"{_GIT}/commit/?h={w}", "Fix"), d] for w, d in _DATED))
        + table("Tag|Download|Author|Age", ([f"v{v}", a(f"{_GIT}/snapshot/tool-{v}.tar.gz", f"tool-{v}.tar.gz"),
                                             "B", d] for v, d in _RELEASES)))),
    "cgit log": (f"{_GIT}/log/", page("tool.git", a(f"{_GIT}/", "summary") + table("Age|Commit message|Author", (
        [d, a(f"{_GIT}/commit/?id={n:040x}", "Mend"), "C"] for n, d in enumerate(_DAYS))))),
    "cgit repositories": ("/cgit/", page("Git repository browser", table("Name|Description|Owner|Idle", (
        [a(f"/cgit/{w}.git/", f"{w}.git"), "A tool", "D", "3 days"] for w in _WORDS[:6])))),
    "gitweb summary": ("/gitweb/", page("host Git", a("?o=project", "Project") + table("Project|Description|Owner|Last Change", (
        [a(f"?p={w}.git;a=summary", f"{w}.git"), "A tool", "E", "3 days ago"] for w in _WORDS)))),
    "gitweb tree": ("/gitweb/?p=tool.git;a=tree", page("host Git - tool.git/tree", table("", (
        ["-rw-r--r--", a(f"?p=tool.git;a=blob;f={w}.c", f"{w}.c"), a(f"?p=tool.git;a=history;f={w}.c", "history")]
        for w in _WORDS)))),
    "github tree": ("/o/tool", page("o/tool: a tool", a("/o") + table("Name|Last commit message|Last commit date", (
        [a(f"/o/tool/blob/main/{w}.py", f"{w}.py"), "Mend", "<time-ago>2 days ago</time-ago>"] for w in _WORDS)))),
    "github releases": ("/o/tool/releases", page("Releases · o/tool", a("/o/tool") + "".join(
        f'<section><h2>{a(f"/o/tool/releases/tag/v{v}", f"v{v}")}</h2><time datetime="{d}T00:00:00Z">{d}</time>'
        f'{a(f"/o/tool/archive/refs/tags/v{v}.tar.gz", "Source code (tar.gz)")}</section>'
        for v, d in _RELEASES))),
    "github tags": ("/o/tool/tags", page("Tags · o/tool", a("/o/tool") + links(
        (f"/o/tool/archive/refs/tags/{v}.zip", f"{v}.zip") for v in _VERSIONS))),
    "gitlab tree": ("/g/tool/-/tree/main", page("Files · main · g / tool", a("/g/tool") + table("Name|Last commit|Last update", (
        [a(f"/g/tool/-/blob/main/{w}.go", f"{w}.go"), "Mend", f'<time datetime="{d}">{d}</time>'] for w, d in _DATED)))),
    "gitea repositories": ("/explore/repos/", page("Explore", "".join(
        f'<div class="item">{a(f"/o/{w}", w)}<span>Updated 2 days ago</span></div>' for w in _WORDS))),
    "launchpad downloads": ("/tool/+download", page("Downloads : tool", a("/tool") + "".join(
        f"<h2>{v} release</h2><table>" + f'<tr><td>{a(f"/tool/3.4.x/{v}/+download/tool-{v}.tar.gz", f"tool-{v}.tar.gz")}</td><td>'
        f'{d}</td></tr></table>' for v, d in _RELEASES))),
    # Package registries
    "nuget": ("/packages/log/", page("NuGet | log", a("/packages") + table("Version|Downloads|Last updated", (
        [a(f"/packages/log/{v}", v), "120,345", d] for v, d in _RELEASES)))),
    "npm versions": ("/package/tool/", page("tool - npm", HOME + table("Version|Downloads (Last 7 Days)|Published", (
        [a(f"/package/tool/v/{v}", v), "1,234", "2 years ago"] for v in _VERSIONS)))),
    "pypi project": ("/project/tool/", page("tool · PyPI", HOME + links((f"/project/tool/{v}/", v) for v in _VERSIONS)
        + a("https://files.pythonhosted.test/tool-3.6.4.tar.gz", "tool-3.6.4.tar.gz") + " (12.3 kB view details)")),
    "pypi user": ("/user/me/", page("Profile of me", HOME + links((f"/project/{w}/", w) for w in _WORDS))),
    "cpan author": ("/~me/", page("Me - search", a("/") + table("", (
        [a(f"{w}-1.{n:02}/", f"{w}-1.{n:02}"), "A module", a(f"/CPAN/authors/id/{w}-1.{n:02}.tar.gz", "Download"), d]
        for n, (w, d) in enumerate(_DATED[:3]))) + a("?D=D", "Date"))),
    "metacpan dist": ("/dist/SOAP/", page("SOAP - metacpan", a("/dist") + "<h2>Files</h2><h2>Changes</h2>"
        + "<p>Name, version, updated</p>" + links([("Makefile.PL", "Makefile.PL")]))),
    "rubygems versions": ("/gems/tool/versions/", page("All versions of tool", a("/gems/tool") + "<ol>" + "".join(
        f'<li>{a(f"/gems/tool/versions/{v}", v)} <small>- May 01, 2024</small> <span>(23.5 KB)</span></li>'
        for v in _VERSIONS[:3]) + "</ol>")),
    "crates": ("/crates/tool/versions", page("tool - crates", a("/crates/tool") + links(
        (f"/crates/tool/{v}", v) for v in _VERSIONS))),
    "docker tags": ("/r/tool/tags/", page("tool Tags", a("/r/tool") + table("Tag|OS/ARCH|Compressed size", (
        [a(f"/layers/tool/{v}", v), "linux/amd64", "23.4 MB"] for v in _VERSIONS)))),
    "maven search": ("/artifact/org.tool/tool", page("tool", a("/artifact/org.tool") + table("Version|Usages|Date", (
        [a(f"tool/{v}", v), "12", "May, 2024"] for v in _VERSIONS)))),
    "debian package": ("/bookworm/tool", page("Debian -- Details of package tool", HOME + table("Architecture|Package Size|Files", (
        [a(f"/bookworm/{arch}/tool/download", arch), "123.4 kB", a(f"/bookworm/{arch}/tool/filelist", "[list of files]")]
        for arch in ("amd64", "arm64", "i386"))))),
    # Documentation
    "sphinx index": ("/en/latest/", page("tool documentation", a("genindex.html", "index") + links(
        (f"{w}.html", w.title()) for w in _WORDS))),
    "sphinx general index": ("/en/latest/genindex.html", page("Index — tool", "<h1>Index</h1>" + links(
        (f"api.html#{w}", w) for w in _WORDS))),
    "javadoc": ("/api/", page("Overview", "<h1>API</h1>" + table("Package|Description", (
        [a(f"org/tool/{w}/package-summary.html", f"org.tool.{w}"), "Classes"] for w in _WORDS)))),
    "rustdoc": ("/tool/latest/tool/", page("tool - Rust", "<h2>Modules</h2>" + links((f"{w}/index.html", w) for w in _WORDS))),
    "pydoc": ("/", page("Pydoc: Index of Modules", "<h1>Index of Modules</h1>" + links((f"{w}.html", w) for w in _WORDS))),
    "manual pages": ("/man/1/", page("Manual pages", a("/man/") + links((f"{w}.1", f"{w}(1)") for w in _WORDS))),
    "man page names": ("/man/1/", page("Section 1", a("/man/") + links((f"{w}.1", f"{w}.1") for w in _WORDS))),
    "release notes": ("/notes/", page("Release notes", PROSE + links((v, v) for v in _VERSIONS))),
    "changelog": ("/changelog/", page("Changelog", HOME + "".join(
        f'<h2>{a("#" + v, v)} - {d}</h2><ul><li>Mend {a(f"/issues/{n}", f"#{n}")}</li></ul>'
        for n, (v, d) in enumerate(_RELEASES)))),
    # Wikis and encyclopedias
    "wiki page": ("/wiki/Alphabet", page("Alphabet - Wiki", "<h2>Contents</h2>" + a("/") + PROSE + "".join(
        f"<p>See {a('/wiki/' + w, w)} of 2024.</p>" for w in _WORDS * 3))),
    "encyclopedia with a table of contents": ("/item/Tan", page("Tan", "<h2>目录</h2>" + HOME + links(
        (f"/item/{w}", w) for w in _WORDS * 8))),
    "wiki index": ("/wiki/Index_of_letters", page("Index of letters - Wiki", "<h1>Index of letters</h1>" + a("/") + links(
        (f"/wiki/{w}", w) for w in _WORDS))),
    "wiki category": ("/wiki/Category:Letters", page("Category:Letters", '<a href="/">Main</a>' + links(
        (f"/wiki/{w}", w) for w in _WORDS))),
    "wiki file page": ("/wiki/File:Map.png", page("File:Map.png", table("Date/Time|Dimensions|User", [
        [a("/images/a/ab/Map.png", "12:01, 3 May 2024"), "640 × 480 (12 KB)", "F"]]) + a("/images/a/ab/Map.png", "Map.png"))),
    "directory of people": ("/people/", page("Directory of members", "<h1>Directory</h1>" + a("/") + links(
        (f"{w}/", w) for w in _WORDS))),
    "wiki history": ("/w/history/", page("History of Alphabet", HOME + links(
        (f"/w/index.php?oldid={n}", f"12:0{n % 10}, 3 May 2024") for n in range(12)))),
    # Forums, blogs, news
    "forum": ("/forum/", page("Forum", HOME + table("Topic|Replies|Last post", (
        [a(f"thread-{n}.html", f"How to {w}"), "1.2K", d] for n, (w, d) in enumerate(_DATED))))),
    "forum with slashes": ("/t/", page("Topics", HOME + table("Topic|Views|Activity", (
        [a(f"{w}/", w.title()), "2.4k", "3d"] for w in _WORDS)))),
    "blog": ("/blog/", page("Blog", HOME + "".join(f"<article><h2>{a(f'{w}/', w.title())}</h2><time>{d}</time>{PROSE}</article>"
                                                   for w, d in _DATED))),
    "blog archive": ("/blog/archive/", page("Archive", a("/blog/") + links((f"/blog/{d}/", d) for d in _DAYS))),
    "blog of links": ("/2024/05/24/", page("Links for 2024-05-24", "<h1>Links for today</h1>" + a("/2024/05/") + links(
        (f"https://{w}.test/{w}", w) for w in _WORDS))),
    "article with one file": ("/news/interview/", page("Interview", a("/news/") + PROSE * 8 + links(
        [("https://social.test/michael.raedel.1", "michael.raedel.1")]))),
    "reviews of a company": ("/reviews/581cf", page("Review of a shop", a("/") + PROSE + links(
        [("/review/gousto.co.uk", "gousto.co.uk")]))),
    "news front page": ("/", page("News", links((f"/2024/{w}-wins", f"{w} wins") for w in _WORDS) + PROSE)),
    "tag cloud": ("/tags/", page("Tags", a("/") + "".join(a(f"{w}", w) + " " for w in _WORDS))),
    "podcast": ("/show/", page("A show", HOME + table("Episode|Date|Length", (
        [a(f"{n}", f"Episode {n}"), d, "45 min"] for n, d in enumerate(_DAYS))))),
    # Shops and tables
    "price list": ("/shop/", page("Prices", HOME + table("Product|Price|Size", (
        [a(f"p-{w}", w.title()), "12.99", "XL"] for w in _WORDS)))),
    "disks with capacities": ("/shop/disks/", page("Disks", a("/shop/") + table("Model|Size|Price", (
        [a(f"/shop/item/{n}", f"Disk {w}"), "512 GB", "49.90"] for n, w in enumerate(_WORDS))))),
    "comparison of software": ("/compare/", page("Comparison of tools", table("Name|License|Latest release", (
        [a(f"https://{w}.test/", w), "MIT", d] for w, d in _DATED)))),
    "table of hosts": ("/mirrors/", page("Mirrors", HOME + table("Country|Name|Updated", (
        ["DE", a(f"https://{w}.test/pub/", f"{w}.test"), d] for w, d in _DATED)))),
    "mirrors with files": ("/get/", page("Choose a mirror", HOME + table("Name|Date", (
        [a(f"https://{w}.test/pub/tool.tar.gz", "tool.tar.gz"), d] for w, d in _DATED)))),
    "timetable": ("/bus/", page("Timetable", HOME + table("Line|Time|Name", (
        [a(f"{n}", f"{n}"), "12:05", w] for n, w in enumerate(_WORDS))))),
    "calendar": ("/calendar/2024/05/", page("May 2024", a("/calendar/2024/") + table("Mo|Tu|We|Th|Fr|Sa|Su", (
        [a(f"{week * 7 + day:02}/", f"{week * 7 + day:02}") for day in range(1, 8)] for week in range(4))))),
    "results of races": ("/results/", page("Results", HOME + table("Name|Time|Date", (
        [a(f"runner/{w}", w), "2:03:59", d] for w, d in _DATED)))),
    "jobs by place": ("/jobs/", page("Jobs", HOME + links((f"?location={w}", w) for w in _WORDS))),
    "sorted products": ("/products/", page("Products", a("?sort=price") + a("?sort=name") + links(
        (f"{w}", w) for w in _WORDS[:4]))),
    "job queue": ("/queue/", page("Queue", table("Job|Size|Submitted", ([f"#{n}", "12 MB", d] for n, d in enumerate(_DAYS))))),
    # Mail archives
    "mailman months": ("/pipermail/list/", page("The list Archives", table("Archive|View by:|Downloadable version", (
        [f"{w} 2024", a(f"2024-{w}/thread.html", "[ Thread ]"), a(f"2024-{w}.txt.gz", "[ Gzip'd Text 12 KB ]")] for w in _WORDS[:4])))),
    "mail thread": ("/list/msg/", page("Re: tool", a("../") + links((f"msg{n:05}.html", "Re: tool") for n in range(12)))),
    # Login, search, errors
    "log in": ("/files/", page("Log in", "<form><input type=password name=p></form>" + a("/") + a("register"))),
    "log in under a heading": ("/files/", page("Index of /files - log in", "<h1>Please log in</h1><form><input type=password>"
                                              "</form>" + a("/", "Parent directory"))),
    "search results": ("/search?q=tool", page("Results for tool", HOME + links((f"/{w}/{w}.zip", w) for w in _WORDS))),
    "no results": ("/search/", page("Search", HOME + "<p>No files found.</p>")),
    "not found": ("/files/x/", page("404 Not Found", "<h1>Not Found</h1><hr><address>Apache/2.4 Server at host.test</address>" + HOME)),
    "apache says it works": ("/", page("Apache2 Default Page: It works", "<h1>It works!</h1>" + PROSE + a("manual") + "<address>Apache</address>")),
    "maintenance of apache": ("/docs/", page("Our docs", "<h1>Our docs</h1><p>Back soon.</p>" + a("/", "Home")
                                             + "<address>Apache/2.4.57 (Debian) Server at host.test Port 80</address>")),
    "welcome to nginx": ("/", page("Welcome to nginx!", "<h1>Welcome to nginx!</h1>" + a("http://nginx.test/", "nginx.test"))),
    "tomcat error": ("/x/", page("HTTP Status 500", "<h1>HTTP Status 500</h1><h3>Apache Tomcat/9.0.1</h3>")),
    "captive portal": ("/", page("Wi-Fi", "<h1>Accept the terms</h1>" + a("accept", "accept"))),
    "challenge": ("/", page("Just a moment...", "<h1>Checking your browser</h1>")),
    "cookies": ("/pub/", page("Before you continue", PROSE + a("accept", "Accept all"))),
    # Download pages
    "one archive of a CMS": ("/download/", page("Download", HOME + PROSE + links([("plugin-1.2.zip", "plugin-1.2.zip")]))),
    "two archives and prose": ("/download/", page("Get it", HOME + PROSE + a("tool.zip") + PROSE + a("tool.tar.gz"))),
    "download on another host": ("/downloads/", page("Downloads", HOME + table("File|Date", (
        [a(f"https://cdn.test/tool-{v}.zip", f"tool-{v}.zip"), d] for v, d in _RELEASES)))),
    "article on a file server": ("/blog/hfs/", page("A file server", a("/blog/") + PROSE * 6
                                                   + a("http://www.rejetto.com/hfs/", "HttpFileServer"))),
    # Others
    "phpinfo": ("/info/", page("phpinfo()", "<h1>PHP Version 8.2</h1>" + table("Directive|Local Value", (
        [w, "/usr/share/" + w] for w in _WORDS)) + a("http://www.php.net/", "PHP"))),
    "server status": ("/server-status", page("Apache Status", "<h1>Apache Server Status</h1>" + table("Srv|PID|Request", (
        [f"{n}", "12", "GET / HTTP/1.1"] for n in range(6))))),
    "bare links": ("/links/", page("Links", links((f"https://{w}.test/", f"{w}.test") for w in _WORDS))),
    "one application": ("/", page("App", '<div id="root"></div><script src="app.js"></script>')),
    "site map": ("/sitemap/", page("Site map", HOME + links((f"/{w}/", w.title()) for w in _WORDS))),
    "webmail": ("/mail/", page("Inbox", HOME + links((f"?folder={w}", w) for w in ("INBOX", "Sent", "Drafts", "Spam")))),
    "categories of a shop": ("/index.php?path=20", page("PCs", HOME + links((f"?path=20_{n}", f"{w} (3)") for n, w in enumerate(_WORDS)))),
}  # fmt: skip
