"""TLS and SASL: Java's stores and JAAS line into PEM text and separate settings.

Only what ``security.protocol`` asks for is passed on: Java ignores the rest, the library complains about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from barnabas.errors import ConfigError
from barnabas.kafka._sasl import sasl_settings
from barnabas.kafka.client_settings import ClientSettings
from barnabas.kafka.keystores import read_identity, read_trusted

__all__ = ["security_settings"]

_MODERN: Final = frozenset({"TLSV1.2", "TLSV1.3"})
_TLS13: Final = re.compile(r"TLS_[A-Z0-9]+_[A-Z0-9_]+")
_IANA: Final = re.compile(r"TLS_(?P<exchange>[A-Z]+)(?:_(?P<sign>[A-Z]+))?_WITH_(?P<cipher>.+)")


def security_settings(settings: ClientSettings, java: Mapping[str, str]) -> None:
    """Add TLS and SASL settings.

    Raises:
        ConfigError: A store or the JAAS line is wrong; names the key.
    """
    protocol = settings.librdkafka.get("security.protocol", "PLAINTEXT")
    if protocol.endswith("SSL"):
        _tls(settings, java)
    if protocol.startswith("SASL"):
        sasl_settings(settings, java)


def _tls(settings: ClientSettings, java: Mapping[str, str]) -> None:
    made = settings.librdkafka
    trusted = read_trusted(java)
    if trusted is not None:
        made["ssl.ca.pem"] = trusted
        settings.java_names["ssl.ca.pem"] = "ssl.truststore.location"
    identity = read_identity(java)
    if identity is not None:
        made["ssl.key.pem"] = identity.key
        made["ssl.certificate.pem"] = "\n".join(identity.chain)
        settings.java_names |= {"ssl.key.pem": "ssl.keystore.location", "ssl.certificate.pem": "ssl.keystore.location"}
    _endpoint(settings, java)
    enabled = java.get("ssl.enabled.protocols", java.get("ssl.protocol", "")).upper()
    chosen = {name.strip() for name in enabled.split(",") if name.strip()} - {"TLS"}
    if chosen and not chosen & _MODERN:
        raise ConfigError(
            f"None of the TLS versions {', '.join(sorted(chosen))} is supported.",
            key="ssl.enabled.protocols",
            remedy="Allow TLSv1.2 or TLSv1.3.",
            code="BRN-1265",
        )
    if chosen and chosen != _MODERN:
        settings.warnings.append(
            "ssl.enabled.protocols has no effect: the newest of TLSv1.2 and TLSv1.3 that the broker knows is used. "
            "Restrict the versions in the broker."
        )
    _ciphers(settings, java.get("ssl.cipher.suites", ""))


def _endpoint(settings: ClientSettings, java: Mapping[str, str]) -> None:
    key = "ssl.endpoint.identification.algorithm"
    algorithm = java.get(key, "https")
    algorithm = "https" if algorithm is None else algorithm.strip().lower()
    if algorithm not in {"", "https"}:
        raise ConfigError(
            f"Invalid value {algorithm} for configuration {key}: it is https, or empty to check no name.",
            key=key,
            remedy="Write https, or leave it empty.",
            code="BRN-1266",
        )
    settings.librdkafka[key] = algorithm or "none"


def _ciphers(settings: ClientSettings, suites: str) -> None:
    """Java's IANA names into OpenSSL's, as far as they follow the rule; those of TLS 1.3 have one name in both."""
    old, unknown = [], []
    for suite in (name.strip() for name in suites.split(",")):
        if not suite:
            continue
        match = _IANA.fullmatch(suite)
        if match is not None:
            cipher = re.sub(r"AES_(\d+)", r"AES\1", match["cipher"]).replace("AES128_CBC", "AES128")
            cipher = cipher.replace("AES256_CBC", "AES256").replace("_SHA256", "-SHA256").replace("_SHA384", "-SHA384")
            cipher = cipher.replace("CHACHA20_POLY1305-SHA256", "CHACHA20_POLY1305").replace("_", "-")
            parts = [part for part in (match["exchange"], match["sign"]) if part and part != "RSA"]
            rsa = match["sign"] == "RSA"
            old.append("-".join([*parts, *(["RSA"] if rsa else []), cipher]))
        elif not _TLS13.fullmatch(suite):
            unknown.append(suite)
    if old:
        settings.librdkafka["ssl.cipher.suites"] = ":".join(old)
        settings.java_names["ssl.cipher.suites"] = "ssl.cipher.suites"
    if unknown:
        settings.warnings.append(
            f"ssl.cipher.suites {', '.join(unknown)}: not known here. Use the names of RFC 8446 or IANA."
        )
