"""Whom we trust, and with which certificate we show ourselves: ``schema.registry.ssl.*``, as Java writes them."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from barnabas.config import Password
from barnabas.errors import ConfigError
from barnabas.kafka.keystores import Identity, read_identity, read_trusted

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
    wanted = {name.strip() for name in java.get("ssl.enabled.protocols", "").split(",")}
    only_newest = "TLSv1.3" in wanted and "TLSv1.2" not in wanted
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if only_newest else ssl.TLSVersion.TLSv1_2
    if java.get("ssl.endpoint.identification.algorithm", "https").strip() == "":
        context.check_hostname = False
    identity = read_identity(java)
    if identity is not None:
        _load(context, identity)
    return context


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    """Python takes keys from files only: one that nobody else may read, for a moment."""
    fd, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(fd, "w") as file:
            file.write("\n".join([identity.key, *identity.chain]))
        context.load_cert_chain(name)
    except ssl.SSLError as error:
        raise ConfigError(
            f"The key and the certificate for the schema registry do not go together: {error.reason or error}.",
            key="schema.registry.ssl.keystore.location",
            remedy="The certificate chain has to begin with the one that belongs to the private key.",
            code="BRN-1411",
        ) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _text(value: Any) -> str:
    return str(value.value if isinstance(value, Password) else value)
