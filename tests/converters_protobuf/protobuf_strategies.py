"""Random .proto files, Connect schemas and values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from google.protobuf import descriptor_pb2
from hypothesis import strategies as st

from barnabas.converters._protobuf.flags import ENUM, UNION
from barnabas.converters._protobuf.messages import SCALARS
from barnabas.converters._protobuf.names import entry_name
from barnabas.converters._protobuf.runtime import is_repeated
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

PROTO = descriptor_pb2.FieldDescriptorProto
_KEYS = [name for name in SCALARS if name not in ("double", "float", "bytes")]
_INTS = [name for name in SCALARS if "int" in name or "fixed" in name]
NAMES = [
    "a",
    "b",
    "c_d",
    "message",
    "optional",
    "map",
    "stream",
    "syntax",
    "x1",
    "Field",
    "_u",
    "reserved",
    "to",
    "max",
]


def without_json_names(file: Any) -> Any:
    """A copy without the names for JSON that Google's compiler always writes."""
    copy = descriptor_pb2.FileDescriptorProto.FromString(file.SerializeToString())

    def walk(message: Any) -> None:
        for field in (*message.field, *message.extension):
            field.ClearField("json_name")
        for nested in message.nested_type:
            walk(nested)

    for message in copy.message_type:
        walk(message)
    for field in copy.extension:
        field.ClearField("json_name")
    return copy


class _Maker:
    def __init__(self, draw: Any, *, proto3: bool) -> None:
        self.draw = draw
        self.proto3 = proto3
        self.count = 0
        self.types: list[tuple[str, bool]] = []

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def enum(self, target: Any, scope: str) -> None:
        target.name = self.name("Enum")
        for number in range(self.draw(st.integers(1, 3))):
            value = target.value.add(name=self.name("VALUE"), number=number)
            if self.draw(st.booleans()) and number:
                value.options.deprecated = True
        self.types.append((f"{scope}.{target.name}", True))

    def message(self, target: Any, scope: str, depth: int) -> None:
        target.name = self.name("Message")
        full = f"{scope}.{target.name}"
        self.types.append((full, False))
        if depth and self.draw(st.booleans()):
            self.enum(target.enum_type.add(), full)
        if depth and self.draw(st.booleans()):
            self.message(target.nested_type.add(), full, depth - 1)
        names = self.draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=6))
        oneof = self.draw(st.sampled_from(names)) if names and self.draw(st.booleans()) else None
        optional: list[Any] = []
        for number, name in enumerate(names, self.draw(st.integers(1, 3000))):
            field = target.field.add(name=name, number=number, label=PROTO.LABEL_OPTIONAL)
            if name == oneof:
                self.kind(field)
                field.oneof_index = 0
                target.oneof_decl.add(name="choice")
            else:
                self.field(target, field, full, optional)
        for field in optional:
            field.oneof_index = len(target.oneof_decl)
            target.oneof_decl.add(name="X_u" if field.name == "_u" else f"_{field.name}")
        if self.draw(st.booleans()):
            target.reserved_range.add(start=10_000, end=self.draw(st.integers(10_001, 10_005)))
            target.reserved_name.append("gone")

    def field(self, target: Any, field: Any, full: str, optional: list[Any]) -> None:
        shape = self.draw(st.sampled_from(["plain", "repeated", "map", "marked"]))
        if shape == "map":
            entry = target.nested_type.add(name=entry_name(field.name))
            if any(nested.name == entry.name for nested in target.nested_type[:-1]):
                del target.nested_type[-1]
                shape = "plain"
            else:
                entry.options.map_entry = True
                key = entry.field.add(name="key", number=1, label=PROTO.LABEL_OPTIONAL)
                key.type = SCALARS[self.draw(st.sampled_from(_KEYS))]
                self.kind(entry.field.add(name="value", number=2, label=PROTO.LABEL_OPTIONAL))
                field.label = PROTO.LABEL_REPEATED
                field.type = PROTO.TYPE_MESSAGE
                field.type_name = f"{full}.{entry.name}"
                return
        self.kind(field)
        if shape == "repeated":
            field.label = PROTO.LABEL_REPEATED
            if field.type == SCALARS["int32"]:
                field.options.packed = self.draw(st.booleans())
        elif shape == "marked" and self.proto3:
            field.proto3_optional = True
            optional.append(field)
        elif shape == "marked":
            self.default(field)
        if self.draw(st.booleans()):
            self.options(field)

    def default(self, field: Any) -> None:
        word = next((word for word, number in SCALARS.items() if field.type == number and not field.type_name), "")
        if word in _INTS:
            field.default_value = str(self.draw(st.integers(0 if word[0] in "uf" else -99, 99)))
        elif word == "string":
            field.default_value = self.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
        elif word == "bytes":
            field.default_value = r"a\001\"\\ \377"
        elif word == "double":
            field.default_value = self.draw(st.sampled_from(["1.5", "inf", "-inf", "nan", "1e+20", "-0"]))
        elif word == "bool":
            field.default_value = "true"

    def options(self, field: Any) -> None:
        field.options.deprecated = self.draw(st.booleans())
        option = field.options.uninterpreted_option.add()
        option.name.add(name_part="my.thing", is_extension=True)
        kind = self.draw(st.sampled_from(["word", "text", "number", "float", "braces"]))
        if kind == "word":
            option.identifier_value = "SOME"
        elif kind == "text":
            option.string_value = self.draw(st.binary(max_size=5))
        elif kind == "number":
            option.negative_int_value = -3
        elif kind == "float":
            option.name.add(name_part="part", is_extension=False)
            option.double_value = 0.25
        else:
            option.aggregate_value = 'a: -1 b { c: "x" "y" } d: [ 1, 2.5 ]'

    def kind(self, field: Any) -> None:
        if self.types and self.draw(st.integers(0, 3)) == 0:
            name, is_enum = self.draw(st.sampled_from(self.types))
            field.type = PROTO.TYPE_ENUM if is_enum else PROTO.TYPE_MESSAGE
            field.type_name = name
        else:
            field.type = SCALARS[self.draw(st.sampled_from(sorted(SCALARS)))]


@st.composite
def proto_files(draw: Any) -> Any:
    """A ``FileDescriptorProto`` such as a parser gives it."""
    proto3 = draw(st.booleans())
    file = descriptor_pb2.FileDescriptorProto(name="default")
    if proto3:
        file.syntax = "proto3"
    package = draw(st.sampled_from(["", "p", "p.q", "Message1.x"]))
    if package:
        file.package = package
    scope = f".{package}" if package else ""
    if draw(st.booleans()):
        file.options.java_package = "com.example"
    maker = _Maker(draw, proto3=proto3)
    for _ in range(draw(st.integers(0, 2))):
        maker.enum(file.enum_type.add(), scope)
    for _ in range(draw(st.integers(1, 3))):
        maker.message(file.message_type.add(), scope, 2)
    return file


# -- messages ----------------------------------------------------------------------------------------------------------


def fill(draw: Any, message: Any, depth: int) -> Any:
    """Set some fields of a message."""
    seen: set[str] = set()
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if (oneof is not None and oneof.name in seen) or not draw(st.booleans()):
            continue
        if oneof is not None:
            seen.add(oneof.name)
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            put_entry(draw, getattr(message, field.name), inner, depth)
        elif inner is not None and depth == 0:
            continue
        elif inner is not None:
            target = getattr(message, field.name)
            fill(draw, target.add() if is_repeated(field) else target, depth - 1)
            if not is_repeated(field):
                target.SetInParent()
        elif is_repeated(field):
            getattr(message, field.name).extend(draw(st.lists(scalars(field), max_size=3)))
        else:
            setattr(message, field.name, draw(scalars(field)))
    return message


def put_entry(draw: Any, target: Any, entry: Any, depth: int) -> None:
    key = draw(scalars(entry.fields_by_name["key"]))
    value = entry.fields_by_name["value"]
    if value.message_type is None:
        target[key] = draw(scalars(value))
    elif depth:
        fill(draw, target[key], depth - 1)


def scalars(field: Any) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    kinds: dict[int, st.SearchStrategy[Any]] = {
        field.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
        field.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
        field.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
        field.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
        field.CPPTYPE_DOUBLE: st.floats(allow_nan=False),
        field.CPPTYPE_FLOAT: st.floats(allow_nan=False, width=32),
        field.CPPTYPE_BOOL: st.booleans(),
    }
    if field.type == field.TYPE_BYTES:
        return st.binary(max_size=5)
    return kinds.get(field.cpp_type, st.text(st.characters(exclude_categories=["Cs"]), max_size=5))


# -- Connect ----------------------------------------------------------------------------------------------------------

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_FLOATS = st.floats(width=32, allow_nan=False)
_MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001 - hypothesis wants naive ones
    lambda moment: moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
)
_TIMES = st.integers(0, 86_399_999).map(
    lambda ms: (datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).time()
)
_COLOURS = Schema(
    Type.STRING, parameters={ENUM: "Colour", f"{ENUM}.RED": "0", f"{ENUM}.GREEN": "5", f"{ENUM}.BLUE": "-2"}
)
_LEAVES: list[tuple[Schema, st.SearchStrategy[Any]]] = [
    (Schema.INT8, st.integers(-128, 127)),
    (Schema.INT16, st.integers(-(2**15), 2**15 - 1)),
    (Schema.INT32, st.integers(-(2**31), 2**31 - 1)),
    (Schema.INT64, st.integers(-(2**63), 2**63 - 1)),
    (Schema.FLOAT32, _FLOATS),
    (Schema.FLOAT64, st.floats(allow_nan=False)),
    (Schema.BOOLEAN, st.booleans()),
    (Schema.STRING, _TEXT),
    (Schema.BYTES, st.binary(max_size=8)),
    (Date.SCHEMA, st.dates(date(1, 1, 1), date(9999, 12, 31))),
    (Time.SCHEMA, _TIMES),
    (Timestamp.SCHEMA, _MOMENTS),
    (LogicalDecimal.schema(2), st.integers(-(10**12), 10**12).map(lambda n: Decimal(n).scaleb(-2))),
    (_COLOURS, st.sampled_from(["RED", "GREEN", "BLUE"])),
]
_KEY_LEAVES = [leaf for leaf in _LEAVES if leaf[0] in (Schema.INT32, Schema.INT64, Schema.STRING, Schema.BOOLEAN)]
_MAP_LEAVES = _LEAVES[2:9]
_FIELDS = ["a", "b", "c", "from", "Clear", "x_1", "DESCRIPTOR", "__eq__"]


@st.composite
def _any(draw: Any, depth: int, names: list[int]) -> tuple[Schema, st.SearchStrategy[Any]]:
    kind = draw(st.sampled_from(["leaf"] * 4 + ["array", "map", "struct"])) if depth else "leaf"
    if kind == "leaf":
        return draw(st.sampled_from(_LEAVES))
    if kind == "array":
        items, values = draw(_any(0, names) if draw(st.booleans()) else _struct(depth - 1, names))
        return Schema.array(items), st.lists(values, max_size=3)
    if kind == "map":
        keys, left = draw(st.sampled_from(_KEY_LEAVES))
        items, right = draw(st.sampled_from(_MAP_LEAVES) if draw(st.booleans()) else _struct(depth - 1, names))
        return Schema.map(keys, items), st.dictionaries(left, right, max_size=3)
    return draw(_struct(depth - 1, names))


@st.composite
def _struct(draw: Any, depth: int, names: list[int]) -> tuple[Schema, st.SearchStrategy[Any]]:
    names.append(0)
    title = draw(st.sampled_from([None, f"Thing{len(names)}", f"some.place.Thing{len(names)}"]))
    fields: dict[str, Schema] = {}
    values: dict[str, st.SearchStrategy[Any]] = {}
    for name in draw(st.lists(st.sampled_from(_FIELDS), unique=True, max_size=5)):
        schema, strategy = draw(_any(depth, names))
        if draw(st.booleans()) and schema.type not in (Type.ARRAY, Type.MAP):
            schema, strategy = schema.as_optional(), st.none() | strategy
        fields[name], values[name] = schema, strategy
    if depth and draw(st.integers(0, 3)) == 0:
        fields["one_0"] = Schema(
            Type.STRUCT,
            name=f"{UNION}.one",
            optional=True,
            fields={"m": Schema.OPTIONAL_INT32, "n": Schema.OPTIONAL_STRING},
        )
        values["one_0"] = st.none() | st.sampled_from(
            [{"m": 0, "n": None}, {"m": None, "n": ""}, {"m": None, "n": "x"}]
        )
    return Schema(Type.STRUCT, name=title, fields=fields), st.fixed_dictionaries(values)


@st.composite
def connect_data(draw: Any) -> tuple[Schema, list[Any]]:
    """A schema of a struct, and values of it."""
    schema, strategy = draw(_struct(2, []))
    return schema, draw(st.lists(strategy, min_size=1, max_size=3))
