"""HTTPS for the REST server, from Kafka's ``ssl.*`` settings with PEM stores."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from barnabas.errors import ConfigError

__all__ = ["server_context"]

_PREFIX = "listeners.https."
_CLIENT_AUTH = {"none": ssl.CERT_NONE, "requested": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


def server_context(props: Mapping[str, str]) -> ssl.SSLContext:
    """A TLS context from a worker's properties; ``listeners.https.ssl.*`` win over ``ssl.*``.

    Raises:
        ConfigError: The keystore is missing, of another type than PEM, or cannot be loaded.
    """
    settings = {key: value for key, value in props.items() if key.startswith("ssl.")}
    settings |= {key.removeprefix(_PREFIX): value for key, value in props.items() if key.startswith(_PREFIX)}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_key(context, settings)
    context.verify_mode = _client_auth(settings)
    if context.verify_mode != ssl.CERT_NONE:
        _load_trust(context, settings)
    return context


def _load_key(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    location = _pem_file(settings, "keystore")
    try:
        context.load_cert_chain(location, password=settings.get("ssl.key.password", ""))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The keystore {location} cannot be used: {error}.",
            key="ssl.keystore.location",
            remedy="It must hold the private key and the certificate chain; ssl.key.password opens an encrypted key.",
            code="BRN-1056",
        ) from error


def _load_trust(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    location = _pem_file(settings, "truststore")
    try:
        context.load_verify_locations(location)
    except OSError as error:
        raise ConfigError(
            f"The truststore {location} cannot be used: {error}.",
            key="ssl.truststore.location",
            remedy="It must hold the certificates of the authorities that sign clients' certificates.",
            code="BRN-1056",
        ) from error


def _pem_file(settings: Mapping[str, str], store: str) -> str:
    location, kind = settings.get(f"ssl.{store}.location"), settings.get(f"ssl.{store}.type", "JKS")
    if not location:
        raise ConfigError(
            f"An https listener needs ssl.{store}.location.",
            key=f"ssl.{store}.location",
            remedy="Name a PEM file, and set the type to PEM.",
            code="BRN-1055",
        )
    if kind.upper() != "PEM":
        raise ConfigError(
            f"The REST server cannot use a {store} of type {kind}.",
            key=f"ssl.{store}.type",
            remedy=f"Convert {Path(location).name} with openssl or keytool, and set ssl.{store}.type=PEM.",
            code="BRN-1055",
        )
    return location


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
