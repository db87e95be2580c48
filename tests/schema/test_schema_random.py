"""Any schema with any of its features, and a value that fits: identity, validation, defaults, wire, projection."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.errors import DataError
from barnabas.schema import (
    BigInt,
    Date,
    Float32,
    Float64,
    Instant,
    Int8,
    Int16,
    Int32,
    Int64,
    LogicalDecimal,
    Schema,
    Struct,
    Time,
    Timestamp,
    Type,
    from_wire,
    java_string,
    project,
    to_wire,
    validate_value,
)

Pair = tuple[Schema, Any]
NAMES = st.text("abcd", min_size=1, max_size=3)
INTEGERS = {Type.INT8: 7, Type.INT16: 15, Type.INT32: 31, Type.INT64: 63}
EXACT = {
    Type.INT8: Int8,
    Type.INT16: Int16,
    Type.INT32: Int32,
    Type.INT64: Int64,
    Type.FLOAT32: Float32,
    Type.FLOAT64: Float64,
}


def leaf(kind: Type, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Pair]:
    exact = EXACT.get(kind)
    return st.tuples(st.just(Schema(kind)), st.one_of(values, values.map(exact)) if exact else values)


MILLISECONDS = st.integers(-(2**63), 2**63 - 1).map(Timestamp.from_wire)
LEAVES = st.one_of(
    *[leaf(kind, st.integers(-(2**bits), 2**bits - 1)) for kind, bits in INTEGERS.items()],
    leaf(Type.FLOAT32, st.floats(width=32)),
    leaf(Type.FLOAT64, st.floats()),
    leaf(Type.BOOLEAN, st.booleans()),
    leaf(Type.STRING, st.text()),
    leaf(Type.BYTES, st.binary()),
    st.tuples(st.just(Timestamp.SCHEMA), MILLISECONDS),
    st.tuples(st.just(Date.SCHEMA), st.integers(-(2**31), 2**31 - 1).map(Date.from_wire)),
    st.tuples(st.just(Time.SCHEMA), st.integers(0, 86_400_000).map(Time.from_wire)),
    st.tuples(st.integers(-5, 20), st.integers(-(10**30), 10**30)).map(
        lambda parts: (LogicalDecimal.schema(parts[0]), LogicalDecimal.of(parts[1], parts[0]))
    ),
)


def struct(members: dict[str, Pair], exact: bool) -> Pair:
    schema = Schema.struct("S", **{name: pair[0] for name, pair in members.items()})
    value = {name: pair[1] for name, pair in members.items()}
    return schema, Struct(schema, value) if exact else value


def unbound(value: Any) -> Any:
    """A struct without the schema it brings, which would be another one than its changed schema."""
    return dict(value) if isinstance(value, Struct) else value


def dressed(pair: Pair, name: str | None, version: int | None, doc: str | None, with_default: bool) -> Pair:
    schema, value = pair
    value = unbound(value)
    changes: dict[str, Any] = {"doc": doc, "default": value if with_default and value is not None else None}
    if schema.name is None:
        changes |= {"name": name, "version": version, "parameters": {"p": "q"} if doc else None}
    return schema.replace(**changes), value


def grown(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return st.one_of(
        inner.map(lambda pair: (Schema.array(pair[0]), [pair[1]])),
        st.tuples(inner, NAMES).map(lambda both: (Schema.map(Schema.STRING, both[0][0]), {both[1]: both[0][1]})),
        st.builds(struct, st.dictionaries(NAMES, inner, max_size=3), st.booleans()),
        st.builds(
            dressed,
            inner,
            st.none() | NAMES,
            st.none() | st.integers(1, 9),
            st.none() | NAMES,
            st.booleans(),
        ),
        inner.map(lambda pair: (pair[0].as_optional(), None)),
        inner.map(lambda pair: (pair[0].as_optional(), unbound(pair[1]))),
    )


PAIRS = st.recursive(LEAVES, grown, max_leaves=6)


@settings(max_examples=300)
@given(PAIRS)
def test_schemas_with_all_features(pair: Pair) -> None:
    schema, value = pair
    validate_value(schema, value)
    assert pickle.loads(pickle.dumps(schema)) is schema
    assert copy.deepcopy(schema) is schema
    assert schema.replace() is schema
    assert schema.replace(default=None).default is None
    java_string(schema, value)
    if schema.default is not None:
        validate_value(schema, schema.default)


@settings(max_examples=200)
@given(PAIRS)
def test_values_project_onto_their_own_schema(pair: Pair) -> None:
    schema, value = pair
    found = project(schema, value, schema)
    validate_value(schema, found)
    assert java_string(schema, found) == java_string(schema, value) or schema.type is Type.BYTES or "[B@" in repr(found)


@given(LEAVES)
def test_leaves_go_through_the_wire(pair: Pair) -> None:
    schema, value = pair
    back = from_wire(schema, to_wire(schema, value))
    assert back == value or value != value  # noqa: PLR0124 - NaN
    assert back.__class__ is value.__class__


@given(LEAVES, LEAVES)
def test_exact_values_fit_their_own_type_only(one: Pair, other: Pair) -> None:
    schema, value = one
    if type(value) not in EXACT.values() or other[0].type is schema.type:
        return
    with pytest.raises(DataError):
        validate_value(other[0], value)
    with pytest.raises(DataError):
        validate_value(schema, BigInt(1))


def test_a_default_says_the_same_as_plain_or_exact() -> None:
    assert Schema(Type.FLOAT32, default=Float32(0.5)) is Schema(Type.FLOAT32, default=0.5)
    assert Timestamp.SCHEMA.replace(default=Instant(2**62)).default == Instant(2**62)
    assert Timestamp.SCHEMA.replace(default=datetime(2020, 1, 1, tzinfo=UTC)).default.year == 2020
