"""What the client library says by itself: errors to whoever asked for them, log lines into Python's logging.

The library tells of the same broken connection on each attempt, once as an error and once as a log line. A person
wants to read it once, and again after a while if it has not healed.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Final

from barnabas.kafka.faults import KafkaFault

__all__ = ["FaultReporter", "client_log", "write_log"]

client_log = logging.getLogger("barnabas.kafka.librdkafka")
"""Log lines of the client library."""

_REPEAT_AFTER: Final = 30.0
_KEPT: Final = 64
_ATTEMPT: Final = re.compile(r" \(after \d+ms in state [^)]*\)|, \d+ identical error\(s\) suppressed|\d+ms")
_ALSO_ERRORS: Final = ("FAIL", "ERROR")  # facilities whose lines arrive as errors too
_CRITICAL, _WARNING, _NOTICE = 2, 4, 5  # levels of syslog


class FaultReporter:
    """Passes faults on, each text once in half a minute; remembers the last one that trying again cannot heal.

    Args:
        on_error: Called on the thread that polls the client, or, for errors while a client is being made, on a thread
            of the library. ``None`` logs a warning.
    """

    def __init__(self, on_error: Callable[[KafkaFault], None] | None) -> None:
        self._on_error = on_error
        self._seen: dict[str, float] = {}
        self.reason: KafkaFault | None = None  # the last that says more than "all brokers are down"
        self.verdict: KafkaFault | None = None

    def report(self, fault: KafkaFault) -> None:
        """Tell, unless the same was told a moment ago."""
        if self.reason is None or fault.name != "_ALL_BROKERS_DOWN":
            self.reason = fault
        if fault.fatal:
            self.verdict = fault
        key = fault.name + _ATTEMPT.sub("", fault.message)
        now = time.monotonic()
        if now - self._seen.get(key, -_REPEAT_AFTER) < _REPEAT_AFTER:
            return
        if len(self._seen) >= _KEPT:
            self._seen.clear()
        self._seen[key] = now
        if self._on_error is None:
            client_log.warning("%s", fault.message)
        else:
            self._on_error(fault)


def write_log(level: int, facility: str, text: str) -> None:
    """One line of the library's log, with the level of syslog."""
    if facility in _ALSO_ERRORS or level > _NOTICE:
        client_log.debug("%s: %s", facility, text)
    elif level <= _CRITICAL:
        client_log.error("%s: %s", facility, text)
    elif level <= _WARNING:
        client_log.warning("%s: %s", facility, text)
    else:
        client_log.info("%s: %s", facility, text)


def _quieter(record: logging.LogRecord) -> bool:
    """Lines that confluent-kafka writes for its clients: those that arrive as errors too are for debugging only."""
    if record.levelno > logging.DEBUG and record.getMessage().startswith(_ALSO_ERRORS):
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return client_log.isEnabledFor(logging.DEBUG)
    return True


client_log.addFilter(_quieter)
