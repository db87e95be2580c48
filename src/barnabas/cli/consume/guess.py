"""The converter of ``barnabas consume`` where none is configured: reads what can be recognised for certain."""

from __future__ import annotations

from typing import Any, Final

import orjson

from barnabas.converters.base import Converter
from barnabas.converters.sniff import remedy_for
from barnabas.errors import DataError
from barnabas.schema import Schema, SchemaAndValue

__all__ = ["GUESS", "Guess"]

GUESS: Final = f"{__name__}:Guess"
"""What a configuration calls it."""
_ORDINARY: Final = frozenset("\t\n\r\f")


class Guess(Converter):
    """JSON objects and arrays as what they are, other text as text; of everything else it says what it looks like."""

    def __init__(self) -> None:
        self._kind = "value"

    def configure(self, configs: Any, is_key: bool = False) -> None:
        """Nothing can be set."""
        del configs
        self._kind = "key" if is_key else "value"

    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """Refuses: it is for reading.

        Raises:
            DataError: always.
        """
        del topic, schema, value
        raise DataError(f"The {self._kind} cannot be written", code="BRN-1462", remedy="Name a converter.")

    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """A value without a schema.

        Raises:
            DataError: It is neither text nor JSON; says which converter may read it.
        """
        del topic
        if payload is None:
            return SchemaAndValue(None, None)
        text = _text(payload)
        if text is None:
            raise DataError(
                f"The {self._kind} is no text",
                code="BRN-1462",
                key=f"{self._kind}.converter",
                remedy=remedy_for(payload, self._kind),
            )
        if text[:1] in ("{", "["):
            try:
                return SchemaAndValue(None, orjson.loads(payload))
            except orjson.JSONDecodeError:
                pass  # text that begins like JSON
        return SchemaAndValue(None, text)


def _text(payload: bytes) -> str | None:
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or all(char.isprintable() or char in _ORDINARY for char in text) else None
