"""Apache httpd with mod_autoindex."""

from __future__ import annotations

import base64
import hashlib
import os
from functools import partial
from pathlib import Path

from tests.support.servers.process import MIME_TYPES, Flavour, Missing, Site

MODULE_DIRECTORIES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules")
MODULES = ("mpm_event", "authz_core", "mime", "dir", "autoindex")

CONFIGURATION = """\
ServerRoot "{scratch}"
{modules}
{user}
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
PidFile "{scratch}/pid"
ErrorLog "{scratch}/error.log"
TypesConfig "{types}"
LogFormat "%r\\t%>s\\t%B\\t%{{User-agent}}i" tabs
CustomLog "{log}" tabs
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
DocumentRoot "{root}"
<Directory "{root}">
    Options Indexes FollowSymLinks
    AllowOverride None
    {options}
</Directory>
"""


def configure(site: Site, *, options: str, more: tuple[str, ...] = ()) -> list[str]:
    modules = next((Path(place) for place in MODULE_DIRECTORIES if Path(place, "mod_autoindex.so").exists()), None)
    if modules is None:
        raise Missing("apache2 modules")
    loaded = (f'LoadModule {name}_module "{modules}/mod_{name}.so"' for name in (*MODULES, *more))
    types = "".join(f"{kind} {extensions}\n" for kind, extensions in MIME_TYPES.items())
    text = CONFIGURATION.format(
        scratch=site.scratch,
        modules="\n".join(line for line in loaded),
        # httpd refuses to serve as root, so it runs as nobody (65534 on every Linux)
        user="User #65534\nGroup #65534" if os.geteuid() == 0 else "",
        port=site.port,
        types=site.write("mime.types", types),
        log=site.log,
        root=site.root,
        options=options,
    )
    site.scratch.chmod(0o755)
    return ["-DFOREGROUND", "-f", str(site.write("httpd.conf", text))]


def _flavour(name: str, *options: str) -> Flavour:
    return Flavour(
        name=name,
        program="apache2",
        configure=partial(configure, options="\n    ".join(("Require all granted", *options))),
    )


USER, PASSWORD, REALM = "Mufasa", "Circle of Life", "the pride lands"
LOGIN_MODULES = ("authn_core", "authn_file", "authz_user", "auth_basic", "auth_digest")


def _with_logins(site: Site) -> list[str]:
    """Digest for everything, with a new nonce every second; Basic for directories named ``basic``."""
    digest = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()
    basic = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
    options = f"""\
    AuthType Digest
    AuthName "{REALM}"
    AuthDigestNonceLifetime 1
    AuthUserFile "{site.write("digest", f"{USER}:{REALM}:{digest}")}"
    Require valid-user
    </Directory>
    <Directory "{site.root}/basic">
    AuthType Basic
    AuthName "{REALM}"
    AuthUserFile "{site.write("basic", f"{USER}:{{SHA}}{basic}")}"
    Require valid-user"""
    return configure(site, options=options, more=LOGIN_MODULES)


APACHE_WITH_LOGINS = Flavour(name="apache-logins", program="apache2", configure=_with_logins)

APACHE = (
    _flavour("apache", "IndexOptions FancyIndexing Charset=UTF-8"),
    _flavour("apache-plain", "IndexOptions -FancyIndexing"),
    _flavour("apache-table", "IndexOptions FancyIndexing HTMLTable NameWidth=* FoldersFirst VersionSort"),
    _flavour("apache-xhtml", "IndexOptions FancyIndexing HTMLTable XHTML SuppressDescription Charset=UTF-8"),
    _flavour(
        "apache-icons",
        "IndexOptions FancyIndexing HTMLTable IconsAreLinks NameWidth=20 Charset=UTF-8",
        "DefaultIcon /icons/unknown.gif",
        "AddIcon /icons/folder.gif ^^DIRECTORY^^",
        "AddIcon /icons/back.gif ..",
    ),
    _flavour(
        "apache-old",
        "IndexOptions FancyIndexing IconsAreLinks UseOldDateFormat SuppressHTMLPreamble",
        "AddIconByType (TXT,/icons/text.gif) text/*",
        "DefaultIcon /icons/unknown.gif",
        # as in many old configurations: archives are announced as encoded content
        "AddEncoding x-gzip .gz .tgz",
    ),
)
