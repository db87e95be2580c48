"""The setting ``spec`` of ``Cast``: ``field:type,…``, or one type for the whole value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn

from barnabas._config.hash_order import hash_order
from barnabas._java.narrowing import java_trim
from barnabas.errors import ConfigError
from barnabas.schema import Type

__all__ = ["INPUTS", "CastSpec", "Spec", "parse_spec", "unsupported"]

_CODE: Final = "BRN-2163"
_NAMES: Final = {kind.name: kind for kind in Type}
INPUTS: Final = tuple(kind for kind in Type if kind.is_primitive)
"""What can be cast."""
_OUTPUTS: Final = tuple(kind for kind in INPUTS if kind is not Type.BYTES)
_EXAMPLE: Final = "Write price:float64,count:int32 to cast fields, or one type such as string for the whole value."


class CastSpec(NamedTuple):
    """What is cast to what.

    Args:
        whole: The type for the whole value; ``None``: fields are cast.
        fields: Types by field, in the order in which Java's map lists them: the first that fails is the error.
    """

    whole: Type | None
    fields: dict[str, Type]


class Spec:
    """Validates the setting."""

    def __call__(self, name: str, value: Any) -> None:
        if not value:
            raise ConfigError("Must specify at least one field to cast.", code=_CODE, key=name, remedy=_EXAMPLE)
        parse_spec(value)

    def __str__(self) -> str:
        return "field:type, several separated by commas; or one type for the whole value"


def parse_spec(entries: Sequence[str]) -> CastSpec:
    """What the entries say.

    Raises:
        ConfigError: they say nothing that can be done.
    """
    whole: Type | None = None
    fields: dict[str, Type] = {}
    for entry in entries:
        parts = _split(entry)
        if len(parts) > 2:  # noqa: PLR2004 - field and type
            _refuse(f"Invalid value [{', '.join(entries)}] for configuration renames: Invalid rename mapping: {entry}")
        if not parts:
            _refuse("Index 1 out of bounds for length 0")
        kind = _type_of(parts[-1])
        if len(parts) == 1:
            whole = kind
        else:
            fields[java_trim(parts[0])] = kind
    if whole is not None and len(entries) > 1:
        _refuse(
            "Cast transformations that specify a type to cast the entire value to may only specify a single cast in "
            "their spec"
        )
    return CastSpec(whole, {name: fields[name] for name in hash_order(fields)})


def unsupported(kind: Type, direction: str, supported: Sequence[Type] = INPUTS) -> str:
    """The sentence about a type that cannot be cast (``from``), or cast to (``to``)."""
    names = ", ".join(each.name for each in supported)
    return f"Cast transformation does not support casting {direction} {kind.name}; supported types are [{names}]"


def _split(entry: str) -> list[str]:
    """Java's ``split(":")``: empty parts at the end do not count, unless the text has no colon at all."""
    parts = entry.split(":")
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return [] if parts == [""] and entry else parts


def _type_of(text: str) -> Type:
    word = java_trim(text)
    kind = _NAMES.get(word.upper())
    if kind is None:
        _refuse(
            "Invalid value java.lang.IllegalArgumentException: No enum constant "
            f"org.apache.kafka.connect.data.Schema.Type.{word.upper()} for configuration "
            f"Invalid type found in casting spec: {word}",
            f"Use one of: {', '.join(each.value for each in _OUTPUTS)}.",
        )
    if kind not in _OUTPUTS:
        _refuse(unsupported(kind, "to", _OUTPUTS))
    return kind


def _refuse(message: str, remedy: str = _EXAMPLE) -> NoReturn:
    raise ConfigError(message, code=_CODE, key="spec", remedy=remedy)
