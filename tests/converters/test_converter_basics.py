"""Names, strings, numbers, sniffing: what the vectors do not cover."""

from __future__ import annotations

import gzip
import random
import struct
import subprocess
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.converters import CONVERTERS, HEADER_CONVERTERS, canonical_name, load_converter, load_header_converter
from barnabas.converters.base import Converter, HeaderConverter
from barnabas.converters.byte_array import ByteArrayConverter
from barnabas.converters.numbers import FloatConverter, IntegerConverter, LongConverter
from barnabas.converters.sniff import remedy_for
from barnabas.converters.string import StringConverter
from barnabas.errors import ConfigError, DataError, PluginError
from barnabas.schema import Schema

JSON = "org.apache.kafka.connect.json.JsonConverter"


@pytest.mark.parametrize(
    "name",
    [
        JSON,
        "JsonConverter",
        "Json",
        "barnabas.converters.json_converter.JsonConverter",
        "barnabas.converters.json_converter:JsonConverter",
    ],
)
def test_every_way_to_say_json(name: str) -> None:
    assert canonical_name(name) == JSON
    assert load_converter(name).__name__ == "JsonConverter"


def test_all_names_load() -> None:
    assert all(issubclass(load_converter(name), Converter) for name in CONVERTERS)
    assert all(issubclass(load_header_converter(name), HeaderConverter) for name in HEADER_CONVERTERS)


def test_somebody_elses_converter_is_found_by_its_path() -> None:
    assert load_converter("barnabas.converters.string.StringConverter") is StringConverter


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("JsonConvertor", "Did you mean org.apache.kafka.connect.json.JsonConverter?"),
        ("org.example.StringConverter", "Did you mean org.apache.kafka.connect.storage.StringConverter?"),
        ("Zzz", "Converters here are"),
        ("", "Converters here are"),
    ],
)
def test_unknown_names_get_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(PluginError) as raised:
        load_converter(name)
    assert hint in str(raised.value)


def test_a_class_that_is_no_converter_is_refused() -> None:
    with pytest.raises(PluginError, match="is no Converter"):
        load_converter("collections.OrderedDict")
    with pytest.raises(PluginError, match="is no Converter"):
        load_converter("barnabas.converters.simple_header:SimpleHeaderConverter")


def test_names_load_nothing_heavy() -> None:
    check = "import sys, barnabas.converters.names; sys.exit('orjson' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@given(st.lists(st.none() | st.text() | st.integers() | st.binary(max_size=3)))
def test_string_columns_equal_records(values: list[object]) -> None:
    converter = StringConverter()
    column = converter.from_connect_column("t", None, values)
    assert column == [converter.from_connect("t", None, value) for value in values]
    assert converter.to_connect_column("t", column)[1] == [converter.to_connect("t", p).value for p in column]


@given(st.lists(st.none() | st.binary()))
def test_any_bytes_are_text(payloads: list[bytes | None]) -> None:
    converter = StringConverter()
    schema, values = converter.to_connect_column("t", payloads)
    assert schema is Schema.OPTIONAL_STRING
    assert values == [converter.to_connect("t", payload).value for payload in payloads]


@pytest.mark.parametrize("name", ["UTF-16", "utf-16-le", "ISO-8859-1", "US-ASCII", "windows-1252"])
def test_encodings_round_trip(name: str) -> None:
    converter = StringConverter()
    converter.configure({"converter.encoding": name})
    assert converter.to_connect("t", converter.from_connect("t", None, "plain text")).value == "plain text"
    assert converter.to_connect_column("t", converter.from_connect_column("t", None, ["a", None]))[1] == ["a", None]


@pytest.mark.parametrize("name", ["bogus", "hex", "zlib"])
def test_what_is_no_encoding_is_refused(name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        StringConverter().configure({"converter.encoding": name}, is_key=True)
    assert raised.value.key == "key.converter.converter.encoding"


def test_byte_columns() -> None:
    converter = ByteArrayConverter()
    assert converter.from_connect_column("t", None, [b"a", None]) == [b"a", None]
    assert converter.from_connect_column("t", Schema.BYTES, [bytearray(b"a"), memoryview(b"b")]) == [b"a", b"b"]
    assert converter.to_connect_column("t", [b"a", None]) == (Schema.OPTIONAL_BYTES, [b"a", None])
    with pytest.raises(DataError, match="not compatible"):
        converter.from_connect_column("t", None, ["text"])


@pytest.mark.parametrize(
    ("converter", "value"), [(IntegerConverter, 2**31), (LongConverter, 2**63), (FloatConverter, 1e300)]
)
def test_numbers_that_do_not_fit_are_refused(converter: type, value: float) -> None:
    with pytest.raises(DataError, match="Failed to serialize"):
        converter().from_connect("t", None, value)


def test_integers_are_fine_where_the_schema_says_float() -> None:
    assert FloatConverter().from_connect("t", Schema.FLOAT32, 1) == b"\x3f\x80\0\0"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\0\0\0\0\x2a\x06abc", "Confluent Avro, schema id 42"),
        (b"\0\0\0\0\x2a\x06abc", "key.converter=AvroConverter with key.converter.schema.registry.url"),
        (b"\0\0\0\0\x07\0\x0a\x03abc", "Confluent Protobuf, schema id 7"),
        (b"\0\0\0\0\x07\0\x0a\x03abc", "key.converter=ProtobufConverter"),
        (b"\0\0\0\0\x07\0\x0a\x09abc", "Confluent Avro, schema id 7"),
        (b'\0\0\0\0\x07{"a":1}', "Confluent JSON Schema, schema id 7"),
        (b'\0\0\0\0\x07{"a":1}', "key.converter=JsonSchemaConverter"),
        (b'\0\0\0\0\x07{"a":', "Confluent Avro, schema id 7"),
        (b'"{\\"a\\":1}"', "encoded twice"),
        (b"\x0c\0\0\0\x10a\0\xff\0\0\0\0", "BSON"),
        (b"\x82\xa1a\x01\xa1b\xc0", "MessagePack"),
        (zlib.compress(bytes(range(256))), "zlib"),
        (b"\0" * 8 + b"\x05xyz", "Apicurio Registry data, schema id 5"),
        (b"\3\0" + bytes(range(16)) + b"x", "version id 00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (struct.pack(">q", 42), "42 of LongConverter"),
        (struct.pack(">q", 1_700_000_000_000), "1700000000000 of LongConverter"),
        (struct.pack(">q", 1_700_000_000_000), "schema id 101327"),
        (struct.pack(">d", 2.5), "2.5 of DoubleConverter"),
        (struct.pack(">i", 7), "key.converter=IntegerConverter"),
        (b"\0\7", "key.converter=ShortConverter"),
        (b"\1", "a boolean (true)"),
        (b"\xac\xed\0\5sr", "a Java-serialised object"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"\x28\xb5\x2f\xfd123", "zstd"),
        (b"\x82SNAPPY\x00123", "snappy"),
        (b"\x04\x22\x4d\x18123", "lz4"),
        (b"Obj\1\4\x14", "Avro object container"),
        (b"Salted__12345678", "encrypted (OpenSSL)"),
        (random.Random(1).randbytes(200), "encrypted or compressed data"),
        (b'{"a":1}', "key.converter.schemas.enable=false"),
        (b'{"a":1', "damaged or cut off"),
        (b'{"schema":null,"payload":1}', "key.converter.schemas.enable=true"),
        (b"hello", "key.converter=StringConverter"),
        ("hello".encode("utf-16"), "plain text: 'hello'"),
        (b"42", "Or key.converter=StringConverter"),
        (b"<a/>", "XML"),
        ("ü".encode() * (1 << 20), "plain text"),
        (b"\xff\xfe\x80", "key.converter=ByteArrayConverter"),
        (b"", "empty"),
        (None, "null"),
    ],
)
def test_sniffing(payload: bytes | None, expected: str) -> None:
    assert expected in remedy_for(payload, "key", "JsonConverter")


def test_an_error_says_what_the_bytes_are_and_which_key_to_change() -> None:
    converter = load_converter("JsonConverter")()
    converter.configure({}, is_key=True)
    with pytest.raises(DataError) as raised:
        converter.to_connect("t", b"\0\0\0\0\x2a\x06abc")
    assert raised.value.message == "Converting byte[] to Kafka Connect data failed due to serialization error: "
    assert "looks like Confluent Avro, schema id 42; JsonConverter is configured. Set key.converter" in str(
        raised.value
    )


@given(st.binary())
def test_sniffing_never_fails(payload: bytes) -> None:
    assert remedy_for(payload, "value")
