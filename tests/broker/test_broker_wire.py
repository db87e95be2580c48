"""Every message of every API in every version survives encoding and decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker.apis import ALL
from barnabas.broker.schema import FieldSpec, Schema
from barnabas.broker.schema_codec import _default, _holds
from barnabas.broker.wire import MalformedError, Reader

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

INTEGERS = {"int8": 7, "int16": 15, "int32": 31, "int64": 63}


def primitive(kind: str) -> SearchStrategy[Any]:
    if kind in INTEGERS:
        bound = 1 << INTEGERS[kind]
        return st.integers(-bound, bound - 1)
    if kind == "bool":
        return st.booleans()
    if kind == "string":
        return st.text(max_size=6)
    return st.binary(min_size=16, max_size=16) if kind == "uuid" else st.binary(max_size=6)


def strategy(spec: FieldSpec, version: int) -> SearchStrategy[Any]:
    if not _holds(version, spec.versions):
        return st.just(_default(spec, version))
    if spec.type == "{}":
        found = message(spec.children, version)
    elif spec.type == "[]":
        found = st.lists(message(spec.children, version), max_size=2)
    elif spec.type.startswith("["):
        found = st.lists(primitive(spec.type[1:-1]), max_size=3)
    else:
        found = primitive(spec.type)
    return st.none() | found if _holds(version, spec.nullable) else found


def message(fields: list[FieldSpec], version: int) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({spec.name: strategy(spec, version) for spec in fields})


def plain(value: Any) -> Any:
    """Views as bytes, for comparison."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return bytes(value) if isinstance(value, memoryview) else value


MESSAGES = [
    pytest.param(schema, version, id=f"{api.name}-{kind}-v{version}")
    for api in ALL.values()
    for kind, schema in (("request", api.request), ("response", api.response))
    for version in range(api.versions[0], api.versions[1] + 1)
]


@pytest.mark.parametrize(("schema", "version"), MESSAGES)
@settings(max_examples=5, deadline=None, database=None)
@given(data=st.data())
def test_round_trip(schema: Schema, version: int, data: st.DataObject):
    sent = data.draw(message(schema.fields, version))
    reader = Reader(schema.to_bytes(version, sent))
    assert plain(schema.decode(reader, version)) == sent
    assert reader.pos == reader.end


@settings(max_examples=200, deadline=None, database=None)
@given(st.sampled_from(MESSAGES), st.binary(max_size=60))
def test_garbage_never_does_more_than_fail(case: Any, data: bytes):
    schema, version = case.values
    try:
        schema.decode(Reader(data), version)
    except (MalformedError, UnicodeDecodeError):
        return


def test_known_bytes():
    schema = Schema(
        """
        name: string
        tags: [] 1+
          id: int16
        extra: int32 2+ tag=0 default=-1
        """,
        flexible=2,
    )
    body = {"name": "ab", "tags": [{"id": 5}], "extra": 9}
    assert schema.to_bytes(0, body) == b"\0\2ab"
    assert schema.to_bytes(1, body) == b"\0\2ab\0\0\0\1\0\5"
    assert schema.to_bytes(2, body) == b"\3ab\2\0\5\0\1\0\4\0\0\0\t"
    assert schema.to_bytes(2, {"name": "ab"}) == b"\3ab\1\0"


def test_absent_fields_have_defaults():
    schema = Schema("a: int32 1+ default=-1\nb: string? 1+\nc: [int32] 1+\nd: uuid 1+\ne: bool 1+")
    assert schema.decode(Reader(b""), 0) == {"a": -1, "b": None, "c": [], "d": bytes(16), "e": False}
