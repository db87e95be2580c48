"""Messages, fields, enums and extensions of a .proto text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from barnabas.converters._protobuf.names import add_synthetic_oneofs, entry_name
from barnabas.converters._protobuf.options import parse_compact, parse_option_statement, quoted, shown_float
from barnabas.converters._protobuf.runtime import descriptor_pb2

if TYPE_CHECKING:
    from barnabas.converters._protobuf.cursor import Cursor

__all__ = ["MAX_NUMBER", "SCALARS", "Body", "parse_enum", "parse_extend", "parse_message"]

MAX_NUMBER: Final = 2**29 - 1
_MAX_ENUM: Final = 2**31 - 1
_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto

SCALARS: Final[dict[str, int]] = {
    name: getattr(_PROTO, f"TYPE_{name.upper()}")
    for name in (
        "double",
        "float",
        "int32",
        "int64",
        "uint32",
        "uint64",
        "sint32",
        "sint64",
        "fixed32",
        "fixed64",
        "sfixed32",
        "sfixed64",
        "bool",
        "string",
        "bytes",
    )
}
"""Types that need no look-up, by their keyword."""

_LABELS: Final = {
    "optional": _PROTO.LABEL_OPTIONAL,
    "required": _PROTO.LABEL_REQUIRED,
    "repeated": _PROTO.LABEL_REPEATED,
}
_WHOLE: Final = frozenset(SCALARS.values()) - {SCALARS[n] for n in ("double", "float", "bool", "string", "bytes")}


class Body(NamedTuple):
    """Where messages and fields go that are declared at one place."""

    messages: Any
    fields: Any
    proto3: bool
    enclosing: Any = None


def parse_message(cursor: Cursor, message: Any, *, proto3: bool) -> None:
    """Read ``Name { … }`` after the word ``message``."""
    message.name = cursor.ident("the name of a message")
    _parse_message_body(cursor, message, proto3=proto3)


def parse_enum(cursor: Cursor, enum: Any) -> None:
    """Read ``Name { … }`` after the word ``enum``."""
    enum.name = cursor.ident("the name of an enum")
    cursor.need("{")
    while cursor.take("}") is None:
        if cursor.peek("option") and not cursor.peek("=", 1):
            cursor.next()
            parse_option_statement(cursor, enum.options)
        elif cursor.peek("reserved") and not cursor.peek("=", 1):
            cursor.next()
            _parse_reserved(cursor, enum, _MAX_ENUM, exclusive=0)
        elif cursor.take(";") is None:
            value = enum.value.add(name=cursor.ident("the name of a value"))
            cursor.need("=")
            value.number = _within(cursor, -_MAX_ENUM - 1, _MAX_ENUM)
            parse_compact(cursor, value.options)
            cursor.need(";")


def parse_extend(cursor: Cursor, body: Body) -> None:
    """Read ``Type { fields }`` after the word ``extend``."""
    extendee = cursor.full_ident("the name of a message")
    cursor.need("{")
    while cursor.take("}") is None:
        if cursor.take(";") is None:
            field = _parse_field(cursor, body)
            field.extendee = extendee


def _parse_message_body(cursor: Cursor, message: Any, *, proto3: bool) -> None:
    body = Body(message.nested_type, message.field, proto3, message)
    cursor.need("{")
    while cursor.take("}") is None:
        if not _parse_special(cursor, message, body):
            _parse_field(cursor, body)
    if proto3:
        add_synthetic_oneofs(message)


def _parse_special(cursor: Cursor, message: Any, body: Body) -> bool:
    """Read what is no field; false if a field comes, whose type may be called like a keyword."""
    if cursor.take(";"):
        return True
    keyword = cursor.token.text
    if keyword not in _SPECIAL or cursor.token.kind != "ident" or cursor.dotted() or _is_field(cursor, keyword):
        return False
    cursor.next()
    _SPECIAL[keyword](cursor, message, body)
    return True


def _is_field(cursor: Cursor, keyword: str) -> bool:
    """Whether ``message x = 1``: a field whose type has a keyword for its name."""
    return keyword not in ("reserved", "extensions", "option") and cursor.peek("=", 2)


def _parse_oneof(cursor: Cursor, message: Any, body: Body) -> None:
    index = len(message.oneof_decl)
    oneof = message.oneof_decl.add(name=cursor.ident("the name of a oneof"))
    cursor.need("{")
    while cursor.take("}") is None:
        if cursor.peek("option") and not cursor.peek("=", 2):
            cursor.next()
            parse_option_statement(cursor, oneof.options)
        elif cursor.take(";") is None:
            if cursor.token.text in _LABELS and not cursor.peek("=", 2):
                cursor.fail("fields of a oneof have no label")
            _parse_field(cursor, body, labelled=False).oneof_index = index


def _parse_field(cursor: Cursor, body: Body, *, labelled: bool = True) -> Any:
    field = body.fields.add(label=_PROTO.LABEL_OPTIONAL)
    label = None
    if labelled and cursor.token.text in _LABELS and not cursor.peek("=", 2) and not cursor.dotted():
        label = cursor.next().text
        field.label = _LABELS[label]
    if cursor.peek("map") and cursor.peek("<", 1):
        _parse_map(cursor, field, body, label)
    elif _is_group(cursor):
        _parse_group(cursor, field, body)
        return field
    else:
        _put_type(field, cursor.full_ident("the type of a field"))
        field.name = cursor.ident("the name of a field")
    if label == "optional" and body.proto3:
        field.proto3_optional = True
    _parse_number(cursor, field)
    cursor.need(";")
    return field


def _is_group(cursor: Cursor) -> bool:
    """Whether ``group Name = 1 {`` comes, and no field of a type called group."""
    return cursor.peek("group") and not cursor.dotted() and cursor.peek("=", 2) and not cursor.peek(";", 4)


def _parse_number(cursor: Cursor, field: Any) -> None:
    cursor.need("=")
    field.number = _within(cursor, 1, MAX_NUMBER)
    parse_compact(cursor, field.options, lambda name: _parse_special_option(cursor, field, name))


def _parse_map(cursor: Cursor, field: Any, body: Body, label: str | None) -> None:
    if label is not None:
        cursor.fail("a map has no label")
    cursor.next()
    cursor.need("<")
    entry = body.messages.add()
    key = entry.field.add(name="key", number=1, label=_PROTO.LABEL_OPTIONAL)
    _put_type(key, cursor.full_ident("the type of the keys"))
    cursor.need(",")
    value = entry.field.add(name="value", number=2, label=_PROTO.LABEL_OPTIONAL)
    _put_type(value, cursor.full_ident("the type of the values"))
    cursor.need(">")
    field.name = cursor.ident("the name of a field")
    field.label = _PROTO.LABEL_REPEATED
    entry.name = entry_name(field.name)
    entry.options.map_entry = True
    field.type_name = entry.name


def _parse_group(cursor: Cursor, field: Any, body: Body) -> None:
    cursor.next()
    name = cursor.ident("the name of a group")
    field.name = name.lower()
    field.type = _PROTO.TYPE_GROUP
    field.type_name = name
    _parse_number(cursor, field)
    _parse_message_body(cursor, body.messages.add(name=name), proto3=body.proto3)


def _put_type(field: Any, name: str) -> None:
    if name in SCALARS:
        field.type = SCALARS[name]
    else:
        field.type_name = name


def _parse_special_option(cursor: Cursor, field: Any, name: str) -> bool:
    """``default`` and ``json_name``, which are written like options and are none."""
    if name not in ("default", "json_name") or not cursor.peek("=", 1):
        return False
    cursor.next()
    cursor.need("=")
    if name == "json_name":
        field.json_name = cursor.string()
    else:
        field.default_value = _default(cursor, field)
    return True


def _default(cursor: Cursor, field: Any) -> str:
    if field.type == _PROTO.TYPE_STRING:
        return cursor.string()
    if field.type == _PROTO.TYPE_BYTES:
        return quoted(cursor.octets())[1:-1]
    value = cursor.number_or_name()
    if field.type in _WHOLE and not isinstance(value, int):
        cursor.fail(f"{value} is no default for a whole number")
    if field.HasField("type") and field.type in (_PROTO.TYPE_DOUBLE, _PROTO.TYPE_FLOAT):
        try:
            return shown_float(float(value)).removesuffix(".0")
        except ValueError:
            cursor.fail(f"{value} is no default for a number")
    return str(value)


def _parse_reserved(cursor: Cursor, target: Any, highest: int, *, exclusive: int = 1) -> None:
    named = cursor.token.kind in ("string", "ident")
    while True:
        if cursor.token.kind == "string":
            target.reserved_name.append(cursor.string())
        elif named:
            target.reserved_name.append(cursor.ident())
        else:
            start, end = _range(cursor, highest)
            target.reserved_range.add(start=start, end=end + exclusive)
        if cursor.take(",") is None:
            break
    cursor.need(";")


def _parse_extensions(cursor: Cursor, message: Any, body: Body) -> None:
    del body
    first = len(message.extension_range)
    while True:
        start, end = _range(cursor, MAX_NUMBER)
        message.extension_range.add(start=start, end=end + 1)
        if cursor.take(",") is None:
            break
    if cursor.peek("["):
        options = descriptor_pb2.ExtensionRangeOptions()
        parse_compact(cursor, options)
        for declared in message.extension_range[first:]:
            declared.options.CopyFrom(options)
    cursor.need(";")


def _range(cursor: Cursor, highest: int) -> tuple[int, int]:
    start = _within(cursor, -_MAX_ENUM - 1, highest)
    if cursor.take("to") is None:
        return start, start
    if cursor.take("max"):
        return start, highest
    end = _within(cursor, -_MAX_ENUM - 1, highest)
    if end < start:
        cursor.fail(f"a range from {start} to {end}")
    return start, end


def _within(cursor: Cursor, low: int, high: int) -> int:
    token = cursor.token
    number = cursor.integer()
    if not low <= number <= high:
        cursor.fail(f"{number} is not between {low} and {high}", token)
    return number


_SPECIAL: Final[dict[str, Any]] = {
    "message": lambda cursor, message, body: parse_message(cursor, message.nested_type.add(), proto3=body.proto3),
    "enum": lambda cursor, message, _body: parse_enum(cursor, message.enum_type.add()),
    "extend": lambda cursor, message, body: parse_extend(cursor, body._replace(fields=message.extension)),
    "oneof": _parse_oneof,
    "option": lambda cursor, message, _body: parse_option_statement(cursor, message.options),
    "reserved": lambda cursor, message, _body: _parse_reserved(cursor, message, MAX_NUMBER),
    "extensions": _parse_extensions,
}
