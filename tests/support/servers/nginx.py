"""nginx with ngx_http_autoindex_module."""

from __future__ import annotations

import os
from functools import partial

from tests.support.servers.process import MIME_TYPES, Flavour, Server, Site

AGENT = "crawler at "


def at_speed(rate: int) -> str:
    """The User-Agent of a client that gets ``rate`` bytes per second and connection, so that it can be interrupted."""
    return f"{AGENT}{rate}"


CONFIGURATION = """\
{user}
daemon off;
worker_processes 1;
pid {scratch}/pid;
error_log {scratch}/error.log warn;
events {{ worker_connections 512; }}
http {{
    types {{ {types} }}
    default_type application/octet-stream;
    log_format tabs '$request\t$status\t$body_bytes_sent\t$http_user_agent';
    access_log {log} tabs;
    client_body_temp_path {scratch}/body;
    proxy_temp_path {scratch}/proxy;
    fastcgi_temp_path {scratch}/fastcgi;
    uwsgi_temp_path {scratch}/uwsgi;
    scgi_temp_path {scratch}/scgi;
    sendfile on;
    gzip on;
    gzip_min_length 0;
    gzip_types *;
    limit_conn_zone $server_port zone=all:64k;
    {http}
    map $http_user_agent $rate {{ "~^{agent}(?<wanted>[0-9]+)$" $wanted; default 0; }}
    server {{
        listen 127.0.0.1:{port};
        charset utf-8;
        autoindex on;
        {options}
        root "{root}";
        limit_rate $rate;
    }}
}}
"""


def configure(site: Site, *, options: str, http: str = "") -> list[str]:
    text = CONFIGURATION.format(
        user="user root;" if os.geteuid() == 0 else "",
        scratch=site.scratch,
        log=site.log,
        port=site.port,
        root=site.root,
        options=options.replace("{scratch}", str(site.scratch)),  # it contains braces
        http=http.format(scratch=site.scratch, root=site.root),
        agent=AGENT,
        types=" ".join(f"{kind} {extensions};" for kind, extensions in MIME_TYPES.items()),
    )
    return ["-p", str(site.scratch), "-e", str(site.scratch / "error.log"), "-c", str(site.write("nginx.conf", text))]


def _flavour(name: str, options: str = "") -> Flavour:
    return Flavour(name=name, program="nginx", configure=partial(configure, options=options), hides_dotted=True)


NGINX = (
    _flavour("nginx"),
    _flavour("nginx-rounded", "autoindex_exact_size off;"),
    _flavour("nginx-localtime", "autoindex_localtime on;"),
    _flavour("nginx-json", "autoindex_format json;"),
    _flavour("nginx-xml", "autoindex_format xml;"),
)


def refusing(connections: int, status: int) -> Flavour:
    """nginx that serves ``connections`` requests at once and responds with ``status`` to more.

    Each 2 KiB of a file take 25 ms: nginx counts requests in progress, not idle connections (its
    ngx_http_limit_conn_module), and without pauses would finish a small file before it reads the next request.
    """
    slowly = "sendfile_max_chunk 2k;"
    return _flavour(
        f"nginx-{connections}-{status}", f"limit_conn all {connections}; limit_conn_status {status}; {slowly}"
    )


PIECES = at_speed(80 * 1024)
"""The User-Agent for ``refusing``: 2 KiB in 25 ms."""

CACHED = """\
proxy_cache_path {scratch}/cache keys_zone=files:1m;
    server {{
        listen unix:{scratch}/origin.sock;
        access_log off;
        autoindex on;
        root "{root}";
    }}"""
FRONT = """\
location / {
            proxy_pass http://unix:{scratch}/origin.sock;
            location ~ [^/]$ {
                proxy_pass http://unix:{scratch}/origin.sock;
                proxy_cache files;
                proxy_cache_valid 200 1h;
                %s
            }
        }"""
"""A configuration in which listings come from the origin, and files from a cache that keeps them for an hour."""


def caching(*, obeys: bool) -> Flavour:
    """nginx as a cache in front of nginx. ``obeys``: ``Cache-Control: no-cache`` of a request bypasses the cache."""
    front = FRONT % ("proxy_cache_bypass $http_cache_control;" if obeys else "")
    return Flavour(
        name=f"nginx-cache-{obeys}",
        program="nginx",
        configure=partial(configure, options=front, http=CACHED),
        hides_dotted=True,
    )


def purge(server: Server) -> None:
    """Empty the cache of a ``caching`` server."""
    for entry in (server.scratch / "cache").rglob("*"):
        if entry.is_file():
            entry.unlink()
