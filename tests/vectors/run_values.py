"""Runs cases of kinds ``values`` (parsing, inferring, converting) and ``projector``."""

from __future__ import annotations

from typing import Any

from barnabas import values
from barnabas.errors import BarnabasError
from barnabas.schema import LogicalDecimal, Schema, project
from vectors import codec

__all__ = ["run"]

_CONVERSIONS = {
    "convertToBoolean": (values.convert_to_boolean, Schema.BOOLEAN),
    "convertToByte": (values.convert_to_byte, Schema.INT8),
    "convertToShort": (values.convert_to_short, Schema.INT16),
    "convertToInteger": (values.convert_to_int, Schema.INT32),
    "convertToLong": (values.convert_to_long, Schema.INT64),
    "convertToFloat": (values.convert_to_float, Schema.FLOAT32),
    "convertToDouble": (values.convert_to_double, Schema.FLOAT64),
    "convertToString": (values.convert_to_string, Schema.STRING),
    "convertToDate": (values.convert_to_date, None),
    "convertToTime": (values.convert_to_time, None),
    "convertToTimestamp": (values.convert_to_timestamp, None),
    "convertToList": (values.convert_to_list, None),
    "convertToMap": (values.convert_to_map, None),
    "convertToStruct": (values.convert_to_struct, None),
}


def run(case: dict[str, Any]) -> dict[str, Any]:
    """What we make of it, in the neutral encoding."""
    stage = "project" if case["kind"] == "projector" else case["op"]
    try:
        if case["kind"] == "projector":
            return _project(case)
        if stage == "parseString":
            found = values.parse_string(case["text"])
            return {"schema": codec.encode_schema(found.schema), "value": codec.encode(*found)}
        return _convert(case)
    except BarnabasError as error:
        return codec.error_of(stage, error)


def _project(case: dict[str, Any]) -> dict[str, Any]:
    source, target = codec.decode_schema(case["source"]), codec.decode_schema(case["target"])
    assert source is not None
    assert target is not None
    return {"value": codec.encode(target, project(source, codec.decode(source, case["value"]), target))}


def _convert(case: dict[str, Any]) -> dict[str, Any]:
    schema = codec.decode_schema(case.get("schema"))
    value = codec.decode(schema, case["value"])
    if case["op"] == "inferSchema":
        return {"schema": codec.encode_schema(values.infer_schema(value))}
    if case["op"] == "convertToDecimal":
        made = values.convert_to_decimal(schema, value, case["scale"])
        return {"value": codec.encode(LogicalDecimal.schema(case["scale"]), made)}
    convert, target = _CONVERSIONS[case["op"]]
    found = convert(schema, value)
    own = schema if target is None and found is value else target  # a container comes back as it is, with its schema
    return {"value": codec.encode(own, found)}
