"""The converter of ``barnabas consume`` where none is configured: reads what can be recognised for certain.

With ``--schema-registry``, messages with a schema's number are read by the converter for what the registry says it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from barnabas.converters._registry_client.client import RegistryClient
from barnabas.converters._registry_client.settings import RegistrySettings, registry_def
from barnabas.converters.base import Converter
from barnabas.converters.names import REGISTRY_CONVERTERS, load_converter
from barnabas.converters.sniff import remedy_for
from barnabas.errors import DataError
from barnabas.schema import Schema, SchemaAndValue

__all__ = ["GUESS", "Guess"]

GUESS: Final = f"{__name__}:Guess"
"""What a configuration calls it."""
_ORDINARY: Final = frozenset("\t\n\r\f\x1b")
_URL: Final = "schema.registry.url"
_KINDS: Final = {"AVRO": "AvroConverter", "PROTOBUF": "ProtobufConverter", "JSON": "JsonSchemaConverter"}
_HEAD: Final = 5
_HERE: Final = " Here, --schema-registry URL is enough."


class Guess(Converter):
    """JSON objects and arrays as what they are, other text as text; of everything else it says what it looks like."""

    def __init__(self) -> None:
        self._kind = "value"
        self._registered: _Registered | None = None

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Takes the settings of the registry's converters, if there is a registry."""
        self._kind = "key" if is_key else "value"
        self._registered = _Registered(configs, is_key) if configs.get(_URL) else None

    def close(self) -> None:
        """Close the registry's converters."""
        if self._registered is not None:
            self._registered.close()

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
        if payload is None:
            return SchemaAndValue(None, None)
        if self._registered is not None and len(payload) >= _HEAD and payload[0] == 0:
            return self._registered.to_connect(topic, payload)
        text = _text(payload)
        if text is None:
            raise DataError(
                f"The {self._kind} is no text",
                code="BRN-1462",
                key=f"{self._kind}.converter",
                remedy=remedy_for(payload, self._kind) + (_HERE if payload[:1] == b"\0" else ""),
            )
        if text[:1] in ("{", "["):
            try:
                return SchemaAndValue(None, orjson.loads(payload))
            except orjson.JSONDecodeError:
                pass  # text that begins like JSON
        return SchemaAndValue(None, text)


class _Registered:
    """The converters of a schema registry, each made when it is first needed."""

    def __init__(self, configs: Mapping[str, Any], is_key: bool) -> None:
        definition = registry_def()
        known = {key: value for key, value in configs.items() if key in definition.keys}
        self._configs = configs
        self._is_key = is_key
        self._client = RegistryClient(RegistrySettings.of(definition.parse(known), configs, is_key=is_key))
        self._made: dict[str, Converter] = {}

    def to_connect(self, topic: str, payload: bytes) -> SchemaAndValue:
        kind = self._client.schema_by_id(int.from_bytes(payload[1:_HEAD], "big")).schema.kind
        name = _KINDS.get(kind)
        if name is None:
            raise DataError(
                f"The schema is of the kind {kind}", code="BRN-1462", remedy="There is no converter for it."
            )
        if kind not in self._made:
            full = next(java for java in REGISTRY_CONVERTERS if java.endswith(f".{name}"))
            made = load_converter(full)()
            made.configure(self._configs, self._is_key)
            self._made[kind] = made
        return self._made[kind].to_connect(topic, payload)

    def close(self) -> None:
        self._client.close()
        for made in self._made.values():
            made.close()


def _text(payload: bytes) -> str | None:
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or all(char.isprintable() or char in _ORDINARY for char in text) else None
