"""Message schemas as text, compiled to decoders and encoders per version.

A schema lists the fields of a message in order, one a line; children are indented by two spaces::

    transactional_id: string? 3+
    acks: int16
    topics: []
      name: string 0-12
      topic_id: uuid 13+
      partitions: []
        index: int32
        records: records?
    node_endpoints: [] 16+ tag=0
      host: string

* Types: ``bool int8 int16 int32 int64 uint16 uint32 float64 string bytes records uuid``; ``[int32]`` is an array of a
  primitive, ``[]`` an array of structures and ``{}`` one structure, whose fields are the indented lines.
* ``?`` after the type: may be null; ``?7+``: may be null from version 7 on.
* ``3+``, ``3-7``, ``3``: the versions which have the field. In other versions a decoder fills in the default.
* ``tag=0``: a tagged field. ``default=-1``: the value when the field is absent (else null where allowed, else zero).

Messages are plain dictionaries. An encoder accepts missing keys and ignores those of other versions, so that a handler
builds one answer for all versions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from barnabas.broker.schema_codec import Compiled, compile_fields

if TYPE_CHECKING:
    from barnabas.broker.wire import Buffer, Reader, Writer

__all__ = ["FieldSpec", "Schema", "Struct"]

Struct: TypeAlias = dict[str, Any]

_FOREVER = 1 << 15


@dataclass(slots=True)
class FieldSpec:
    """One line of a schema; ``versions`` and ``nullable`` are inclusive ranges (``nullable`` is None for never)."""

    name: str
    type: str
    versions: tuple[int, int] = (0, _FOREVER)
    nullable: tuple[int, int] | None = None
    tag: int | None = None
    default: Any = None
    children: list[FieldSpec] = field(default_factory=list)


class Schema:
    """A message of the protocol in all its versions.

    Args:
        text: The fields, in the notation of this module.
        flexible: The first version with compact types and tagged fields; None when there is none.
    """

    def __init__(self, text: str, *, flexible: int | None = None) -> None:
        self.fields = _parse(text)
        self._flexible = _FOREVER if flexible is None else flexible
        self._compiled: dict[int, Compiled] = {}

    def is_flexible(self, version: int) -> bool:
        """Whether this version uses compact types and tagged fields (which also chooses the header's version)."""
        return version >= self._flexible

    def _at(self, version: int) -> Compiled:
        compiled = self._compiled.get(version)
        if compiled is None:
            compiled = compile_fields(self.fields, version, flexible=self.is_flexible(version))
            self._compiled[version] = compiled
        return compiled

    def decode(self, reader: Reader, version: int) -> Struct:
        """Read one message; raises ``MalformedError``, ``UnicodeDecodeError`` or ``struct.error`` on bad bytes."""
        message: Struct = self._at(version).decode(reader)
        return message

    def encode(self, writer: Writer, version: int, message: Struct) -> None:
        """Append one message."""
        self._at(version).encode(writer, message)

    def to_bytes(self, version: int, message: Struct) -> bytes:
        """One message as bytes, for tests and files."""
        from barnabas.broker.wire import Writer  # noqa: PLC0415 - a convenience off the hot path

        writer = Writer()
        self.encode(writer, version, message)
        parts: list[Buffer] = writer.parts()
        return b"".join(parts)


def _range(text: str) -> tuple[int, int]:
    if text.endswith("+"):
        return int(text[:-1]), _FOREVER
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def _literal(text: str) -> Any:
    constants: dict[str, Any] = {"null": None, "true": True, "false": False, "''": ""}
    return constants[text] if text in constants else int(text)


def _parse_line(line: str) -> FieldSpec:
    name, _, rest = line.partition(":")
    kind, *options = rest.split()
    kind, mark, nullable = kind.partition("?")
    spec = FieldSpec(name.strip(), kind)
    if mark:
        spec.nullable = _range(nullable or "0+")
    for option in options:
        if option.startswith("tag="):
            spec.tag = int(option[4:])
        elif option.startswith("default="):
            spec.default = _literal(option[8:])
        else:
            spec.versions = _range(option)
    return spec


def _parse(text: str) -> list[FieldSpec]:
    lines = [line for line in text.splitlines() if line.strip()]
    base = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    root = FieldSpec("", "{}")
    stack = [root]
    for line in lines:
        depth = (len(line) - len(line.lstrip()) - base) // 2
        del stack[depth + 1 :]
        spec = _parse_line(line)
        stack[-1].children.append(spec)
        stack.append(spec)
    return root.children
