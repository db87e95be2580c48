from __future__ import annotations

from typing import Any

import pytest

from barnabas.errors import DataError
from barnabas.record import SourceBatch, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms.header_from import HeaderFromKey, HeaderFromValue
from barnabas.transforms.hoist_field import HoistFieldKey
from barnabas.transforms.replace_field import ReplaceFieldKey, ReplaceFieldValue
from barnabas.transforms.set_schema_metadata import SetSchemaMetadataKey, SetSchemaMetadataValue
from barnabas.transforms.value_to_key import ValueToKey

ABC = Schema.struct(a=Schema.INT8, b=Schema.INT8, c=Schema.OPTIONAL_STRING)


def replaced(value: Any, schema: Schema | None = None, **config: str) -> Any:
    transformation: ReplaceFieldValue[SourceRecord] = ReplaceFieldValue()
    transformation.configure(config)
    alone = transformation.apply(SourceRecord("t", value, value_schema=schema))
    batch, _ = transformation.apply_batch(SourceBatch("t", [value, value], value_schema=schema))
    assert batch.values == [alone.value] * 2
    return alone.value


def test_a_new_name_that_is_there_already() -> None:
    assert replaced({"a": 1, "b": 2, "c": 3}, renames="a:b") == {"b": 2, "c": 3}
    assert replaced({"b": 2, "a": 1, "c": 3}, renames="a:b") == {"b": 1, "c": 3}
    assert replaced({"a": 1, "b": 2, "c": 3}, renames="a:b", exclude="b") == {"b": 1, "c": 3}


def test_names_can_be_swapped() -> None:
    assert replaced({"a": 1, "b": 2}, renames="a:b,b:a") == {"b": 1, "a": 2}
    assert replaced({"a": 1, "b": 2}, ABC, renames="a:b,b:a") == {"b": 1, "a": 2, "c": None}


def test_included_fields_may_be_missing() -> None:
    assert replaced({"a": 1}, include="a,b") == {"a": 1}
    assert replaced({"a": 1, "b": 2}, include="a,b") == {"a": 1, "b": 2}
    assert replaced({}, include="a,b", renames="a:x") == {}


def test_many_names() -> None:
    many = ",".join(f"f{at}" for at in range(40))
    row: dict[str, Any] = {"f1": 1, "x": 2}
    assert replaced(row, exclude=many) == {"x": 2}
    assert replaced(row, include=many) == {"f1": 1}
    assert replaced(row, exclude=many, renames="x:y") == {"y": 2}


def test_one_of_many_fields_is_kept() -> None:
    assert replaced({"a": 1, "b": 2, "c": "x"}, ABC, include="b", renames="b:z") == {"z": 2}


@pytest.mark.parametrize("names", [{"include": "a"}, {"exclude": "c"}, {"renames": "a:b,b:a"}])
def test_a_required_field_does_not_become_null(names: dict[str, str]) -> None:
    schema = Schema.struct(a=Schema.INT8.replace(default=3), b=Schema.OPTIONAL_INT8, c=Schema.OPTIONAL_STRING)
    assert 3 in replaced({}, schema, **names).values()
    with pytest.raises(DataError, match="null used for required field"):
        replaced({}, schema, **names, **{"replace.null.with.default": "false"})


def test_a_name_stands_for_the_field_it_was_made_from() -> None:
    # b is b here, but the new name of the excluded a: Kafka Connect takes what a holds
    assert replaced({"a": 1, "b": 2}, ABC, exclude="a", renames="a:b") == {"b": 1, "c": None}
    with pytest.raises(DataError, match="z is not a valid field name"):
        replaced({"a": 1, "b": 2}, ABC, renames="z:b")
    with pytest.raises(DataError):  # a text does not fit into b
        replaced({"a": 1, "b": 2, "c": "x"}, ABC, exclude="c", renames="c:b")


def test_the_key_is_replaced() -> None:
    transformation: ReplaceFieldKey[SourceRecord] = ReplaceFieldKey()
    transformation.configure({"exclude": "a"})
    assert transformation.apply(SourceRecord("t", {"a": 1}, key={"a": 1})).key == {}


# -- the smaller ones -------------------------------------------------------------------------------------------------


def test_headers_of_other_records_stay_as_they_are() -> None:
    transformation: HeaderFromValue[SourceRecord] = HeaderFromValue()
    transformation.configure({"fields": "a", "headers": "h", "operation": "copy"})
    first, _ = transformation.apply_batch(SourceBatch("t", [{"a": 1}]))
    second, _ = transformation.apply_batch(first)
    assert [[(h.key, h.value) for h in record.headers or ()] for record in first] == [[("h", 1)]]
    assert [[(h.key, h.value) for h in record.headers or ()] for record in second] == [[("h", 1), ("h", 1)]]


def test_headers_that_may_fail_are_made_at_once() -> None:
    transformation: HeaderFromValue[SourceRecord] = HeaderFromValue()
    transformation.configure({"fields": "a", "headers": "h", "operation": "move"})
    with pytest.raises(DataError, match="A null value requires an optional schema"):
        transformation.apply_batch(SourceBatch("t", [{}], value_schema=ABC))
    with pytest.raises(DataError, match="Unknown field: a"):
        transformation.apply_batch(SourceBatch("t", [{}], value_schema=Schema.struct(b=Schema.INT8)))
    with pytest.raises(DataError, match="Only Map objects"):
        transformation.apply_batch(SourceBatch("t", [{}, "x"]))


def test_a_null_is_no_header_of_a_required_schema() -> None:
    transformation: HeaderFromKey[SourceRecord] = HeaderFromKey()
    transformation.configure({"fields": "a", "headers": "h", "operation": "copy"})
    with pytest.raises(DataError, match=r"A null value requires an optional schema but was Schema\{INT8\}"):
        transformation.apply(SourceRecord("t", key={}, key_schema=ABC))


def test_a_null_is_not_hoisted_into_a_required_field() -> None:
    transformation: HoistFieldKey[SourceRecord] = HoistFieldKey()
    transformation.configure({"field": "f"})
    for schema in (Schema.INT8, Schema.INT8.replace(default=1)):
        with pytest.raises(DataError, match='null used for required field: "f", schema type: INT8'):
            transformation.apply_batch(SourceBatch("t", [1], keys=[None], key_schema=schema))
    batch, _ = transformation.apply_batch(SourceBatch("t", [1]))
    assert batch.keys == [{"f": None}]


def test_metadata_of_schemas() -> None:
    transformation: SetSchemaMetadataValue[SourceRecord] = SetSchemaMetadataValue()
    transformation.configure({"schema.name": "N", "schema.version": "7"})
    values = [{"a": 1, "b": 2}, None]
    batch, _ = transformation.apply_batch(SourceBatch("t", values, value_schema=ABC.as_optional()))
    assert batch.value_schema is ABC.replace(optional=True, name="N", version=7)
    assert batch.values == values
    with pytest.raises(DataError) as caught:
        transformation.apply(SourceRecord("t", "x"))
    assert caught.value.code == "BRN-2178"
    keys: SetSchemaMetadataKey[SourceRecord] = SetSchemaMetadataKey()
    keys.configure({"schema.name": "N"})
    assert keys.apply(SourceRecord("t", "x")).value == "x"


def test_keys_from_mixed_values() -> None:
    transformation: ValueToKey[SourceRecord] = ValueToKey()
    transformation.configure({"fields": "b,a,b"})
    rows = [SourceRecord("t", {"a": 1, "b": 2}, value_schema=ABC), SourceRecord("t", {"a": 1}), SourceRecord("t", {})]
    batch, _ = transformation.apply_batch(SourceBatch.of(rows))
    assert [record.key for record in batch] == [{"b": 2, "a": 1}, {"b": None, "a": 1}, {"b": None, "a": None}]
    assert [record.key_schema for record in batch] == [Schema.struct(b=Schema.INT8, a=Schema.INT8), None, None]
    assert [record.value for record in batch] == [row.value for row in rows]
