"""Which type a name in a .proto file means: looked up from the innermost scope outwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barnabas.converters._protobuf.lexer import ProtoTextError
from barnabas.converters._protobuf.runtime import descriptor_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Symbols", "link", "symbols_of", "visible_symbols"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
_MESSAGE: Final = "message"
_ENUM: Final = "enum"
_PACKAGE: Final = "package"

Symbols = dict[str, str]
"""From full names, without a leading dot, to what they are: ``message``, ``enum`` or ``package``."""


def symbols_of(file: Any) -> Symbols:
    """What a file declares."""
    found: Symbols = {}
    parts = file.package.split(".") if file.package else []
    for end in range(1, len(parts) + 1):
        found[".".join(parts[:end])] = _PACKAGE
    prefix = f"{file.package}." if file.package else ""
    _collect(prefix, file.message_type, file.enum_type, found)
    return found


def visible_symbols(file: Any, files: Mapping[str, Any]) -> Symbols:
    """What a file may name: its own, and what its imports declare and import publicly.

    Args:
        file: The file.
        files: Files by the name they are imported as; all imports are among them.
    """
    found: Symbols = {}
    seen: set[str] = set()
    waiting = [*file.dependency]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            other = files[name]
            found.update(symbols_of(other))
            waiting += [other.dependency[index] for index in other.public_dependency]
    found.update(symbols_of(file))
    return found


def resolve(name: str, scope: str, symbols: Symbols) -> str | None:
    """The full name that ``name`` means where it stands; ``None`` if there is none.

    The innermost scope that knows the first part of the name decides, as Protobuf says, unless that is no scope itself.

    Args:
        name: As written; with a leading dot it is the full name.
        scope: The full name of the message, or the package, in which it stands.
        symbols: What is visible.
    """
    if name.startswith("."):
        return name[1:] if name[1:] in symbols else None
    first, _, rest = name.partition(".")
    while True:
        candidate = f"{scope}.{first}" if scope else first
        kind = symbols.get(candidate)
        if kind is not None and (not rest or kind != _ENUM):
            if not rest and kind != _PACKAGE:
                return candidate
            if rest:
                full = f"{candidate}.{rest}"
                return full if symbols.get(full) in (_MESSAGE, _ENUM) else None
        if not scope:
            return None
        scope = scope.rpartition(".")[0]


def link(file: Any, symbols: Symbols) -> None:
    """Replace names as written by full names with a leading dot, and say of each field whether it is message or enum.

    Raises:
        ProtoTextError: there is no such type.
    """
    linker = _Linker(file, symbols)
    linker.fields(file.extension, file.package)
    prefix = f"{file.package}." if file.package else ""
    for message in file.message_type:
        linker.message(message, f"{prefix}{message.name}")
    for service in file.service:
        for method in service.method:
            method.input_type = linker.full(method.input_type, f"{prefix}{service.name}")
            method.output_type = linker.full(method.output_type, f"{prefix}{service.name}")


class _Linker:
    def __init__(self, file: Any, symbols: Symbols) -> None:
        self._name = file.name
        self._symbols = symbols

    def message(self, message: Any, full: str) -> None:
        self.fields(message.field, full)
        self.fields(message.extension, full)
        for nested in message.nested_type:
            self.message(nested, f"{full}.{nested.name}")

    def fields(self, fields: Any, scope: str) -> None:
        for field in fields:
            if field.HasField("extendee"):
                field.extendee = self.full(field.extendee, scope)
            if field.type_name:
                field.type_name = self.full(field.type_name, scope)
                if not field.HasField("type"):
                    is_enum = self._symbols[field.type_name[1:]] == _ENUM
                    field.type = _PROTO.TYPE_ENUM if is_enum else _PROTO.TYPE_MESSAGE

    def full(self, name: str, scope: str) -> str:
        found = resolve(name, scope, self._symbols)
        if found is None:
            raise ProtoTextError(
                f"Protobuf schema {self._name} names the type {name} (in {scope or 'no package'}), which is not there.",
                remedy="Declare it, or import the file that does and register that as a reference.",
            )
        return f".{found}"


def _collect(prefix: str, messages: Iterable[Any], enums: Iterable[Any], found: Symbols) -> None:
    for enum in enums:
        found[f"{prefix}{enum.name}"] = _ENUM
    for message in messages:
        full = f"{prefix}{message.name}"
        found[full] = _MESSAGE
        _collect(f"{full}.", message.nested_type, message.enum_type, found)
