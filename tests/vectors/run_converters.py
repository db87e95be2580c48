"""Runs cases of kinds ``converter`` and ``header_converter``: alone and in a column, which must agree."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from barnabas.converters import load_converter, load_header_converter
from barnabas.errors import BarnabasError
from vectors import codec
from vectors.compare import equal, same_schema

__all__ = ["run"]


def run(case: dict[str, Any]) -> dict[str, Any]:
    """What our converter answers, in the neutral encoding; a column that answers otherwise is the error ``column``."""
    header = case["kind"] == "header_converter"
    try:
        converter: Any = (load_header_converter if header else load_converter)(case["class"])()
        kind = {"converter.type": "header"} if header else {}
        converter.configure((case["config"] or {}) | kind, case.get("is_key", False))
    except BarnabasError as error:
        return codec.error_of("configure", error)
    return _from(converter, case, header=header) if case["op"] == "from" else _to(converter, case, header=header)


def _from(converter: Any, case: dict[str, Any], *, header: bool) -> dict[str, Any]:
    schema = codec.decode_schema(case["schema"])
    value = codec.decode(schema, case["value"])
    if header:
        return _payload(converter.from_connect_header("t", "h", schema, value))
    alone = _attempt(lambda: _payload(converter.from_connect("t", schema, value)))
    column = _attempt(lambda: _rows([_payload(p) for p in converter.from_connect_column("t", schema, [value, value])]))
    return alone if _agree(alone, column) else _differs(alone, column)


def _to(converter: Any, case: dict[str, Any], *, header: bool) -> dict[str, Any]:
    raw = case.get("bytes")
    payload = case["text"].encode() if "text" in case else None if raw is None else b64decode(raw)
    if header:
        return _value(*converter.to_connect_header("t", "h", payload))
    alone = _attempt(lambda: _value(*converter.to_connect("t", payload)))
    column = _attempt(lambda: _rows(_values(*converter.to_connect_column("t", [payload, payload]))))
    return alone if _agree(alone, column) else _differs(alone, column)


def _payload(payload: bytes | None) -> dict[str, Any]:
    return {"bytes": None if payload is None else b64encode(payload).decode()}


def _value(schema: Any, value: Any) -> dict[str, Any]:
    return {"schema": codec.encode_schema(schema), "value": codec.encode(schema, value)}


def _values(schemas: Any, values: list[Any]) -> list[dict[str, Any]]:
    each = schemas if isinstance(schemas, list) else [schemas] * len(values)
    return [_value(schema, value) for schema, value in zip(each, values, strict=True)]


def _rows(answers: list[dict[str, Any]]) -> dict[str, Any]:
    first, second = answers
    return first if _agree(first, second) else {"several": answers}


def _attempt(act: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = act()
    except BarnabasError as error:
        return codec.error_of("convert", error)
    return found


def _agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if "schema" in one and "schema" in other:
        return same_schema(one["schema"], other["schema"]) and equal(one["value"], other["value"])
    return one == other


def _differs(alone: dict[str, Any], column: dict[str, Any]) -> dict[str, Any]:
    return {
        "error": {"stage": "column", "class": "python.ColumnDiffers", "message": f"{column} in a column, but {alone}"}
    }
