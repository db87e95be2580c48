"""How kafka-python reaches a cluster: its names for what the other clients are configured with."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from barnabas.errors import ConnectError
from barnabas.kafka.client_settings import ClientSettings

__all__ = ["connection"]

_PASSWORDS: Final = frozenset({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})


@contextlib.contextmanager
def connection(settings: ClientSettings) -> Iterator[dict[str, Any]]:
    """Keyword arguments for a client of kafka-python, valid as long as the context is open.

    Args:
        settings: Translated ones, as librdkafka takes them.

    Raises:
        ConnectError: They log in with a mechanism that is not possible there.
    """
    given = settings.librdkafka
    mechanism = given.get("sasl.mechanism")
    if mechanism is not None and mechanism not in _PASSWORDS:
        raise ConnectError(
            f"kafka-python has no way to log in with {mechanism}.",
            code="BRN-2203",
            key="sasl.mechanism",
            remedy="PLAIN and SCRAM work.",
        )
    from barnabas.kafka._python_sockets import DIRECT  # noqa: PLC0415  takes kafka-python, which not every host needs

    with _tls(given) as context:
        yield {
            "proxy_url": DIRECT,
            "bootstrap_servers": given["bootstrap.servers"].split(","),
            "client_id": given.get("client.id", "barnabas"),
            "security_protocol": given.get("security.protocol", "PLAINTEXT").upper(),
            "ssl_context": context,
            "sasl_mechanism": mechanism,
            "sasl_plain_username": given.get("sasl.username"),
            "sasl_plain_password": given.get("sasl.password"),
        }


@contextlib.contextmanager
def _tls(given: dict[str, str]) -> Iterator[Any]:
    """A TLS context from the PEM texts that the settings hold; ``None`` without TLS."""
    if "SSL" not in given.get("security.protocol", "").upper():
        yield None
        return
    context = ssl.create_default_context(cadata=given.get("ssl.ca.pem"), cafile=given.get("ssl.ca.location"))
    if given.get("ssl.endpoint.identification.algorithm") == "none":
        context.check_hostname = False
    if "ssl.certificate.pem" in given and "ssl.key.pem" in given:
        with tempfile.TemporaryDirectory() as folder:  # private to us, and gone when the chain is loaded
            chain = Path(folder) / "chain.pem"
            chain.write_text(given["ssl.key.pem"] + "\n" + given["ssl.certificate.pem"])
            context.load_cert_chain(chain, password=given.get("ssl.key.password"))
    yield context
