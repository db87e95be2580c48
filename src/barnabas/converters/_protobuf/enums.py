"""Enums out of Connect's schemas, which keep them in parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from barnabas.converters._protobuf.flags import ENUM, GENERAL_ENUM
from barnabas.converters._protobuf.names import is_valid, scrubbed
from barnabas.errors import DataError

if TYPE_CHECKING:
    from barnabas.converters._protobuf.flags import Flags
    from barnabas.schema import Schema

__all__ = ["EnumPlaces", "EnumValues", "enum_of"]


class EnumValues(NamedTuple):
    """An enum: its name, and its values in order, each with its number."""

    name: str
    values: tuple[tuple[str, int], ...]


def enum_of(schema: Schema, flags: Flags) -> EnumValues:
    """The enum in a schema's parameters, with a value 0 in front, as proto3 wants it.

    Raises:
        DataError: A name is none, or a value has no number.
    """
    word = ENUM if ENUM in schema.parameters else GENERAL_ENUM
    title = _name(schema.parameters[word].rpartition(".")[2] or "Enum", flags)
    prefix = f"{word}."
    values: list[tuple[str, int]] = []
    for key, text in schema.parameters.items():
        if key.startswith(prefix):
            values.append((_name(key.removeprefix(prefix), flags), _number(text, len(values), key)))
    zero = next((pair for pair in values if pair[1] == 0), None)
    if zero is None:
        values.insert(0, (f"{title.upper()}_UNSPECIFIED", 0))
    else:
        values.remove(zero)
        values.insert(0, zero)
    return EnumValues(title, tuple(values))


class EnumPlaces:
    """Where the enums of one message are declared.

    Values of enums are names of the scope that the enum is in: two enums with a value of the same name cannot stand
    beside each other. The second one gets a message of its own around it.

    Args:
        message: The message.
        full: Its full name.
        members: Names of its fields and oneofs, which are in the same scope.
    """

    def __init__(self, message: Any, full: str, members: set[str]) -> None:
        self._message = message
        self._full = full
        self._made: dict[EnumValues, str] = {}
        self._taken = set(members)

    @property
    def names(self) -> set[str]:
        """Names that nothing else in the message can have."""
        return self._taken | {nested.name for nested in self._message.nested_type}

    def add(self, enum: EnumValues) -> str:
        """Declare an enum, unless it is already; returns its full name with a leading dot."""
        found = self._made.get(enum)
        if found is not None:
            return found
        names = {enum.name, *(name for name, _ in enum.values)}
        owner, full = self._message, self._full
        if names & self.names:
            holder = f"{enum.name}Scope"
            while holder in self.names | names:
                holder += "X"
            owner, full = owner.nested_type.add(name=holder), f"{full}.{holder}"
        else:
            self._taken |= names
        declared = owner.enum_type.add(name=enum.name)
        for name, number in enum.values:
            declared.value.add(name=name, number=number)
        if len({number for _, number in enum.values}) < len(enum.values):
            declared.options.allow_alias = True
        self._made[enum] = f".{full}.{enum.name}"
        return self._made[enum]


def _name(name: str, flags: Flags) -> str:
    clean = scrubbed(name) if flags.scrub else name
    if not is_valid(clean):
        raise DataError(
            f"{name!r} is no name of an enum or its value in Protobuf",
            code="BRN-1447",
            remedy="Set scrub.invalid.names=true.",
        )
    return clean


def _number(text: str, position: int, key: str) -> int:
    """The number of a value; other formats keep none, or the name again: then its position counts."""
    try:
        number = int(text)
    except (TypeError, ValueError):
        return position
    if not -(2**31) <= number < 2**31:
        raise DataError(
            f"{number} is no number of an enum's value",
            code="BRN-1447",
            remedy=f"Correct the schema's parameter {key}.",
        )
    return number
