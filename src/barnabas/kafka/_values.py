"""Values of Java client settings into those of the library: parsed strictly, clamped where the meaning is the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from barnabas.errors import ConfigError

__all__ = ["INT_MAX", "Convert", "boolean", "choice", "integer", "number", "text"]

Convert = Callable[[str, str], str]
"""``(key, value) -> value``; raises ConfigError."""

INT_MAX: Final = 2**31 - 1
_LONG_MAX: Final = 2**63 - 1
_NUMBER: Final = re.compile(r"[+-]?[0-9]+")


def text(key: str, value: str) -> str:
    """As it is, without surrounding blanks."""
    del key
    return value.strip()


def number(key: str, value: str) -> int:
    """A whole number of up to 64 bits."""
    stripped = value.strip()
    if not _NUMBER.fullmatch(stripped) or not -_LONG_MAX - 1 <= int(stripped) <= _LONG_MAX:
        raise ConfigError(
            f"Invalid value {stripped} for configuration {key}: Not a number of type LONG.",
            key=key,
            remedy="Give a whole number.",
            code="BRN-1220",
        )
    return int(stripped)


def integer(low: int, high: int, *, least: int = 0, special: Mapping[int, int] | None = None) -> Convert:
    """A number that the library takes between ``low`` and ``high``: beyond, the nearest means the same.

    Args:
        low: The library's lower bound.
        high: The library's upper bound.
        least: Java's lower bound: below it the value is an error there, and so here.
        special: Values with a meaning of their own, e.g. -1 for "the system's default".
    """

    def convert(key: str, value: str) -> str:
        parsed = number(key, value)
        if special and parsed in special:
            return str(special[parsed])
        if parsed < least:
            raise ConfigError(
                f"Invalid value {parsed} for configuration {key}: Value must be at least {least}.",
                key=key,
                remedy=f"Give a number from {least} on.",
                code="BRN-1221",
            )
        return str(min(max(parsed, low), high))

    return convert


def boolean(key: str, value: str) -> str:
    """``true`` or ``false``, in any case."""
    lowered = value.strip().lower()
    if lowered not in {"true", "false"}:
        raise ConfigError(
            f"Invalid value {value.strip()} for configuration {key}: Expected value to be either true or false.",
            key=key,
            remedy="Write true or false.",
            code="BRN-1222",
        )
    return lowered


def choice(options: Mapping[str, str]) -> Convert:
    """One of several words, in any case; the error lists them."""

    def convert(key: str, value: str) -> str:
        found = options.get(value.strip().lower())
        if found is None:
            raise ConfigError(
                f"Invalid value {value.strip()} for configuration {key}: String must be one of: {', '.join(options)}.",
                key=key,
                remedy="Choose one of these.",
                code="BRN-1223",
            )
        return found

    return convert
