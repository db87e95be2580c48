"""Does a value fit its schema? The slow, exact answer, with the path of what does not."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from barnabas._schema.types import Type
from barnabas.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barnabas._schema.model import Schema

__all__ = ["DATE", "DECIMAL", "INT_RANGES", "LOGICAL_TYPES", "TIME", "TIMESTAMP", "validate_value"]

_CODE: Final = "BRN-2160"  # a value that does not fit its schema
DECIMAL: Final = "org.apache.kafka.connect.data.Decimal"
DATE: Final = "org.apache.kafka.connect.data.Date"
TIME: Final = "org.apache.kafka.connect.data.Time"
TIMESTAMP: Final = "org.apache.kafka.connect.data.Timestamp"

# The Python types that a logical type's values have. Kafka Connect has one class for points in time, so a datetime is
# accepted for a date and a time too; the conversion checks that its other part is zero.
LOGICAL_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    DECIMAL: (Decimal,),
    DATE: (date, datetime),
    TIME: (time, datetime),
    TIMESTAMP: (datetime,),
}

INT_RANGES: Final[Mapping[Type, tuple[int, int]]] = {
    Type.INT8: (-(2**7), 2**7 - 1),
    Type.INT16: (-(2**15), 2**15 - 1),
    Type.INT32: (-(2**31), 2**31 - 1),
    Type.INT64: (-(2**63), 2**63 - 1),
}


def validate_value(schema: Schema | None, value: Any) -> None:
    """Check that ``value`` is what ``schema`` describes, all the way down.

    Args:
        schema: ``None``: schemaless, anything goes.
        value: ``None`` is fine where the schema is optional.

    Raises:
        DataError: naming the path of the first value that does not fit, such as ``orders[3].price``.
    """
    if schema is not None:
        _check(schema, value, "")


def _check(schema: Schema, value: Any, path: str) -> None:
    if value is None:
        if not schema.optional:
            raise DataError(
                f"Invalid value: null used for required {_where(path)}, schema type: {schema.type.name}",
                code=_CODE,
                remedy="Give a value, or make the schema optional.",
            )
        return
    logical = LOGICAL_TYPES.get(schema.name) if schema.name else None
    if logical is not None:
        if not isinstance(value, logical):
            _refuse(schema, value, path, " or ".join(t.__name__ for t in logical))
        return
    _CHECKS[schema.type](schema, value, path)


def _check_int(schema: Schema, value: Any, path: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(schema, value, path, "int")
    low, high = INT_RANGES[schema.type]
    if not low <= value <= high:
        raise DataError(
            f"Value {value} does not fit into {schema.type.name} for {_where(path)}",
            code=_CODE,
            remedy=f"Give a number between {low} and {high}, or use a wider type.",
        )


def _check_float(schema: Schema, value: Any, path: str) -> None:
    if not isinstance(value, float | int) or isinstance(value, bool):
        _refuse(schema, value, path, "float")


def _check_boolean(schema: Schema, value: Any, path: str) -> None:
    if not isinstance(value, bool):
        _refuse(schema, value, path, "bool")


def _check_string(schema: Schema, value: Any, path: str) -> None:
    if not isinstance(value, str):
        _refuse(schema, value, path, "str")


def _check_bytes(schema: Schema, value: Any, path: str) -> None:
    if not isinstance(value, bytes | bytearray | memoryview):
        _refuse(schema, value, path, "bytes")


def _check_array(schema: Schema, value: Any, path: str) -> None:
    if not isinstance(value, list):
        _refuse(schema, value, path, "list")
    items = schema.value_schema
    if items is not None:
        for index, item in enumerate(value):
            _check(items, item, f"{path}[{index}]")


def _check_map(schema: Schema, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        _refuse(schema, value, path, "dict")
    keys, values = schema.key_schema, schema.value_schema
    for key, item in value.items():
        if keys is not None:
            _check(keys, key, f"{path}{{key {key!r}}}")
        if values is not None:
            _check(values, item, f"{path}{{{key!r}}}")


def _check_struct(schema: Schema, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        _refuse(schema, value, path, "dict")
    dot = f"{path}." if path else ""
    for name, _, inner in schema.fields:
        item = value.get(name)
        if item is not None or inner.default is None:
            _check(inner, item, f"{dot}{name}")
    if not value.keys() <= {f.name for f in schema.fields}:
        unknown = next(k for k in value if schema.field(k) is None)
        raise DataError(
            f"{unknown!r} is not a valid field name{f' at {path!r}' if path else ''}",
            code=_CODE,
            remedy=f"Fields are: {', '.join(f.name for f in schema.fields) or 'none'}.",
        )


def _where(path: str) -> str:
    return f'field: "{path}"' if path else "value"


def _refuse(schema: Schema, value: Any, path: str, wanted: str) -> None:
    title = f' "{schema.name}"' if schema.name else ""
    raise DataError(
        f"Invalid Python object for schema{title} with type {schema.type.name}: "
        f"{value.__class__.__name__} for {_where(path)}",
        code=_CODE,
        remedy=f"Give a {wanted}.",
    )


_CHECKS: Final[Mapping[Type, Callable[[Schema, Any, str], None]]] = {
    Type.INT8: _check_int,
    Type.INT16: _check_int,
    Type.INT32: _check_int,
    Type.INT64: _check_int,
    Type.FLOAT32: _check_float,
    Type.FLOAT64: _check_float,
    Type.BOOLEAN: _check_boolean,
    Type.STRING: _check_string,
    Type.BYTES: _check_bytes,
    Type.ARRAY: _check_array,
    Type.MAP: _check_map,
    Type.STRUCT: _check_struct,
}
