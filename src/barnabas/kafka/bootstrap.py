"""Are the brokers' names known at all? Asked before a client is made, as Java's clients do."""

from __future__ import annotations

import socket

from barnabas.errors import ConfigError
from barnabas.kafka.settings import ClientSettings

__all__ = ["check_bootstrap", "parse_servers"]

_KEY = "bootstrap.servers"
_MAX_PORT = 65535


def parse_servers(text: str) -> list[tuple[str, int]]:
    """``host:port,[::1]:9092`` into pairs.

    Raises:
        ConfigError: Empty, or an entry is not ``host:port``.
    """
    servers = [_parse(entry.strip()) for entry in text.split(",") if entry.strip()]
    if not servers:
        raise ConfigError(
            "No bootstrap urls given in bootstrap.servers.",
            key=_KEY,
            remedy="Name a broker: host:9092.",
            code="BRN-1201",
        )
    return servers


def _parse(entry: str) -> tuple[str, int]:
    address = entry.rpartition("://")[2]
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) <= _MAX_PORT:
        raise ConfigError(
            f"Invalid url in bootstrap.servers: {entry}.",
            key=_KEY,
            remedy="Write host:port, with commas between several.",
            code="BRN-1202",
        )
    return host, int(port)


def check_bootstrap(settings: ClientSettings) -> None:
    """Resolve the names: one that is known is enough.

    Raises:
        ConfigError: None is known; names the hosts.
    """
    servers = parse_servers(settings.librdkafka.get(_KEY, ""))
    if any(_is_known(host, port) for host, port in servers):
        return
    hosts = ", ".join(dict.fromkeys(host for host, _ in servers))
    raise ConfigError(
        f"No resolvable bootstrap urls given in bootstrap.servers: unknown host {hosts}.",
        key=_KEY,
        remedy="Correct the host name, or make it known to DNS.",
        code="BRN-1203",
    )


def _is_known(host: str, port: int) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return True
    try:  # as bytes: text would load Python's tables of international names, 1.5 MB in each task
        socket.getaddrinfo(host.encode("ascii" if host.isascii() else "idna"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return True
