"""Listings in several pages: with a Link header, or as an object store prints them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from .behaviours import Behaviour
from .pages import nginx
from .responses import Request, Response
from .server import Site

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked(Behaviour):
    """The listing of ``path``, as by nginx, in pages of ``rows`` rows; each names the next one in a Link header."""

    site: Site
    rows: int
    path: str = ""
    broken: bool = False
    """Whether all pages but the first are refused."""

    def shape(self, response: Response, request: Request) -> Response:
        rows, start = self.site._listed(self.path), int(_query(request).get("from", "0"))
        if start and self.broken:
            return Response(status=403)
        title = f"{self.site.root}{self.path}/" if self.path else self.site.root
        page = replace(response, body=nginx(title, rows[start : start + self.rows]))
        more = start + self.rows < len(rows)
        return page.with_headers(("Link", f"<?from={start + self.rows}>; rel=next")) if more else page


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Behaviour):
    """All files of the site as the objects of a bucket, ``rows`` on a page (S3's ListObjects, version 1)."""

    site: Site
    rows: int

    def shape(self, response: Response, request: Request) -> Response:
        query = _query(request)
        prefix, delimiter, marker = (query.get(name, "") for name in ("prefix", "delimiter", "marker"))
        items = dict[str, str]()
        for key, data in sorted(self.site.contents().items()):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if delimiter and delimiter in rest:
                above = escape(prefix + rest.partition(delimiter)[0] + delimiter)
                items[above] = f"<CommonPrefixes><Prefix>{above}</Prefix></CommonPrefixes>"
            else:
                time = f"2025-01-02T03:04:{int(self.site.mtime(key)) % 60:02}.000Z"
                items[key] = (
                    f"<Contents><Key>{escape(key)}</Key><LastModified>{time}</LastModified>"
                    f"<Size>{len(data)}</Size></Contents>"
                )
        left = [item for item in items if item > marker]
        page, more = left[: self.rows], len(left) > self.rows
        following = f"<NextMarker>{page[-1]}</NextMarker>" if more and delimiter else ""
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="{NAMESPACE}"><Name>pub</Name>'
            f"<Prefix>{escape(prefix)}</Prefix><Marker>{escape(marker)}</Marker>{following}"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{''.join(items[each] for each in page)}</ListBucketResult>"
        )
        return replace(response, body=body.encode()).with_headers(("Content-Type", "application/xml"))


def _query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
