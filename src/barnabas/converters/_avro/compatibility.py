"""Why data of one Avro schema cannot be read with another, by the rules of Avro's schema resolution; names fields."""

from __future__ import annotations

from typing import Final

from barnabas.converters._avro.types import NO_DEFAULT, AvroField, AvroType

__all__ = ["incompatibilities"]

_PROMOTED: Final = {
    "int": {"int", "long", "float", "double"},
    "long": {"long", "float", "double"},
    "float": {"float", "double"},
    "string": {"string", "bytes"},
    "bytes": {"bytes", "string"},
}
"""From the type that was written to those that can read it."""


def incompatibilities(reader: AvroType, writer: AvroType) -> list[str]:
    """What is in the way of reading data of ``writer`` with ``reader``; empty: nothing."""
    found: list[str] = []
    _compare(reader, writer, "", found, set())
    return found


def _compare(reader: AvroType, writer: AvroType, path: str, found: list[str], seen: set[tuple[int, int]]) -> None:
    if (id(reader), id(writer)) in seen:
        return
    seen.add((id(reader), id(writer)))
    where = f"field {path}" if path else "the schema"
    if writer.kind == "union":
        for branch in writer.branches:
            _compare(reader, branch, path, found, seen)
    elif reader.kind == "union":
        if not any(_reads(branch, writer) for branch in reader.branches):
            found.append(f"{where} is {writer.label} where {_kinds(reader)} is expected")
    elif reader.kind != writer.kind:
        if reader.kind not in _PROMOTED.get(writer.kind, set()):
            found.append(f"{where} is {writer.label} where {reader.label} is expected")
    else:
        _same_kind(reader, writer, path, found, seen)


def _same_kind(reader: AvroType, writer: AvroType, path: str, found: list[str], seen: set[tuple[int, int]]) -> None:
    where = f"field {path}" if path else "the schema"
    if reader.name is not None and not _is_named(reader, writer):
        found.append(f"{where} is named {writer.name} where {reader.name} is expected")
        return
    match reader.kind:
        case "array" | "map":
            _compare(reader.inner, writer.inner, f"{path}[]", found, seen)
        case "fixed" if reader.size != writer.size:
            found.append(f"{where} has {writer.size} bytes where {reader.size} are expected")
        case "enum":
            lost = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
            if lost and reader.symbol_default is None:
                found.append(f"{where} has the symbols {', '.join(lost)}, which are not known")
        case "record":
            by_name = {field.name: field for field in writer.fields}
            for field in reader.fields:
                inner = f"{path}.{field.name}" if path else field.name
                other = _written(field, by_name)
                if other is not None:
                    _compare(field.type, other.type, inner, found, seen)
                elif field.default is NO_DEFAULT:
                    found.append(f"field {inner} is missing and has no default")


def _written(field: AvroField, by_name: dict[str, AvroField]) -> AvroField | None:
    return next((by_name[name] for name in (field.name, *field.aliases) if name in by_name), None)


def _is_named(reader: AvroType, writer: AvroType) -> bool:
    """Whether names are the same, as Avro has it: without their namespaces, or by an alias."""
    if reader.simple_name == writer.simple_name:
        return True
    return writer.name in reader.aliases or writer.simple_name in {alias.rpartition(".")[2] for alias in reader.aliases}


def _reads(reader: AvroType, writer: AvroType) -> bool:
    return not incompatibilities(reader, writer)


def _kinds(avro: AvroType) -> str:
    return " or ".join(branch.label for branch in avro.branches)
