# ruff: noqa: E501 - pages are data, and servers do not break their lines
"""Prints a tree as HTML listings of the programs in ``crawler.listings.html.families``, each with its own escaping,
sizes, dates, sort links, link up and footer, from their sources or from real pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from tests.unit.listings.printers import LOCAL, Node


def human(size: int, units: str = "B KB MB GB TB PB", *, base: int = 1024, places: int = 1, space: str = " ") -> str:
    """``1.5 KB``: the number of the largest unit that is not less than one, rounded to ``places`` decimals."""
    value, names = float(size), units.split(" ")
    while value >= base and len(names) > 1:
        value, names = value / base, names[1:]
    number = f"{value:.{places}f}" if len(names) < len(units.split(" ")) else f"{size}"
    return f"{number}{space}{names[0]}"


def us_time(when: datetime) -> str:
    """``2/1/2024, 4:05:06 PM`` as JavaScript and Java print it, without the comma."""
    hour = when.hour % 12 or 12
    return f"{when.month}/{when.day}/{when.year} {hour}:{when:%M:%S} {'PM' if when.hour > 11 else 'AM'}"


def joined(nodes: list[Node], row: Callable[[Node], str], end: str = "\n") -> str:
    return "".join(f"{row(node)}{end}" for node in nodes)


def slash(node: Node) -> str:
    return "/" if node.directory else ""


def local(node: Node) -> datetime:
    return node.when.astimezone(LOCAL)


def caddy(nodes: list[Node]) -> str:
    def row(n: Node) -> str:
        size = (
            "<td>&mdash;</td>"
            if n.directory
            else f'<td class="size" data-size="{n.size}"><div class="sizebar"><div class="sizebar-bar"></div><div class="sizebar-text">{human(n.size, "B KiB MiB GiB TiB")}</div></div></td>'
        )
        return (
            f'<tr class="file"><td></td><td><a href="./{n.href()}"><svg width="1.5em"><use xlink:href="#{"folder" if n.directory else "file"}"></use></svg>'
            f'<span class="name">{n.shown}{slash(n)}</span></a></td>{size}<td class="timestamp hideable">'
            f'<time datetime="{n.when:%Y-%m-%dT%H:%M:%SZ}">{n.when:%m/%d/%Y %I:%M:%S %p +00:00}</time></td><td class="hideable"></td></tr>'
        )

    directories = sum(node.directory for node in nodes)
    return (
        '<!DOCTYPE html><html><head><title>pub</title><meta charset="utf-8"></head><body><header><div class="wrapper"><div class="breadcrumbs">Folder Path</div>'
        f'<h1><a href="../">/</a><a href="">pub</a>/</h1></div></header><div class="wrapper"><main><div class="meta"><div id="summary"><span class="meta-item"><b>{directories}</b> directories</span>'
        f'<span class="meta-item"><b>{len(nodes) - directories}</b> files</span></div></div><div class="listing"><table aria-describedby="summary"><thead><tr><th></th><th><a href="?sort=namedirfirst&order=desc">Name</a></th>'
        '<th class="size"><a href="?sort=size&order=asc">Size</a></th><th class="hideable"><a href="?sort=time&order=asc">Modified</a></th><th class="hideable"></th></tr></thead><tbody>'
        f'<tr><td></td><td><a href=".."><svg></svg><span class="go-up">Up</span></a></td><td></td><td></td><td></td></tr>{joined(nodes, row)}</tbody></table></div></main></div>'
        '<footer>Served with <a rel="noopener noreferrer" href="https://caddyserver.com">Caddy</a></footer></body></html>'
    )


def artifactory(nodes: list[Node]) -> str:
    rows = joined(
        nodes,
        lambda n: (
            f'<a href="{n.href()}">{n.shown}{slash(n)}</a>  {n.when:%d-%b-%Y %H:%M}  {"  -" if n.directory else human(n.size, "bytes KB MB GB TB", places=2)}'
        ),
    )
    return (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html>\n<head><meta name="robots" content="noindex" />\n<title>Index of libs/pub</title>\n</head>\n<body>\n<h1>Index of libs/pub</h1>\n'
        f'<pre>Name     Last modified      Size</pre><hr/>\n<pre><a href="../">../</a>\n{rows}</pre>\n<hr/><address style="font-size:small;">Artifactory/7.63.14 Server at host.test Port 80</address></body></html>'
    )


def twisted(nodes: list[Node]) -> str:
    def size(n: Node) -> str:
        power = 0 if n.size < 1024 else 1 if n.size < 1 << 20 else 2 if n.size < 1 << 30 else 3
        return f"{n.size >> 10 * power}{'BKMG'[power]}"

    rows = joined(
        nodes,
        lambda n: (
            f'<tr class="odd">\n    <td><a href="{n.href()}">{n.shown}{slash(n)}</a></td>\n    <td>{"" if n.directory else size(n)}</td>\n'
            f"    <td>[{'Directory' if n.directory else 'text/html'}]</td>\n    <td></td>\n</tr>"
        ),
    )
    return (
        "<html>\n<head>\n<title>Directory listing for /pub/</title>\n<style>\n.even-dir { background-color: #efe0ef }\n</style>\n</head>\n\n<body>\n<h1>Directory listing for /pub/</h1>\n\n<table>\n    <thead>\n        <tr>\n"
        f"            <th>Filename</th>\n            <th>Size</th>\n            <th>Content type</th>\n            <th>Content encoding</th>\n        </tr>\n    </thead>\n    <tbody>\n{rows}    </tbody>\n</table>\n\n</body>\n</html>\n"
    )


def tomcat(nodes: list[Node]) -> str:
    def size(n: Node) -> str:
        whole, tenth = n.size // 1024, n.size % 1024 // 103
        return f"{whole}.{1 if n.size and not (whole or tenth) else tenth} kb"

    rows = joined(
        nodes,
        lambda n: (
            f'<tr>\r\n<td align="left">&nbsp;&nbsp;\r\n<a href="/pub/{n.href(safe="*~")}"><tt>{n.shown}{slash(n)}</tt></a></td>\r\n'
            f'<td align="right"><tt>{"&nbsp;" if n.directory else size(n)}</tt></td>\r\n<td align="right"><tt>{n.when:%a, %d %b %Y %H:%M:%S} GMT</tt></td>\r\n</tr>'
        ),
        end="\r\n",
    )
    return (
        '<!doctype html><html>\r\n<head>\r\n<title>Directory Listing For [/pub/] - Up To [/]</title>\r\n<style>body {font-family:Tahoma;}</style> </head>\r\n<body><h1>Directory Listing For [/pub/] - <a href="/"><b>Up To [/]</b></a></h1><hr class="line">'
        '<table width="100%" cellspacing="0" cellpadding="5" align="center">\r\n<tr>\r\n<td align="left"><font size="+1"><strong>Filename</strong></font></td>\r\n<td align="center"><font size="+1"><strong>Size</strong></font></td>\r\n'
        f'<td align="right"><font size="+1"><strong>Last Modified</strong></font></td>\r\n</tr>{rows}</table>\r\n<hr class="line"><h3>Apache Tomcat/9.0.80</h3></body>\r\n</html>\r\n'
    )


def jetty(nodes: list[Node]) -> str:
    def row(n: Node) -> str:
        when = f"{local(n):%b} {local(n).day}, {local(n).year}, {us_time(local(n)).partition(' ')[2]}"
        return f'<tr><td class="name"><a href="/pub/{n.href()}">{n.shown}{slash(n)}&nbsp;</a></td><td class="lastmodified">{when}&nbsp;</td><td class="size">{4096 if n.directory else n.size:,} bytes&nbsp;</td></tr>'

    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<link href="jetty-dir.css" rel="stylesheet" />\n<title>Directory: /pub/</title>\n</head>\n<body>\n<h1 class="title">Directory: /pub/</h1>\n<table class="listing">\n<thead>\n'
        '<tr><th class="name"><a href="?C=N&O=D">Name&nbsp; &#8679;</a></th><th class="lastmodified"><a href="?C=M&O=A">Last Modified</a></th><th class="size"><a href="?C=S&O=A">Size</a></th></tr>\n</thead>\n<tbody>\n'
        f'<tr><td class="name"><a href="/">Parent Directory</a></td><td class="lastmodified">-</td><td>-</td></tr>\n{joined(nodes, row)}</tbody>\n</table>\n</body></html>\n'
    )


def svn(nodes: list[Node]) -> str:
    rows = joined(nodes, lambda n: f'  <li><a href="{n.href()}">{n.shown}{slash(n)}</a></li>')
    return (
        '<html><head><title>p - Revision 12: /pub</title></head>\n<body>\n <h2>p - Revision 12: /pub</h2>\n <ul>\n  <li><a href="../">..</a></li>\n'
        f'{rows} </ul>\n <hr noshade><em>Powered by <a href="http://subversion.apache.org/">Apache Subversion</a> version 1.14.1 (r1886195).</em>\n</body></html>'
    )


def hfs(nodes: list[Node]) -> str:
    def row(n: Node) -> str:
        size = "<i>folder</i>" if n.directory else human(n.size, " K M G T", places=2).strip() + "B"
        return (
            f"<tr class='even'><td><input type='checkbox' name='selection' value=\"{n.href()}\"><a href=\"{n.href()}\"><img src='/~img{0 if n.directory else 2}' /> {n.shown}</a>"
            f"<td align=right>{size}<td align=right>{us_time(local(n))}<td align=right>0"
        )

    return (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"><html><head><meta http-equiv="content-type" content="text/html; charset=UTF-8" /><title>HFS /pub/</title></head><body><div id=\'panel\'><fieldset id=\'folder-panel\'>'
        "<div id='breadcrumbs'><a href=\"/\">Home</a> <a href=\"/pub/\">pub</a></div></fieldset></div><div id='files_outer'><form method='post'><table id='files'><tr><th><a href=\"?sort=n\">Name</a><a href=\"?sort=e\">.extension</a>"
        f'<th><a href="?sort=s">Size</a><th><a href="?sort=!t">Timestamp</a><th><a href="?sort=d">Hits</a>{joined(nodes, row)}</table></form></div><div>Uptime: 01:02:03</div><a href="http://www.rejetto.com/hfs/">HttpFileServer 2.3m</a></body></html>'
    )


def h5ai(nodes: list[Node]) -> str:
    def row(n: Node) -> str:
        icon = "folder" if n.directory else "file"
        size = "" if n.directory else f"{n.size // 1000} KB"
        return (
            f'<tr><td class="fb-i"><img src="/_h5ai/public/images/fallback/{icon}.png" alt="{icon}"/></td><td class="fb-n"><a href="/pub/{n.href()}">{n.shown}</a></td>'
            f'<td class="fb-d">{local(n):%Y-%m-%d %H:%M}</td><td class="fb-s">{size}</td></tr>'
        )

    return (
        '<!DOCTYPE html><html class="no-js" lang="en"><head><meta charset="utf-8"><title>index - powered by h5ai v0.30.0 (https://larsjung.de/h5ai/)</title><link rel="stylesheet" href="/_h5ai/public/css/styles.css"></head><body class="index">'
        '<div id="fallback"><table><tr><th class="fb-i"></th><th class="fb-n"><span>Name</span></th><th class="fb-d"><span>Last modified</span></th><th class="fb-s"><span>Size</span></th></tr>'
        f'<tr><td class="fb-i"><img src="/_h5ai/public/images/fallback/folder-parent.png" alt="folder-parent"/></td><td class="fb-n"><a href="..">Parent Directory</a></td><td class="fb-d"></td><td class="fb-s"></td></tr>{joined(nodes, row)}</table></div></body></html>'
    )


def litespeed(nodes: list[Node]) -> str:
    def row(n: Node) -> str:
        icon, alt = ("folder-fill", "Directory") if n.directory else ("file", "[FILE]")
        sort, size = ("-1", "-") if n.directory else (str(n.size), f"{-(-n.size // 1024)}k")
        return (
            f'<tr><td data-sort="{"*" * n.directory}{n.shown}"><a href="/pub/{n.href()}"><img class="icon" src="/_autoindex/assets/icons/{icon}.svg" alt="{alt}">{n.shown}</a></td>'
            f'<td data-sort="{int(n.when.timestamp())}">{n.when:%Y-%m-%d %H:%M}</td><td data-sort="{sort}">{size}</td></tr>'
        )

    return (
        '<!DOCTYPE html><html><head><meta http-equiv="Content-type" content="text/html; charset=UTF-8" /><link rel="stylesheet" href="/_autoindex/assets/css/autoindex.css" /><script src="/_autoindex/assets/js/tablesort.js"></script><title>Index of /pub/</title></head>'
        '<body><div class="content"><h1 style="color: #555;">Index of /pub/</h1>\n<div id="table-list"><table id="table-content"><thead class="t-header"><tr><th class="colname" aria-sort="ascending"><a class="name" href="?ND"  onclick="return false"">Name</a></th>'
        '<th class="colname" data-sort-method="number"><a href="?MA"  onclick="return false"">Last Modified</a></th><th class="colname" data-sort-method="number"><a href="?SA"  onclick="return false"">Size</a></th></tr></thead>\n'
        f'<tr data-sort-method="none"><td><a href="/"><img class="icon" src="/_autoindex/assets/icons/corner-left-up.svg" alt="Up">Parent Directory</a></td><td></td><td></td></tr>\n{joined(nodes, row)}</table></div>\n'
        '<address>Proudly Served by LiteSpeed Web Server at host.test Port 443</address></div><script>\nnew Tablesort(document.getElementById("table-content"));\n</script></body></html>'
    )


def thttpd(nodes: list[Node]) -> str:
    def line(mode: str, size: int, when: str, href: str, text: str, kind: str) -> str:
        return f'{mode}  {2 if kind else 1:>3}  {size:>10}  {when}  <A HREF="{href}">{text}</A>{kind}\n'

    rows = "".join(
        line(
            "dr-x" if n.directory else "-r--",
            4096 if n.directory else n.size,
            f"{local(n):%b %d %H:%M}",
            f"/pub/{n.href()}",
            n.shown,
            slash(n),
        )
        for n in nodes
    )
    dots = line("dr-x", 4096, "Dec 28 13:55", "/pub/./", ".", "/") + line(
        "dr-x", 4096, "Dec 28 13:55", "/pub/../", "..", "/"
    )
    return (
        '<!DOCTYPE html>\n\n<HTML>\n\n  <HEAD>\n    <meta charset=utf-8>\n    <TITLE>Index of /pub/</TITLE>\n  </HEAD>\n\n  <BODY BGCOLOR="#99cc99">\n\n    <H2>Index of /pub/</H2>\n\n    <PRE>\nmode  links       bytes  last-changed  name\n<HR>'
        f"{dots}{rows}    </PRE>\n  </BODY>\n</HTML>\n"
    )


def webfs(nodes: list[Node]) -> str:
    def size(n: Node) -> str:
        if n.directory:
            return "  &lt;DIR&gt;  "
        for limit, power, unit in ((9 << 10, 0, " B"), (9 << 20, 10, "kB"), (9 << 30, 20, "MB"), (9 << 40, 30, "GB")):
            if n.size < limit:
                return f"{n.size >> power:5} {unit}  "
        return f"{n.size >> 40:5} TB  "

    rows = joined(
        nodes,
        lambda n: (
            f'{"drwxr-xr-x" if n.directory else "-rw-r--r--"}  root      root      {local(n):%b %d  %Y}  {size(n)}<a href="{n.href()}">{n.shown}</a>'
        ),
    )
    return (
        '<head><title>host.test:8000/pub/</title></head>\n<body bgcolor=white text=black link=darkblue vlink=firebrick alink=red>\n<h1>listing: \n<a href="/">/</a><a href="/pub/">pub/</a>\n</h1><hr noshade size=1><pre>\n'
        f'<b>access      user      group     date             size  name</b>\n\ndrwxr-xr-x  root      root      Feb 01  2024    &lt;DIR&gt;  <a href="../">..</a>\n{rows}</pre><hr noshade size=1>\n'
        '<small><a href="http://bytesex.org/webfs.html">webfs/1.21</a> &nbsp; 01/Feb/2024 10:11:12 GMT</small>\n</body>\n'
    )


def darkhttpd(nodes: list[Node]) -> str:
    rows = joined(
        nodes, lambda n: f'<a href="{n.href()}">{n.shown}</a>' + ("/" if n.directory else f"{' ' * 8}{n.size:>12}")
    )
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<title>/pub/</title>\n<meta name="viewport" content="width=device-width">\n</head>\n<body>\n<h1>/pub/</h1>\n<pre>\n'
        f'<a href="..">..</a>/\n{rows}</pre>\n<hr>\nGenerated by darkhttpd/1.14 on Thu, 01 Feb 2024 10:11:12 GMT\n</body>\n</html>\n'
    )


def mini_httpd(nodes: list[Node]) -> str:
    def line(href: str, text: str, when: str, size: int) -> str:
        return f'<a href="{href}">{text}</a>    {when:>15}  {size:>14}\n'

    dots = line(".", ".", "17Oct2022 17:35", 4096) + line("..", "..", "17Oct2022 17:35", 4096)
    rows = "".join(
        line(quote(n.name, safe="-_.~"), n.shown, f"{local(n):%d%b%Y %H:%M}", 4096 if n.directory else n.size)
        for n in nodes
    )
    return (
        '<!DOCTYPE HTML>\n<html>\n  <head>\n    <meta http-equiv="Content-type" content="text/html;charset=UTF-8">\n    <title>Index of /pub/</title>\n  </head>\n  <body bgcolor="#99cc99">\n    <h4>Index of /pub/</h4>\n    <pre>\n'
        f'{dots}{rows}    </pre>\n    <hr>\n    <address><a href="http://www.acme.com/software/mini_httpd/">mini_httpd/1.30 26Oct2018</a></address>\n  </body>\n</html>\n'
    )


def serve_index(nodes: list[Node]) -> str:
    def item(href: str, icon: str, text: str, size: str, when: str) -> str:
        return f'<li><a href="{href}" class="icon {icon}" title="{text}"><span class="name">{text}</span><span class="size">{size}</span><span class="date">{when}</span></a></li>'

    rows = joined(
        nodes,
        lambda n: item(
            f"/pub/{quote(n.name, safe='!*()')}",
            "icon-directory" if n.directory else "icon icon-txt icon-text",
            n.shown.replace("'", "&#39;"),
            "" if n.directory else str(n.size),
            us_time(local(n)),
        ),
    )
    return (
        '<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=\'utf-8\'>\n    <title>listing directory /pub/</title>\n  </head>\n  <body class="directory">\n    <input id="search" type="text" placeholder="Search" autocomplete="off" />\n    <div id="wrapper">\n'
        '      <h1><a href="/">~</a> / <a href="/pub">pub</a> / </h1>\n      <ul id="files" class="view-details"><li class="header"><span class="name">Name</span><span class="size">Size</span><span class="date">Modified</span></li>\n'
        f"{item('/', 'icon-directory', '..', '', '')}\n{rows}</ul>\n    </div>\n  </body>\n</html>\n"
    )


def ecstatic(nodes: list[Node]) -> str:
    def line(icon: str, mode: str, when: str, size: str, href: str, text: str) -> str:
        return (
            f'<tr><td><i class="icon {icon}"></i></td><td class="perms"><code>({mode})</code></td><td class="last-modified">{when}</td><td class="file-size"><code>{size}</code></td>'
            f'<td class="display-name"><a href="{href}">{text}</a></td></tr>\n'
        )

    rows = "".join(
        line(
            "icon-_blank" if n.directory else "icon-txt",
            "drwxr-xr-x" if n.directory else "-rw-r--r--",
            f"{n.when:%d-%b-%Y %H:%M}",
            "" if n.directory else human(n.size, "B k M G T", space=""),
            f"./{n.href()}",
            n.shown + slash(n),
        )
        for n in nodes
    )
    up = line("icon-_blank", "drwxr-xr-x", "01-Feb-2024 10:11", "", "../", "../")
    return (
        '<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset="utf-8">\n    <meta name="viewport" content="width=device-width">\n    <title>Index of /pub/</title>\n    <style type="text/css">i.icon { display: block; }</style>\n  </head>\n  <body>\n'
        f'<h1>Index of /pub/</h1>\n<table>{up}{rows}</table>\n<br><address>Node.js v18.16.0/ <a href="https://github.com/http-party/http-server">http-server</a> server running @ host.test:8080</address>\n</body></html>'
    )


def directorylister(nodes: list[Node]) -> str:
    def row(n: Node) -> str:
        href = f"?dir=pub/{quote(n.name, safe='')}" if n.directory else f"pub/{n.href()}"
        icon, size = (
            ("fa-folder", "-") if n.directory else ("fa-file", human(n.size, "B KB MB GB TB", places=2, space=""))
        )
        return (
            f'<li data-name="{n.shown}" data-href="{href}"><a href="{href}" class="clearfix" data-name="{n.shown}"><div class="row"><span class="file-name col-md-7 col-sm-6 col-xs-9"><i class="fa {icon} fa-fw"></i> {n.shown} </span>'
            f'<span class="file-size col-md-2 col-sm-2 col-xs-3 text-right"> {size} </span><span class="file-modified col-md-3 col-sm-4 hidden-xs text-right"> {local(n):%Y-%m-%d %H:%M:%S} </span></div></a></li>'
        )

    return (
        '<!DOCTYPE html><html><head><title>Directory listing of http://host.test/pub/</title><meta charset="utf-8"></head><body><div id="page-navbar" class="navbar navbar-default navbar-fixed-top"><div class="container"><p class="navbar-text">'
        '<a href="http://host.test/">Home</a> &raquo; <a href="?dir=pub">pub</a></p></div></div><div id="page-content" class="container"><div id="directory-list-header"><div class="row"><div class="col-md-7">File</div><div class="col-md-2 text-right">Size</div>'
        f'<div class="col-md-3 text-right">Last Modified</div></div></div><ul id="directory-listing" class="nav nav-pills nav-stacked">{joined(nodes, row)}</ul></div>'
        '<div class="footer">Powered by, <a href="http://www.directorylister.com">Directory Lister</a></div></body></html>'
    )


def pypi_simple(nodes: list[Node]) -> str:
    rows = joined(
        nodes,
        lambda n: (
            f'    <a href="https://files.test/packages/ab/cd/{n.href()}#sha256={hashlib.sha256(n.name).hexdigest()}" data-requires-python="&gt;=3.8">{n.shown}</a><br />'
        ),
    )
    return (
        '<!DOCTYPE html>\n<html>\n  <head>\n    <meta name="pypi:repository-version" content="1.1">\n    <title>Links for thing</title>\n  </head>\n  <body>\n    <h1>Links for thing</h1>\n'
        f"{rows}</body>\n</html>\n<!--SERIAL 12345-->"
    )


def swift(nodes: list[Node]) -> str:
    def size(n: Node) -> str:
        value, power = n.size, -1
        while value >= 1024:
            value, power = round(value / 1024), power + 1
        return f"{value}{'KMGTPE'[power]}i" if power >= 0 else f"{value}"

    def row(n: Node) -> str:
        kind = "subdir" if n.directory else "type-application type-octet-stream"
        facts = ("&nbsp;", "&nbsp;") if n.directory else (size(n), f"{n.when:%Y-%m-%d %H:%M:%S}")
        return f'   <tr class="item {kind}">\n    <td class="colname"><a href="{n.href()}">{n.shown}{slash(n)}</a></td>\n    <td class="colsize">{facts[0]}</td>\n    <td class="coldate">{facts[1]}</td>\n   </tr>'

    return (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html>\n <head>\n  <title>Listing of /v1/AUTH_x/c/pub/</title>\n </head>\n <body>\n  <h1 id="title">Listing of /v1/AUTH_x/c/pub/</h1>\n'
        '  <table id="listing">\n   <tr id="heading">\n    <th class="colname">Name</th>\n    <th class="colsize">Size</th>\n    <th class="coldate">Date</th>\n   </tr>\n   <tr id="parent" class="item">\n    <td class="colname"><a href="../">../</a></td>\n'
        f'    <td class="colsize">&nbsp;</td>\n    <td class="coldate">&nbsp;</td>\n   </tr>\n{joined(nodes, row)}  </table>\n </body>\n</html>\n'
    )


def miniserve(nodes: list[Node]) -> str:
    def row(n: Node) -> str:
        kind = "directory" if n.directory else "file"
        size = "" if n.directory else human(n.size, "B KiB MiB GiB TiB", places=2)
        title = "" if n.directory else f' title="{n.size} Bytes"'
        phone = "" if n.directory else f'<span class="mobile-info size"{title}>{size}</span>'
        return (
            f'<tr class="entry-type-{kind}"><td><p><a class="{kind}" href="/pub/{n.href()}">{n.shown}{slash(n)}</a>{phone}</p></td><td class="size-cell"{title}>{size}</td>'
            f'<td class="date-cell"><span>{n.when:%Y-%m-%d %H:%M:%S +00:00}</span> <span class="history">(2 years ago)</span></td></tr>'
        )

    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>/pub/</title></head><body id="drop-container"><nav><div class="theme"><ul class="theme"><li><a href="">Theme</a></li></ul></div></nav><div class="container"><span id="top"></span><h1 class="title" dir="ltr"><a href="/">host.test:8080</a>/<bdi>pub</bdi>/</h1>'
        '<table><thead><th class="name"><span><a href="?sort=name&amp;order=asc" title="Sort by name in ascending order">Name</a></span></th><th class="size"><span><a href="?sort=size&amp;order=asc">Size</a></span></th><th class="date"><span><a href="?sort=date&amp;order=asc">Last modification</a></span></th></thead>'
        f'<tbody><tr><td colspan="3"><p><span class="root-chevron"></span><a class="root" href="../">Parent directory</a></p></td></tr>{joined(nodes, row)}</tbody></table><a class="back" href="#top">^</a><div class="footer"><div class="version"><a href="https://github.com/svenstaro/miniserve">miniserve</a>/0.24.0</div></div></div></body></html>'
    )


def simple_http_server(nodes: list[Node]) -> str:
    rows = joined(
        nodes,
        lambda n: (
            f'<tr>\n  <td><a href="/pub/{n.href()}"{" style=" + chr(34) + "font-weight: bold;" + chr(34) if n.directory else ""}>{n.shown}{slash(n)}</a></td>\n  <td style="color:#888;">[{n.when:%Y-%m-%d %H:%M:%S}]</td>\n'
            f"  <td><bold>{'' if n.directory else human(n.size, 'B KB MB GB TB', places=2)}</bold></td>\n</tr>"
        ),
    )
    return (
        '<!DOCTYPE html><html><head>\n  <meta charset="utf-8">\n  <title>Index of /pub/</title>\n  <style> body{font-family:sans-serif} </style>\n</head>\n<body>\n  <h1>Index of <a href="/"><strong>[Root]</strong></a> / <a href="/pub/">pub</a></h1>\n  <hr />\n  <table>\n'
        '<tr>\n <th><a href="?sort=name&order=asc">Name</a></th><th><a href="?sort=modified&order=asc">Last modified</a></th><th><a href="?sort=size&order=asc">Size</a></th>\n</tr>\n'
        f'<tr>\n  <td><a href="/"> [Up]</a></td>\n  <td></td>\n  <td></td>\n</tr>\n{rows}  </table>\n</body></html>'
    )


def fancyindex(nodes: list[Node]) -> str:
    sorts = "".join(
        f'<th><a href="?C={key}&amp;O=A">{word}</a>&nbsp;<a href="?C={key}&amp;O=D">&nbsp;&darr;&nbsp;</a></th>'
        for key, word in (("N", "File Name"), ("S", "File Size"), ("M", "Date"))
    )
    rows = joined(
        nodes,
        lambda n: (
            f'<tr><td class="link"><a href="{n.href()}" title="{n.shown}">{n.shown}{slash(n)}</a></td><td class="size">{"-" if n.directory else human(n.size, "B KiB MiB GiB TiB")}</td><td class="date">{local(n):%Y-%b-%d %H:%M}</td></tr>'
        ),
    )
    return (
        '<!DOCTYPE html><html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"><meta name="viewport" content="width=device-width"><style type="text/css">body,html {background:#fff;}</style>\n\n<title>Index of /pub/</title>\n</head><body><h1>Index of /pub/</h1>\n'
        f'<table id="list"><thead><tr>{sorts}</tr></thead>\n<tbody><tr><td class="link"><a href="../">Parent directory/</a></td><td class="size">-</td><td class="date">-</td></tr>{rows}</tbody></table></body></html>'
    )


def apache_like(nodes: list[Node]) -> str:
    rows = joined(
        nodes,
        lambda n: (
            f'<img src="/icons/{"folder" if n.directory else "unknown"}.gif" alt="[{"DIR" if n.directory else "TXT"}]"> <a href="{n.href()}">{n.shown}{slash(n)}</a>   {local(n):%d-%b-%Y %H:%M}  {"-" if n.directory else human(n.size, "B K M G T", space="").removesuffix("B"):>6}'
        ),
    )
    return (
        "<html><head><title>Files in /pub/</title></head><body><h1>Files in /pub/</h1><pre>     Name                    Last modified       Size<hr>"
        f'<img src="/icons/back.gif" alt="[PARENTDIR]"> <a href="../">Parent Directory</a>\n{rows}</pre><hr></body></html>\n'
    )


def script_calls(nodes: list[Node]) -> str:
    def text(facts: str) -> str:
        return "'" + facts.replace("\\", "\\\\").replace("'", "\\'").replace("</", "<\\/") + "'"

    rows = joined(
        nodes,
        lambda n: (
            f"_d({text(n.text)},{text(f'{n.when:%Y-%m-%d %H:%M}')},{text('/pub/' + n.href())});"
            if n.directory
            else f"_f({text(n.text)},{n.size},{text(f'{n.when:%Y-%m-%d %H:%M}')},{text('/pub/' + n.href())},{int(n.when.timestamp())});"
        ),
    )
    return f"<!DOCTYPE html><html><head><title>pub</title><script src='/indexes.js'></script></head><body><script>\n_h('/pub/');\n{rows}_t();\n</script></body></html>"


def undertow(nodes: list[Node]) -> str:
    rows = "".join(
        f"<tr class='even'><td><a class='icon {'dir' if n.directory else 'file'}' href='/pub/{n.href()}'>{n.shown}{slash(n)}</a></td>"
        f"<td>{local(n):%b %d, %Y %I:%M:%S %p}</td><td>{'--' if n.directory else human(n.size, 'Bytes KB MB GB TB PB')}</td></tr>"
        for n in nodes
    )
    return (
        "<html><head><script src='?js'></script><link rel='stylesheet' type='text/css' href='?css' /></head><body onresize='growit()' onload='growit()'>"
        "<table id='thetable'><thead><tr><th class='loc' colspan='3'>Directory Listing - /pub/</th></tr><tr><th class='label offset'>Name</th>"
        "<th class='label'>Last Modified</th><th class='label'>Size</th></tr></thead><tfoot><tr><th class=\"loc footer\" colspan=\"3\">Powered by Undertow</th>"
        "</tr></tfoot><tbody><tr class='odd'><td><a class='icon up' href='/'>[..]</a></td><td>Sep 13, 2020 12:26:40 PM</td><td>--</td></tr>"
        f"{rows}</tbody></table></body></html>"
    )


def maven_central(nodes: list[Node]) -> str:
    rows = joined(
        nodes,
        lambda n: (
            f'<a href="{n.href()}" title="{n.shown}{slash(n)}">{n.shown}{slash(n)}</a>          '
            f"{f'{n.when:%Y-%m-%d %H:%M}'}{'-' if n.directory else n.size:>10}      "
        ),
    )
    return (
        "\n<!DOCTYPE html>\n<html>\n\n<head>\n\t<title>Central Repository: a/pub</title>\n\t<style>\nbody {}\n\t</style>\n</head>\n\n<body>\n"
        '\t<header>\n\t\t<h1>a/pub</h1>\n\t</header>\n\t<hr/>\n\t<main>\n\t\t<pre id="contents">\n<a href="../">../</a>\n'
        f"{rows}\t\t</pre>\n\t</main>\n\t<hr/>\n</body>\n\n</html>"
    )


def ipfs_gateway(nodes: list[Node]) -> str:
    rows = "".join(
        f'<div class="type-icon"><div class="ipfs-_blank">&nbsp;</div></div><div><a href="/pub/{n.href()}">{n.shown}</a></div>'
        f'<div class="nowrap"><a class="ipfs-hash" translate="no" href="/ipfs/Qm{i}?filename={n.href()}">Qm{i}</a></div>'
        f'<div class="nowrap" title="Cumulative size of IPFS DAG">{human(n.size)}</div>\n'
        for i, n in enumerate(nodes)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8" />\n<meta name="description" content="A directory of content-addressed files hosted on IPFS.">\n'
        '<title>/pub/</title></head>\n<body>\n<header id="header"><nav><a href="https://ipfs.tech" target="_blank">About IPFS</a></nav></header>\n<main id="main">\n'
        '<header><div><strong>Index of <a href="/ipfs">ipfs</a>/<a href="/pub/">pub</a></strong></div></header>\n<section>\n<div class="grid dir">\n'
        f'<div class="type-icon"></div><div><a href="/pub/..">..</a></div><div></div><div></div>\n{rows}</div>\n</section>\n</main>\n</body>\n</html>\n'
    )


def jenkins(nodes: list[Node]) -> str:
    def facts(n: Node) -> str:
        if n.directory:
            return '<td class="fileSize"></td><td></td>'
        return f'<td class="fileSize">{local(n):%b %d, %Y, %I:%M:%S %p}</td><td class="fileSize">{human(n.size, "B KiB MiB GiB TiB PiB", places=2)}</td>'

    rows = "".join(
        f'<tr><td><svg class="icon-sm"></svg></td><td><a href="{n.href()}">{n.shown}</a>{" /" if n.directory else ""}</td>{facts(n)}</tr>'
        for n in nodes
    )
    return (
        '<!DOCTYPE html><html><head data-rooturl=""><title>userContent [Jenkins]</title></head><body id="jenkins"><a href="#skip2content">Skip to content</a>'
        '<div class="login"><a href="/login?from=%2Fpub%2F"><b>log in</b></a></div><ol class="breadcrumbs" id="breadcrumbs"><li><a href="/">Dashboard</a></li></ol>'
        '<div id="main-panel"><h1></h1><div class="dirTree"><div class="parentPath"><form action="/pub/" method="get"><a href="/pub/"></a> <a href=".">/pub/</a> / '
        '<input type="text" name="pattern" value=""><input type="submit"></form></div>'
        f'<table class="fileList">{rows}</table></div></div></body></html>'
    )


def squid_ftp(nodes: list[Node]) -> str:
    rows = "".join(
        f'<A HREF="{n.href()}"><IMG BORDER=0 SRC="/icons/silk/{"folder" if n.directory else "page_white"}.png" ALT="[{"DIR" if n.directory else "FILE"}]"></A> '
        f'<A HREF="{n.href()}">{n.shown}</A>. . . . {local(n):%b %d  %Y} {"" if n.directory else f"{n.size // 1024 + 1}k"} '
        f'<A HREF="{n.href()};type=a"><IMG BORDER="0" SRC="/icons/silk/page.png" ALT="[VIEW]"></A> '
        f'<A HREF="{n.href()};type=i"><IMG BORDER="0" SRC="/icons/silk/disk.png" ALT="[DOWNLOAD]"></A>\n'
        for n in nodes
    )
    return (
        "<!DOCTYPE html>\n<HTML><HEAD><TITLE>\nFTP Directory: ftp://host.test/pub/\n</TITLE>\n</HEAD><BODY>\n"
        '<H2>\nFTP Directory: <A HREF="/">ftp://host.test</A>/<A HREF="/pub/">pub</A>/</H2>\n<PRE>\n<A HREF="../"><IMG BORDER=0 SRC="/icons/silk/arrow_up.png" '
        f'ALT="[DIRUP]"></A> <A HREF="../">Parent Directory</A> \n{rows}</PRE>\n<HR noshade size="1px">\n<ADDRESS>\nGenerated Mon, 30 Nov 2026 by proxy (squid/3.5)\n'
        "</ADDRESS></BODY></HTML>\n"
    )
