"""Projection: a reader's view of a writer's value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import DataError, SchemaProjectorError
from barnabas.schema import Schema, SchemaBuilder, project, validate_value

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "INT8": st.integers(-128, 127),
    "INT64": st.integers(-(2**63), 2**63 - 1),
    "FLOAT64": st.floats(allow_nan=False),
    "BOOLEAN": st.booleans(),
    "STRING": st.text(),
    "BYTES": st.binary(),
}
PRIMITIVES = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.just(getattr(Schema, name)), VALUES[name])
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def struct(members: dict[str, Any]) -> tuple[Schema, Any]:
        made = Schema.struct("S", **{name: schema for name, (schema, _) in members.items()})
        return made, {name: value for name, (_, value) in members.items()}

    return st.one_of(
        inner.map(lambda pair: (Schema.array(pair[0]), [pair[1], pair[1]])),
        inner.map(lambda pair: (Schema.map(Schema.STRING, pair[0]), {"k": pair[1]})),
        st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3).map(struct),
    )


PAIRS = st.recursive(PRIMITIVES, containers, max_leaves=6)


@given(PAIRS)
def test_onto_itself_nothing_changes(pair: tuple[Schema, Any]) -> None:
    schema, value = pair
    assert project(schema, value, schema) == value
    assert project(schema, value, schema.as_optional()) == value
    assert project(schema.as_optional(), None, schema.as_optional()) is None
    validate_value(schema, project(schema, value, schema))


@given(PAIRS)
def test_fields_come_and_go(pair: tuple[Schema, Any]) -> None:
    schema, value = pair
    narrow = Schema.struct("R", old=schema)
    wide = SchemaBuilder.struct().name("R").field("old", schema).field("new", Schema.INT8.replace(default=5)).build()
    assert project(narrow, {"old": value}, wide) == {"old": value, "new": 5}
    assert project(wide, {"old": value, "new": 6}, narrow) == {"old": value}


@given(st.integers(-(2**63), 2**63 - 1))
def test_longs_become_floats_rounded_once(value: int) -> None:
    found = project(Schema.INT64, value, Schema.FLOAT32)
    assert abs(int(found) - value) <= max(1, 2 ** (abs(value).bit_length() - 25))


@pytest.mark.parametrize(
    ("source", "value", "target", "error"),
    [
        (Schema.array(None), [1], Schema.array(Schema.INT8), SchemaProjectorError),
        (Schema.array(Schema.INT8), 5, Schema.array(Schema.INT8), DataError),
        (Schema.struct(a=Schema.INT8), [], Schema.struct(a=Schema.INT8), DataError),
        (Schema.struct(a=Schema.INT8), {"a": "x"}, Schema.struct(a=Schema.INT8), DataError),
        (Schema.STRING.replace(parameters={"a": "b"}), "x", Schema.STRING, SchemaProjectorError),
    ],
)
def test_refusals(source: Schema, value: object, target: Schema, error: type[Exception]) -> None:
    with pytest.raises(error):
        project(source, value, target)


def test_defaults_of_the_writer_count() -> None:
    source = SchemaBuilder.struct().field("a", Schema.INT8.replace(default=3)).build()
    assert project(source, {}, Schema.struct(a=Schema.INT32)) == {"a": 3}
    assert project(Schema.map(Schema.STRING, Schema.INT8), {"a": 1}, Schema.map(Schema.STRING, Schema.FLOAT32)) == {
        "a": 1.0
    }
