"""What transforms of keys and of values have in common: ``Cast$Key`` and ``Cast$Value`` differ in the side only.

A transform says once for each schema what is to be done (:meth:`SidedTransformation.plan`); the base class applies that
to columns, to mixed batches and to single records.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from barnabas.record import Batch, SinkRecord, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms.base import Transformation

__all__ = ["Plan", "SidedTransformation"]

R = TypeVar("R", SourceRecord, SinkRecord)

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


class SidedTransformation(Transformation[R], Generic[R]):
    """Changes the key or the value of a record, looking at nothing else of it."""

    SIDE: ClassVar[Literal["key", "value"]] = "value"

    def __init__(self) -> None:
        self._plans: dict[Schema | None, Plan] = {}

    @abstractmethod
    def plan(self, schema: Schema | None) -> Plan:
        """What to do with values of this schema (``None``: schemaless); asked once a schema, on the task's thread.

        Raises:
            DataError: no value of this schema can be transformed. A null is passed on all the same if the transform
                passes nulls: return a plan whose functions raise in that case.
        """

    def planned(self, schema: Schema | None) -> Plan:
        """The plan for a schema, remembered."""
        found = self._plans.get(schema)
        if found is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            found = self._plans[schema] = self.plan(schema)
        return found

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
        key = self.SIDE == "key"
        many = batch.key_schemas if key else batch.value_schemas
        column = batch.keys if key else batch.values
        if column is None:
            column = [None] * len(batch)
        schema: Schema | None
        schemas: list[Schema | None] | None
        if many is None:
            schema, schemas, changed = self._uniform(batch.key_schema if key else batch.value_schema, column)
        else:
            schema = None
            schemas, changed = self._mixed(many, column)
        names = ("keys", "key_schema", "key_schemas") if key else ("values", "value_schema", "value_schemas")
        columns: dict[str, Any] = {names[0]: changed}
        columns[names[1 if schemas is None else 2]] = schema if schemas is None else schemas
        return batch.replace(**columns), None

    def _uniform(
        self, schema: Schema | None, column: list[Any]
    ) -> tuple[Schema | None, list[Schema | None] | None, list[Any]]:
        plan = self.planned(schema)
        changed = plan.many(column)
        if plan.skip_null and plan.schema is not schema and not all(column) and None in column:
            return None, [schema if value is None else plan.schema for value in column], changed
        return plan.schema, None, changed

    def _mixed(self, schemas: list[Schema | None], column: list[Any]) -> tuple[list[Schema | None], list[Any]]:
        """Runs of equal schemas, each through its plan."""
        made: list[Schema | None] = []
        changed: list[Any] = []
        start, size = 0, len(column)
        while start < size:
            schema, end = schemas[start], start + 1
            while end < size and schemas[end] is schema:
                end += 1
            one, several, values = self._uniform(schema, column[start:end])
            made += [one] * (end - start) if several is None else several
            changed += values
            start = end
        return made, changed
