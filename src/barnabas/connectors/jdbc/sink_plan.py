"""Which columns records become: said once for each pair of schemas, carried out on whole runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from barnabas import DataError, SinkBatch
from barnabas.connectors.jdbc.sink_settings import KafkaColumns, SinkSettings
from barnabas.schema import Schema, Type

__all__ = ["Plan", "columns_of", "plan_for"]

Column = Sequence[Any]

_PRIMITIVE = frozenset(Type) - {Type.STRUCT, Type.MAP, Type.ARRAY}
_KAFKA_SCHEMAS = (Schema.STRING, Schema.INT32, Schema.INT64)


class Plan(NamedTuple):
    """The columns of records with certain schemas.

    Args:
        keys: The columns that make up the key, in order.
        fields: The others.
        key_columns: The values of the key columns for all records of a uniform batch.
        value_columns: From values, none of them ``None``, to the values of the other columns.
        in_value: Whether the key comes from values, so that a record without value has none.
    """

    keys: dict[str, Schema]
    fields: dict[str, Schema]
    key_columns: Callable[[SinkBatch], list[Column]]
    value_columns: Callable[[Sequence[Any]], list[Column]]
    in_value: bool

    @property
    def columns(self) -> dict[str, Schema]:
        """All of them, those of the key first."""
        return {**self.keys, **self.fields}


def columns_of(rows: Sequence[Any], names: tuple[str, ...]) -> list[Column]:
    """The members of dicts, member by member; a missing one is null."""
    if not names:
        return []
    try:
        if len(names) == 1:
            return [[*map(itemgetter(*names), rows)]]
        return [*zip(*map(itemgetter(*names), rows), strict=True)] if rows else [[] for _ in names]
    except KeyError:
        return [[row.get(name) for row in rows] for name in names]


def plan_for(settings: SinkSettings, topic: str, key_schema: Schema | None, value_schema: Schema | None) -> Plan:
    """The plan for records with these schemas.

    Args:
        settings: The connector's.
        topic: Where they come from.
        key_schema: Of the keys.
        value_schema: Of the values; ``None`` for records that have none.

    Raises:
        DataError: The settings need a key or a value that such records do not have.
    """
    members = _members(settings, value_schema)
    keys, key_columns = _KEYS[settings.key_mode](settings, key_schema, members)
    included, excluded = settings.include, settings.exclude
    fields = {
        name: schema
        for name, schema in members.items()
        if name not in keys
        and (not included or name in included or f"{topic}:{name}" in included)
        and name not in excluded
        and f"{topic}:{name}" not in excluded
    }
    if not keys and not fields and members:
        raise DataError(
            "No fields of the value are left to write.",
            code="BRN-6186",
            key=settings.keys["include"],
            remedy=f"It leaves none of: {', '.join(members)}.",
        )
    names = tuple(fields)
    whole = value_schema is not None and value_schema.type is not Type.STRUCT

    def value_columns(values: Sequence[Any]) -> list[Column]:
        columns = [values] if whole and fields else columns_of(values, names)
        return _filled(columns, fields) if settings.null_default else columns

    return Plan(keys, fields, key_columns, value_columns, settings.key_mode == "record_value")


def _filled(columns: list[Column], fields: dict[str, Schema]) -> list[Column]:
    """Nulls replaced by their field's default."""
    for at, schema in enumerate(fields.values()):
        if schema.default is not None and None in columns[at]:
            columns[at] = [schema.default if value is None else value for value in columns[at]]
    return columns


def _members(settings: SinkSettings, schema: Schema | None) -> dict[str, Schema]:
    """What a value consists of: a struct's fields, or the one column for a plain text."""
    if schema is None:
        return {}
    if schema.type is Type.STRUCT:
        return {field.name: _stamped(settings, field.name, field.schema) for field in schema.fields}
    if schema.type is Type.STRING:
        return {settings.value_column: schema}
    raise DataError(
        f"A value of type {schema.type.name} cannot be divided into columns.",
        code="BRN-6180",
        remedy="Values have to be structs with a schema: choose the converter so, or use the transform HoistField.",
    )


def _stamped(settings: SinkSettings, name: str, schema: Schema) -> Schema:
    if name not in settings.stamp_fields or schema.type is not Type.INT64:
        return schema
    kind = {"us": "MicroTimestamp", "ns": "NanoTimestamp"}[settings.stamp_unit]
    return schema.replace(name=f"io.debezium.time.{kind}")


# -------------------------------------------------------------------------------------------------------------- keys
_Keys = tuple[dict[str, Schema], Callable[[SinkBatch], list[Column]]]


def _no_keys(settings: SinkSettings, key_schema: Schema | None, members: dict[str, Schema]) -> _Keys:
    del settings, key_schema, members
    return {}, lambda _: []


def _kafka_keys(settings: SinkSettings, key_schema: Schema | None, members: dict[str, Schema]) -> _Keys:
    del key_schema, members
    names = settings.key_fields or KafkaColumns
    return dict(zip(names, _KAFKA_SCHEMAS, strict=True)), _coordinates


def _coordinates(batch: SinkBatch) -> list[Column]:
    topics = batch.original_topics or batch.topics or [batch.topic] * len(batch)
    return [topics, batch.original_partitions or batch.partitions, batch.offsets]


def _record_keys(settings: SinkSettings, key_schema: Schema | None, members: dict[str, Schema]) -> _Keys:
    del members
    if key_schema is None:
        raise DataError(
            f"{settings.keys['key_mode']}=record_key needs records with a key and its schema.",
            code="BRN-6181",
            key=settings.keys["key_mode"],
            remedy="Choose a key converter that gives a schema, or make a key with the transform ValueToKey.",
        )
    if key_schema.type is Type.STRUCT:
        return _struct_keys(settings, key_schema)
    if key_schema.type not in _PRIMITIVE:
        raise DataError(
            f"A key of type {key_schema.type.name} cannot be written to columns.",
            code="BRN-6181",
            key=settings.keys["key_mode"],
            remedy="Make the key a struct or a single value.",
        )
    if len(settings.key_fields) != 1:
        raise DataError(
            "The key is a single value, and its column has no name.",
            code="BRN-6182",
            key=settings.keys["key_fields"],
            remedy="Name exactly one column.",
        )
    return {settings.key_fields[0]: key_schema}, lambda batch: [batch.keys or [None] * len(batch)]


def _struct_keys(settings: SinkSettings, schema: Schema) -> _Keys:
    found = {field.name: field.schema for field in schema.fields}
    names = settings.key_fields or tuple(found)
    _check_known(settings, names, found, "key")

    def columns(batch: SinkBatch) -> list[Column]:
        keys = batch.keys or []
        if len(keys) != len(batch) or None in keys:
            raise DataError("The record has no key.", code="BRN-6181", key=settings.keys["key_mode"])
        return columns_of(keys, names)

    return {name: found[name] for name in names}, columns


def _value_keys(settings: SinkSettings, key_schema: Schema | None, members: dict[str, Schema]) -> _Keys:
    del key_schema
    names = settings.key_fields or tuple(members)
    _check_known(settings, names, members, "value")

    def columns(batch: SinkBatch) -> list[Column]:
        return columns_of(batch.values, names)

    return {name: members[name] for name in names}, columns


def _header_keys(settings: SinkSettings, key_schema: Schema | None, members: dict[str, Schema]) -> _Keys:
    """Headers have schemas of their own, record by record; as text they fit whatever column there is."""
    del key_schema, members
    names = settings.key_fields

    def columns(batch: SinkBatch) -> list[Column]:
        rows = batch.headers or [None] * len(batch)
        return [[_header(headers, name) for headers in rows] for name in names]

    return dict.fromkeys(names, Schema.STRING), columns


def _header(headers: Any, name: str) -> str:
    found = headers.last_with_name(name) if headers else None
    if found is None or found.value is None:
        raise DataError(f"The record has no header {name}.", code="BRN-6181")
    return str(found.value)


def _check_known(settings: SinkSettings, names: Sequence[str], found: dict[str, Schema], part: str) -> None:
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(
            f"The record's {part} has no field {', '.join(missing)}.",
            code="BRN-6183",
            key=settings.keys["key_fields"],
            remedy=f"Its fields are: {', '.join(found) or 'none'}.",
        )


_KEYS: dict[str, Callable[[SinkSettings, Schema | None, dict[str, Schema]], _Keys]] = {
    "none": _no_keys,
    "kafka": _kafka_keys,
    "record_key": _record_keys,
    "record_value": _value_keys,
    "record_header": _header_keys,
}
