"""Where the REST server listens: the ``listeners`` setting, parsed and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, cast

import msgspec

from barnabas.errors import ConfigError

__all__ = ["HttpListener", "parse_listeners"]

_LISTENER = re.compile(r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:.%]+\]|[^:/\[\]]*):(?P<port>\d+)/?", re.IGNORECASE)
_MAX_PORT = 65_535


class HttpListener(msgspec.Struct, frozen=True):
    """One address to listen on.

    Args:
        scheme: ``http`` or ``https``.
        host: Name or address, without brackets; empty for all interfaces.
        port: 0 lets the system choose.
    """

    scheme: Literal["http", "https"]
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_listeners(texts: Iterable[str], key: str = "listeners") -> list[HttpListener]:
    """Parse listener texts such as ``http://:8083``; at least one is needed."""
    found = [_parse(text, key) for text in texts]
    if not found:
        raise ConfigError(
            "No listener is configured.", key=key, remedy="Give one, such as http://:8083.", code="BRN-1040"
        )
    return found


def _parse(text: str, key: str) -> HttpListener:
    match = _LISTENER.fullmatch(text.strip())
    if not match:
        raise _refused(text, key, "it is not of the form scheme://host:port")
    scheme = match["scheme"].lower()
    if scheme not in ("http", "https"):
        raise _refused(text, key, f"the scheme {scheme} is neither http nor https")
    port = int(match["port"])
    if port > _MAX_PORT:
        raise _refused(text, key, f"{port} is no port")
    host = match["host"].strip("[]")
    return HttpListener(cast("Literal['http', 'https']", scheme), "" if host == "*" else host, port)


def _refused(text: str, key: str, why: str) -> ConfigError:
    return ConfigError(
        f"Invalid value {text} for configuration {key}: {why}.",
        key=key,
        remedy="Write http://:8083, http://localhost:8083 or https://host:8443.",
        code="BRN-1040",
    )
