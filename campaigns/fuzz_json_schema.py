"""JsonSchemaConverter for ``campaigns.fuzz``: schemas of all shapes in a registry inside the process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from barnabas.converters._registry_client.schemas import JSON, SchemaText
from barnabas.converters.json_schema_converter import JsonSchemaConverter

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

__all__ = ["json_schema_converters"]

_URL: Final = "mock://fuzz-json-schema"
_LOGICAL: Final = "org.apache.kafka.connect.data."
_UNFRAMED: Final = 0.05
_ENTRY: Final = {"properties": {"key": {"type": "integer"}, "value": {"type": "string"}}}
_ROW: Final = {
    "properties": {
        "i8": {"type": "integer", "connect.type": "int8"},
        "i32": {"type": "integer", "connect.type": "int32", "default": 7},
        "d": {"type": "number"},
        "s": {"type": ["null", "string"]},
        "y": {"type": "string", "connect.type": "bytes"},
        "list": {"items": {"type": ["null", "number"]}},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "pairs": {"type": "array", "connect.type": "map", "items": _ENTRY},
        "dec": {
            "type": "number",
            "title": f"{_LOGICAL}Decimal",
            "connect.type": "bytes",
            "connect.parameters": {"scale": "2"},
        },
        "day": {"type": "integer", "title": f"{_LOGICAL}Date", "connect.type": "int32"},
        "at": {"type": "integer", "title": f"{_LOGICAL}Time", "connect.type": "int32"},
        "when": {"type": "integer", "title": f"{_LOGICAL}Timestamp", "connect.type": "int64"},
        "in": {"oneOf": [{"type": "null"}, {"properties": {"x": {"type": "number"}, "y": {"type": "string"}}}]},
    }
}
_UNION: Final = {
    "oneOf": [
        {"type": "string"},
        {"type": "integer"},
        {"properties": {"schema": {"type": "string"}}},
        {"type": "array", "items": {"type": "number"}},
        {"type": "object", "additionalProperties": {"type": "boolean"}},
        {"type": "null"},
    ]
}
_SCHEMAS: Final[tuple[dict[str, Any], ...]] = (
    _ROW,
    _UNION,
    {"type": "string"},
    {"type": "integer"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "object", "additionalProperties": {"oneOf": [{"type": "string"}, {"type": "number"}]}},
)
_CONFIGS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"strict": "true"},
    {"json.fail.invalid.schema": "true"},
    {"decimal.format": "NUMERIC", "ignore.default.for.nullables": "true", "use.optional.for.nonrequired": "true"},
)


def json_schema_converters() -> list[tuple[str, Any, Callable[[Random, bytes], bytes]]]:
    """For each setting that changes what is read: its name, a converter, and what frames bytes."""
    made: list[tuple[str, Any, Callable[[Random, bytes], bytes]]] = []
    for config in _CONFIGS:
        converter = JsonSchemaConverter()
        converter.configure({"schema.registry.url": _URL, **config})
        heads = [_head(converter, f"schema-{at}", node) for at, node in enumerate(_SCHEMAS)]

        def framed(random: Random, payload: bytes, heads: list[bytes] = heads) -> bytes:
            return payload if random.random() < _UNFRAMED else random.choice(heads) + payload

        shown = ",".join(f"{key}={value}" for key, value in config.items())
        made.append((f"JsonSchemaConverter {shown}"[:58].strip(), converter, framed))
    return made


def _head(converter: JsonSchemaConverter, subject: str, node: dict[str, Any]) -> bytes:
    found = converter.client.register(subject, SchemaText(json.dumps(node), JSON))
    return b"\0" + found.id.to_bytes(4, "big")
