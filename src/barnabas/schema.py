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

``None`` in a schema's place means schemaless: the value speaks for itself.
"""

from __future__ import annotations

from barnabas._schema.builder import SchemaBuilder
from barnabas._schema.logical import Date, LogicalDecimal, Time, Timestamp, from_wire, to_wire
from barnabas._schema.model import Schema, SchemaAndValue
from barnabas._schema.text import java_string
from barnabas._schema.types import Field, Type
from barnabas._schema.validate import validate_value

__all__ = [
    "Date",
    "Field",
    "LogicalDecimal",
    "Schema",
    "SchemaAndValue",
    "SchemaBuilder",
    "Time",
    "Timestamp",
    "Type",
    "from_wire",
    "java_string",
    "to_wire",
    "validate_value",
]
