# ruff: noqa: E501 - pages are data, and servers do not break their lines
"""Small pages as servers, scripts and themes print them, written for these tests, and their entries.

A listing is (id, url, page, names in order; directories end in a slash). The other pages may occur where a listing is expected but must never be taken for one.
"""

from __future__ import annotations

LISTINGS: list[tuple[str, str, str, list[str]]] = [
    (
        "nginx",
        "http://h/pub/",
        "<html>\r\n<head><title>Index of /pub/</title></head>\r\n<body>\r\n<h1>Index of /pub/</h1><hr><pre>"
        '<a href="../">../</a>\r\n<a href="sub%20dir/">sub dir/</a>   01-Feb-2024 10:11        -\r\n'
        '<a href="a%26b.zip">a&amp;b.zip</a>   01-Feb-2024 10:12     1234\r\n</pre><hr></body>\r\n</html>\r\n',
        ["sub dir/", "a&b.zip"],
    ),
    (
        "apache-themed-header-and-readme",
        "http://h/pub/",
        '<!DOCTYPE html><html><head><title>Mirror</title></head><body><nav><a href="/">Home</a><a href="news/">News</a></nav>'
        "<h1>Welcome</h1><p>Rules apply.</p><pre><img src='/icons/blank.gif' alt='Icon '> <a href='?C=N;O=D'>Name</a>"
        "   <a href='?C=M;O=A'>Last modified</a> <a href='?C=S;O=A'>Size</a><hr>"
        "<img src='/icons/back.gif' alt='[DIR]'> <a href='/'>Parent Directory</a>      -\n"
        "<img src='/icons/folder.gif' alt='[DIR]'> <a href='x/'>x/</a>  2024-02-01 10:11    -\n"
        "<img src='/icons/unknown.gif' alt='[   ]'> <a href='y.bin'>y.bin</a>  2024-02-01 10:11  1.5K  see <a href='http://o/'>o</a>\n"
        "<hr></pre><footer><a href='imprint.html'>Imprint</a></footer></body></html>",
        ["x/", "y.bin"],
    ),
    (
        "apache-13-uppercase",
        "http://h/a/b/",
        "<HTML><HEAD><TITLE>Index of /a/b</TITLE></HEAD><BODY><H1>Index of /a/b</H1><PRE>"
        '<A HREF="?N=D">Name</A> <A HREF="?M=A">Last modified</A> <A HREF="?S=A">Size</A>\n<HR>\n'
        '<A HREF="/a/">Parent Directory</A>  16-Apr-2003 17:20      -\n'
        '<A HREF="very-long-name-that-is-cut.tar.gz">very-long-name-tha..></A>  16-Apr-2003 17:21  1.2M\n</PRE><HR></BODY></HTML>',
        ["very-long-name-that-is-cut.tar.gz"],
    ),
    (
        "iis-us",
        "http://h/dl/",
        '<html><head><title>h - /dl/</title></head><body><H1>h - /dl/</H1><hr>\r\n\r\n<pre><A HREF="/">[To Parent Directory]</A><br><br>'
        ' 1/16/2014 10:37 PM        &lt;dir&gt; <A HREF="/dl/sub/">sub</A><br> 2/03/2014  9:05 AM         5120 <A HREF="/dl/a.exe">a.exe</A><br>'
        "</pre><hr></body></html>",
        ["sub/", "a.exe"],
    ),
    (
        "iis-german",
        "http://h/dl/",
        '<html><head><title>h - /dl/</title></head><body><H1>h - /dl/</H1><hr>\r\n\r\n<pre><A HREF="/">[Zum übergeordneten Verzeichnis]</A><br><br>'
        'Dienstag, 28. Januar 2014    10:37        &lt;dir&gt; <A HREF="/dl/sub/">sub</A><br>Montag, 3. März 2014    09:05     5120 <A HREF="/dl/a.exe">a.exe</A><br>'
        "</pre><hr></body></html>",
        ["sub/", "a.exe"],
    ),
    (
        "tomcat",
        "http://h:8080/app/files/",
        "<html><head><title>Directory Listing For [/files/] - Up To [/]</title><style>h1{}</style></head><body><h1>Directory Listing For [/files/] - "
        '<a href="/app/"><b>Up To [/]</b></a></h1><hr class="line"><table width="100%" cellspacing="0"><tr>'
        '<td align="left"><font size="+1"><strong>Filename</strong></font></td><td align="center"><font size="+1"><strong>Size</strong></font></td>'
        '<td align="right"><font size="+1"><strong>Last Modified</strong></font></td></tr>\r\n'
        '<tr><td align="left">&nbsp;&nbsp;\r\n<a href="/app/files/d/"><tt>d/</tt></a></td><td align="right"><tt>&nbsp;</tt></td>'
        '<td align="right"><tt>Thu, 10 May 2012 11:42:44 GMT</tt></td></tr>'
        '<tr bgcolor="#eeeeee"><td align="left">&nbsp;&nbsp;\r\n<a href="/app/files/e.war"><tt>e.war</tt></a></td><td align="right"><tt>8.8 kb</tt></td>'
        '<td align="right"><tt>Thu, 10 May 2012 11:42:44 GMT</tt></td></tr></table><hr class="line"><h3>Apache Tomcat/9.0</h3></body></html>',
        ["d/", "e.war"],
    ),
    (
        "jetty-9",
        "http://h/files/",
        '<HTML><HEAD><LINK HREF="jetty-dir.css" REL="stylesheet" TYPE="text/css"/><TITLE>Directory: /files/</TITLE></HEAD><BODY>\n<H1>Directory: /files/</H1>\n'
        '<TABLE BORDER=0>\n<TR><TD><A HREF="/files/../">Parent Directory</A></TD><TD></TD><TD></TD></TR>\n'
        '<TR><TD><A HREF="/files/sub/">sub/&nbsp;</A></TD><TD ALIGN=right>4096 bytes&nbsp;</TD><TD>Mar 3, 2020 4:05:06 PM</TD></TR>\n'
        '<TR><TD><A HREF="/files/a.txt">a.txt&nbsp;</A></TD><TD ALIGN=right>17 bytes&nbsp;</TD><TD>Mar 3, 2020 4:05:06 PM</TD></TR></TABLE>\n</BODY></HTML>\n',
        ["sub/", "a.txt"],
    ),
    (
        "jetty-10",
        "http://h/files/",
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><link href="jetty-dir.css" rel="stylesheet" /><title>Directory: /files/</title></head>\n<body>\n'
        '<h1 class="title">Directory: /files/</h1>\n<table class="listing">\n<thead>\n<tr><th class="name"><a href="?C=N&O=D">Name&nbsp; &#8679;</a></th>'
        '<th class="lastmodified"><a href="?C=M&O=A">Last Modified</a></th><th class="size"><a href="?C=S&O=A">Size</a></th></tr>\n</thead>\n<tbody>\n'
        '<tr><td class="name"><a href="/">Parent Directory</a></td><td class="lastmodified">-</td><td>-</td></tr>\n'
        '<tr><td class="name"><a href="/files/sub/">sub/&nbsp;</a></td><td class="lastmodified">Mar 3, 2020, 4:05:06 PM&nbsp;</td><td class="size">4,096 bytes&nbsp;</td></tr>\n'
        '<tr><td class="name"><a href="/files/a.txt">a.txt&nbsp;</a></td><td class="lastmodified">Mar 3, 2020, 4:05:06 PM&nbsp;</td><td class="size">17 bytes&nbsp;</td></tr>\n'
        "</tbody>\n</table>\n</body></html>\n",
        ["sub/", "a.txt"],
    ),
    (
        "undertow",
        "http://h/files/",
        '<html><head><title>Index of /files/</title><script src="?js"></script><link rel="stylesheet" type="text/css" href="?css" /></head><body>'
        '<table id="thetable"><thead><tr><th class="loc" colspan="3">Directory Listing - /files/</th></tr>\n<tr><th class="label offset">Name</th><th class="label">Last Modified</th><th class="label">Size</th></tr></thead>\n'
        '<tfoot>\n<tr><th class="loc footer" colspan="3">Powered by Undertow</th></tr>\n</tfoot>\n<tbody>\n'
        "<tr class='odd'><td><a class='icon up' href='/'>[..]</a></td><td></td><td></td></tr>\n"
        "<tr class='odd'><td><a class='icon dir' href='/files/sub/'>sub</a></td><td>Mar 03, 2020 04:05:06</td><td>--</td></tr>\n"
        "<tr class='even'><td><a class='icon file' href='/files/a.txt'>a.txt</a></td><td>Mar 03, 2020 04:05:06</td><td>1 KB</td></tr>\n</tbody></table></body></html>",
        ["sub/", "a.txt"],
    ),
    (
        "caddy-2.7",
        "http://h/pub/",
        '<!DOCTYPE html><html><head><title>pub</title></head><body><div class="wrapper"><header><div class="breadcrumbs">Folder Path</div><h1><a href="../">/</a><a href="">pub</a>/</h1></header>'
        '<main><div class="meta"><div id="summary"><span class="meta-item"><b>1</b> directory</span></div></div><div class="listing"><table aria-describedby="summary"><thead><tr><th></th>'
        '<th><a href="?sort=name&order=desc">Name</a></th><th class="size"><a href="?sort=size&order=asc">Size</a></th><th class="hideable"><a href="?sort=time&order=asc">Modified</a></th><th></th></tr></thead><tbody>'
        '<tr><td></td><td><a href=".."><span class="go-up">Up</span></a></td><td></td><td></td><td></td></tr>'
        '<tr class="file"><td></td><td><a href="./sub/"><svg><path d="M1"/></svg><span class="name">sub/</span></a></td><td>&mdash;</td>'
        '<td class="timestamp"><time datetime="2024-02-01T10:11:12Z">02/01/2024 10:11:12 AM +00:00</time></td><td></td></tr>'
        '<tr class="file"><td></td><td><a href="./a%3fb.txt"><svg><path d="M1"/></svg><span class="name">a?b.txt</span></a></td><td class="size" data-size="1536"><div class="sizebar"><div class="sizebar-bar"></div><div class="sizebar-text">1.5 KiB</div></div></td>'
        '<td class="timestamp"><time datetime="2024-02-01T10:11:12Z">02/01/2024 10:11:12 AM +00:00</time></td><td></td></tr></tbody></table></div></main></div><footer>Served with <a href="https://caddyserver.com">Caddy</a></footer></body></html>',
        ["sub/", "a?b.txt"],
    ),
    (
        "thttpd",
        "http://h/d/",
        "<HTML><HEAD><TITLE>Index of /d/</TITLE></HEAD><BODY><H2>Index of /d/</H2><PRE>\nmode  links  bytes  last-changed  name\n"
        'dr-x   2      4096  Dec 28 13:55  <A HREF="/d/./">./</A>\ndr-x   2      4096  Dec 28 13:55  <A HREF="/d/../">../</A>\n'
        'dr-x   2      4096  Dec 28 13:55  <A HREF="/d/sub/">sub/</A>\n-r--   1     17123  Dec 28 13:55  <A HREF="/d/a.txt">a.txt</A>\n</PRE></BODY></HTML>',
        ["sub/", "a.txt"],
    ),
    (
        "darkhttpd",
        "http://h/d/",
        "<!DOCTYPE html>\n<html>\n<head>\n<title>/d/</title>\n</head>\n<body>\n<h1>/d/</h1>\n<pre>\n"
        '<a href="..">..</a>/\n<a href="sub/">sub</a>/\n<a href="a.txt">a.txt</a>                 17\n</pre>\n<hr>\nGenerated by darkhttpd/1.13\n</body>\n</html>\n',
        ["sub/", "a.txt"],
    ),
    (
        "serve-index",
        "http://h/files",
        '<!DOCTYPE html><html><head><title>listing directory /files</title></head><body class="directory"><input id="search" type="text"><div id="wrapper"><h1><a href="/">~</a> / <a href="/files">files</a></h1>'
        '<ul id="files" class="view-details"><li class="header"><span class="name">Name</span><span class="size">Size</span><span class="date">Modified</span></li>'
        '<li><a href="/" class="icon icon-directory" title=".."><span class="name">..</span><span class="size"></span><span class="date"></span></a></li>'
        '<li><a href="/files/sub" class="icon icon-directory" title="sub"><span class="name">sub</span><span class="size"></span><span class="date">2/1/2024 10:11:12 AM</span></a></li>'
        '<li><a href="/files/a.txt" class="icon icon icon-txt icon-text" title="a.txt"><span class="name">a.txt</span><span class="size">17</span><span class="date">2/1/2024 10:11:12 AM</span></a></li></ul></div></body></html>',
        ["sub/", "a.txt"],
    ),
    (
        "http-server-node",
        "http://h/",
        '<html><head><meta charset="utf-8"><title>Index of /</title></head><body><h1>Index of /</h1><table>'
        '<tr><td><i class="icon icon-_blank"></i></td><td class="perms"><code>(drwxr-xr-x)</code></td><td class="last-modified">01-Feb-2024 10:11</td><td class="file-size"><code></code></td><td class="display-name"><a href="./sub/">sub/</a></td></tr>'
        '<tr><td><i class="icon icon-txt"></i></td><td class="perms"><code>(-rw-r--r--)</code></td><td class="last-modified">01-Feb-2024 10:11</td><td class="file-size"><code>1.2k</code></td><td class="display-name"><a href="./a.txt">a.txt</a></td></tr>'
        '</table><br><address>Node.js v18/ <a href="https://github.com/http-party/http-server">http-server</a> server running @ h</address></body></html>',
        ["sub/", "a.txt"],
    ),
    (
        "php-query-directories",
        "http://h/files/index.php?dir=docs/old",
        "<html><head><title>File list</title></head><body><div><a href='index.php'>root</a> / <a href='index.php?dir=docs'>docs</a> / old</div>"
        "<table><tr><th><a href='index.php?dir=docs/old&sort=name'>Name</a></th><th>Size</th><th>Date</th></tr>"
        "<tr><td><img src='img/up.gif'><a href='index.php?dir=docs'>..</a></td><td></td><td></td></tr>"
        "<tr><td><img src='img/folder.png'><a href='index.php?dir=docs/old/deeper'>deeper</a></td><td>-</td><td>2024-02-01 10:11</td></tr>"
        "<tr><td><img src='img/pdf.png'><a href='docs/old/a b.pdf'>a b.pdf</a></td><td>12 KB</td><td>2024-02-01 10:11</td></tr></table></body></html>",
        ["deeper/", "a b.pdf"],
    ),
    (
        "pypi-on-another-host",
        "https://pkg.example/simple/thing/",
        '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"><title>Links for thing</title></head><body><h1>Links for thing</h1>'
        '<a href="https://files.example/ab/thing-1.0.tar.gz#sha256=' + "0" * 64 + '">thing-1.0.tar.gz</a><br/>'
        '<a href="https://files.example/cd/thing-1.1.tar.gz#sha256='
        + "1" * 64
        + '">thing-1.1.tar.gz</a><br/></body></html>',
        ["thing-1.0.tar.gz", "thing-1.1.tar.gz"],
    ),
    (
        "subversion",
        "http://h/svn/p/trunk/",
        "<html><head><title>p - Revision 12: /trunk</title></head><body><h2>p - Revision 12: /trunk</h2><ul>"
        '<li><a href="../">..</a></li><li><a href="src/">src/</a></li><li><a href="Makefile">Makefile</a></li></ul>'
        '<hr noshade><em>Powered by <a href="http://subversion.apache.org/">Apache Subversion</a></em></body></html>',
        ["src/", "Makefile"],
    ),
    (
        "cards-of-a-theme",
        "http://h/share/",
        '<html><body><div class="topbar"><a href="/login">Login</a></div><div class="grid">'
        + "".join(
            f'<div class="card"><div class="top"><a href="{href}"><i class="{icon}"></i></a></div><div class="body"><a href="{href}">{name}</a></div>'
            f'<div class="meta"><span>{size}</span><span>2024-02-01 10:11</span></div></div>'
            for href, icon, name, size in (
                ("music/", "fa fa-folder", "music", ""),
                ("one.mp3", "fa fa-file", "one.mp3", "3.1 MB"),
                ("two.mp3", "fa fa-file", "two.mp3", "4.1 MB"),
            )
        )
        + "</div></body></html>",
        ["music/", "one.mp3", "two.mp3"],
    ),
    (
        "table-with-checkboxes-and-actions",
        "http://h/u/",
        "<html><head><title>Files</title></head><body><form><table><thead><tr><th></th><th>Filename</th><th>Type</th><th>Size (KB)</th><th>Uploaded</th><th>Actions</th></tr></thead><tbody>"
        '<tr><td><input type="checkbox"></td><td><a href="pics">pics</a></td><td>Folder</td><td></td><td>01.02.2024</td><td><a href="?delete=pics">x</a></td></tr>'
        '<tr><td><input type="checkbox"></td><td><a href="a.iso">a.iso</a></td><td>ISO</td><td>700</td><td>13.02.2024</td><td><a href="?delete=a.iso">x</a></td></tr>'
        "</tbody></table></form></body></html>",
        ["pics/", "a.iso"],
    ),
    (
        "bare-links",
        "http://h/whl/",
        "".join(f'<a href="p-1.{i}.whl">p-1.{i}.whl</a><br>\n' for i in range(12)),
        [f"p-1.{i}.whl" for i in range(12)],
    ),
    (
        "page-address-without-slash",
        "http://h/archive/77",
        "<html><head><title>Directory List of /archive/77</title></head><body><h3>Directory List of /archive/77</h3><table><tr><th>Name</th><th>Size</th><th>Last Modified</th></tr>"
        '<tr><td><a href="/archive/77/a.txt">a.txt</a></td><td>123</td><td>2024-02-01 10:11:12</td></tr><tr><td><a href="/archive/77/b.txt">b.txt</a></td><td>4567</td><td>2024-02-01 10:11:12</td></tr></table></body></html>',
        ["a.txt", "b.txt"],
    ),
    (
        "lighttpd-slash-outside",
        "http://h/d/",
        '<html><head><title>Index of /d/</title></head><body><h2>Index of /d/</h2><div class="list"><table summary="Directory Listing" cellpadding="0" cellspacing="0">'
        '<thead><tr><th class="n">Name</th><th class="m">Last Modified</th><th class="s">Size</th><th class="t">Type</th></tr></thead><tbody>'
        '<tr><td class="n"><a href="../">Parent Directory</a>/</td><td class="m">&nbsp;</td><td class="s">- &nbsp;</td><td class="t">Directory</td></tr>'
        '<tr><td class="n"><a href="e/">e</a>/</td><td class="m">2024-Feb-01 10:11:12</td><td class="s">- &nbsp;</td><td class="t">Directory</td></tr>'
        '<tr><td class="n"><a href="f.txt">f.txt</a></td><td class="m">2024-Feb-01 10:11:12</td><td class="s">0.1K</td><td class="t">text/plain</td></tr></tbody></table></div><div class="foot">lighttpd/1.4</div></body></html>',
        ["e/", "f.txt"],
    ),
    (
        "page-address-without-slash-and-a-menu-of-its-neighbours",
        "http://h/B:",
        "<html><head><title>B: - drives</title></head><body><nav><ul><li><a href='/A:'>A</a></li><li><a href='/B:'>B</a></li>"
        "<li><a href='/C:'>C</a></li><li><a href='/D:'>D</a></li></ul></nav><div><a href='/B:?order=asc&sortby=name'>Name</a>"
        "<a href='/B:?order=asc&sortby=size'>Size</a></div><ul><li><a href='/B:/films'><i class='folder'></i><div>films</div><div>2019/01/15</div><div>folder</div>"
        "<div>135.0G</div></a></li><li><a href='/B:/x%20y'><i class='folder'></i><div>x y</div><div>2019/01/04</div><div>folder</div><div>4.7T</div></a></li></ul></body></html>",
        ["films/", "x y/"],
    ),
    (
        "folders-linked-by-their-index-pages",
        "http://h/pub/index.shtml",
        "<html><head><title>pub</title></head><body>Contents of pub<table><thead><tr><th>Name</th><th>Size</th><th>Date</th><th>Details</th></tr></thead>"
        "<tr><td><i class='bi bi-folder'></i> <a href='bin/index.shtml'>bin</a></td><td colspan='3'>922.2 MB <small>(922,177,474 bytes)</small></td></tr>"
        "<tr><td><i class='bi bi-folder'></i> <a href='a%20b/index.shtml'>a b</a></td><td colspan='3'></td></tr>"
        "<tr><td><i class='bi bi-file'></i> <a href='x.zip'>x.zip</a></td><td>1.0 kB</td><td>2024-02-01</td><td></td></tr></table></body></html>",
        ["bin/", "a b/", "x.zip"],
    ),
    (
        "sizes-and-dates-in-brackets",
        "http://h/d/",
        '<html><body><h2>Downloads in /d</h2><ul><li><a href="a-1.0.tar.gz">a-1.0.tar.gz</a> (1.2 MB, 2024-02-01)</li>'
        '<li><a href="a-1.1.tar.gz">a-1.1.tar.gz</a> (1.3 MB, 2024-03-01)</li></ul></body></html>',
        ["a-1.0.tar.gz", "a-1.1.tar.gz"],
    ),
    (
        "nginx-empty",
        "http://h/pub/",
        "<html>\r\n<head><title>Index of /pub/</title></head>\r\n<body>\r\n<h1>Index of /pub/</h1><hr><pre>"
        '<a href="../">../</a>\r\n</pre><hr></body>\r\n</html>\r\n',
        [],
    ),
    (
        "apache-empty-in-a-theme",
        "http://h/pub/",
        '<html><head><title>Index of /pub</title></head><body class="theme"><h1>Index of /pub</h1><table><tr><th><a href="?C=N;O=D">Name</a></th>'
        '<th><a href="?C=M;O=A">Last modified</a></th><th><a href="?C=S;O=A">Size</a></th></tr><tr><td><a href="/">Parent Directory</a></td><td></td><td>-</td></tr></table></body></html>',
        [],
    ),
    (
        "python-empty",
        "http://h/pub/",
        '<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Directory listing for /pub/</title>\n</head>\n<body>\n'
        "<h1>Directory listing for /pub/</h1>\n<hr>\n<ul>\n</ul>\n<hr>\n</body>\n</html>\n",
        [],
    ),
    (
        "script-that-says-it-is-empty",
        "http://h/files/",
        "<html><head><title>Index of /files/</title></head><body><h1>Index of /files/</h1><p>This folder is empty.</p></body></html>",
        [],
    ),
]

OTHER_PAGES: list[tuple[str, str]] = [
    ("empty", ""),
    ("white-space", " \n\t"),
    ("empty-html", "<html><head></head><body></body></html>"),
    (
        "welcome-to-nginx",
        "<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1><p>If you see this page, the nginx web server is successfully installed."
        ' Further configuration is required.</p><p>For documentation refer to <a href="http://nginx.org/">nginx.org</a>.</p></body></html>',
    ),
    ("apache-it-works", "<html><body><h1>It works!</h1></body></html>"),
    (
        "hotel-wifi",
        "<html><head><title>Hotel WiFi</title></head><body><h1>Welcome to Hotel WiFi</h1><form action='/accept'><input name='room'><button>Connect</button></form>"
        "<a href='terms.html'>Terms</a> <a href='help/'>Help</a></body></html>",
    ),
    (
        "login",
        "<html><head><title>Sign in</title></head><body><form><input name=u><input type=password name=p></form><a href='forgot'>forgot</a></body></html>",
    ),
    (
        "login-called-index-of",
        "<html><head><title>Index of files - Log in</title></head><body><form><input name=u><input type=password name=p></form><a href='register'>register</a></body></html>",
    ),
    (
        "soft-404",
        "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><p>The requested URL was not found.</p><ul><li><a href='home/'>home</a></li><li><a href='files/'>files</a></li></ul></body></html>",
    ),
    (
        "bad-gateway",
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n",
    ),
    (
        "article",
        "<html><head><title>How we moved</title></head><body><nav><a href='/'>Home</a><a href='/blog/'>Blog</a></nav><h1>How we moved</h1><p>Last year we <a href='http://o/x'>moved</a> and then"
        " wrote <a href='part-two.html'>part two</a>, with <a href='slides.pdf'>slides</a>.</p><p>More text follows here.</p><footer><a href='imprint.html'>Imprint</a></footer></body></html>",
    ),
    (
        "sections-of-a-site-by-their-index-pages",
        "<html><head><title>Our project</title></head><body><h1>Our project</h1><ul>"
        + "".join(
            f"<li><a href='{name}/index.html'>{name}</a></li>" for name in ("docs", "news", "team", "faq", "press")
        )
        + "</ul></body></html>",
    ),
    (
        "blog-index",
        "<html><head><title>My blog</title></head><body><h1>My blog</h1><ul>"
        + "".join(
            f"<li><a href='post-{i}/'>A post about thing {i}</a> <span>2024-02-{i:02}</span></li>" for i in range(1, 15)
        )
        + "</ul></body></html>",
    ),
    (
        "site-menu",
        "<html><head><title>ACME</title></head><body><ul class=menu><li><a href='about/'>About</a><li><a href='products/'>Products</a><li><a href='contact/'>Contact</a></ul><p>We make things.</p></body></html>",
    ),
    (
        "lower-case-menu",
        "<html><head><title>acme</title></head><body><ul><li><a href='about'>about</a><li><a href='products'>products</a><li><a href='contact'>contact</a></ul><p>we make things.</p></body></html>",
    ),
    (
        "drawn-by-script",
        "<html><head><title>Index of /</title><script src='/list.js'></script></head><body><div id='listing'></div><noscript>Please enable JavaScript.</noscript></body></html>",
    ),
    (
        "single-page-application",
        "<!DOCTYPE html><html><head><title>File Browser</title></head><body><div id='app'></div><script src='static/js/app.js'></script></body></html>",
    ),
    (
        "just-a-moment",
        "<html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1><a href='x'>x</a></body></html>",
    ),
    (
        "redirect-stub",
        "<html><head><title>301 Moved Permanently</title></head><body><h1>Moved Permanently</h1><p>The document has moved <a href='http://h/pub/'>here</a>.</p></body></html>",
    ),
    ("maintenance", "<html><body><h1>Down for maintenance</h1><p>See <a href='status'>status</a></p></body></html>"),
    ("plain-text", "just words, a < b and b > c"),
    (
        "search-results",
        "<html><head><title>Search</title></head><body><table><tr><th>Name</th><th>Price</th></tr><tr><td><a href='item?id=1'>Lamp</a></td><td>12.00</td></tr><tr><td><a href='item?id=2'>Chair</a></td><td>40.00</td></tr></table></body></html>",
    ),
    (
        "forum",
        "<html><head><title>Forum</title></head><body><table><tr><th>Topic</th><th>Replies</th><th>Last post</th></tr>"
        + "".join(
            f"<tr><td><a href='topic-{i}'>How do I do {i}?</a></td><td>{i}</td><td>2024-02-01 10:11</td></tr>"
            for i in range(12)
        )
        + "</table></body></html>",
    ),
]
