"""Random schemas, and random values that fit them."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from barnabas._schema.exact import Struct
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
INTS = {
    Type.INT8: st.integers(-(2**7), 2**7 - 1),
    Type.INT16: st.integers(-(2**15), 2**15 - 1),
    Type.INT32: st.integers(-(2**31), 2**31 - 1),
    Type.INT64: st.integers(-(2**63), 2**63 - 1),
}
PRIMITIVES: dict[Type, st.SearchStrategy[Any]] = {
    **INTS,
    # No zero with a minus: the JVM's JSON loses its sign, and so do we.
    Type.FLOAT32: st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
    Type.FLOAT64: st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
    Type.BOOLEAN: st.booleans(),
    Type.STRING: TEXT,
    Type.BYTES: st.binary(max_size=8),
}
LOGICAL: dict[str, st.SearchStrategy[Any]] = {
    Date.NAME: st.dates(),
    Time.NAME: st.times().map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)),
    Timestamp.NAME: st.datetimes(timezones=st.just(UTC)).map(
        lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
    ),
}


@st.composite
def primitive_schemas(draw: st.DrawFn) -> Schema:
    schema = draw(
        st.one_of(
            st.sampled_from([*PRIMITIVES]).map(Schema),
            st.sampled_from([Date.SCHEMA, Time.SCHEMA, Timestamp.SCHEMA]),
            st.integers(-3, 6).map(LogicalDecimal.schema),
        )
    )
    changes: dict[str, Any] = {"optional": draw(st.booleans())}
    if schema.name is None and draw(st.integers(0, 3)) == 0:
        changes |= {"name": draw(NAMES), "version": draw(INTS[Type.INT32]), "doc": draw(TEXT)}
        changes["parameters"] = draw(st.dictionaries(NAMES, TEXT, max_size=2))
    if draw(st.integers(0, 3)) == 0:
        changes["default"] = draw(values(schema))
    return schema.replace(**changes)


def schemas() -> st.SearchStrategy[Schema]:
    return st.recursive(
        primitive_schemas(),
        lambda inner: st.one_of(
            st.builds(Schema.array, inner, optional=st.booleans()),
            st.builds(Schema.map, st.just(Schema.STRING) | key_schemas(), inner, optional=st.booleans()),
            structs(inner),
        ),
        max_leaves=8,
    )


def structs(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.builds(
        lambda fields, name, optional: Schema(Type.STRUCT, name=name, fields=fields, optional=optional),
        st.dictionaries(NAMES, inner, max_size=4),
        st.none() | NAMES,
        st.booleans(),
    )


def key_schemas() -> st.SearchStrategy[Schema]:
    plain = st.sampled_from([*INTS, Type.BOOLEAN, Type.BYTES]).map(Schema)
    return plain | st.just(Schema.struct("Key", id=Schema.INT32, part=Schema.OPTIONAL_STRING)) | st.just(Date.SCHEMA)


@st.composite
def values(draw: st.DrawFn, schema: Schema) -> Any:  # noqa: PLR0911 - one return a type
    if schema.optional and draw(st.integers(0, 4)) == 0:
        return None
    if schema.name in LOGICAL:
        return draw(LOGICAL[schema.name])
    if schema.name == LogicalDecimal.NAME:
        return LogicalDecimal.of(draw(st.integers(-(10**30), 10**30)), LogicalDecimal.scale(schema))
    if schema.type is Type.ARRAY:
        return draw(st.lists(values(schema.value_schema), max_size=3))
    if schema.type is Type.MAP:
        keys = values(schema.key_schema).map(lambda key: _key(schema.key_schema, key))
        return draw(st.dictionaries(keys, values(schema.value_schema), max_size=3))
    if schema.type is Type.STRUCT:
        return {f.name: draw(values(f.schema)) for f in schema.fields}
    return draw(PRIMITIVES[schema.type])


def _key(schema: Schema, key: Any) -> Any:
    return Struct(schema, key) if isinstance(key, dict) else key


def with_defaults(schema: Schema | None, value: Any) -> Any:
    """The value after a trip that replaces null by the default."""
    if schema is None:
        return value
    if value is None:
        return schema.default
    if schema.type is Type.STRUCT:
        return {f.name: with_defaults(f.schema, value.get(f.name)) for f in schema.fields}
    if schema.type is Type.ARRAY:
        return [with_defaults(schema.value_schema, item) for item in value]
    if schema.type is Type.MAP:
        return {key: with_defaults(schema.value_schema, item) for key, item in value.items()}
    return value
