"""Schemas: identity, immutability, building."""

from __future__ import annotations

import copy
import gc
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import DataError, SchemaBuilderError
from barnabas.schema import Field, LogicalDecimal, Schema, SchemaAndValue, SchemaBuilder, Timestamp, Type

PRIMITIVES = [getattr(Schema, t.name) for t in Type if t.is_primitive]
NAMES = st.text("abc", min_size=1, max_size=3)
SCHEMAS = st.recursive(
    st.sampled_from(PRIMITIVES + [s.as_optional() for s in PRIMITIVES]),
    lambda inner: st.one_of(
        st.builds(Schema.array, inner, optional=st.booleans()),
        st.builds(Schema.map, inner, inner),
        st.dictionaries(NAMES, inner, max_size=3).map(lambda fields: Schema.struct("S", **fields)),
        st.builds(
            lambda s, n, v: s.replace(name=n, version=v, doc="d", parameters={"k": "v"}),
            inner,
            NAMES,
            st.integers(1, 3),
        ),
    ),
    max_leaves=5,
)


def test_equal_schemas_are_the_same_object() -> None:
    one = SchemaBuilder.struct().name("Order").field("id", Schema.INT64).optional().build()
    assert Schema.struct("Order", id=Schema.INT64).as_optional() is one
    assert Schema.array(Schema.STRING) is Schema.array(SchemaBuilder.string().build())
    assert SchemaBuilder.string().optional().build() is Schema.OPTIONAL_STRING


@given(SCHEMAS)
def test_copies_and_pickles_are_the_same_object(schema: Schema) -> None:
    assert pickle.loads(pickle.dumps(schema)) is schema
    assert copy.copy(schema) is schema
    assert copy.deepcopy(schema) is schema
    assert schema.replace() is schema
    assert hash(schema) == hash(schema.replace())
    assert eval(repr(repr(schema))) == repr(schema)


@given(SCHEMAS, SCHEMAS)
def test_different_schemas_differ(one: Schema, other: Schema) -> None:
    assert (one == other) is (one is other)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (0.0, -0.0)], ids=str)
def test_defaults_make_a_difference(one: object, other: object) -> None:
    kind = Type.FLOAT64 if isinstance(one, float) else Type.INT64
    assert Schema(kind, default=one) is not Schema(kind, default=other)
    assert Schema(kind, default=one) is Schema(kind, default=one)


def test_decimal_defaults_keep_their_scale() -> None:
    one = LogicalDecimal.schema(1).replace(default=LogicalDecimal.of(10, 1))
    two = LogicalDecimal.schema(1).replace(default=LogicalDecimal.of(100, 2))
    assert one is not two


def test_schemas_nobody_holds_are_forgotten() -> None:
    gc.collect()
    before = len(Schema._interned)
    for n in range(50):
        Schema.struct(f"temporary-{n}", id=Schema.INT64)
    gc.collect()
    assert len(Schema._interned) <= before + 1


def test_nothing_can_be_changed() -> None:
    with pytest.raises(AttributeError):
        Schema.STRING.optional = True
    with pytest.raises(AttributeError):
        del Schema.STRING.name
    with pytest.raises(TypeError):
        LogicalDecimal.schema(2).parameters["scale"] = "3"
    assert Schema.OPTIONAL_STRING.optional


def test_parts() -> None:
    schema = SchemaBuilder.struct().field("a", Schema.INT8).field("b", Schema.map(Schema.STRING, Schema.INT8)).build()
    assert schema.fields == (Field("a", 0, Schema.INT8), Field("b", 1, Schema.map(Schema.STRING, Schema.INT8)))
    assert schema.field("a") == Field("a", 0, Schema.INT8)
    assert schema.field("nope") is None
    inner = schema.fields[1].schema
    assert (inner.key_schema, inner.value_schema) == (Schema.STRING, Schema.INT8)
    assert Timestamp.SCHEMA.version == 1
    assert SchemaAndValue(None, 5).value == 5


@pytest.mark.parametrize(
    "ask", [lambda: Schema.STRING.field("a"), lambda: Schema.STRING.key_schema, lambda: Schema.INT8.value_schema]
)
def test_parts_that_a_type_does_not_have(ask: object) -> None:
    with pytest.raises(DataError):
        ask()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SchemaBuilder.struct().field("a", Schema.INT8).field("a", Schema.INT8), "field name duplication a"),
        (lambda: SchemaBuilder.struct().field("", Schema.INT8), "fieldName"),
        (lambda: SchemaBuilder.string().field("a", Schema.INT8), "Cannot create fields on type STRING"),
        (lambda: SchemaBuilder.string().optional().optional(), "optional has already been set"),
        (lambda: SchemaBuilder.string().name("a").name("b"), "name has already been set"),
        (lambda: SchemaBuilder.int8().default("x").build(), "Invalid default value"),
        (lambda: SchemaBuilder.int8().default(200).build(), "Invalid default value"),
        (lambda: Schema(Type.STRING, fields={"a": Schema.INT8}), "Cannot create fields on type STRING"),
        (lambda: Schema.struct(id=Schema.INT64, name="Order"), "not a Schema"),
    ],
)
def test_contradictions(build: object, message: str) -> None:
    with pytest.raises(SchemaBuilderError, match=message):
        build()


def test_the_builder_makes_every_type() -> None:
    for kind in Type:
        if kind.is_primitive:
            assert getattr(SchemaBuilder, kind.value)().build() is getattr(Schema, kind.name)
    built = (
        SchemaBuilder.array(Schema.INT8)
        .required()
        .doc("d")
        .version(2)
        .parameter("a", "b")
        .parameters({"c": "d"})
        .build()
    )
    assert (built.doc, built.version, dict(built.parameters)) == ("d", 2, {"a": "b", "c": "d"})
    assert SchemaBuilder.map(Schema.STRING, Schema.INT8).build() is Schema.map(Schema.STRING, Schema.INT8)
