"""The vocabulary of a configuration definition: types, importance, one key, one validated value."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = [
    "NO_DEFAULT",
    "ConfigKey",
    "ConfigValue",
    "Importance",
    "Password",
    "Recommender",
    "Type",
    "Validator",
    "Width",
]

Validator = Callable[[str, Any], None]
"""Called with the key's name and the parsed value (``None`` where there is none); raises ConfigError if it won't do."""


class Type(enum.Enum):
    """What the text of a setting is parsed into."""

    BOOLEAN = "BOOLEAN"
    """``true`` or ``false`` in any case; a ``bool``."""
    STRING = "STRING"
    """A ``str`` without surrounding blanks."""
    INT = "INT"
    """An ``int`` of 32 bits."""
    SHORT = "SHORT"
    """An ``int`` of 16 bits."""
    LONG = "LONG"
    """An ``int`` of 64 bits."""
    DOUBLE = "DOUBLE"
    """A ``float``."""
    LIST = "LIST"
    """A ``list`` of ``str``, separated by commas."""
    CLASS = "CLASS"
    """A Python class, from ``module.Class``, or what the caller's class finder makes of the name."""
    PASSWORD = "PASSWORD"  # noqa: S105 - the name of a type
    """A :class:`Password`."""


class Importance(enum.Enum):
    """How much a user should care."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Width(enum.Enum):
    """How wide a form field should be."""

    NONE = "NONE"
    SHORT = "SHORT"
    MEDIUM = "MEDIUM"
    LONG = "LONG"


class Password:
    """A secret that hides itself: ``str()`` and ``repr()`` give ``[hidden]``; :attr:`value` reveals it."""

    __slots__ = ("value",)

    HIDDEN: Final = "[hidden]"

    def __init__(self, value: str) -> None:
        self.value = value

    def __str__(self) -> str:
        return self.HIDDEN

    def __repr__(self) -> str:
        return self.HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Password) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


class _NoDefault(enum.Enum):
    NO_DEFAULT = "no default"

    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT: Final = _NoDefault.NO_DEFAULT
"""In a default's place: the key is required."""


class Recommender:
    """Suggests values for a key and says whether it matters, given the rest. Subclass it, or see :meth:`of`."""

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        """Values to offer; empty: no suggestion.

        Args:
            name: The key.
            parsed: All settings as far as they could be parsed.
        """
        del name, parsed
        return ()

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        """Whether the key means anything with these settings."""
        del name, parsed
        return True

    @staticmethod
    def of(*values: Any) -> Recommender:
        """Always suggests ``values``."""
        return _Fixed(values)


class _Fixed(Recommender):
    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        del name, parsed
        return self._values


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One key as declared."""

    name: str
    type: Type
    default: Any = NO_DEFAULT
    validator: Validator | None = None
    importance: Importance = Importance.MEDIUM
    doc: str = ""
    group: str | None = None
    order_in_group: int = -1
    width: Width = Width.NONE
    display_name: str = ""
    dependents: tuple[str, ...] = ()
    recommender: Recommender | None = None
    deprecated: str | None = None
    internal: bool = False

    @property
    def required(self) -> bool:
        """Whether a user must set it."""
        return self.default is NO_DEFAULT


@dataclass(slots=True)
class ConfigValue:
    """What validation found about one key. A connector's ``validate`` may add errors to it."""

    name: str
    value: Any = None
    recommended_values: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    visible: bool = True

    def add_error(self, message: str) -> None:
        """Say one more thing that is wrong with this setting."""
        self.errors.append(message)
