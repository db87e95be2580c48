"""Records into steps: what is to be done to which table, in what order, with each key's last word only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from typing import Any, Literal, NamedTuple

from barnabas import DataError, SinkBatch
from barnabas.connectors.jdbc.sink_envelope import opened
from barnabas.connectors.jdbc.sink_infer import inferred
from barnabas.connectors.jdbc.sink_names import table_names
from barnabas.connectors.jdbc.sink_plan import Plan, plan_for
from barnabas.connectors.jdbc.sink_settings import SinkSettings
from barnabas.schema import Schema

__all__ = ["Step", "Steps", "runs_of"]

Column = Sequence[Any]
StepKind = Literal["insert", "upsert", "update", "delete", "truncate"]


class Step(NamedTuple):
    """One thing to do to one table, with many rows.

    Args:
        kind: What.
        table: The table's name as the settings make it.
        keys: The key's columns and their schemas.
        fields: The other columns; none for a delete.
        columns: The values, those of the key first.
    """

    kind: StepKind
    table: str
    keys: dict[str, Schema]
    fields: dict[str, Schema]
    columns: list[Column]


def runs_of(batch: SinkBatch) -> Iterator[SinkBatch]:
    """Uniform batches, in order; records without value do not interrupt a run, though they have no schema."""
    if batch.topics is None and batch.value_schemas is not None and batch.key_schemas is None:
        schemas = {*batch.value_schemas}
        schemas.discard(None)
        values = [value for value, schema in zip(batch.values, batch.value_schemas, strict=True) if schema is None]
        if len(schemas) == 1 and values.count(None) == len(values):
            yield batch.replace(value_schema=schemas.pop())
            return
    yield from batch.runs()


class _Group:
    """Rows for one table that go by one plan, in order."""

    def __init__(self, table: str, plan: Plan) -> None:
        self.table = table
        self.plan = plan
        self.values: list[Any] = []
        self.keys: list[list[Any]] = [[] for _ in plan.keys]

    def add(self, run: SinkBatch, plan: Plan) -> None:
        if plan.in_value and None in run.values:
            raise DataError(
                "The record has no value, and so no key.",
                code="BRN-6184",
                remedy="Drop such records with a transform, or take the key from the record's key.",
            )
        self.values += run.values
        for column, more in zip(self.keys, plan.key_columns(run), strict=True):
            column.extend(more)


class Steps:
    """Makes steps of records; keeps plans between calls.

    Args:
        settings: The connector's.
    """

    def __init__(self, settings: SinkSettings) -> None:
        self._settings = settings
        self._plans: dict[tuple[str, Schema | None, Schema | None], Plan] = {}

    def of(self, batches: Iterable[SinkBatch]) -> list[Step]:
        """The steps for these records, in an order that leaves the tables as one by one would.

        Raises:
            DataError: A record does not fit the settings.
        """
        groups: dict[str, list[_Group | str]] = {}
        for run in chain.from_iterable(map(runs_of, batches)):
            self._collect(groups, run)
        return [step for group in chain.from_iterable(groups.values()) for step in self._steps(group)]

    def _collect(self, groups: dict[str, list[_Group | str]], run: SinkBatch) -> None:
        settings = self._settings
        for table, named in table_names(settings, run):
            own = groups.setdefault(table, [])
            for emptied, part in opened(named) if settings.unwrap else ((False, named),):
                if emptied:
                    own += [table] if settings.truncate else []
                else:
                    self._add(own, table, part)

    def _add(self, own: list[_Group | str], table: str, run: SinkBatch) -> None:
        settings = self._settings
        if settings.debezium and not settings.delete and None in run.values:
            run = run.take([at for at, value in enumerate(run.values) if value is not None])
        if not len(run):
            return
        self._check_values(run)
        if settings.infer:
            run = inferred(run)
        only_deletes = run.values.count(None) == len(run)
        plan = self._plan(run.topic, run.key_schema, None if only_deletes else run.value_schema)
        group = own[-1] if own else None
        if not isinstance(group, _Group) or not _joins(group.plan, plan, only_deletes=only_deletes):
            own.append(group := _Group(table, plan))
        elif not group.plan.fields:
            group.plan = plan
        group.add(run, plan)

    def _check_values(self, run: SinkBatch) -> None:
        """Refuse records without value unless they delete, and values without schema unless that may be inferred."""
        settings = self._settings
        if None in run.values and not (settings.delete and settings.key_mode == "record_key"):
            raise DataError(
                "The record has no value.",
                code="BRN-6184",
                key=settings.keys["delete"],
                remedy=f"Set {settings.keys['delete']}=true with {settings.keys['key_mode']}=record_key to have such "
                "records delete the row with their key, or drop them with a transform.",
            )
        if run.value_schema is None and not settings.infer and run.values.count(None) != len(run):
            raise DataError(
                "The record's value has no schema, so nobody knows its columns.",
                code="BRN-6180",
                key="value.converter",
                remedy="Choose a converter that gives schemas (Avro, Protobuf, JSON Schema, or JSON with "
                "value.converter.schemas.enable=true), or let columns be found out with infer.columns=true.",
            )

    def _plan(self, topic: str, key_schema: Schema | None, value_schema: Schema | None) -> Plan:
        about = topic, key_schema, value_schema
        plan = self._plans.get(about)
        if plan is None:
            if len(self._plans) > _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[about] = plan_for(self._settings, topic, key_schema, value_schema)
        return plan

    # ------------------------------------------------------------------------------------------------------ last wins
    def _steps(self, group: _Group | str) -> Iterator[Step]:
        if isinstance(group, str):
            yield Step("truncate", group, {}, {}, [])
            return
        mode = self._settings.insert_mode
        values = group.values
        if mode == "upsert":
            last = _last(group.keys)
            if len(last) == len(values) and None not in values:
                yield _write("upsert", group, values, group.keys)
                return
            kept = sorted(last)
            yield from _delete(group, [at for at in kept if values[at] is None])
            yield from _pick("upsert", group, [at for at in kept if values[at] is not None])
        elif None not in values and mode == "insert":
            yield _write("insert", group, values, group.keys)
        else:
            for deletes, rows in _stretches(values):
                if deletes:
                    yield from _delete(group, _distinct(group.keys, rows))
                else:
                    yield from _pick(mode, group, _distinct(group.keys, rows) if mode == "update" else rows)


_MOST_PLANS = 1000


def _joins(before: Plan, plan: Plan, *, only_deletes: bool) -> bool:
    """Whether records that go by ``plan`` may follow in the same group."""
    if before is plan:
        return True
    return before.keys == plan.keys and (only_deletes or not before.fields)


def _last(keys: Sequence[Column]) -> Sequence[int]:
    """Where each key is last; needs at least one key column."""
    found = keys[0] if len(keys) == 1 else zip(*keys, strict=True)
    return [*dict(zip(found, count(), strict=False)).values()]


def _distinct(keys: Sequence[Column], rows: Sequence[int]) -> list[int]:
    """Of these rows, the last one of each key, in order."""
    if len({*_last([[column[at] for at in rows] for column in keys])}) == len(rows):
        return [*rows]
    return sorted(rows[at] for at in _last([[column[at] for at in rows] for column in keys]))


def _stretches(values: Sequence[Any]) -> Iterator[tuple[bool, list[int]]]:
    """Neighbouring rows that all delete, or all do not."""
    start = 0
    for at in range(1, len(values) + 1):
        if at == len(values) or (values[at] is None) != (values[start] is None):
            yield values[start] is None, [*range(start, at)]
            start = at


def _pick(kind: StepKind, group: _Group, rows: Sequence[int]) -> Iterator[Step]:
    if rows:
        keys = [[column[at] for at in rows] for column in group.keys]
        yield _write(kind, group, [group.values[at] for at in rows], keys)


def _write(kind: StepKind, group: _Group, values: list[Any], keys: Sequence[Column]) -> Step:
    plan = group.plan
    return Step(kind, group.table, plan.keys, plan.fields, [*keys, *plan.value_columns(values)])


def _delete(group: _Group, rows: Sequence[int]) -> Iterator[Step]:
    if rows:
        keys: list[Column] = [[column[at] for at in rows] for column in group.keys]
        yield Step("delete", group.table, group.plan.keys, {}, keys)
