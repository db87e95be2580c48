"""InsertField: a record's coordinates, or a text, become fields of its key or value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise, repeat
from typing import Any, ClassVar, Generic, TypeVar

from barnabas._columns.rows import has_null
from barnabas.config import ConfigDef, Type, invalid
from barnabas.errors import ConfigError
from barnabas.record import Batch, SinkBatch, SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms._insertions import Insertion, Insertions, Recipe
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, strict_of
from barnabas.transforms.base import Transformation
from barnabas.transforms.side import Side, operating, replaced, spans

__all__ = ["InsertFieldKey", "InsertFieldValue"]

R = TypeVar("R", SourceRecord, SinkRecord)

_NOTHING: Iterable[Any] = repeat(None)
"""The column of what no record has; as long as need be."""

_RECIPES = 64
"""Schemas remembered by one transform; beyond that it starts anew."""


def _place(name: str, what: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": Type.STRING,
        "default": None,
        "importance": "medium",
        "doc": f"The field for {what}. Put ! behind the name to make it required in the schema, ? to make it optional.",
    }


class _InsertField(Transformation[R], Generic[R]):
    """What both sides share.

    A null stays a null. What a record does not have (a partition, a timestamp) is not inserted, the schema has the
    field all the same. A field of a schemaless map that is there already is overwritten; with ``strict`` that fails the
    record, and so does a required field that gets no value.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define(**_place("topic.field", "the topic"))
        .define(**_place("partition.field", "the Kafka partition"))
        .define(**_place("offset.field", "the Kafka offset; sink connectors only"))
        .define(**_place("timestamp.field", "the record's timestamp"))
        .define(**_place("static.field", "static.value"))
        .define("static.value", Type.STRING, default=None, importance="medium", doc="A text, for static.field.")
        .define(REPLACE_NULL, Type.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )
    SIDE: ClassVar[Side] = "value"

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings; at least one field has to be inserted, and a static one needs its value."""
        config = self.CONFIG.parse(props)
        places = {what: Insertion.of(config[f"{what}.field"]) for what in ("topic", "partition", "offset", "timestamp")}
        static = Insertion.of(config["static.field"])
        if static is None and not any(places.values()):
            raise ConfigError(
                "No field insertion configured", remedy="Set topic.field, static.field or another of the fields."
            )
        if static is not None and config["static.value"] is None:
            java = "org.apache.kafka.connect.transforms.InsertField$InsertionSpec"
            raise invalid(
                "static.value", None, f"No value specified for static field: {java}@{static.name}", remedy="Set it."
            )
        self._fields = Insertions(
            **places,
            static=static,
            text=config["static.value"],
            replace=config[REPLACE_NULL],
            strict=strict_of(props),
        )
        self._recipes: dict[tuple[Schema | None, bool], Recipe] = {}

    def apply(self, record: R) -> R:
        """Change one record."""
        key = self.SIDE == "key"
        schema, value = (record.key_schema, record.key) if key else (record.value_schema, record.value)
        if value is None:
            return record
        offset = record.kafka_offset if isinstance(record, SinkRecord) else None
        recipe = self._recipe(schema, isinstance(record, SinkRecord))
        changed = recipe.one(value, record.topic, record.kafka_partition, offset, record.timestamp)
        if key:
            return record.new_record(key=changed, key_schema=recipe.schema)
        return record.new_record(value=changed, value_schema=recipe.schema)

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Change a column."""
        schema, schemas, column = operating(batch, self.SIDE)
        if schemas is None and batch.topics is None:
            changed = self._span(batch, schema, batch.topic, column, slice(None))
            one, several = self._schemas(batch, schema, column)
            return replaced(batch, self.SIDE, one, several, changed), None
        made: list[Schema | None] = []
        values: list[Any] = []
        for part in self._parts(batch, schemas):
            here = schema if schemas is None else schemas[part.start]
            topic = batch.topic if batch.topics is None else batch.topics[part.start]
            rows = column[part]
            values += self._span(batch, here, topic, rows, part)
            one, several = self._schemas(batch, here, rows)
            made += [one] * len(rows) if several is None else several
        return replaced(batch, self.SIDE, None, made, values), None

    @staticmethod
    def _parts(batch: Batch[R], schemas: list[Schema | None] | None) -> list[slice]:
        """Runs of one schema and one topic."""
        starts = {start for column in (schemas, batch.topics) if column is not None for start, _ in spans(column)}
        bounds = sorted(starts | {0, len(batch)})
        return [slice(start, end) for start, end in pairwise(bounds)]

    def _span(self, batch: Batch[R], schema: Schema | None, topic: str, rows: list[Any], part: slice) -> list[Any]:
        fields = self._fields
        sink = isinstance(batch, SinkBatch)
        partitions = offsets = timestamps = _NOTHING
        if fields.partition is not None and batch.partitions is not None:
            partitions = batch.partitions[part]
        if fields.offset is not None and isinstance(batch, SinkBatch):
            offsets = batch.offsets[part]
        if fields.timestamp is not None and batch.timestamps is not None:
            timestamps = batch.timestamps[part]
        return self._recipe(schema, sink).many(rows, topic, partitions, offsets, timestamps)

    def _schemas(
        self, batch: Batch[R], schema: Schema | None, rows: list[Any]
    ) -> tuple[Schema | None, list[Schema | None] | None]:
        """The schema of all changed rows, or their schemas where nulls kept the old one."""
        changed = self._recipe(schema, isinstance(batch, SinkBatch)).schema
        if changed is schema or not has_null(rows):
            return changed, None
        return None, [schema if row is None else changed for row in rows]

    def _recipe(self, schema: Schema | None, sink: bool) -> Recipe:
        found = self._recipes.get((schema, sink))
        if found is None:
            if len(self._recipes) >= _RECIPES:
                self._recipes.clear()
            found = self._recipes[schema, sink] = self._fields.recipe(schema, sink=sink)
        return found


class InsertFieldKey(_InsertField[R], Generic[R]):
    """Inserts fields into the key."""

    SIDE: ClassVar[Side] = "key"


class InsertFieldValue(_InsertField[R], Generic[R]):
    """Inserts fields into the value."""
