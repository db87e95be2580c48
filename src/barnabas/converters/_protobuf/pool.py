"""A schema of the registry, with what it imports, ready for Google's library."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from barnabas.converters._protobuf.known_files import is_known, known_file
from barnabas.converters._protobuf.lexer import MALFORMED, ProtoTextError
from barnabas.converters._protobuf.linker import link, visible_symbols
from barnabas.converters._protobuf.parser import parse_file
from barnabas.converters._protobuf.runtime import DecodeError, DescriptorPool, FileProto
from barnabas.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Loaded", "load_proto", "load_text", "parse_text"]

_BASE64: Final = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*\Z")
_DEFAULT_NAME: Final = "default"


class Loaded(NamedTuple):
    """A schema as Google's library knows it.

    Args:
        descriptor: The ``FileDescriptor``, in a pool of its own: two versions of a schema never meet.
        proto: The ``FileDescriptorProto``.
        files: All files by the name they are imported as, its own included.
    """

    descriptor: Any
    proto: Any
    files: Mapping[str, Any]


def load_text(text: str, references: Mapping[str, str] | None = None, name: str = _DEFAULT_NAME) -> Loaded:
    """Parse a schema and what it imports.

    Args:
        text: .proto text, or a serialised file descriptor in base64, which some clients register.
        references: Schemas it imports, by the name they are imported as; also those that these import in turn.
            Google's and Confluent's own files need not be among them.
        name: What the schema itself is called in errors.

    Raises:
        ProtoTextError: a text is malformed, or names what is not there.
        DataError: Google's library refuses it, or an import is missing.
    """
    sources = dict(references or {})
    files: dict[str, Any] = {}
    proto = parse_text(text, name)
    proto.name = name
    return load_proto(proto, _with_imports(proto, sources, files))


def load_proto(proto: Any, files: dict[str, Any] | None = None) -> Loaded:
    """Make a parsed file ready; its imports are among ``files`` by name, or are known ones."""
    known = files if files is not None else _with_imports(proto, {}, {})
    link(proto, visible_symbols(proto, known))
    known[proto.name] = proto
    pool = DescriptorPool()
    added: set[str] = set()
    _add(proto, known, pool, added)
    return Loaded(pool.FindFileByName(proto.name), proto, known)


def _with_imports(proto: Any, sources: Mapping[str, str], files: dict[str, Any]) -> dict[str, Any]:
    """All files below an import, linked, each after its own imports."""
    for name in proto.dependency:
        if name in files:
            if files[name] is None:
                raise ProtoTextError(
                    f"Protobuf schema {name} imports itself.", remedy="Correct the references in the registry."
                )
            continue
        files[name] = None  # being read
        imported = _imported(name, sources, proto.name)
        _with_imports(imported, sources, files)
        del files[name]  # after what it imports
        link(imported, visible_symbols(imported, files))
        files[name] = imported
    return files


def _imported(name: str, sources: Mapping[str, str], importer: str) -> Any:
    source = sources.get(name)
    if source is None:
        if not is_known(name):
            raise DataError(
                f"Protobuf schema {importer} imports {name}, which is not among its references.",
                code="BRN-1441",
                remedy=f"Register {name} under a subject of its own, and name it in the references of the schema.",
            )
        return known_file(name)
    parsed = parse_text(source, name)
    parsed.name = name
    return parsed


def parse_text(text: str, name: str = _DEFAULT_NAME) -> Any:
    """Parse one file, whose types are not looked up yet: .proto text, or a serialised descriptor in base64."""
    if not _BASE64.match(text):
        try:
            return parse_file(text, name)
        except RecursionError:
            raise ProtoTextError(f"Protobuf schema {name} cannot be read: nested too deeply.") from None
    try:
        return FileProto.FromString(base64.b64decode(text, validate=False))
    except (binascii.Error, DecodeError, ValueError) as error:
        raise ProtoTextError(
            f"Protobuf schema {name} cannot be read: neither .proto text nor a serialised file descriptor ({error}).",
            code=MALFORMED,
        ) from error


def _add(proto: Any, files: Mapping[str, Any], pool: Any, added: set[str]) -> None:
    if proto.name in added:
        return
    added.add(proto.name)
    for name in proto.dependency:
        _add(files[name], files, pool, added)
    try:
        pool.AddSerializedFile(proto.SerializeToString())
    except (TypeError, ValueError) as error:
        reason = str(error).removeprefix("Couldn't build proto file into descriptor pool: ")
        raise DataError(
            f"Protobuf schema {proto.name} is invalid: {reason}.",
            code="BRN-1442",
            remedy="Correct the schema in the registry.",
        ) from error
