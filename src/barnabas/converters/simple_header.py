"""SimpleHeaderConverter: header values as readable text."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from barnabas.converters.base import HeaderConverter
from barnabas.converters.string import decode_utf8, encode_utf8
from barnabas.errors import ConfigError, DataError
from barnabas.schema import Schema, SchemaAndValue
from barnabas.values import convert_to_string, parse_string

__all__ = ["SimpleHeaderConverter"]

_log: Final = logging.getLogger(__name__)
_STRICT: Final = "strict"


class SimpleHeaderConverter(HeaderConverter):
    """Writes values as text, and guesses the type back from the text.

    A number comes back as the smallest type that holds it, so a round trip may change types: INT64 1 reads as INT8 1,
    and even the text: ``0123`` reads as INT8 123. What cannot be parsed without exhausting the machine stays bytes.

    With the setting ``strict`` a guess counts only if writing it gives the same text again; any other header is text:
    nothing that came in as text goes out as another one.
    """

    def __init__(self) -> None:
        self._strict = False

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Take ``strict``."""
        del is_key
        text = str(configs.get(_STRICT) or "false").strip().lower()
        if text not in ("true", "false"):
            raise ConfigError(
                f"Invalid value {text} for configuration {_STRICT}: Expected value to be either true or false",
                code="BRN-1001",
                key=_STRICT,
                remedy="Write true or false.",
            )
        self._strict = text == "true"

    def from_connect_header(self, topic: str, name: str, schema: Schema | None, value: Any) -> bytes | None:
        """The text of the value; null stays null."""
        del topic, name
        text = convert_to_string(schema, value)
        return None if text is None else encode_utf8(text)

    def to_connect_header(self, topic: str, name: str, payload: bytes | None) -> SchemaAndValue:
        """What the text seems to be."""
        if payload is None:
            return SchemaAndValue(None, None)
        text = decode_utf8(payload)
        try:
            found = parse_string(text)
        except DataError as error:
            _log.warning(
                "Failed to deserialize value for header '%s' on topic '%s', so using bytes: %s", name, topic, error
            )
            return SchemaAndValue(Schema.BYTES, payload)
        if self._strict and convert_to_string(*found) != text:
            return SchemaAndValue(Schema.STRING, text)
        return found
