"""TLS contexts of Python out of Java's ``ssl.*`` settings: what servers and clients of HTTP do alike."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path

from barnabas.errors import ConfigError
from barnabas.kafka.keystores import Identity

__all__ = ["limit_versions", "load_identity"]


def limit_versions(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    """``ssl.enabled.protocols``: TLS 1.2 and later, unless only 1.3 is wanted."""
    wanted = {name.strip() for name in settings.get("ssl.enabled.protocols", "").split(",")}
    only_newest = "TLSv1.3" in wanted and "TLSv1.2" not in wanted
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if only_newest else ssl.TLSVersion.TLSv1_2


def load_identity(context: ssl.SSLContext, identity: Identity, *, of: str, key: str, code: str) -> None:
    """Have a context show this key and certificate.

    Python takes keys from files only: one that nobody else may read, for a moment.

    Args:
        context: Of a server or a client.
        identity: From a key store.
        of: Whose they are, for the error: ``of the REST server``.
        key: The setting that names the store.
        code: Of the error.

    Raises:
        ConfigError: The key and the certificate do not belong to each other.
    """
    fd, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(fd, "w") as file:
            file.write("\n".join([identity.key, *identity.chain]))
        context.load_cert_chain(name)
    except ssl.SSLError as error:
        raise ConfigError(
            f"The key and the certificate {of} do not go together: {error.reason or error}.",
            key=key,
            remedy="The certificate chain has to begin with the one that belongs to the private key.",
            code=code,
        ) from error
    finally:
        Path(name).unlink(missing_ok=True)
