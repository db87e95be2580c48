"""What a registry is asked and what it tells: texts of schemas, and where they are kept."""

from __future__ import annotations

from typing import Any, Final

import msgspec

__all__ = ["AVRO", "JSON", "PROTOBUF", "Reference", "RegisteredSchema", "SchemaText"]

AVRO: Final = "AVRO"
PROTOBUF: Final = "PROTOBUF"
JSON: Final = "JSON"


class Reference(msgspec.Struct, frozen=True):
    """A schema that another one uses.

    Args:
        name: What the text calls it: the full name of an Avro type, the path of an import, the URL of a ``$ref``.
        subject: Under which it is registered.
        version: Its version there; -1 for the latest.
    """

    name: str
    subject: str
    version: int

    def to_json(self) -> dict[str, Any]:
        """As requests and answers have it."""
        return {"name": self.name, "subject": self.subject, "version": self.version}


class SchemaText(msgspec.Struct, frozen=True):
    """A schema as text; hashable, so that it can be the key of a cache.

    Args:
        text: In the language of its kind.
        kind: ``AVRO``, ``PROTOBUF`` or ``JSON``.
        references: What it uses of other subjects.
    """

    text: str
    kind: str = AVRO
    references: tuple[Reference, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The body of a request; what is the registry's default is left out, as old registries want it."""
        body: dict[str, Any] = {"schema": self.text}
        if self.kind != AVRO:
            body["schemaType"] = self.kind
        if self.references:
            body["references"] = [reference.to_json() for reference in self.references]
        return body


class RegisteredSchema(msgspec.Struct, frozen=True):
    """A schema that the registry has.

    Args:
        schema: Its text.
        id: Its number, unique in the registry.
        subject: Under which it was asked for; ``None`` if it was asked for by its number alone.
        version: Its version in that subject, if known.
    """

    schema: SchemaText
    id: int
    subject: str | None = None
    version: int | None = None
