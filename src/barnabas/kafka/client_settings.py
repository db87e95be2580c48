"""Settings as the client library takes them: what :func:`barnabas.kafka.settings.translate` gives to the clients."""

from __future__ import annotations

import msgspec

__all__ = ["ClientSettings"]

_MEBIBYTE = 1 << 20


class ClientSettings(msgspec.Struct):
    """Translated settings of one client.

    Args:
        librdkafka: Names and values for the library. Holds secrets: not for logs.
        warnings: One line for each key that has no equivalent, with what to do.
        java_names: The Java key behind each name of the library, for error messages.
        max_in_flight_records: The most records that a producer hands over before some are acknowledged.
        max_in_flight_bytes: The same in bytes: ``buffer.memory``.
    """

    librdkafka: dict[str, str]
    warnings: list[str] = msgspec.field(default_factory=list)
    java_names: dict[str, str] = msgspec.field(default_factory=dict)
    max_in_flight_records: int = 200_000
    max_in_flight_bytes: int = 32 * _MEBIBYTE

    def java_name(self, name: str) -> str:
        """The key under which a person set this."""
        return self.java_names.get(name, name)
