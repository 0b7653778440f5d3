"""TLS: verification of server certificates, and the client certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.model.errors import Cause, ConfigError
from crawler.paths import unreadable
from crawler.text.escape import printable

if TYPE_CHECKING:
    import ssl


def tls_context(*, ca_file: str | None, client_cert: str | None, insecure: bool) -> ssl.SSLContext:
    """The context for --ca-file, --client-cert and --insecure. Raises ConfigError."""
    import ssl

    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigError(_unreadable("--ca-file", ca_file, error, "certificates")) from None
    try:
        if client_cert:
            context.load_cert_chain(client_cert, password="")  # otherwise OpenSSL asks on the terminal
    except OSError as error:
        raise ConfigError(_unreadable("--client-cert", client_cert, error, "a certificate and its key")) from None
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _unreadable(option: str, name: str | None, error: OSError, content: str) -> str:
    """Explain why the file ``name`` of ``option`` cannot be used. SSLError, for invalid content, is an OSError, too."""
    if hasattr(error, "reason"):
        return f"{option} {printable(name or '')}: expected a PEM file with {content}, without password"
    return f"{option} {printable(name or '')}: {unreadable(error, name or '')}"


def has_close_notify(tls: ssl.SSLObject) -> bool:
    """Whether the peer has sent close_notify (RFC 8446 section 6.1)."""
    import ssl

    try:
        return not tls.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False


_EXPIRY = frozenset({9, 10})
"""OpenSSL's error codes X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""
_NAMES = frozenset({62, 63, 64})
"""OpenSSL's error codes X509_V_ERR_HOSTNAME_MISMATCH, …_EMAIL_MISMATCH and …_IP_ADDRESS_MISMATCH."""


def certificate_problem(error: ssl.CertificateError) -> tuple[str, Cause]:
    """Explain in one clause why a certificate is not accepted. Returns the clause and the cause."""
    code = getattr(error, "verify_code", None)
    cause = Cause.EXPIRED if code in _EXPIRY else Cause.OTHER_NAME if code in _NAMES else Cause.UNTRUSTED
    reason = printable(str(getattr(error, "verify_message", "") or error)).rstrip(".")
    return f"the server's certificate is not trusted: {reason}", cause


def is_not_tls(error: ssl.SSLError) -> bool:
    """Whether the server answered a TLS handshake with something other than TLS."""
    return any(word in (error.reason or "").upper() for word in ("WRONG_VERSION", "HTTP_REQUEST", "RECORD_LAYER"))


def alert_text(error: ssl.SSLError) -> str:
    """Why a TLS handshake failed, and what the user can do, in one clause."""
    reason = (error.reason or "").upper()
    if "CERTIFICATE_REQUIRED" in reason:
        return "the server requires a TLS client certificate: give one with --client-cert"
    if "ALERT" not in reason:
        return f"the TLS handshake failed: {_words(reason) or 'no reason given'}"
    advice = ": it may require --client-cert" if "HANDSHAKE_FAILURE" in reason else ""
    return f"the server refuses the TLS connection ({_words(reason)}){advice}"


def _words(reason: str) -> str:
    return reason.replace("_", " ").lower()
