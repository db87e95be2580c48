"""Whom we trust, and with which certificate we show ourselves: ``schema.registry.ssl.*``, as Java writes them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

from barnabas.config import Password
from barnabas.kafka.keystores import read_identity, read_trusted
from barnabas.kafka.tls_contexts import limit_versions, load_identity

__all__ = ["tls_context"]

_PREFIX: Final = "schema.registry."


def tls_context(configs: Mapping[str, Any]) -> ssl.SSLContext:
    """For https addresses; keys without ``schema.registry.`` in front count too, as in Java, where it has none.

    Raises:
        ConfigError: A store cannot be read; names the key.
    """
    java = {key: _text(value) for key, value in configs.items() if key.startswith("ssl.") and value is not None}
    java |= {
        key.removeprefix(_PREFIX): _text(value)
        for key, value in configs.items()
        if key.startswith(f"{_PREFIX}ssl.") and value is not None
    }
    context = ssl.create_default_context(cadata=read_trusted(java))
    limit_versions(context, java)
    if java.get("ssl.endpoint.identification.algorithm", "https").strip() == "":
        context.check_hostname = False
    identity = read_identity(java)
    if identity is not None:
        key = "schema.registry.ssl.keystore.location"
        load_identity(context, identity, of="for the schema registry", key=key, code="BRN-1411")
    return context


def _text(value: Any) -> str:
    return str(value.value if isinstance(value, Password) else value)
