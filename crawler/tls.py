"""How a server's certificate is checked, and how we show our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import ConfigError

if TYPE_CHECKING:
    import ssl


def tls_context(*, ca_file: str | None, client_cert: str | None, insecure: bool) -> ssl.SSLContext | bool:
    """The context for --ca-file, --client-cert and --insecure; True is aiohttp's strict default. Raises ConfigError."""
    if not (ca_file or client_cert or insecure):
        return True
    import ssl

    try:
        context = ssl.create_default_context(cafile=ca_file)
        if client_cert:
            context.load_cert_chain(client_cert)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"--ca-file or --client-cert: {error}") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
