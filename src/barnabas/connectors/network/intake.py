"""What all listeners share: messages become chunks here, and complaints are kept from flooding the log."""

from __future__ import annotations

import logging
import time
from typing import Any

from barnabas import Config, Headers, Schema
from barnabas.connectors.network.formats import Decoded, format_named
from barnabas.connectors.network.inbox import Chunk, Inbox

__all__ = ["Intake", "Sparingly", "peer_name"]

log = logging.getLogger(__name__)

PEER, INVALID = "network.peer", "network.invalid"


def peer_name(address: Any) -> str:
    """An address as people write it."""
    if not isinstance(address, tuple):
        return "unknown"
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Sparingly:
    """Logs at most one warning in ten seconds, and how many there were since; for what strangers can cause."""

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._next = 0.0
        self._held = 0

    def warn(self, message: str) -> None:
        """Log it, or count it."""
        now = time.monotonic()
        if now < self._next:
            self._held += 1
            return
        log.warning("%s%s", message, f" ({self._held} more since the last of these lines)" if self._held else "")
        self._held, self._next = 0, now + self._seconds


class Intake:
    """The way from bytes into the inbox; used on the loop's thread.

    Args:
        config: The task's.
        inbox: Where chunks go.
    """

    def __init__(self, config: Config, inbox: Inbox) -> None:
        self.config = config
        self.inbox = inbox
        self.limit: int = config["max.message.bytes"]
        self.warnings = Sparingly()
        self.format = format_named(config["format"], config["syslog.timezone"])
        self._with_peer: bool = config["include.peer"]

    def decode(self, messages: list[bytes]) -> Decoded:
        """Values of messages, in the configured format; without empty messages where those mean nothing."""
        if self.format.skips_empty:
            messages = [message for message in messages if message]
        return self.format.decode(messages)

    def chunk(self, decoded: Decoded, size: int, peer: str) -> Chunk:
        """Decoded messages of one sender."""
        return Chunk(decoded.values, self._headers(decoded, peer), size)

    def accept(self, messages: list[bytes], peer: str) -> None:
        """Decode and put into the inbox."""
        decoded = self.decode(messages)
        if decoded.values:
            self.inbox.offer(self.chunk(decoded, sum(map(len, messages)), peer))
        if decoded.errors:
            at, error = next(iter(decoded.errors.items()))
            self.warnings.warn(f"{peer} sent what is {error}: {decoded.values[at]!r:.200}")

    def _headers(self, decoded: Decoded, peer: str) -> list[Headers | None] | None:
        if not self._with_peer and not decoded.errors:
            return None
        column: list[Headers | None] = []
        for at in range(len(decoded.values)):
            headers = Headers()
            if self._with_peer:
                headers.add(PEER, peer, Schema.STRING)
            if at in decoded.errors:
                headers.add(INVALID, decoded.errors[at], Schema.STRING)
            column.append(headers or None)
        return column
