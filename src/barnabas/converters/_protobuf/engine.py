"""Schemas of the registry, ready to read and write with; what the converter loads when it is used.

Apart from the converter so that a worker without Google's library starts, and lists it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from barnabas.converters._protobuf.compare import differences_of
from barnabas.converters._protobuf.indexes import FIRST, indexes_of, message_at, pack_indexes, unpack_indexes
from barnabas.converters._protobuf.linker import visible_symbols
from barnabas.converters._protobuf.pool import Loaded, load_proto, load_text, parse_text
from barnabas.converters._protobuf.printer import print_file
from barnabas.converters._protobuf.protos import ProtoMaker
from barnabas.converters._protobuf.reader import MessageReader
from barnabas.converters._protobuf.runtime import DecodeError, EncodeError
from barnabas.converters._protobuf.writer import MessageWriter
from barnabas.errors import DataError
from barnabas.schema import Schema, validate_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.converters._protobuf.flags import Flags
    from barnabas.converters.base import SchemaColumn

__all__ = ["Draft", "PayloadReader", "PayloadWriter", "differences_between", "draft_for", "first_message", "load"]

_HEAD: Final = 5
_INDEX_AT: Final = _HEAD
_BODY_AT: Final = 6

Complaint = Callable[[str, str], DataError]
"""Makes the converter's error from a code and what is wrong."""


class Draft(NamedTuple):
    """What a Connect schema is in Protobuf.

    Args:
        loaded: The file.
        text: The same as text, for the registry.
        message: The full name of the message that values become.
    """

    loaded: Loaded
    text: str
    message: str


def draft_for(schema: Schema, flags: Flags) -> Draft:
    """Make a file for a Connect schema.

    Raises:
        DataError: Protobuf cannot say it.
    """
    proto, message = ProtoMaker(flags).file(schema)
    loaded = load_proto(proto)
    return Draft(loaded, print_file(loaded.proto, visible_symbols(loaded.proto, loaded.files)), message)


def load(text: str, references: Mapping[str, str]) -> Loaded:
    """Parse a schema of the registry, with those it refers to."""
    return load_text(text, references)


def first_message(text: str) -> str | None:
    """The full name of a text's first message, without looking at what it imports; ``None`` if it has none."""
    proto = parse_text(text)
    if not proto.message_type:
        return None
    name = str(proto.message_type[0].name)
    return f"{proto.package}.{name}" if proto.package else name


def differences_between(reader: Loaded, writer: Loaded) -> list[str]:
    """Why data of one schema cannot be read with another, naming messages and fields."""
    return differences_of(reader.proto, writer.proto)


class PayloadReader:
    """Reads records of one schema, of whichever of its messages each of them is.

    Args:
        loaded: The schema.
        flags: The settings.
        version: Its version in the registry, if known.
        complaint: Makes the converter's error.
    """

    def __init__(self, loaded: Loaded, flags: Flags, version: int | None, complaint: Complaint) -> None:
        self._loaded = loaded
        self._flags = flags
        self._version = version
        self._complaint = complaint
        self._readers: dict[tuple[int, ...], MessageReader] = {}

    def column(self, payloads: list[bytes]) -> tuple[SchemaColumn, list[Any]]:
        """Records, frames included, as values.

        Raises:
            DataError: One of them is damaged, or of a message that the schema does not have.
        """
        if all(payload[_INDEX_AT:_BODY_AT] == FIRST for payload in payloads):
            reader = self._reader((0,))
            return reader.schema, self._read(reader, [payload[_BODY_AT:] for payload in payloads])
        return self._mixed(payloads)

    def _read(self, reader: MessageReader, bodies: list[bytes]) -> list[Any]:
        try:
            return reader.column(bodies)
        except (DataError, DecodeError, ValueError, OverflowError, RecursionError) as error:
            raise self._complaint("BRN-1444", f"The data are no such message: {error}.") from error

    def _place(self, payload: bytes) -> tuple[tuple[int, ...], int]:
        try:
            return unpack_indexes(payload, _INDEX_AT)
        except ValueError as error:
            raise self._complaint("BRN-1444", f"The data name no message: {error}.") from error

    def _mixed(self, payloads: list[bytes]) -> tuple[SchemaColumn, list[Any]]:
        groups: dict[tuple[int, ...], list[tuple[int, bytes]]] = {}
        for place, payload in enumerate(payloads):
            indexes, start = self._place(payload)
            groups.setdefault(indexes, []).append((place, payload[start:]))
        if len(groups) == 1:
            reader = self._reader(next(iter(groups)))
            return reader.schema, self._read(reader, [body for _, body in next(iter(groups.values()))])
        schemas: list[Schema | None] = [None] * len(payloads)
        values: list[Any] = [None] * len(payloads)
        for indexes, group in groups.items():
            reader = self._reader(indexes)
            for (place, _), value in zip(group, self._read(reader, [body for _, body in group]), strict=True):
                schemas[place], values[place] = reader.schema, value
        return schemas, values

    def _reader(self, indexes: tuple[int, ...]) -> MessageReader:
        found = self._readers.get(indexes)
        if found is None:
            descriptor = message_at(self._loaded.descriptor, indexes)
            found = MessageReader(descriptor, self._flags, self._loaded.files, self._version)
            self._readers[indexes] = found
        return found


class PayloadWriter:
    """Writes values of one Connect schema.

    Args:
        schema: What the values are.
        loaded: The schema to write with.
        message: The full name of the message that they become; the first one where the schema has no such message.
        head: The frame.
        flags: The settings.
        complaint: Makes the converter's error.

    Raises:
        DataError: The message does not have the schema's fields.
    """

    def __init__(
        self, schema: Schema, loaded: Loaded, message: str, head: bytes, flags: Flags, complaint: Complaint
    ) -> None:
        descriptor = _message_named(loaded, message)
        self._schema = schema
        self._head = head + pack_indexes(indexes_of(descriptor))
        self._writer = MessageWriter(schema, descriptor, flags, loaded.files)
        self._complaint = complaint

    def column(self, values: list[Any]) -> list[bytes | None]:
        """Values as records, frames included; null stays null.

        Raises:
            DataError: One of them does not fit.
        """
        filled = [value for value in values if value is not None]
        try:
            bodies = self._writer.column(filled)
        except (DataError, TypeError, ValueError, OverflowError, RecursionError, EncodeError) as error:
            for value in filled:
                validate_value(self._schema, value)  # says it in Connect's words, with the path
            raise self._complaint("BRN-1446", f"The data do not fit the schema: {error}.") from error
        head = self._head
        if len(filled) == len(values):
            return [head + body for body in bodies]
        each = iter(bodies)
        return [None if value is None else head + next(each) for value in values]


def _message_named(loaded: Loaded, name: str) -> Any:
    """By its full name, else by its simple one, else the first."""
    file = loaded.descriptor
    top = [*file.message_types_by_name.values()]
    if not top:
        raise DataError("The schema in the registry has no message", code="BRN-1443", remedy="Register one that has.")
    simple = name.rpartition(".")[2]
    return next(
        (message for message in top if message.full_name == name),
        next((message for message in top if message.name == simple), top[0]),
    )
