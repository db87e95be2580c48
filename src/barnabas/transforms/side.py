"""What transforms of keys and of values have in common: ``Cast$Key`` and ``Cast$Value`` differ in the side only.

A transform says once for each schema what is to be done (:meth:`SidedTransformation.plan`); the base class applies that
to columns, to mixed batches and to single records.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from barnabas._columns.rows import has_null
from barnabas.record import Batch, SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms.base import Transformation

__all__ = ["Plan", "Plans", "Side", "SidedTransformation", "operating", "replaced", "spans"]

R = TypeVar("R", SourceRecord, SinkRecord)
B = TypeVar("B", bound=Batch[Any])

Side = Literal["key", "value"]
"""What of a record a transform changes."""

_PLANS = 64
"""Schemas remembered by one transform; beyond that it starts anew."""


class Plan(msgspec.Struct, frozen=True):
    """What a transform does to values of one schema.

    Args:
        schema: Of the changed values.
        one: Changes one value.
        many: Changes a column, with the same results as ``one`` for each; must not change the list it is given.
        skip_null: Whether a null passes with its old schema, ``one`` and ``many`` leaving it ``None``.
    """

    schema: Schema | None
    one: Callable[[Any], Any]
    many: Callable[[list[Any]], list[Any]]
    skip_null: bool = True


class Plans:
    """Plans by schema, made when first asked for.

    Args:
        make: Makes one.
    """

    def __init__(self, make: Callable[[Schema | None], Plan]) -> None:
        self._make = make
        self._made: dict[Schema | None, Plan] = {}

    def __call__(self, schema: Schema | None) -> Plan:
        """The plan for a schema."""
        found = self._made.get(schema)
        if found is None:
            if len(self._made) >= _PLANS:
                self._made.clear()
            found = self._made[schema] = self._make(schema)
        return found


class SidedTransformation(Transformation[R], Generic[R]):
    """Changes the key or the value of a record, looking at nothing else of it."""

    SIDE: ClassVar[Side] = "value"

    def __init__(self) -> None:
        self._plans = Plans(self.plan)

    @abstractmethod
    def plan(self, schema: Schema | None) -> Plan:
        """What to do with values of this schema (``None``: schemaless); asked once a schema, on the task's thread.

        Raises:
            DataError: no value of this schema can be transformed. A null is passed on all the same if the transform
                passes nulls: return a plan whose functions raise in that case.
        """

    def planned(self, schema: Schema | None) -> Plan:
        """The plan for a schema, remembered."""
        return self._plans(schema)

    def apply(self, record: R) -> R:
        """Change one record."""
        key = self.SIDE == "key"
        schema, value = (record.key_schema, record.key) if key else (record.value_schema, record.value)
        plan = self.planned(schema)
        if value is None and plan.skip_null:
            return record
        changed = plan.one(value)
        if key:
            return record.new_record(key=changed, key_schema=plan.schema)
        return record.new_record(value=changed, value_schema=plan.schema)

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Change a column; nothing is ever dropped."""
        return replaced(batch, self.SIDE, *self.changed(*operating(batch, self.SIDE))), None

    def changed(
        self, schema: Schema | None, schemas: list[Schema | None] | None, column: list[Any]
    ) -> tuple[Schema | None, list[Schema | None] | None, list[Any]]:
        """A column after the change, with its schema, or its schemas where they differ; takes what it gives."""
        if schemas is None:
            return self._uniform(schema, column)
        made, changed = self._mixed(schemas, column)
        return None, made, changed

    def _uniform(
        self, schema: Schema | None, column: list[Any]
    ) -> tuple[Schema | None, list[Schema | None] | None, list[Any]]:
        plan = self.planned(schema)
        changed = plan.many(column)
        if plan.skip_null and plan.schema is not schema and has_null(column):
            return None, [schema if value is None else plan.schema for value in column], changed
        return plan.schema, None, changed

    def _mixed(self, schemas: list[Schema | None], column: list[Any]) -> tuple[list[Schema | None], list[Any]]:
        """Runs of equal schemas, each through its plan."""
        made: list[Schema | None] = []
        changed: list[Any] = []
        for start, end in spans(schemas):
            one, several, values = self._uniform(schemas[start], column[start:end])
            made += [one] * (end - start) if several is None else several
            changed += values
        return made, changed


def operating(batch: Batch[Any], side: Side) -> tuple[Schema | None, list[Schema | None] | None, list[Any]]:
    """What a transform of this side looks at: the schema of all, or the schemas where they differ, and the values."""
    if side == "value":
        return batch.value_schema, batch.value_schemas, batch.values
    return batch.key_schema, batch.key_schemas, [None] * len(batch) if batch.keys is None else batch.keys


def replaced(
    batch: B,
    side: Side,
    schema: Schema | None,
    schemas: list[Schema | None] | None,
    column: list[Any],
    **more: Any,
) -> B:
    """The batch with a side changed; ``schemas`` where they differ, else ``schema``; ``more``: further columns."""
    columns = {**more, f"{side}s": column}
    if schemas is None:
        columns[f"{side}_schema"] = schema
    else:
        columns[f"{side}_schemas"] = schemas
    return batch.replace(**columns)


def spans(column: list[Any]) -> Iterator[tuple[int, int]]:
    """Start and end of the runs of one and the same object."""
    start, size = 0, len(column)
    while start < size:
        entry, end = column[start], start + 1
        while end < size and column[end] is entry:
            end += 1
        yield start, end
        start = end
