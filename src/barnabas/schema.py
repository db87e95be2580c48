"""What a value looks like: schemas, logical types, validation.

Values are plain Python, with the schema beside, never inside:

==========================  ===============================================================
Schema                      Python value
==========================  ===============================================================
INT8 … INT64                ``int``
FLOAT32, FLOAT64            ``float``
BOOLEAN, STRING, BYTES      ``bool``, ``str``, ``bytes``
ARRAY                       ``list``
MAP, STRUCT                 ``dict`` (a struct's keys are its field names; a missing key means ``None``)
:class:`LogicalDecimal`     ``decimal.Decimal``
:class:`Date`               ``datetime.date``
:class:`Time`               ``datetime.time``
:class:`Timestamp`          ``datetime.datetime``, aware, UTC
==========================  ===============================================================

``None`` in a schema's place means schemaless: the value speaks for itself. Where plain Python would lose what Kafka
Connect knows of a value, it is of an exact class: :class:`Int8` … :class:`Int64`, :class:`BigInt`, :class:`Float32`,
:class:`Float64` and :class:`Struct` without a schema beside them, and :class:`Instant` for a date, a time or a
timestamp that Python's own classes cannot hold. Nobody has to make one; they behave like the plain values.
"""

from __future__ import annotations

from barnabas._schema.builder import SchemaBuilder
from barnabas._schema.exact import BigInt, Float32, Float64, Instant, Int8, Int16, Int32, Int64, Struct
from barnabas._schema.logical import Date, LogicalDecimal, Time, Timestamp, from_wire, to_wire
from barnabas._schema.model import Schema, SchemaAndValue
from barnabas._schema.projector import project
from barnabas._schema.text import java_string, java_strings
from barnabas._schema.types import Field, Type
from barnabas._schema.validate import validate_value

__all__ = [
    "BigInt",
    "Date",
    "Field",
    "Float32",
    "Float64",
    "Instant",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "LogicalDecimal",
    "Schema",
    "SchemaAndValue",
    "SchemaBuilder",
    "Struct",
    "Time",
    "Timestamp",
    "Type",
    "from_wire",
    "java_string",
    "java_strings",
    "project",
    "to_wire",
    "validate_value",
]
