"""A file descriptor as .proto text: the same descriptor gives the same text, and parsing that gives the descriptor.

Options of others have to be there by name (uninterpreted, or of a known extension): in a serialised descriptor they
have numbers only, which no text can say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barnabas.converters._protobuf.linker import Symbols, resolve, symbols_of
from barnabas.converters._protobuf.messages import MAX_NUMBER, SCALARS
from barnabas.converters._protobuf.names import entry_name, json_name
from barnabas.converters._protobuf.options import quoted, shown_float, shown_value
from barnabas.converters._protobuf.runtime import descriptor_pb2, is_repeated, text_format

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["print_file"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
_KEYWORDS: Final = {number: name for name, number in SCALARS.items()}
_LABELS: Final = {_PROTO.LABEL_REQUIRED: "required ", _PROTO.LABEL_REPEATED: "repeated "}
_MAX_ENUM: Final = 2**31 - 1
_FLOATS: Final = frozenset({_PROTO.TYPE_DOUBLE, _PROTO.TYPE_FLOAT})


def print_file(file: Any, symbols: Symbols | None = None) -> str:
    """Write a ``FileDescriptorProto`` as text.

    Args:
        file: The file; types have their full names with a leading dot.
        symbols: What is visible in it, so that names of types can be short; by default what it declares itself, and
            then names of other files are written in full.
    """
    return _Printer(file, symbols if symbols is not None else symbols_of(file)).text()


class _Printer:
    def __init__(self, file: Any, symbols: Symbols) -> None:
        self._file = file
        self._symbols = symbols
        self._lines: list[str] = []
        self._syntax = file.syntax or "proto2"
        self._depth = 0

    def text(self) -> str:
        file = self._file
        if self._syntax == "editions":
            edition = descriptor_pb2.Edition.Name(file.edition).removeprefix("EDITION_")
            self._add(f'edition = "{edition}";')
        else:
            self._add(f'syntax = "{self._syntax}";')
        if file.package:
            self._add(f"package {file.package};")
        if file.dependency:
            self._add("")
        public, weak = set(file.public_dependency), set(file.weak_dependency)
        for index, name in enumerate(file.dependency):
            kind = "public " if index in public else "weak " if index in weak else ""
            self._add(f"import {kind}{quoted(name.encode())};")
        if file.HasField("options"):
            self._add("")
            self._options(file.options)
        scope = file.package
        for enum in file.enum_type:
            self._enum(enum)
        for message in file.message_type:
            self._message(message, scope)
        self._extensions(file.extension, file.message_type, scope)
        for service in file.service:
            self._service(service, scope)
        return "\n".join(self._lines) + "\n"

    # -- blocks -------------------------------------------------------------------------------------------------------

    def _message(self, message: Any, scope: str) -> None:
        if not self._depth:
            self._add("")
        self._open(f"message {message.name}")
        self._message_body(message, f"{scope}.{message.name}" if scope else message.name)
        self._close()

    def _message_body(self, message: Any, full: str) -> None:
        if message.HasField("options"):
            self._options(message.options)
        hidden = _groups(message.field, full) | _groups(message.extension, full)
        entries = {nested.name: nested for nested in message.nested_type if _is_printable_map(message, nested, full)}
        self._reserved(message)
        real = _real_oneofs(message)
        printed: set[int] = set()
        waiting = list(message.nested_type)
        for field in message.field:
            index = field.oneof_index if field.HasField("oneof_index") else None
            members = [field]
            if index is not None and index in real:
                if index in printed:
                    continue
                printed.add(index)
                members = [f for f in message.field if f.HasField("oneof_index") and f.oneof_index == index]
            self._nested_before(members, waiting, entries.keys() | hidden, full)
            if index is None or index not in real:
                self._field(field, message, full, entries)
            else:
                self._oneof(message, index, members, full)
        for enum in message.enum_type:
            self._enum(enum)
        for nested in waiting:
            if nested.name not in entries and nested.name not in hidden:
                self._message(nested, full)
        self._extensions(message.extension, message.nested_type, full)

    def _nested_before(self, members: list[Any], waiting: list[Any], implied: set[str], full: str) -> None:
        """Write the messages that are declared before those which these fields imply (groups, entries of maps).

        Their order counts: messages are named by their place in what is written to Kafka.
        """
        names = {f.type_name.rpartition(".")[2] for f in members if _is_local(f, full)} & implied
        places = [place for place, nested in enumerate(waiting) if nested.name in names]
        if places:
            for nested in waiting[: places[0]]:
                if nested.name not in implied:
                    self._message(nested, full)
            kept = [nested for nested in waiting[places[0] :] if nested.name not in names]
            waiting[:] = kept

    def _oneof(self, message: Any, index: int, members: list[Any], full: str) -> None:
        oneof = message.oneof_decl[index]
        self._open(f"oneof {oneof.name}")
        if oneof.HasField("options"):
            self._options(oneof.options)
        for field in members:
            self._field(field, message, full, {}, label=False)
        self._close()

    def _enum(self, enum: Any) -> None:
        if not self._depth:
            self._add("")
        self._open(f"enum {enum.name}")
        if enum.HasField("options"):
            self._options(enum.options)
        for value in enum.value:
            self._add(f"{value.name} = {value.number}{_brackets(_option_texts(value.options))};")
        for each in enum.reserved_range:
            self._add(f"reserved {_range(each.start, each.end, _MAX_ENUM)};")
        self._reserved_names(enum)
        self._close()

    def _extensions(self, fields: Iterable[Any], siblings: Iterable[Any], scope: str) -> None:
        for field in fields:
            if not self._depth:
                self._add("")
            self._open(f"extend {self._short(field.extendee, scope)}")
            self._field(field, None, scope, {}, siblings)
            self._close()

    def _service(self, service: Any, scope: str) -> None:
        self._add("")
        self._open(f"service {service.name}")
        if service.HasField("options"):
            self._options(service.options)
        full = f"{scope}.{service.name}" if scope else service.name
        for method in service.method:
            source = ("stream " if method.client_streaming else "") + self._short(method.input_type, full)
            target = ("stream " if method.server_streaming else "") + self._short(method.output_type, full)
            line = f"rpc {method.name}({source}) returns ({target})"
            if method.HasField("options"):
                self._open(line)
                self._options(method.options)
                self._close()
            else:
                self._add(f"{line};")
        self._close()

    # -- lines --------------------------------------------------------------------------------------------------------

    def _field(
        self,
        field: Any,
        message: Any,
        scope: str,
        entries: dict[str, Any],
        siblings: Iterable[Any] = (),
        *,
        label: bool = True,
    ) -> None:
        options = _brackets([*_special_options(field), *_option_texts(field.options)])
        entry = entries.get(field.type_name.rpartition(".")[2]) if _is_local(field, scope) else None
        if entry is not None and entry.name == entry_name(field.name):
            key, value = (self._type(part, f"{scope}.{entry.name}") for part in entry.field)
            self._add(f"map<{key}, {value}> {field.name} = {field.number}{options};")
            return
        word = self._label(field) if label else ""
        if field.type == _PROTO.TYPE_GROUP:
            name = field.type_name.rpartition(".")[2]
            self._open(f"{word}group {name} = {field.number}{options}")
            nested = next(n for n in (message.nested_type if message is not None else siblings) if n.name == name)
            self._message_body(nested, field.type_name[1:])
            self._close()
            return
        self._add(f"{word}{self._type(field, scope)} {field.name} = {field.number}{options};")

    def _label(self, field: Any) -> str:
        if field.label in _LABELS:
            return _LABELS[field.label]
        return "optional " if field.proto3_optional or self._syntax == "proto2" else ""

    def _type(self, field: Any, scope: str) -> str:
        return _KEYWORDS.get(field.type) or self._short(field.type_name, scope)

    def _short(self, name: str, scope: str) -> str:
        """The shortest name that means this type there."""
        full = name.removeprefix(".")
        parts = full.split(".")
        for start in range(len(parts) - 1, -1, -1):
            short = ".".join(parts[start:])
            if short not in _AMBIGUOUS and resolve(short, scope, self._symbols) == full:
                return short
        return f".{full}"

    def _reserved(self, message: Any) -> None:
        for each in message.reserved_range:
            self._add(f"reserved {_range(each.start, each.end - 1, MAX_NUMBER)};")
        self._reserved_names(message)
        for each in message.extension_range:
            options = _brackets(_option_texts(each.options))
            self._add(f"extensions {_range(each.start, each.end - 1, MAX_NUMBER)}{options};")

    def _reserved_names(self, owner: Any) -> None:
        for name in owner.reserved_name:
            self._add(f"reserved {name if self._syntax == 'editions' else quoted(name.encode())};")

    def _options(self, options: Any) -> None:
        for text in _option_texts(options):
            self._add(f"option {text};")

    def _open(self, line: str) -> None:
        self._add(f"{line} {{")
        self._depth += 1

    def _close(self) -> None:
        self._depth -= 1
        self._add("}")

    def _add(self, line: str) -> None:
        self._lines.append("  " * self._depth + line if line else "")


_AMBIGUOUS: Final = frozenset(
    {"message", "enum", "oneof", "extend", "option", "reserved", "extensions", "map", "group", "stream"}
    | {"optional", "required", "repeated"}
    | SCALARS.keys()
)
"""Names that are read as something else where a type should stand."""


def _special_options(field: Any) -> list[str]:
    found = []
    if field.HasField("default_value"):
        found.append(f"default = {_default(field)}")
    if field.HasField("json_name") and field.json_name != json_name(field.name):
        found.append(f"json_name = {quoted(field.json_name.encode())}")
    return found


def _default(field: Any) -> str:
    if field.type == _PROTO.TYPE_STRING:
        return quoted(field.default_value.encode())
    if field.type == _PROTO.TYPE_BYTES:
        return f'"{field.default_value}"'
    if field.type in _FLOATS:
        return shown_float(float(field.default_value))
    return str(field.default_value)


def _option_texts(options: Any) -> list[str]:
    """Each option as ``name = value``; ``map_entry`` is not one that anybody writes."""
    found: list[str] = []
    for field, value in options.ListFields():
        if field.name == "uninterpreted_option":
            found += [f"{_option_name(option)} = {shown_value(option)}" for option in value]
        elif field.name != "map_entry":
            values = value if is_repeated(field) else [value]
            name = f"({field.full_name})" if field.is_extension else field.name
            found += [f"{name} = {_option_value(field, each)}" for each in values]
    return found


def _option_name(option: Any) -> str:
    return ".".join(f"({part.name_part})" if part.is_extension else part.name_part for part in option.name)


def _option_value(field: Any, value: Any) -> str:
    if field.message_type is not None:
        text = text_format.MessageToString(value, as_one_line=True)
        return f"{{ {text} }}" if text else "{}"
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return named.name if named is not None else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value.encode())
    return quoted(value) if isinstance(value, bytes) else shown_float(value) if isinstance(value, float) else str(value)


def _brackets(options: list[str]) -> str:
    return f" [{', '.join(options)}]" if options else ""


def _range(start: int, end: int, highest: int) -> str:
    if start == end:
        return str(start)
    return f"{start} to {'max' if end == highest else end}"


def _real_oneofs(message: Any) -> set[int]:
    """Indexes of the oneofs that somebody wrote."""
    synthetic = {field.oneof_index for field in message.field if field.proto3_optional}
    return {index for index in range(len(message.oneof_decl)) if index not in synthetic}


def _groups(fields: Iterable[Any], full: str) -> set[str]:
    """Messages that are written where the field of their group is."""
    return {
        field.type_name.rpartition(".")[2]
        for field in fields
        if field.type == _PROTO.TYPE_GROUP and _is_local(field, full)
    }


def _is_local(field: Any, scope: str) -> bool:
    return bool(field.type_name.rpartition(".")[0] == f".{scope}")


def _is_printable_map(message: Any, nested: Any, full: str) -> bool:
    """Whether a message is the entry of a map field, which says it all."""
    return nested.options.map_entry and any(
        field.type_name == f".{full}.{nested.name}" and entry_name(field.name) == nested.name for field in message.field
    )
