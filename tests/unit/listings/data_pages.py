# ruff: noqa: E501 - pages are data
"""Prints a tree as JSON and XML listings like the programs that ``crawler.listings`` reads, based on their documentation
and sources."""

from __future__ import annotations

import base64
import hashlib
import json
from email.utils import format_datetime
from html import escape
from urllib.parse import quote, quote_plus

from tests.unit.listings.printers import Node


def digest(node: Node, algorithm: str = "md5") -> str:
    return hashlib.new(algorithm, node.name).hexdigest()


def http(node: Node) -> str:
    return format_datetime(node.when, usegmt=True)


def iso(node: Node) -> str:
    return f"{node.when:%Y-%m-%dT%H:%M:%SZ}"


def key(node: Node) -> str:
    """The key of a node; in an object store, a directory is a prefix that ends in a slash."""
    return f"pub/{node.text}{'/' if node.directory else ''}"


def nginx_json(nodes: list[Node]) -> str:
    rows = ",\r\n".join(
        json.dumps({"name": n.text, "type": "directory", "mtime": http(n)} if n.directory
                   else {"name": n.text, "type": "file", "mtime": http(n), "size": n.size}, ensure_ascii=False)
        for n in nodes
    )  # fmt: skip
    return f"[\r\n{rows}\r\n]"


def nginx_jsonp(nodes: list[Node]) -> str:
    return f"/* callback */\r\nshow({nginx_json(nodes)});"


def caddy_json(nodes: list[Node]) -> str:
    return json.dumps(
        [
            {
                "name": n.text + "/" * n.directory, "size": 4096 if n.directory else n.size, "url": f"./{n.href()}",
                "mod_time": iso(n), "mode": 2147484141 if n.directory else 420, "is_dir": n.directory, "is_symlink": False,
            }
            for n in nodes
        ],
        ensure_ascii=False,
    )  # fmt: skip


def pypi_json(nodes: list[Node]) -> str:
    files = [
        {
            "filename": n.text, "url": f"https://files.test/ab/{n.href()}", "hashes": {"sha256": digest(n, "sha256")},
            "requires-python": ">=3.8", "size": n.size, "upload-time": f"{n.when:%Y-%m-%dT%H:%M:%S.000000Z}", "yanked": False,
        }
        for n in nodes
    ]  # fmt: skip
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "thing", "files": files, "versions": ["1.0"]})


def archive_org(nodes: list[Node]) -> str:
    files = [
        {
            "name": n.text,
            "source": "original",
            "mtime": str(int(n.when.timestamp())),
            "size": str(n.size),
            "md5": digest(n),
            "sha1": digest(n, "sha1"),
            "format": "Data",
        }
        for n in nodes
    ]
    root = {
        "created": 1,
        "d1": "ia1.test",
        "dir": "/1/items/thing",
        "files": files,
        "files_count": len(files),
        "item_size": 1,
        "metadata": {"identifier": "thing"},
    }
    return json.dumps(root)


def swift_object(node: Node) -> dict[str, object]:
    return {
        "bytes": node.size,
        "hash": digest(node),
        "name": key(node),
        "content_type": "application/octet-stream",
        "last_modified": f"{node.when:%Y-%m-%dT%H:%M:%S.000000}",
    }


def swift_json(nodes: list[Node]) -> str:
    return json.dumps([{"subdir": key(n)} if n.directory else swift_object(n) for n in nodes])


def webhdfs(nodes: list[Node]) -> str:
    rows = [
        {
            "accessTime": 0, "blockSize": 0, "childrenNum": 0, "fileId": 16386 + number, "group": "supergroup",
            "length": 0 if n.directory else n.size, "modificationTime": int(n.when.timestamp() * 1000), "owner": "hdfs",
            "pathSuffix": n.text, "permission": "755", "replication": 3, "storagePolicy": 0,
            "type": "DIRECTORY" if n.directory else "FILE",
        }
        for number, n in enumerate(nodes)
    ]  # fmt: skip
    return json.dumps({"FileStatuses": {"FileStatus": rows}}, ensure_ascii=False)


def pcloud(nodes: list[Node]) -> str:
    rows = [
        {"name": n.text, "urlencodedname": quote(n.name, safe=""), "modified": format_datetime(n.when)}
        | ({"icon": 20} if n.directory else {"size": n.size, "icon": 1})
        for n in nodes
    ]
    data = json.dumps({"code": "kZ1", "dirpath": "/pub/", "content": rows}).replace("</", "<\\/")
    return f"<!DOCTYPE html><html><head><title>pCloud - pub</title></head><body><script>\nvar directLinkData={data};\n</script></body></html>"


def gohttpserver(nodes: list[Node]) -> str:
    rows = [
        {
            "name": n.text,
            "path": f"pub/{n.text}",
            "type": "dir" if n.directory else "file",
            "size": 4096 if n.directory else n.size,
            "mtime": int(n.when.timestamp() * 1000),
        }
        for n in nodes
    ]
    return json.dumps({"files": rows, "auth": {"upload": False, "delete": False}}, ensure_ascii=False)


def dufs(nodes: list[Node]) -> str:
    rows = [
        {
            "path_type": "Dir" if n.directory else "File",
            "name": n.text,
            "mtime": int(n.when.timestamp() * 1000),
            "size": 3 if n.directory else n.size,
        }
        for n in nodes
    ]
    return json.dumps(
        {"href": "/pub", "kind": "Index", "uri_prefix": "/", "allow_upload": False, "dir_exists": True, "paths": rows}
    )


# --- XML


def nginx_xml(nodes: list[Node]) -> str:
    rows = "".join(
        f'<directory mtime="{iso(n)}">{n.shown}</directory>\r\n' if n.directory
        else f'<file mtime="{iso(n)}" size="{n.size}">{n.shown}</file>\r\n'
        for n in nodes
    )  # fmt: skip
    return f'<?xml version="1.0"?>\r\n<list>\r\n{rows}</list>\r\n'


def s3(nodes: list[Node]) -> str:
    rows = "".join(
        f"<CommonPrefixes><Prefix>{escape(quote_plus(key(n), safe='/'))}</Prefix></CommonPrefixes>" if n.directory
        else f"<Contents><Key>{escape(quote_plus(key(n), safe='/'))}</Key><LastModified>{n.when:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
        f"<ETag>&quot;{digest(n)}&quot;</ETag><Size>{n.size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for n in nodes
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>pub/</Prefix>'
        f"<KeyCount>{len(nodes)}</KeyCount><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
    )


def azure(nodes: list[Node]) -> str:
    rows = "".join(
        f"<BlobPrefix><Name>{escape(key(n))}</Name></BlobPrefix>" if n.directory
        else f"<Blob><Name>{escape(key(n))}</Name><Properties><Last-Modified>{http(n)}</Last-Modified><Etag>0x8CBFF45D8A29A19</Etag>"
        f"<Content-Length>{n.size}</Content-Length><Content-Type>application/octet-stream</Content-Type>"
        f"<Content-MD5>{base64.b64encode(bytes.fromhex(digest(n))).decode()}</Content-MD5><BlobType>BlockBlob</BlobType></Properties></Blob>"
        for n in nodes
    )  # fmt: skip
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://host.test/" ContainerName="c"><Prefix>pub/</Prefix><Delimiter>/</Delimiter>'
        f"<Blobs>{rows}</Blobs><NextMarker /></EnumerationResults>"
    )


def swift_xml(nodes: list[Node]) -> str:
    rows = "".join(
        f'<subdir name="{escape(key(n))}"><name>{escape(key(n))}</name></subdir>' if n.directory
        else "<object>" + "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in swift_object(n).items()) + "</object>"
        for n in nodes
    )  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<container name="c">{rows}</container>'


def webdav(nodes: list[Node]) -> str:
    def response(href: str, inner: str) -> str:
        return f'<D:response xmlns:lp1="DAV:"><D:href>{escape(href)}</D:href><D:propstat><D:prop>{inner}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n'

    directory = "<lp1:resourcetype><D:collection/></lp1:resourcetype>"
    rows = "".join(
        response(
            f"/pub/{n.href()}",
            (directory if n.directory else f"<lp1:resourcetype/><lp1:getcontentlength>{n.size}</lp1:getcontentlength>")
            + f"<lp1:getlastmodified>{http(n)}</lp1:getlastmodified><lp1:getetag>&quot;{digest(n)}&quot;</lp1:getetag>",
        )
        for n in nodes
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">\n{response("/pub/", directory)}{rows}</D:multistatus>\n'


def thredds(nodes: list[Node]) -> str:
    rows = "".join(
        f'<catalogRef xlink:href="{escape(n.href())}catalog.xml" xlink:title="{n.shown}" ID="pub/{n.shown}" name=""/>' if n.directory
        else f'<dataset name="{n.shown}" ID="pub/{n.shown}" urlPath="pub/{escape(n.href())}"><dataSize units="bytes">{n.size}</dataSize><date type="modified">{iso(n)}</date></dataset>'
        for n in nodes
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<catalog xmlns="http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.2">'
        '<service name="all" serviceType="Compound" base=""><service name="odap" serviceType="OPENDAP" base="/thredds/dodsC/"/><service name="http" serviceType="HTTPServer" base="/thredds/fileServer/"/></service>'
        f'<dataset name="pub" ID="pub"><metadata inherited="true"><serviceName>all</serviceName></metadata>{rows}</dataset></catalog>'
    )


def svn_xml(nodes: list[Node]) -> str:
    rows = "".join(
        f'    <{"dir" if n.directory else "file"} name="{n.shown}" href="{escape(n.href())}" />\n' for n in nodes
    )
    return (
        '<?xml version="1.0"?>\n<?xml-stylesheet type="text/xsl" href="/svnindex.xsl"?>\n<svn version="1.14.1 (r1886195)" href="http://subversion.apache.org/">\n'
        f'  <index rev="12" path="/pub" base="p">\n    <updir />\n{rows}  </index>\n</svn>\n'
    )
