"""Recognises near misses of the URL of an object store, in the notations of other programs and with slips of typing."""

from __future__ import annotations

from crawler.text.patterns import pattern

_STORE = pattern(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?::[/\\]*|[.;,]?\s*//+)\s*(.*)")
_WITH_ENDPOINT = ("b2", "ceph", "cos", "linode", "minio", "oss", "r2", "spaces", "wasabi")
"""Services that have the interface of S3, as other programs name them."""
_MEANT = {
    **dict.fromkeys(("s3", "s3a", "s3n", "aws", *_WITH_ENDPOINT), "s3"),
    **dict.fromkeys(("gs", "gcs", "gcloud"), "gs"),
    **dict.fromkeys(("az", "azure", "azureblob", "abfs", "abfss", "wasb", "wasbs", "adl"), "az"),
}
"""Scheme, or name of a remote of rclone → the scheme of the store."""


def store_meant(text: str) -> str:
    """What to write instead of ``text``, which may have been meant as the URL of a store; "" if that is unlikely."""
    found = _STORE.fullmatch(text)
    name = found[1].lower() if found else ""
    if found is None or name not in _MEANT:
        return ""
    container, at, account = found[2].replace("\\", "/").partition("@")
    place = f"{container}/{account.partition('/')[2]}".rstrip("/") if at and _MEANT[name] == "az" else found[2]
    url = f"{_MEANT[name]}://{place.replace(chr(92), '/').strip().lstrip('/') or 'BUCKET'}"
    return f"{url}, and the address of the service into AWS_ENDPOINT_URL" if name in _WITH_ENDPOINT else url
