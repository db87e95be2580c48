from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas._schema.exact import BigInt, Int8, Struct
from barnabas.errors import DataError, SchemaBuilderError
from barnabas.record import SourceBatch, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms.flatten import FlattenKey, FlattenValue

LEAVES = st.none() | st.booleans() | st.integers() | st.text("a{}", max_size=3) | st.binary(max_size=2)
ODD = st.sampled_from((Int8(1), [{"q": 1}], Decimal(1), datetime(2020, 1, 1, tzinfo=UTC), BigInt(5), 2**64, "\ud800"))
MAPS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), LEAVES | ODD, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from(("a", "b", "a.b", "c")), inner | LEAVES, max_size=3),
    max_leaves=8,
)


def flat(value: Any, **config: str) -> Any:
    transformation: FlattenValue[SourceRecord] = FlattenValue()
    transformation.configure(config)
    return transformation.apply(SourceRecord("t", value)).value


@given(st.lists(st.lists(MAPS | st.none(), min_size=1, max_size=4), min_size=1, max_size=3), st.data())
@settings(max_examples=200, deadline=None)
def test_columns_are_made_flat_as_rows_are(columns: list[list[Any]], data: st.DataObject) -> None:
    transformation: FlattenValue[SourceRecord] = FlattenValue()
    transformation.configure({"strict": data.draw(st.sampled_from(("true", "false")))})
    for column in columns:
        column.extend(column * data.draw(st.integers(0, 1)))
        before = copy.deepcopy(column)
        try:
            wanted: Any = [transformation.apply(SourceRecord("t", value)).value for value in column]
        except DataError:
            with pytest.raises(DataError):
                transformation.apply_batch(SourceBatch("t", column))
        else:
            batch, _ = transformation.apply_batch(SourceBatch("t", column))
            assert batch.values == wanted
            assert [list(row or ()) for row in batch.values] == [list(row or ()) for row in wanted]
        assert column == before


def test_rows_like_the_first_are_made_flat_together() -> None:
    transformation: FlattenValue[SourceRecord] = FlattenValue()
    transformation.configure({"delimiter": "_"})
    rows = [{"id": at, "in": {"x": at, "deep": {"y": "{"}}, "l": [{"q": at}]} for at in range(3)]
    batch, _ = transformation.apply_batch(SourceBatch("t", rows))
    assert batch.values == [{"id": at, "l": [{"q": at}], "in_x": at, "in_deep_y": "{"} for at in range(3)]


def test_a_column_that_is_never_alike_is_still_made_flat() -> None:
    transformation: FlattenValue[SourceRecord] = FlattenValue()
    transformation.configure({})
    for _ in range(20):
        batch, _ = transformation.apply_batch(SourceBatch("t", [{"a": {"b": 1}}, {"a": 1}, {"c": {"d": 2}}]))
        assert batch.values == [{"a.b": 1}, {"a": 1}, {"c.d": 2}]


def test_the_later_of_two_fields_with_one_name_stays() -> None:
    assert flat({"a.b": 1, "a": {"b": 2}}) == {"a.b": 2}
    assert flat({"a": {"b": 2}, "a.b": 1}) == {"a.b": 1}


def test_strict_refuses_two_fields_with_one_name() -> None:
    with pytest.raises(DataError, match="only 1 different") as caught:
        flat({"a.b": 1, "a": {"b": 2}}, strict="true")
    assert caught.value.code == "BRN-2176"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"a": Decimal(1)},
            "Flatten transformation was passed a value of type class java.math.BigDecimal which is not",
        ),
        (
            {"a": Struct(Schema.struct(b=Schema.INT8), {})},
            "does not support class org.apache.kafka.connect.data.Struct",
        ),
        ({1: 2}, "class java.lang.Long cannot be cast to class java.lang.String"),
        ({"a": {None: 2}}, "cannot be cast to class java.lang.String"),
    ],
)
def test_refused(value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("$", r"\$")):
        flat(value)


def test_defaults_of_parents_that_are_null_stay_unset() -> None:
    inner = Schema.struct(x=Schema.INT32.replace(default=5), y=Schema.STRING).replace(optional=True)
    schema = Schema.struct("S", i=inner)
    transformation: FlattenKey[SourceRecord] = FlattenKey()
    transformation.configure({})
    null = transformation.apply(SourceRecord("t", key={"i": None}, key_schema=schema))
    assert null.key == {"i.x": None, "i.y": None}
    there = transformation.apply(SourceRecord("t", key={"i": {"y": "z"}}, key_schema=schema))
    assert there.key == {"i.x": 5, "i.y": "z"}
    assert there.key_schema is not None
    assert there.key_schema.fields[1].schema is Schema.OPTIONAL_STRING


def test_a_path_may_be_what_a_struct_was_called() -> None:
    schema = Schema.struct(ab=Schema.struct(c=Schema.INT8), a=Schema.struct(b=Schema.INT8))
    transformation: FlattenValue[SourceRecord] = FlattenValue()
    transformation.configure({"delimiter": ""})
    changed = transformation.apply(SourceRecord("t", {"ab": {"c": 1}, "a": {"b": 2}}, value_schema=schema))
    assert changed.value == {"abc": 1, "ab": 2}


def test_two_fields_of_a_schema_cannot_get_one_name() -> None:
    schema = Schema.struct(a_b=Schema.INT8, a=Schema.struct(b=Schema.INT8))
    transformation: FlattenValue[SourceRecord] = FlattenValue()
    transformation.configure({"delimiter": "_"})
    for _ in range(2):
        with pytest.raises(SchemaBuilderError, match="duplication a_b"):
            transformation.apply(SourceRecord("t", {"a_b": 1, "a": {"b": 2}}, value_schema=schema))
