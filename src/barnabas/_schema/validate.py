"""Does a value fit its schema? The slow, exact answer, with the path of what does not."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from barnabas._schema.exact import WIDTHS, BigInt, Instant, Struct
from barnabas._schema.names import java_class
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
    DATE: (date, datetime, Instant),
    TIME: (time, datetime, Instant),
    TIMESTAMP: (datetime, Instant),
}

INT_RANGES: Final[Mapping[Type, tuple[int, int]]] = {
    Type.INT8: (-(2**7), 2**7 - 1),
    Type.INT16: (-(2**15), 2**15 - 1),
    Type.INT32: (-(2**31), 2**31 - 1),
    Type.INT64: (-(2**63), 2**63 - 1),
}


def validate_value(schema: Schema | None, value: Any) -> None:
    """Check that ``value`` is what ``schema`` describes, all the way down.

    A plain number fits every numeric schema that has room for it; one of an exact class (``Int8``, ``Struct``, …) only
    a schema of its own type.

    Args:
        schema: ``None``: schemaless, anything goes.
        value: ``None`` is fine where the schema is optional.

    Raises:
        DataError: about the first value that does not fit, in Kafka Connect's words; the remedy has the whole path,
            such as ``orders[3].price``.
    """
    if schema is not None:
        _check(schema, value, _TOP)


class _Place(NamedTuple):
    """Where a value is: how Kafka Connect says it, and the path from the top."""

    java: str
    path: str


_TOP: Final = _Place("value", "")


def _check(schema: Schema, value: Any, place: _Place) -> None:
    if value is None:
        if not schema.optional:
            raise DataError(
                f"Invalid value: null used for required {place.java}, schema type: {schema.type.name}",
                code=_CODE,
                remedy=f"Give a value{_at(place)}, or make the schema optional.",
            )
        return
    logical = LOGICAL_TYPES.get(schema.name) if schema.name else None
    if logical is not None:
        if not isinstance(value, logical):
            _refuse(schema, value, place, " or ".join(t.__name__ for t in logical if t is not Instant))
        return
    _CHECKS[schema.type](schema, value, place)


def _check_int(schema: Schema, value: Any, place: _Place) -> None:
    if type(value) is not int and (
        not isinstance(value, int)
        or isinstance(value, bool | BigInt)
        or WIDTHS.get(type(value), schema.type) is not schema.type
    ):
        _refuse(schema, value, place, "int")
    low, high = INT_RANGES[schema.type]
    if not low <= value <= high:
        raise DataError(
            f"{_invalid(schema)}: {java_class(value)} for {place.java}",
            code=_CODE,
            remedy=f"{value}{_at(place)} is not between {low} and {high}: use a wider type.",
        )


def _check_float(schema: Schema, value: Any, place: _Place) -> None:
    if type(value) is not float and (
        not isinstance(value, float | int)
        or isinstance(value, bool | BigInt)
        or WIDTHS.get(type(value), schema.type) is not schema.type
    ):
        _refuse(schema, value, place, "float")


def _check_boolean(schema: Schema, value: Any, place: _Place) -> None:
    if not isinstance(value, bool):
        _refuse(schema, value, place, "bool")


def _check_string(schema: Schema, value: Any, place: _Place) -> None:
    if not isinstance(value, str):
        _refuse(schema, value, place, "str")


def _check_bytes(schema: Schema, value: Any, place: _Place) -> None:
    if not isinstance(value, bytes | bytearray | memoryview):
        _refuse(schema, value, place, "bytes")


def _check_array(schema: Schema, value: Any, place: _Place) -> None:
    if not isinstance(value, list | tuple):  # the key of a map may be a tuple
        _refuse(schema, value, place, "list")
    items = schema.value_schema
    if items is not None:
        java = f"element of array {place.java}"
        for index, item in enumerate(value):
            _check(items, item, _Place(java, f"{place.path}[{index}]"))


def _check_map(schema: Schema, value: Any, place: _Place) -> None:
    if not isinstance(value, dict) or isinstance(value, Struct):
        _refuse(schema, value, place, "dict")
    keys, values = schema.key_schema, schema.value_schema
    for key, item in value.items():
        if keys is not None:
            _check(keys, key, _Place(f"key of map {place.java}", f"{place.path}{{key {key!r}}}"))
        if values is not None:
            _check(values, item, _Place(f"value of map {place.java}", f"{place.path}{{{key!r}}}"))


def _check_struct(schema: Schema, value: Any, place: _Place) -> None:
    if not isinstance(value, dict):
        _refuse(schema, value, place, "dict")
    if isinstance(value, Struct) and value.schema != schema:
        raise DataError(
            "Struct schemas do not match.",
            code=_CODE,
            remedy=f"The struct{_at(place)} brings a schema of its own, which is another one: give a dict.",
        )
    dot = f"{place.path}." if place.path else ""
    for name, _, inner in schema.fields:
        item = value.get(name)
        if item is not None or inner.default is None:
            _check(inner, item, _Place(f'field: "{name}"', f"{dot}{name}"))
    if not value.keys() <= {f.name for f in schema.fields}:
        unknown = next(k for k in value if schema.field(k) is None)
        raise DataError(
            f"{unknown} is not a valid field name",
            code=_CODE,
            remedy=f"Fields{_at(place)} are: {', '.join(f.name for f in schema.fields) or 'none'}.",
        )


def _at(place: _Place) -> str:
    return f" at {place.path}" if place.path else ""


def _invalid(schema: Schema) -> str:
    title = f' "{schema.name}"' if schema.name is not None else ""
    return f"Invalid Java object for schema{title} with type {schema.type.name}"


def _refuse(schema: Schema, value: Any, place: _Place, wanted: str) -> NoReturn:
    raise DataError(
        f"{_invalid(schema)}: {java_class(value)} for {place.java}",
        code=_CODE,
        remedy=f"Give a {wanted}{_at(place)}, not a {value.__class__.__name__}.",
    )


_CHECKS: Final[Mapping[Type, Callable[[Schema, Any, _Place], None]]] = {
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
