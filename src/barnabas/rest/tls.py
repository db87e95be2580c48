"""HTTPS, from Kafka's ``ssl.*`` settings: of the REST server, and of requests to other workers.

Stores are those that Kafka's clients take: PEM, PKCS12, JKS.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final

from barnabas.errors import ConfigError
from barnabas.kafka.keystores import read_identity, read_trusted
from barnabas.kafka.tls_contexts import limit_versions, load_identity

__all__ = ["client_context", "server_context"]

_PREFIX: Final = "listeners.https."
_CLIENT_AUTH: Final = {"none": ssl.CERT_NONE, "requested": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


def server_context(props: Mapping[str, str], prefix: str = _PREFIX) -> ssl.SSLContext:
    """A TLS context from a worker's properties.

    Args:
        props: The properties.
        prefix: Settings below it win over plain ``ssl.*``.

    Raises:
        ConfigError: A store is missing or cannot be used.
    """
    settings = _settings(props, prefix)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    limit_versions(context, settings)
    identity = read_identity(settings)
    if identity is None:
        raise _missing("ssl.keystore.location")
    load_identity(context, identity, of="of the REST server", key="ssl.keystore.location", code="BRN-1056")
    context.verify_mode = _client_auth(settings)
    if context.verify_mode != ssl.CERT_NONE:
        trusted = read_trusted(settings)
        if trusted is None:
            raise _missing("ssl.truststore.location")
        context.load_verify_locations(cadata=trusted)
    return context


def client_context(props: Mapping[str, str]) -> ssl.SSLContext:
    """A TLS context for requests to other workers; it shows the worker's own certificate, if it has one.

    Raises:
        ConfigError: A store cannot be used.
    """
    settings = _settings(props, _PREFIX)
    context = ssl.create_default_context(cadata=read_trusted(settings))
    limit_versions(context, settings)
    if settings.get("ssl.endpoint.identification.algorithm", "https").strip() == "":
        context.check_hostname = False
    identity = read_identity(settings)
    if identity is not None:
        load_identity(context, identity, of="of the REST server", key="ssl.keystore.location", code="BRN-1056")
    return context


def _settings(props: Mapping[str, str], prefix: str) -> dict[str, str]:
    settings = {key: value for key, value in props.items() if key.startswith("ssl.")}
    return settings | {key.removeprefix(prefix): value for key, value in props.items() if key.startswith(prefix)}


def _missing(key: str) -> ConfigError:
    return ConfigError(
        f"An https listener needs {key}.",
        key=key,
        remedy="Name a PEM, PKCS12 or JKS file, and set its type and password.",
        code="BRN-1055",
    )


def _client_auth(settings: Mapping[str, str]) -> ssl.VerifyMode:
    text = settings.get("ssl.client.auth", "none").strip().lower()
    if text not in _CLIENT_AUTH:
        raise ConfigError(
            f"Invalid value {text} for configuration ssl.client.auth: String must be one of: none, requested, required",
            key="ssl.client.auth",
            remedy="Choose one of them.",
            code="BRN-1055",
        )
    return _CLIENT_AUTH[text]
