"""Debezium's change events opened: the row afterwards, no value for a delete, and which tables were emptied."""

from __future__ import annotations

from collections.abc import Iterator

from barnabas import SinkBatch
from barnabas.schema import Schema, Type

__all__ = ["is_envelope", "opened"]

_TRUNCATE = "t"
_DELETE = "d"
_IGNORED = "m"


def is_envelope(schema: Schema | None) -> bool:
    """Whether values of a schema are change events."""
    if schema is None or schema.type is not Type.STRUCT:
        return False
    names = {field.name for field in schema.fields}
    return names >= {"before", "after", "source", "op"}


def opened(run: SinkBatch) -> Iterator[tuple[bool, SinkBatch]]:
    """A uniform batch in parts: whether a part empties the table, and its records as plain rows.

    A batch that holds no change events is given back as it is.
    """
    schema = run.value_schema
    if schema is None or not is_envelope(schema):
        yield False, run
        return
    after = next(field.schema for field in schema.fields if field.name == "after")
    operations = [_DELETE if value is None else value.get("op") for value in run.values]
    start = 0
    for at, operation in enumerate(operations):
        if operation == _TRUNCATE:
            yield False, _rows(run, operations, range(start, at), after)
            yield True, run[at : at + 1]
            start = at + 1
    yield False, _rows(run, operations, range(start, len(operations)), after)


def _rows(run: SinkBatch, operations: list[str], rows: range, after: Schema) -> SinkBatch:
    kept = [at for at in rows if operations[at] != _IGNORED]
    part = run if len(kept) == len(run) else run.take(kept)
    states = [None if operations[at] == _DELETE else run.values[at].get("after") for at in kept]
    return part.replace(values=states, value_schema=after)
