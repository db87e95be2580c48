"""Options of a .proto file: those that Protobuf knows are set, all others are kept as they were written."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from barnabas.converters._protobuf.runtime import descriptor_pb2, is_repeated, text_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas.converters._protobuf.cursor import Cursor

__all__ = ["parse_compact", "parse_option", "parse_option_statement", "quoted", "shown_float", "shown_value"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
_INTEGERS: Final = frozenset({_PROTO.TYPE_INT32, _PROTO.TYPE_INT64, _PROTO.TYPE_UINT32, _PROTO.TYPE_UINT64})
_FLOATS: Final = frozenset({_PROTO.TYPE_DOUBLE, _PROTO.TYPE_FLOAT})


def parse_option_statement(cursor: Cursor, options: Any) -> None:
    """Read ``name = value;`` after the word ``option``."""
    parse_option(cursor, options)
    cursor.need(";")


def parse_compact(cursor: Cursor, options: Any, special: Callable[[str], bool] | None = None) -> None:
    """Read ``[name = value, …]`` if it comes.

    Args:
        cursor: Where to read.
        options: The options message to fill.
        special: Is told a plain name; reads ``= value`` itself and says true where the name is no option at all, as
            ``default`` and ``json_name`` are none.
    """
    if cursor.take("[") is None:
        return
    while True:
        plain = cursor.token.text
        if special is None or cursor.peek("(") or not special(plain):
            parse_option(cursor, options)
        if cursor.take(",") is None:
            break
    cursor.need("]")


def parse_option(cursor: Cursor, options: Any) -> None:
    """Read ``name = value`` into an options message."""
    start = cursor.token
    option = descriptor_pb2.UninterpretedOption()
    _read_name(cursor, option)
    cursor.need("=")
    _read_value(cursor, option)
    try:
        known = not any(part.is_extension for part in option.name) and _set_known(options, option)
    except (ValueError, TypeError, text_format.ParseError) as error:
        cursor.fail(f"wrong value for option {option.name[-1].name_part}: {error}", start)
    if not known:
        options.uninterpreted_option.append(option)


def _read_name(cursor: Cursor, option: Any) -> None:
    while True:
        if cursor.take("("):
            option.name.add(name_part=cursor.full_ident("the name of an option"), is_extension=True)
            cursor.need(")")
        else:
            option.name.add(name_part=cursor.ident("the name of an option"), is_extension=False)
        if cursor.take(".") is None:
            return


def _read_value(cursor: Cursor, option: Any) -> None:
    if cursor.peek("{"):
        option.aggregate_value = cursor.aggregate()
    elif cursor.token.kind == "string":
        option.string_value = cursor.octets()
    else:
        _put_number_or_name(option, cursor.number_or_name())


def _put_number_or_name(option: Any, value: Any) -> None:
    if isinstance(value, str):
        option.identifier_value = value
    elif isinstance(value, float) or not -(2**63) <= value < 2**64:
        option.double_value = value
    elif value < 0:
        option.negative_int_value = value
    else:
        option.positive_int_value = value


def _set_known(options: Any, option: Any) -> bool:
    """Set an option of Protobuf's own; false if it is none."""
    target = options
    names = [part.name_part for part in option.name]
    for index, name in enumerate(names):
        field = target.DESCRIPTOR.fields_by_name.get(name)
        if field is None or name == "uninterpreted_option":
            return False
        if index == len(names) - 1:
            _assign(target, field, option)
            return True
        if field.message_type is None or is_repeated(field):
            return False
        target = getattr(target, name)
    return False


def _assign(target: Any, field: Any, option: Any) -> None:
    if field.message_type is not None:
        if not option.HasField("aggregate_value"):
            raise ValueError("it takes a value in braces")
        inner = getattr(target, field.name)
        text_format.Parse(option.aggregate_value, inner.add() if is_repeated(field) else inner)
        return
    value = _scalar(field, option)
    if is_repeated(field):
        getattr(target, field.name).append(value)
    else:
        setattr(target, field.name, value)


def _scalar(field: Any, option: Any) -> Any:
    shape, value = option.ListFields()[-1]  # the name comes before
    kind = shape.name
    if field.type == _PROTO.TYPE_BOOL and value in ("true", "false"):
        return value == "true"
    if field.type == _PROTO.TYPE_ENUM and kind == "identifier_value":
        found = field.enum_type.values_by_name.get(value)
        if found is None:
            raise ValueError(f"{value} is not one of {', '.join(field.enum_type.values_by_name)}")
        return found.number
    if field.type == _PROTO.TYPE_STRING and kind == "string_value":
        return value.decode()
    if field.type in _INTEGERS and isinstance(value, int):
        return value
    if field.type in _FLOATS and isinstance(value, int | float):
        return value
    raise ValueError(f"{shown_value(option)} does not fit")


def shown_value(option: Any) -> str:
    """The value of an uninterpreted option, as a .proto file writes it."""
    for kind in ("identifier_value", "positive_int_value", "negative_int_value"):
        if option.HasField(kind):
            return str(getattr(option, kind))
    if option.HasField("double_value"):
        return shown_float(option.double_value)
    if option.HasField("string_value"):
        return quoted(option.string_value)
    return f"{{ {option.aggregate_value} }}" if option.aggregate_value else "{}"


def shown_float(number: float) -> str:
    """A number as .proto files write it."""
    return repr(number) if math.isfinite(number) else str(number)


def quoted(octets: bytes) -> str:
    """Bytes as a quoted text that :func:`~barnabas.converters._protobuf.lexer.unquoted` reads again."""
    pieces = []
    for byte in octets:
        char = chr(byte)
        if char in '"\\':
            pieces.append("\\" + char)
        elif char == "\n":
            pieces.append("\\n")
        else:
            pieces.append(char if " " <= char <= "~" else f"\\{byte:03o}")
    return f'"{"".join(pieces)}"'
