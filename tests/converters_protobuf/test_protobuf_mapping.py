from __future__ import annotations

import base64
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka.schema_registry.confluent import meta_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protobuf_strategies import connect_data, fill, proto_files

from barnabas.converters._protobuf.engine import draft_for
from barnabas.converters._protobuf.flags import ENUM, GENERAL_ENUM, GENERAL_UNION, TAG, UNION, Flags
from barnabas.converters._protobuf.pool import Loaded, load_proto, load_text
from barnabas.converters._protobuf.printer import print_file
from barnabas.converters._protobuf.reader import MessageReader
from barnabas.converters._protobuf.runtime import DecodeError, GetMessageClass
from barnabas.converters._protobuf.writer import MessageWriter
from barnabas.errors import DataError
from barnabas.schema import (
    Date,
    Int8,
    Int32,
    Int64,
    LogicalDecimal,
    Schema,
    Struct,
    Time,
    Timestamp,
    Type,
    validate_value,
)

DEFAULT = Flags()
MARKED = Flags(optional_for_nullables=True)
WRAPPED = Flags(wrapper_for_nullables=True)

TEXT = """
syntax = "proto3"; package a.b;
import "confluent/meta.proto"; import "confluent/type/decimal.proto"; import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto"; import "google/type/date.proto"; import "google/type/timeofday.proto";
message M {
  option (confluent.message_meta) = { doc: "all of it" };
  double f64 = 1; float f32 = 2; int32 i = 3; uint32 u = 4; uint64 ul = 5; sint64 s = 6; fixed32 x = 7;
  bool t = 8; string text = 9; bytes raw = 10; E e = 11; repeated E es = 12; Inner inner = 13;
  repeated Inner inners = 14; map<int64, Inner> map = 15; optional int32 maybe = 16;
  google.protobuf.StringValue wrapped = 17;
  oneof kind { string word = 18; Inner thing = 19; }
  google.protobuf.Timestamp ts = 20; google.type.Date day = 21; google.type.TimeOfDay at = 22;
  confluent.type.Decimal money = 23 [(confluent.field_meta) = {
    doc: "in cents" params: [{ key: "scale", value: "2" }, { key: "precision", value: "9" }, { key: "k", value: "v" }]
  }];
  int32 small = 24 [(confluent.field_meta) = { params: { key: "connect.type", value: "int8" } }];
  enum E { A = 0; B = 5; AA = 0; C = -1; option allow_alias = true; }
  message Inner { string s = 1; }
}
"""


def reader(text: str = TEXT, flags: Flags = DEFAULT, name: str = "M") -> tuple[MessageReader, Any]:
    loaded = load_text(text)
    descriptor = loaded.descriptor.message_types_by_name[name]
    return MessageReader(descriptor, flags, loaded.files), GetMessageClass(descriptor)


def read(fields: dict[str, Any], flags: Flags = DEFAULT, text: str = TEXT) -> dict[str, Any]:
    made, message = reader(text, flags)
    value: dict[str, Any] = made.column([message(**fields).SerializeToString()])[0]
    return value


def field(flags: Flags, name: str) -> Schema:
    found = reader(TEXT, flags)[0].schema.field(name)
    assert found is not None
    return found.schema


def message_of(loaded: Loaded, name: str) -> Any:
    return loaded.descriptor.message_types_by_name[name.rpartition(".")[2]]


def round_trip(schema: Schema, values: list[Any], flags: Flags) -> tuple[Schema, list[Any]]:
    draft = draft_for(schema, flags)
    descriptor = message_of(draft.loaded, draft.message)
    bodies = MessageWriter(schema, descriptor, flags, draft.loaded.files).column(values)
    found = MessageReader(descriptor, flags, load_text(draft.text).files)
    return found.schema, found.column(bodies)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("f64", Type.FLOAT64), ("f32", Type.FLOAT32), ("i", Type.INT32), ("u", Type.INT64), ("ul", Type.INT64),
        ("s", Type.INT64), ("x", Type.INT64), ("t", Type.BOOLEAN), ("text", Type.STRING), ("raw", Type.BYTES),
        ("e", Type.STRING), ("es", Type.ARRAY), ("inner", Type.STRUCT), ("map", Type.MAP), ("small", Type.INT8),
    ],
)  # fmt: skip
def test_types_and_numbers(name: str, kind: Type) -> None:
    schema = field(DEFAULT, name)
    assert schema.type is kind
    assert schema.optional
    assert schema.parameters[TAG].isdigit()


def test_names_of_schemas() -> None:
    assert reader()[0].schema.name == "M"
    assert field(DEFAULT, "inner").name == "Inner"
    assert field(DEFAULT, "map").name == "MapEntry"
    enhanced = Flags(enhanced=True)
    assert reader(TEXT, enhanced)[0].schema.name == "a.b.M"
    assert field(enhanced, "inner").name == "a.b.M.Inner"
    assert field(enhanced, "e").parameters[ENUM] == "a.b.M.E"


def test_documentation_and_parameters() -> None:
    money = field(DEFAULT, "money")
    assert money.name == LogicalDecimal.NAME
    assert money.doc == "in cents"
    assert dict(money.parameters) == {"scale": "2", "connect.decimal.precision": "9", "k": "v", TAG: "23"}
    assert reader()[0].schema.doc == "all of it"
    plain = field(Flags(meta=False), "money")
    assert plain.doc is None
    assert "k" not in plain.parameters
    assert plain.parameters["scale"] == "2"


@pytest.mark.parametrize(
    "option",
    [
        '(confluent.field_meta) = { doc: "d", params: [ { value: "int16", key: "connect.type" } ] }',
        '(confluent.field_meta) = { doc: "d" params { key: "connect.type" value: "int16" } unknown: 5 }',
        '(confluent.field_meta).doc = "d", (confluent.field_meta).params = { key: "connect.type" value: "int16" }',
        '(.confluent.field_meta) = { doc: "d" params: { key: "connect.type", value: "int16" } }',
    ],
)
def test_documentation_in_other_words(option: str) -> None:
    schema = reader(f'syntax = "proto3"; message M {{ sint32 a = 1 [{option}]; }}')[0].schema.fields[0].schema
    assert (schema.type, schema.doc) == (Type.INT16, "d")


def test_documentation_in_a_serialised_descriptor() -> None:
    file = load_text('syntax = "proto3"; import "confluent/meta.proto"; message M { int32 a = 1; }').proto
    meta = file.message_type[0].field[0].options.Extensions[meta_pb2.field_meta]
    meta.doc = "d"
    meta.params["connect.type"] = "int8"
    text = base64.b64encode(file.SerializeToString()).decode()
    schema = reader(text)[0].schema.fields[0].schema
    assert (schema.type, schema.doc) == (Type.INT8, "d")
    printed = print_file(load_text(text).proto)
    assert '(confluent.field_meta) = { doc: "d" params { key: "connect.type" value: "int8" } }' in printed
    assert reader(printed)[0].schema.fields[0].schema == schema


def test_enums() -> None:
    assert dict(field(DEFAULT, "e").parameters) == {
        ENUM: "E", f"{ENUM}.A": "0", f"{ENUM}.B": "5", f"{ENUM}.AA": "0", f"{ENUM}.C": "-1", TAG: "11",
    }  # fmt: skip
    assert read({"e": 5, "es": [0, 5, -1, 77]})["es"] == ["A", "B", "C", "UNKNOWN_ENUM_VALUE_E_77"]
    assert read({"e": 77}, Flags(int_for_enums=True))["e"] == 77
    assert field(Flags(general=True), "e").parameters[GENERAL_ENUM] == "E"


def test_a_oneof_is_a_struct_with_one_member() -> None:
    schema = field(DEFAULT, "kind_0")
    assert schema.name == f"{UNION}.kind"
    assert [f.name for f in schema.fields] == ["word", "thing"]
    assert read({"word": ""})["kind_0"] == {"word": "", "thing": None}
    assert read({"thing": {}})["kind_0"] == {"word": None, "thing": {"s": ""}}
    assert read({})["kind_0"] is None
    assert next(iter(reader()[0].schema.fields)).name == "kind_0"


def test_what_users_may_have_of_a_oneof_instead() -> None:
    assert read({"word": "x"}, Flags(index_for_unions=False))["kind"] == {"word": "x", "thing": None}
    flat = read({"word": "x"}, Flags(flatten_unions=True))
    assert (flat["word"], flat["thing"]) == ("x", None)
    general = field(Flags(general=True), "connect_union_field_0")
    assert (general.name, dict(general.parameters)) == ("connect_union_0", {GENERAL_UNION: "kind"})


def test_nothing_set() -> None:
    value = read({})
    assert (value["i"], value["text"], value["e"], value["es"], value["map"]) == (0, "", "A", [], {})
    assert [value[n] for n in ("maybe", "inner", "ts", "day", "at", "money", "wrapped")] == [None] * 7
    assert read({}, Flags(struct_for_nulls=True))["inner"] == {"s": ""}


def test_what_may_be_null_when_fields_say_so() -> None:
    for flags in (MARKED, WRAPPED):
        assert field(flags, "maybe").optional
        assert not field(flags, "i").optional
        assert not field(flags, "es").optional
        assert field(flags, "inner").optional
        assert all(f.schema.optional for f in field(flags, "kind_0").fields)
    assert field(WRAPPED, "wrapped").type is Type.STRING
    assert read({"wrapped": {"value": ""}}, WRAPPED)["wrapped"] == ""
    assert read({}, WRAPPED)["wrapped"] is None
    assert read({"wrapped": {"value": "x"}})["wrapped"] == {"value": "x"}


def test_values_of_logical_types() -> None:
    value = read(
        {
            "ts": {"seconds": -1, "nanos": 999_999_999},
            "day": {"year": 2024, "month": 2, "day": 30},
            "at": {"hours": 23, "minutes": 59, "seconds": 59, "nanos": 1_999_999},
            "money": {"value": b"\xff\x85", "scale": 2},
            "small": 300,
            "ul": 2**64 - 1,
        }
    )
    assert value["ts"] == datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert value["day"] == date(2024, 3, 1)
    assert value["at"] == time(23, 59, 59, 1000)
    assert value["money"] == Decimal("-1.23")
    assert value["small"] == 44
    assert value["ul"] == -1


@pytest.mark.parametrize("fields", [{"ul": 2**63}, {"small": 128}])
def test_strict_refuses_numbers_that_java_changes(fields: dict[str, int]) -> None:
    with pytest.raises(DataError, match="beyond"):
        read(fields, Flags(strict=True))


def test_proto2_fields_that_are_not_set() -> None:
    text = 'syntax = "proto2"; message M { optional int32 a = 1 [default = 7]; required string b = 2; }'
    assert read({"b": "x"}, text=text) == {"a": None, "b": "x"}
    assert read({"b": "x"}, Flags(optional_for_proto2=False), text) == {"a": 7, "b": "x"}
    made, message = reader(text)
    with pytest.raises(ValueError, match="missing required fields: b"):
        made.column([message(a=1).SerializePartialToString()])


def test_a_message_in_itself_is_refused() -> None:
    with pytest.raises(DataError, match=r"contains itself \(M → N → M\)") as caught:
        reader('syntax = "proto3"; message M { N n = 1; } message N { repeated M m = 1; }')
    assert caught.value.code == "BRN-1445"


def test_groups_are_structs() -> None:
    text = 'syntax = "proto2"; message M { repeated group Item = 1 { optional int32 n = 2; } }'
    assert read({"item": [{"n": 1}, {}]}, text=text) == {"item": [{"n": 1}, {"n": None}]}


def test_the_file_for_a_schema() -> None:
    item = Schema.struct("shop.Item", sku=Schema.STRING, n=Schema.INT8)
    schema = Schema.struct(
        "shop.Order",
        id=Schema.INT64,
        items=Schema.array(item),
        first=item.as_optional(),
        by_day=Schema.map(Schema.STRING, Schema.FLOAT64),
        at=Timestamp.OPTIONAL_SCHEMA,
        price=LogicalDecimal.schema(2),
        nothing=Schema.struct(None),
    )
    assert (
        draft_for(schema, DEFAULT).text
        == """\
syntax = "proto3";
package shop;

import "confluent/meta.proto";
import "confluent/type/decimal.proto";
import "google/protobuf/timestamp.proto";

message Order {
  int64 id = 1;
  repeated Item items = 2;
  Item first = 3;
  message Item {
    string sku = 1;
    int32 n = 2 [(confluent.field_meta) = { params: [ { key: "connect.type", value: "int8" } ] }];
  }
  map<string, double> by_day = 4;
  google.protobuf.Timestamp at = 5;
  confluent.type.Decimal price = 6 [(confluent.field_meta) = { params: [ { key: "scale", value: "2" } ] }];
  ConnectDefault1 nothing = 7;
  message ConnectDefault1 {
  }
}
"""
    )


def test_numbers_of_fields_are_kept() -> None:
    schema = Schema.struct(None, a=Schema.INT32, b=Schema(Type.INT32, parameters={TAG: "1"}), c=Schema.STRING)
    message = draft_for(schema, DEFAULT).loaded.descriptor.message_types_by_name["ConnectDefault1"]
    assert {f.name: f.number for f in message.fields} == {"a": 2, "b": 1, "c": 3}


def test_nullables_are_marked_or_wrapped() -> None:
    schema = Schema.struct("S", a=Schema.OPTIONAL_INT32, b=Schema.INT32, c=Date.OPTIONAL_SCHEMA)
    assert "optional int32 a = 1;" in draft_for(schema, MARKED).text
    assert "google.protobuf.Int32Value a = 1;" in draft_for(schema, WRAPPED).text
    for flags in (MARKED, WRAPPED):
        text = draft_for(schema, flags).text
        assert "  int32 b = 2;" in text
        values = [{"a": None, "b": 0, "c": None}, {"a": 0, "b": 1, "c": date(1, 1, 1)}]
        assert round_trip(schema, values, flags)[1] == values


def test_strict_refuses_nulls_that_would_read_as_zero() -> None:
    schema = Schema.struct("S", a=Schema.OPTIONAL_INT32)
    assert round_trip(schema, [{"a": None}], DEFAULT)[1] == [{"a": 0}]
    with pytest.raises(DataError, match="null for a would read as its default value"):
        round_trip(schema, [{"a": None}], Flags(strict=True))


def test_enums_whose_values_have_the_same_names() -> None:
    def enum(name: str, *values: str) -> Schema:
        return Schema(Type.STRING, parameters={ENUM: name, **{f"{ENUM}.{v}": str(i) for i, v in enumerate(values)}})

    schema = Schema.struct("S", a=enum("X", "NONE", "a"), b=enum("Y", "NONE", "ONE"), c=enum("Y", "NONE", "ONE"))
    values = [{"a": "a", "b": "ONE", "c": "NONE"}]
    assert round_trip(schema, values, DEFAULT)[1] == values


def test_scrubbed_names() -> None:
    schema = Schema.struct("my-shop.an order", **{"a-b": Schema.INT32, "1st": Schema.STRING})
    with pytest.raises(DataError, match="no name in Protobuf"):
        draft_for(schema, DEFAULT)
    text = draft_for(schema, Flags(scrub=True)).text
    assert "package my_shop;" in text
    assert "message an_order {" in text
    assert round_trip(schema, [{"a-b": 1, "1st": "x"}], Flags(scrub=True))[1] == [{"a_b": 1, "x1st": "x"}]


@pytest.mark.parametrize(
    "schema",
    [
        Schema.struct("S", a=Schema.array(Schema.array(Schema.INT32))),
        Schema.struct("S", a=Schema.map(Schema.FLOAT64, Schema.INT32)),
        Schema.struct("S", a=Schema.map(Schema.STRING, Schema.array(Schema.INT32))),
        Schema.struct("S", a=Schema.array(None)),
        Schema.array(Schema.INT32),
        Timestamp.SCHEMA,
        Schema.struct("S", a=Schema(Type.INT32, parameters={TAG: "0"})),
        Schema.struct("S", a=Schema(Type.STRING, parameters={ENUM: "a b"})),
    ],
)
def test_what_protobuf_cannot_say(schema: Schema) -> None:
    with pytest.raises(DataError) as caught:
        draft_for(schema, DEFAULT)
    assert caught.value.code == "BRN-1447"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Schema.INT32, True), (Schema.INT32, 1.0), (Schema.INT32, 2**31), (Schema.INT8, 128), (Schema.INT64, 2**63),
        (Schema.INT32, Int64(1)), (Schema.FLOAT64, "1"), (Schema.FLOAT32, 1e39), (Schema.FLOAT64, True),
        (Schema.BOOLEAN, 1), (Schema.STRING, b"x"), (Schema.STRING, 1), (Schema.STRING, "\ud800"), (Schema.BYTES, "x"),
        (Schema.array(Schema.INT32), [None]), (Schema.array(Schema.INT32), 5),
        (Schema.map(Schema.STRING, Schema.INT32), 5),
        (Schema.map(Schema.STRING, Schema.INT32), {"a": None}), (Schema.map(Schema.STRING, Schema.INT32), {1: 1}),
        (Schema.struct("T", x=Schema.INT32), {"y": 1}), (Schema.struct("T", x=Schema.INT32), 5), (Schema.INT32, None),
        (Timestamp.SCHEMA, 5), (Timestamp.SCHEMA, datetime(2020, 1, 1)), (Date.SCHEMA, "x"), (Time.SCHEMA, 5),  # noqa: DTZ001 - what is wrong
        (LogicalDecimal.schema(2), Decimal("1.234")), (LogicalDecimal.schema(2), Decimal("nan")),
        (LogicalDecimal.schema(2), 1),
        (Schema(Type.STRING, parameters={ENUM: "E", f"{ENUM}.A": "0"}), "B"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(schema: Schema, value: Any) -> None:
    with pytest.raises((DataError, TypeError, ValueError)):
        round_trip(Schema.struct("S", f=schema), [{"f": value}], DEFAULT)


def test_values_of_exact_classes_fit_their_own_type() -> None:
    schema = Schema.struct("S", a=Schema.INT8, b=Schema.INT32, c=Schema.BYTES, d=Schema.struct("T", x=Schema.INT32))
    inner = Struct(Schema.struct("T", x=Schema.INT32), {"x": Int32(4)})
    value = {"a": Int8(1), "b": Int32(2), "c": memoryview(b"x"), "d": inner}
    assert round_trip(schema, [value], DEFAULT)[1] == [{"a": 1, "b": 2, "c": b"x", "d": {"x": 4}}]


def test_defaults_stand_in_for_null() -> None:
    schema = Schema.struct("S", a=Schema(Type.INT32, default=7), b=Schema.STRING)
    assert round_trip(schema, [{"b": "x"}, {"a": None, "b": ""}], DEFAULT)[1] == [{"a": 7, "b": "x"}, {"a": 7, "b": ""}]


def test_defaults_may_be_ignored() -> None:
    schema = Schema.struct("S", a=Schema(Type.INT32, optional=True, default=7))
    flags = Flags(optional_for_nullables=True, ignore_defaults=True)
    assert round_trip(schema, [{"a": None}], flags)[1] == [{"a": None}]
    assert round_trip(schema, [{"a": None}], MARKED)[1] == [{"a": 7}]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    connect_data(), st.sampled_from([MARKED, WRAPPED, Flags(optional_for_nullables=True, wrapper_for_nullables=True)])
)
def test_any_data_come_back(data: tuple[Schema, list[Any]], flags: Flags) -> None:
    schema, values = data
    found, back = round_trip(schema, values, flags)
    assert back == values
    assert {f.name for f in found.fields} == {f.name for f in schema.fields}
    again, once_more = round_trip(found, back, flags)
    assert once_more == values
    assert again == found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(connect_data())
def test_one_record_gives_what_many_give(data: tuple[Schema, list[Any]]) -> None:
    schema, values = data
    _, together = round_trip(schema, values, DEFAULT)
    assert together == [round_trip(schema, [value], DEFAULT)[1][0] for value in values]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_an_error(body: bytes) -> None:
    try:
        value = BROAD.column([body])[0]
    except (ValueError, DataError, DecodeError):
        return
    assert value.keys() == {f.name for f in BROAD.schema.fields}


def test_two_fields_that_would_be_called_alike() -> None:
    schema = Schema(Type.STRUCT, name="S", fields={"a-b": Schema.INT32, "a_b": Schema.INT32})
    with pytest.raises(DataError, match="would be called a_b"):
        draft_for(schema, Flags(scrub=True))


BROAD = reader()[0]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.data(),
    proto_files(),
    st.sampled_from([DEFAULT, MARKED, WRAPPED, Flags(flatten_unions=True, int_for_enums=True)]),
)
def test_any_message_comes_back_as_it_was(data: Any, file: Any, flags: Flags) -> None:
    loaded = load_proto(file)
    for descriptor in loaded.descriptor.message_types_by_name.values():
        try:
            made = MessageReader(descriptor, flags, loaded.files)
        except DataError as error:
            assert error.code == "BRN-1445"  # noqa: PT017 - a circle
            continue
        message = fill(data.draw, GetMessageClass(descriptor)(), 2)
        values = made.column([message.SerializeToString()])
        validate_value(made.schema, values[0])
        body = MessageWriter(made.schema, descriptor, flags, loaded.files).column(values)[0]
        assert GetMessageClass(descriptor).FromString(body) == message
