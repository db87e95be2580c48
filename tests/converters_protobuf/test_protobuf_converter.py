from __future__ import annotations

import base64
import struct
import subprocess
import sys
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas.converters import load_converter
from barnabas.converters._protobuf.pool import load_text
from barnabas.converters._protobuf.runtime import GetMessageClass
from barnabas.converters._registry_client.schemas import PROTOBUF, Reference, SchemaText
from barnabas.converters.protobuf_converter import ProtobufConverter
from barnabas.errors import ConfigError, DataError, OutageError
from barnabas.schema import Schema, project

ORDER = Schema.struct("shop.Order", id=Schema.INT64, note=Schema.STRING)
NESTED = """
syntax = "proto3"; package p;
message First { string a = 1; }
message Second { map<string, int32> m = 1; message In { int32 b = 1; message Deep { bool c = 1; } } message Also { } }
"""


def converter(url: str | None = None, *, is_key: bool = False, **settings: str) -> ProtobufConverter:
    made = ProtobufConverter()
    keys = {key.replace("__", "."): value for key, value in settings.items()}
    made.configure({"schema.registry.url": url or f"mock://{uuid.uuid4()}", **keys}, is_key)
    return made


def register(made: ProtobufConverter, subject: str, text: str, *references: Reference) -> int:
    return made.client.register(subject, SchemaText(text, PROTOBUF, references)).id


def framed(schema_id: int, indexes: bytes, body: bytes) -> bytes:
    return struct.pack(">BI", 0, schema_id) + indexes + body


def message(text: str, name: str, **fields: Any) -> bytes:
    file = load_text(text).descriptor
    found = file.pool.FindMessageTypeByName(name)
    body: bytes = GetMessageClass(found)(**fields).SerializeToString()
    return body


@pytest.mark.parametrize("name", ["io.confluent.connect.protobuf.ProtobufConverter", "ProtobufConverter", "Protobuf"])
def test_it_is_found_by_its_names(name: str) -> None:
    assert load_converter(name) is ProtobufConverter


def test_a_struct_goes_out_and_comes_back() -> None:
    made = converter()
    rows: list[Any] = [{"id": 1, "note": "a"}, None, {"id": 2, "note": ""}]
    payloads = made.from_connect_column("t", ORDER, rows)
    assert payloads[0] == b"\0\0\0\0\1\0\x08\x01\x12\x01a"
    assert payloads[1] is None
    schema, values = made.to_connect_column("t", payloads)
    assert values == rows
    assert isinstance(schema, list)
    assert schema[0] is not None
    assert (schema[0].name, schema[0].version) == ("Order", 1)


def test_keys_have_a_subject_of_their_own() -> None:
    url = f"mock://{uuid.uuid4()}"
    made = converter(url, is_key=True)
    assert made.from_connect("t", Schema.INT64, 5) == b"\0\0\0\0\1\x02\x04\x08\x05"
    assert "Int64Value" in made.client.latest("t-key").schema.text
    assert made.to_connect("t", b"\0\0\0\0\1\x02\x04\x08\x05") == (Schema.INT64.replace(version=1), 5)


@pytest.mark.parametrize(
    ("schema", "value"),
    [(Schema.INT8, 5), (Schema.STRING, ""), (Schema.BYTES, b"x"), (Schema.BOOLEAN, True), (Schema.FLOAT64, 0.5)],
)
def test_primitives_are_wrapped(schema: Schema, value: Any) -> None:
    made = converter()
    assert made.to_connect("t", made.from_connect("t", schema, value)).value == value
    with pytest.raises(DataError, match="Unsupported root schema of type"):
        converter(wrapper__for__raw__primitives="false").from_connect("t", schema, value)


def test_nulls_ask_for_nothing() -> None:
    made = converter("http://127.0.0.1:1")
    assert made.from_connect("t", None, None) is None
    assert made.to_connect("t", None) == (None, None)
    with pytest.raises(DataError) as caught:
        made.from_connect("t", None, {"a": 1})
    assert caught.value.message == "Failed to serialize Protobuf data from topic t :"
    assert "no schema" in str(caught.value)


def test_messages_are_named_by_their_place() -> None:
    made = converter()
    number = register(made, "t-value", NESTED)
    first = framed(number, b"\0", message(NESTED, "p.First", a="x"))
    also_first = framed(number, b"\x02\x00", message(NESTED, "p.First", a="y"))
    deep = framed(number, b"\x06\x02\x00\x00", message(NESTED, "p.Second.In.Deep", c=True))
    also = framed(number, b"\x04\x02\x02", b"")
    schema, values = made.to_connect_column("t", [first, also_first, deep, also])
    assert values == [{"a": "x"}, {"a": "y"}, {"c": True}, {}]
    assert isinstance(schema, list)
    assert [each.name for each in schema if each] == ["First", "First", "Deep", "Also"]
    assert made.to_connect_column("t", [deep, deep])[1] == [{"c": True}] * 2


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        (b"", "BRN-1444"),
        (b"\x80", "BRN-1444"),
        (b"\x02\x0e", "BRN-1443"),
        (b"\x02\x01", "BRN-1443"),
        (b"\x01", "BRN-1444"),
        (b"\xff\xff\xff\xff\xff\xff", "BRN-1444"),
        (b"\0\x0a\x05x", "BRN-1444"),
        (b"\0\x0a\x01\xff", "BRN-1444"),
    ],
)
def test_damaged_messages(tail: bytes, code: str) -> None:
    made = converter()
    number = register(made, "t-value", NESTED)
    with pytest.raises(DataError) as caught:
        made.to_connect("t", framed(number, tail, b""))
    assert caught.value.code == code


def test_references_are_resolved() -> None:
    made = converter()
    register(made, "item", 'syntax = "proto3"; package shop; message Item { string sku = 1; }')
    text = 'syntax = "proto3"; import "item.proto"; message Cart { repeated shop.Item items = 1; }'
    number = register(made, "t-value", text, Reference("item.proto", "item", 1))
    body = b"\x0a\x03\x0a\x01s"
    assert made.to_connect("t", framed(number, b"\0", body)).value == {"items": [{"sku": "s"}]}
    lonely = register(made, "u-value", text)
    with pytest.raises(DataError, match=r"item\.proto"):
        made.to_connect("u", framed(lonely, b"\0", body))


def test_known_files_are_registered_on_request() -> None:
    schema = Schema.struct("S", a=Schema.INT8)
    made = converter(skip__known__types="false")
    made.from_connect("t", schema, {"a": 1})
    assert [r.name for r in made.client.latest("t-value").schema.references] == ["confluent/meta.proto"]
    assert made.client.latest("confluent/meta.proto").schema.references[0].subject == "google/protobuf/descriptor.proto"
    strategy = "io.confluent.kafka.serializers.subject.QualifiedReferenceSubjectNameStrategy"
    qualified = converter(skip__known__types="false", reference__subject__name__strategy=strategy)
    qualified.from_connect("t", schema, {"a": 1})
    assert qualified.client.latest("confluent.meta").version == 1
    with pytest.raises(ConfigError, match="could not be found"):
        converter(reference__subject__name__strategy="com.example.Mine")


def test_serialised_descriptors_are_read() -> None:
    made = converter()
    text = base64.b64encode(load_text(NESTED).proto.SerializeToString()).decode()
    number = register(made, "t-value", text)
    assert made.to_connect("t", framed(number, b"\0", b"")).value == {"a": ""}


def test_record_names() -> None:
    made = converter(value__subject__name__strategy="RecordNameStrategy")
    payload = made.from_connect("t", ORDER, {"id": 1, "note": ""})
    assert made.client.latest("shop.Order").version == 1
    found = made.to_connect("t", payload).schema
    assert found is not None
    assert found.version == 1


@pytest.mark.parametrize("missing", ["google", "google.protobuf"])
def test_without_the_library_the_extra_is_named(missing: str) -> None:
    program = f"""
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {missing!r}:
            raise ModuleNotFoundError(name) if "." not in name else ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Finder())
from barnabas.converters import load_converter
from barnabas.errors import PluginError
made = load_converter("Protobuf")()
assert "flatten.unions" in made.config().keys
try:
    made.configure({{"schema.registry.url": "mock://x"}})
except PluginError as error:
    print(error.code, error)
made.close()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert "BRN-4004" in done.stdout, done.stderr
    assert "pip install 'barnabas[protobuf]'" in done.stdout


# -- other schemas than the data's ------------------------------------------------------------------------------------


def test_the_newest_schema_gives_numbers_and_types() -> None:
    made = converter(auto__register__schemas="false", use__latest__version="true")
    text = 'syntax = "proto3"; package shop; message A {} message Order { string note = 7; sint64 id = 9; }'
    number = register(made, "t-value", text)
    payload = made.from_connect(
        "t", Schema.struct("shop.Order", id=Schema.INT64, note=Schema.STRING), {"id": -1, "note": "n"}
    )
    assert payload == framed(number, b"\x02\x02", message(text, "shop.Order", id=-1, note="n"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("int64 id = 1;", "Message shop.Order in the registry has no field note, which the data have"),
        ("string id = 1; string note = 2;", "Field id is INT64 in the data and string in the message"),
        ("repeated int64 id = 1; string note = 2;", "Field id is INT64 in the data and repeated int64 in the message"),
    ],
)
@pytest.mark.parametrize("strict", ["true", "false"])
def test_a_newest_schema_that_does_not_fit(fields: str, words: str, strict: str) -> None:
    made = converter(auto__register__schemas="false", use__latest__version="true", latest__compatibility__strict=strict)
    register(made, "t-value", f'syntax = "proto3"; package shop; message Order {{ {fields} }}')
    with pytest.raises(DataError) as caught:
        made.from_connect("t", ORDER, {"id": 1, "note": ""})
    assert caught.value.code == "BRN-1448"
    assert caught.value.message == f"{words} (version 1 of subject 't-value')"


def test_a_schema_that_is_not_there() -> None:
    made = converter(auto__register__schemas="false")
    with pytest.raises(DataError) as caught:
        made.from_connect("t", ORDER, {"id": 1, "note": ""})
    assert caught.value.code == "BRN-1403"


def test_schemas_of_other_kinds_are_refused() -> None:
    made = converter()
    number = made.client.register("t-value", SchemaText('"string"')).id
    with pytest.raises(DataError, match="AVRO"):
        made.to_connect("t", framed(number, b"\0", b""))


def test_a_registry_that_is_away_is_no_records_fault() -> None:
    made = converter("http://127.0.0.1:1", max__retries="0")
    with pytest.raises(OutageError):
        made.from_connect("t", ORDER, {"id": 1, "note": ""})
    with pytest.raises(OutageError):
        made.to_connect("t", framed(1, b"\0", b""))


# -- evolution --------------------------------------------------------------------------------------------------------


def versions(*texts: str) -> tuple[ProtobufConverter, list[int]]:
    made = converter()
    return made, [register(made, "t-value", f'syntax = "proto3"; message M {{ {text} }}') for text in texts]


def test_fields_come_and_go() -> None:
    made, (old, new) = versions("int32 a = 1; string b = 2;", "int32 a = 1; int64 c = 3;")
    body = message('syntax = "proto3"; message M { int32 a = 1; string b = 2; }', "M", a=1, b="x")
    schemas, values = made.to_connect_column("t", [framed(old, b"\0", body), framed(new, b"\0", body)])
    assert values == [{"a": 1, "b": "x"}, {"a": 1, "c": 0}]
    assert isinstance(schemas, list)
    assert [each.version for each in schemas if each] == [1, 2]
    older, newer = schemas
    assert older is not None
    assert newer is not None
    assert project(older, values[0], newer) == {"a": 1, "c": None}


def test_types_are_promoted_and_fields_renamed() -> None:
    made, numbers = versions("int32 a = 1;", "int64 z = 1;", "int64 a = 1;")
    body = message('syntax = "proto3"; message M { int32 a = 1; }', "M", a=-5)
    schemas, values = made.to_connect_column("t", [framed(number, b"\0", body) for number in numbers])
    assert values == [{"a": -5}, {"z": -5}, {"a": -5}]
    assert isinstance(schemas, list)
    narrow, _, wide = schemas
    assert narrow is not None
    assert wide is not None
    assert project(narrow, values[0], wide) == {"a": -5}


def test_writers_of_two_versions_share_a_subject() -> None:
    made = converter()
    wider = Schema.struct("shop.Order", id=Schema.INT64, note=Schema.STRING, more=Schema.OPTIONAL_BOOLEAN)
    one = made.from_connect("t", ORDER, {"id": 1, "note": "a"})
    two = made.from_connect("t", wider, {"id": 2, "note": "b", "more": True})
    assert made.to_connect_column("t", [one, two])[1] == [{"id": 1, "note": "a"}, {"id": 2, "note": "b", "more": True}]


def test_differences_name_fields() -> None:
    made = converter()
    before, after = (
        SchemaText(f'syntax = "proto2"; message M {{ {text} }}', PROTOBUF)
        for text in ("optional int32 a = 1; optional string b = 2;", "optional string a = 1; required bool c = 3;")
    )
    assert made.differences(after, before) == [
        "field a (1) of M was int32 and is string",
        "field c (3) of M is required and missing in the data",
    ]
    assert made.differences(before, before) == []


# -- any bytes --------------------------------------------------------------------------------------------------------

ANY = converter()
ANY_ID = register(ANY, "t-value", NESTED)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_give_a_value_or_a_data_error(tail: bytes, frame: bool) -> None:
    payload = framed(ANY_ID, b"", tail) if frame else tail
    try:
        schema, value = ANY.to_connect("t", payload)
    except DataError as error:
        assert error.code.startswith("BRN-14")  # noqa: PT017 - either that or a value
    else:
        assert schema is not None
        assert value.keys() == {field.name for field in schema.fields}
