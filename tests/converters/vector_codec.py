"""Values and schemas of the golden vectors, from and to the neutral encoding, and comparing them.

Values are tagged objects: ``{"t": "int32", "v": 5}``; ``date`` is milliseconds; ``decimal`` has ``unscaled`` and
``scale``; maps are lists of pairs; structs objects of fields. Bytes are base64.
"""

from __future__ import annotations

import json
import math
import re
import struct
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from barnabas._schema.java import to_float32
from barnabas._schema.logical import Date, LogicalDecimal, Time, Timestamp
from barnabas.schema import Schema, Type

VECTORS = Path(__file__).parents[1] / "vectors"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def load(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / name).read_text().splitlines()]


def decode_schema(node: dict[str, Any] | None) -> Schema | None:
    if node is None:
        return None
    bare = Schema(
        Type(node["type"]),
        optional=node["optional"],
        name=node.get("name"),
        version=node.get("version"),
        doc=node.get("doc"),
        parameters=node.get("parameters"),
        fields={f["name"]: decode_schema(f["schema"]) for f in node.get("fields", ())},
        key_schema=decode_schema(node.get("key")),
        value_schema=decode_schema(node.get("value") or node.get("items")),
    )
    return bare.replace(default=decode(bare, node["default"])) if "default" in node else bare


def decode(schema: Schema | None, node: dict[str, Any] | None) -> Any:  # noqa: PLR0911 - one return a type
    if node is None:
        return None
    kind, value = node["t"], node.get("v")
    if kind in ("int64", "bigint"):
        return int(value)
    if kind in ("float32", "float64"):
        # Without a schema a Python author holds 1.1, not the nearest number of 32 bits.
        return to_float32(float(value)) if kind == "float32" and schema is not None else float(value)
    if kind in ("bytes", "bytebuffer"):
        return b64decode(value)
    if kind == "decimal":
        return LogicalDecimal.of(int(node["unscaled"]), node["scale"])
    if kind == "date":
        return _moment(schema, int(value))
    if kind == "array":
        return [decode(schema.value_schema if schema and schema.type is Type.ARRAY else None, item) for item in value]
    if kind == "map":
        known = schema is not None and schema.type is Type.MAP
        keys, values = (schema.key_schema, schema.value_schema) if known else (None, None)
        return {decode(keys, k): decode(values, v) for k, v in value}
    if kind == "struct":
        own = decode_schema(node["schema"]) if "schema" in node else schema
        return {name: decode(own.field(name).schema, item) for name, item in value.items() if item is not None}
    return value


def _moment(schema: Schema | None, milliseconds: int) -> Any:
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    if schema is not None and schema.name == Date.NAME and milliseconds % 86_400_000 == 0:
        return moment.date()
    if schema is not None and schema.name == Time.NAME and 0 <= milliseconds < 86_400_000:
        return moment.time()
    return moment


def encode_schema(schema: Schema | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    out: dict[str, Any] = {"type": schema.type.value, "optional": schema.optional}
    for part in ("name", "version", "doc"):
        if getattr(schema, part) is not None:
            out[part] = getattr(schema, part)
    if schema.parameters:
        out["parameters"] = dict(schema.parameters)
    if schema.default is not None:
        out["default"] = encode(schema, schema.default)
    if schema.type is Type.STRUCT:
        out["fields"] = [{"name": f.name, "schema": encode_schema(f.schema)} for f in schema.fields]
    elif schema.type is Type.MAP:
        out |= {"key": encode_schema(schema.key_schema), "value": encode_schema(schema.value_schema)}
    elif schema.type is Type.ARRAY:
        out["items"] = encode_schema(schema.value_schema)
    return out


def encode(schema: Schema | None, value: Any) -> dict[str, Any] | None:  # noqa: C901, PLR0911, PLR0912 - one branch a type
    match value:
        case None:
            return None
        case bool():
            return {"t": "boolean", "v": value}
        case int():
            kind = schema.type.value if schema else "int64"
            return {"t": kind, "v": str(value) if kind == "int64" else value}
        case float():
            kind = schema.type.value if schema else "float64"
            return {"t": kind, "v": value if math.isfinite(value) else _special(value)}
        case str():
            return {"t": "string", "v": value}
        case bytes():
            return {"t": "bytes", "v": b64encode(value).decode()}
        case Decimal():
            unscaled, scale = LogicalDecimal.parts(value)
            return {"t": "decimal", "unscaled": str(unscaled), "scale": scale}
        case datetime():
            return {"t": "date", "v": str(Timestamp.to_wire(value))}
        case date():
            return {"t": "date", "v": str(Date.to_wire(value) * 86_400_000)}
        case time():
            return {"t": "date", "v": str(Time.to_wire(value))}
        case list():
            return {"t": "array", "v": [encode(schema.value_schema if schema else None, item) for item in value]}
        case dict() if schema is not None and schema.type is Type.STRUCT:
            return {"t": "struct", "v": {f.name: encode(f.schema, value.get(f.name)) for f in schema.fields}}
        case dict():
            keys, values = (schema.key_schema, schema.value_schema) if schema else (None, None)
            return {"t": "map", "v": [[encode(keys, k), encode(values, v)] for k, v in value.items()]}
    raise AssertionError(value)


def _special(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def equal(want: Any, got: Any) -> bool:  # noqa: C901, PLR0911 - one return a type
    if want is None or got is None:
        return want is got
    kind = want["t"]
    if kind in ("bytes", "bytebuffer"):
        return got["t"] == "bytes" and want["v"] == got["v"]
    if kind != got["t"]:
        return False
    if kind in ("float32", "float64"):
        return _bits(want["v"], kind) == _bits(got["v"], kind)
    if kind == "decimal":
        return (want["unscaled"], want["scale"]) == (got["unscaled"], got["scale"])
    if kind == "array":
        return len(want["v"]) == len(got["v"]) and all(map(equal, want["v"], got["v"]))
    if kind == "map":
        rest = list(got["v"])
        for k, v in want["v"]:
            at = next((i for i, (k2, v2) in enumerate(rest) if equal(k, k2) and equal(v, v2)), None)
            if at is None:
                return False
            del rest[at]
        return not rest
    if kind == "struct":
        return want["v"].keys() == got["v"].keys() and all(equal(v, got["v"][k]) for k, v in want["v"].items())
    return str(want["v"]) == str(got["v"])


def _bits(value: Any, kind: str) -> Any:
    number = float(value)
    if math.isnan(number):
        return "NaN"
    return struct.pack(">d", to_float32(number) if kind == "float32" else number)


def same_schema(want: Any, got: Any) -> bool:
    if want is None or got is None:
        return want is got
    if any(want.get(k) != got.get(k) for k in ("type", "optional", "name", "version", "doc")):
        return False
    if (want.get("parameters") or {}) != (got.get("parameters") or {}) or not equal(
        want.get("default"), got.get("default")
    ):
        return False
    if want["type"] == "struct":
        pairs = zip(want["fields"], got["fields"], strict=False)
        return len(want["fields"]) == len(got["fields"]) and all(
            a["name"] == b["name"] and same_schema(a["schema"], b["schema"]) for a, b in pairs
        )
    return all(same_schema(want.get(k), got.get(k)) for k in ("key", "value", "items"))


_NUMBER_CLASS = re.compile(r"java\.lang\.(Byte|Short|Integer|Long)\b")
_MAP_CLASS = re.compile(r"java\.util\.(Linked)?HashMap\b")


def same_message(want: str | None, got: str) -> bool:
    """Whether two messages agree, but for Java's names of classes that are one class in Python."""
    return want is None or _normal(want) == _normal(got)


def _normal(message: str) -> str:
    return _MAP_CLASS.sub("Map", _NUMBER_CLASS.sub("Integral", message))
