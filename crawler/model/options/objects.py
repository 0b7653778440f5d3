"""The settings of an object store: the ``[objects]`` table."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.model.errors import ConfigError

# fmt: off
_OF_ALL = ("allow_http", "connect_timeout", "proxy_url", "skip_signature", "timeout", "user_agent")
KEYS: Mapping[str, tuple[str, ...]] = {
    "s3": (*_OF_ALL, "access_key_id", "checksum_algorithm", "conditional_put", "copy_if_not_exists", "default_region",
           "disable_tagging", "endpoint", "imdsv1_fallback", "metadata_endpoint", "region", "request_payer", "role_arn",
           "role_session_name", "s3_express", "secret_access_key", "server_side_encryption", "session_token",
           "sse_kms_key_id", "token", "unsigned_payload", "virtual_hosted_style_request", "web_identity_token_file"),
    "gs": (*_OF_ALL, "application_credentials", "base_url", "service_account", "service_account_key"),
    "az": (*_OF_ALL, "access_key", "account_key", "account_name", "authority_host", "client_id", "client_secret",
           "endpoint", "federated_token_file", "sas_key", "sas_token", "tenant_id", "token", "use_azure_cli",
           "use_emulator"),
}
# fmt: on
"""Scheme → the keys that may be suggested for a misspelt one. A store may accept others, too."""


def check_objects(values: object, where: str) -> dict[str, str]:
    """The settings in ``values`` (text, numbers, booleans) as texts. Raises ConfigError, which never shows values."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: expected a table")
    found = {}
    for key, value in values.items():
        if not isinstance(key, str) or not isinstance(value, str | int):
            raise ConfigError(f"{where}: {key}: expected text, a number, or true or false")
        found[key.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
    return found
