"""Strict mode refuses what Kafka Connect loses, overwrites or ignores without a word."""

from __future__ import annotations

from typing import Any

import pytest

from barnabas.errors import DataError
from barnabas.record import SourceBatch, SourceRecord
from barnabas.schema import Schema
from barnabas.transforms.names import TRANSFORMS
from vectors.run_transforms import load

JAVA = "org.apache.kafka.connect.transforms."
STRUCT = Schema.struct(a=Schema.INT32, b=Schema.OPTIONAL_STRING)


def made(name: str, config: dict[str, str], strict: str) -> Any:
    transformation = load(TRANSFORMS[JAVA + name])()
    transformation.configure({**config, "strict": strict})
    return transformation


CASES = [
    ("ExtractField$Value", {"field": "z"}, {"a": 1}, None, "has no field 'z'"),
    ("ExtractField$Value", {"field": "in.z", "field.syntax.version": "V2"}, {"in": {}}, None, "has no field 'z'"),
    ("ValueToKey", {"fields": "a,z"}, {"a": 1}, None, "has no field 'z'"),
    ("HeaderFrom$Value", {"fields": "z", "headers": "h", "operation": "copy"}, {"a": 1}, None, "no field 'z'"),
    ("MaskField$Value", {"fields": "z"}, {"a": 1}, None, "'z' that is to be masked"),
    ("MaskField$Value", {"fields": "z"}, {"a": 1}, STRUCT, "'z' that is to be masked"),
    ("MaskField$Value", {"fields": "a", "replacement": "2147483648"}, {"a": 1}, STRUCT, "would become -2147483648"),
    ("MaskField$Value", {"fields": "a", "replacement": "1.5"}, {"a": 1}, None, "would become 1"),
    ("ReplaceField$Value", {"exclude": "z"}, {"a": 1}, None, "no field 'z'"),
    ("ReplaceField$Value", {"include": "a,z"}, {"a": 1}, None, "no field 'z'"),
    ("ReplaceField$Value", {"renames": "z:y"}, {"a": 1}, STRUCT, "no field 'z'"),
    ("ReplaceField$Value", {"renames": "a:b"}, {"a": 1, "b": 2}, None, "would be called 'b'"),
    ("InsertField$Value", {"static.field": "a", "static.value": "x"}, {"a": 1}, None, "field 'a' already"),
    ("InsertField$Value", {"timestamp.field": "t!"}, {"a": 1}, STRUCT, "no timestamp for the required field 't'"),
]


@pytest.mark.parametrize(("name", "config", "value", "schema", "message"), CASES)
def test_refused(name: str, config: dict[str, str], value: Any, schema: Schema | None, message: str) -> None:
    strict, lenient = made(name, config, "true"), made(name, config, "false")
    record, batch = SourceRecord("t", value, value_schema=schema), SourceBatch("t", [value], value_schema=schema)
    with pytest.raises(DataError, match=message) as caught:
        strict.apply(record)
    assert caught.value.code == "BRN-2176"
    assert caught.value.remedy is not None
    with pytest.raises(DataError, match=message):
        strict.apply_batch(batch)
    lenient.apply(record)
    lenient.apply_batch(batch)


FINE = [
    ("ExtractField$Value", {"field": "in.z", "field.syntax.version": "V2"}, {"in": None}),
    ("ExtractField$Value", {"field": "a"}, {"a": None}),
    ("ValueToKey", {"fields": "a"}, {"a": 1}),
    ("MaskField$Value", {"fields": "a", "replacement": "12"}, {"a": 1}),
    ("ReplaceField$Value", {"exclude": "a", "renames": "b:a"}, {"a": 1, "b": 2}),
    ("ReplaceField$Value", {"include": "a"}, {"a": 1, "b": 2}),
    ("InsertField$Value", {"timestamp.field": "t"}, {"a": 1}),
]


@pytest.mark.parametrize(("name", "config", "value"), FINE)
def test_not_refused(name: str, config: dict[str, str], value: Any) -> None:
    changed = [made(name, config, strict).apply(SourceRecord("t", value)) for strict in ("true", "false")]
    assert changed[0] == changed[1]
