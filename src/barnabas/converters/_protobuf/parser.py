"""A .proto text as a file descriptor: proto2, proto3 and editions. Names of types are looked up by the linker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barnabas.converters._protobuf.cursor import Cursor
from barnabas.converters._protobuf.messages import MAX_NUMBER, Body, parse_enum, parse_extend, parse_message
from barnabas.converters._protobuf.options import parse_option_statement
from barnabas.converters._protobuf.runtime import FileProto, descriptor_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_NUMBER", "parse_file"]

_EDITIONS: Final = {"2023": "EDITION_2023", "2024": "EDITION_2024"}


def parse_file(text: str, name: str) -> Any:
    """Parse a whole file.

    Args:
        text: The file.
        name: What it is imported as.

    Returns:
        A ``FileDescriptorProto``; types of fields that are no scalars have a name as written, and no ``type``.

    Raises:
        ProtoTextError: it is no .proto file; the message says where.
    """
    cursor = Cursor(text.removeprefix("\ufeff"), name)
    file = FileProto(name=name)
    _parse_syntax(cursor, file)
    while cursor.token.kind != "end":
        keyword = cursor.token.text
        statement = _STATEMENTS.get(keyword)
        if statement is None:
            cursor.expected("a statement such as 'message'")
        cursor.next()
        statement(cursor, file)
    return file


def _parse_syntax(cursor: Cursor, file: Any) -> None:
    if cursor.take("syntax"):
        cursor.need("=")
        token = cursor.token
        syntax = cursor.string()
        if syntax not in ("proto2", "proto3"):
            cursor.fail(f"syntax {syntax!r} is neither proto2 nor proto3", token)
        cursor.need(";")
        if syntax == "proto3":
            file.syntax = syntax
    elif cursor.take("edition"):
        cursor.need("=")
        token = cursor.token
        edition = cursor.string()
        if edition not in _EDITIONS:
            cursor.fail(f"edition {edition!r} is not one of {', '.join(_EDITIONS)}", token)
        cursor.need(";")
        file.syntax = "editions"
        file.edition = descriptor_pb2.Edition.Value(_EDITIONS[edition])


def _parse_package(cursor: Cursor, file: Any) -> None:
    if file.package:
        cursor.fail("the package is declared twice")
    file.package = cursor.full_ident("the name of a package")
    cursor.need(";")


def _parse_import(cursor: Cursor, file: Any) -> None:
    kind = cursor.take("public", "weak")
    name = cursor.string("the name of a file")
    cursor.need(";")
    if name in file.dependency:
        return
    if kind == "public":
        file.public_dependency.append(len(file.dependency))
    elif kind == "weak":
        file.weak_dependency.append(len(file.dependency))
    file.dependency.append(name)


def _parse_service(cursor: Cursor, file: Any) -> None:
    service = file.service.add(name=cursor.ident("the name of a service"))
    cursor.need("{")
    while cursor.take("}") is None:
        if cursor.take("option"):
            parse_option_statement(cursor, service.options)
        elif cursor.take("rpc"):
            _parse_rpc(cursor, service.method.add())
        elif cursor.take(";") is None:
            cursor.expected("'rpc', 'option' or '}'")


def _parse_rpc(cursor: Cursor, method: Any) -> None:
    method.name = cursor.ident("the name of a method")
    if _parse_side(cursor, method, "input_type"):
        method.client_streaming = True
    cursor.need("returns")
    if _parse_side(cursor, method, "output_type"):
        method.server_streaming = True
    if cursor.take(";"):
        return
    cursor.need("{")
    method.options.SetInParent()
    while cursor.take("}") is None:
        if cursor.take("option"):
            parse_option_statement(cursor, method.options)
        elif cursor.take(";") is None:
            cursor.expected("'option' or '}'")


def _parse_side(cursor: Cursor, method: Any, attribute: str) -> bool:
    cursor.need("(")
    stream = cursor.peek("stream") and not cursor.peek(")", 1) and not cursor.dotted()
    if stream:
        cursor.next()
    setattr(method, attribute, cursor.full_ident("the name of a message"))
    cursor.need(")")
    return stream


def _body(file: Any) -> Body:
    return Body(file.message_type, file.extension, proto3=file.syntax == "proto3")


_STATEMENTS: Final[dict[str, Callable[[Cursor, Any], None]]] = {
    "package": _parse_package,
    "import": _parse_import,
    "option": lambda cursor, file: parse_option_statement(cursor, file.options),
    "message": lambda cursor, file: parse_message(cursor, file.message_type.add(), proto3=file.syntax == "proto3"),
    "enum": lambda cursor, file: parse_enum(cursor, file.enum_type.add()),
    "extend": lambda cursor, file: parse_extend(cursor, _body(file)),
    "service": _parse_service,
    ";": lambda _cursor, _file: None,
}
