"""Ready-made validators: callables ``(name, value)`` that raise ConfigError, and say in ``str()`` what they accept."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from barnabas._config.parsing import invalid
from barnabas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from barnabas._config.types import Validator

__all__ = [
    "CaseInsensitiveValidString",
    "CompositeValidator",
    "LambdaValidator",
    "NonEmptyString",
    "NonEmptyStringWithoutControlChars",
    "NonNull",
    "Range",
    "Regex",
    "UniqueAliases",
    "ValidList",
    "ValidString",
    "at_least",
    "between",
    "nearest",
]


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """The choice that ``text`` was probably meant to be."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(text.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def _choose(value: Any, choices: Sequence[str]) -> str:
    near = nearest(value, choices) if isinstance(value, str) else None
    return f"Did you mean {near!r}?" if near else f"Use one of: {', '.join(choices)}."


class Range:
    """A number within limits; either may be ``None``. Refuses ``None`` values."""

    def __init__(self, low: float | None = None, high: float | None = None) -> None:
        self.low, self.high = low, high

    def __call__(self, name: str, value: Any) -> None:
        if value is None:
            raise invalid(name, None, "Value must be non-null")
        if self.low is not None and value < self.low:
            raise invalid(name, value, f"Value must be at least {self.low}", remedy=f"Write a number in {self}.")
        if self.high is not None and value > self.high:
            raise invalid(name, value, f"Value must be no more than {self.high}", remedy=f"Write a number in {self}.")

    def __str__(self) -> str:
        low = "..." if self.low is None else self.low
        high = "..." if self.high is None else self.high
        return f"[{low},{high}]"


def at_least(low: float) -> Range:
    """A number not below ``low``."""
    return Range(low)


def between(low: float, high: float) -> Range:
    """A number from ``low`` to ``high``, both included."""
    return Range(low, high)


class ValidString:
    """One of some words, exactly."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __call__(self, name: str, value: Any) -> None:
        if value not in self.words:
            raise invalid(
                name, value, f"String must be one of: {', '.join(self.words)}", remedy=_choose(value, self.words)
            )

    def __str__(self) -> str:
        return f"[{', '.join(self.words)}]"


class CaseInsensitiveValidString:
    """One of some words, in any case."""

    def __init__(self, *words: str) -> None:
        self.words = tuple(word.upper() for word in words)

    def __call__(self, name: str, value: Any) -> None:
        if value is None or value.upper() not in self.words:
            words = ", ".join(self.words)
            raise invalid(
                name, value, f"String must be one of (case insensitive): {words}", remedy=_choose(value, self.words)
            )

    def __str__(self) -> str:
        return f"(case insensitive) [{', '.join(self.words)}]"


class NonNull:
    """Anything but ``None``."""

    def __call__(self, name: str, value: Any) -> None:
        if value is None:
            raise invalid(name, None, "entry must be non null")

    def __str__(self) -> str:
        return "non-null string"


class NonEmptyString:
    """Text of at least one character, or ``None``."""

    def __call__(self, name: str, value: Any) -> None:
        if value is not None and not value:
            raise invalid(name, value, "String must be non-empty", remedy="Write a value, or leave the key out.")

    def __str__(self) -> str:
        return "non-empty string"


class NonEmptyStringWithoutControlChars:
    """Text with at least one visible character and no ISO control characters, or ``None``."""

    def __call__(self, name: str, value: Any) -> None:
        if value is None:
            return
        if not value:
            raise invalid(name, value, "String may not be empty")
        bad = [str(ord(c)) for c in value if ord(c) <= 0x1F or 0x7F <= ord(c) <= 0x9F]  # noqa: PLR2004 - ISO control range
        if bad:
            chars = ", ".join(bad)
            raise invalid(
                name, value, f"String may not contain control sequences but had the following ASCII chars: {chars}"
            )

    def __str__(self) -> str:
        return "non-empty string without ISO control characters"


class ValidList:
    """A list of distinct, non-empty entries, optionally out of some words.

    Validation finds an entry that is given twice; parsing keeps the first, so that a connector runs all the same.

    Args:
        words: The only entries allowed; none given: any.
        empty: Whether no entry at all is fine.
        null: Whether ``None`` is fine.
    """

    def __init__(self, *words: str, empty: bool = True, null: bool = False) -> None:
        self.words, self.empty, self.null = words, empty, null

    def __call__(self, name: str, value: Any) -> None:
        if value is None:
            if self.null:
                return
            raise ConfigError(f"Configuration '{name}' values must not be null.", key=name)
        if not value and not self.empty:
            choice = f"[{', '.join(self.words)}]" if self.words else "any non-empty value"
            raise ConfigError(f"Configuration '{name}' must not be empty. Valid values include: {choice}", key=name)
        if len(set(value)) != len(value):
            raise ConfigError(
                f"Configuration '{name}' values must not be duplicated.", key=name, remedy="Name each once."
            )
        if "" in value:
            raise ConfigError(
                f"Configuration '{name}' values must not be empty.", key=name, remedy="Remove the extra comma."
            )
        if self.words:
            check = ValidString(*self.words)
            for entry in value:
                check(name, entry)

    def __str__(self) -> str:
        return f"[{', '.join(self.words)}]" if self.words else "distinct, non-empty entries"


class UniqueAliases:
    """A list of names, each occurring once."""

    def __call__(self, name: str, value: Any) -> None:
        if value is not None and len(set(value)) != len(value):
            raise invalid(name, value, "Duplicate alias provided.", remedy="Name each once.")

    def __str__(self) -> str:
        return "unique aliases"


class Regex:
    """Text that compiles as a regular expression, or ``None``."""

    def __call__(self, name: str, value: Any) -> None:
        if value is None:
            return
        try:
            re.compile(value)
        except re.error as error:
            raise invalid(name, value, f"Invalid regex: {regex_complaint(value, error)}") from error

    def __str__(self) -> str:
        return "valid regex"


def regex_complaint(pattern: str, error: re.error) -> str:
    """What is wrong with a regular expression, in Java's words where they are known."""
    if "unterminated subpattern" in error.msg:
        return f"Unclosed group near index {len(pattern)}\n{pattern}"
    near = "" if error.pos is None else f" near index {error.pos}"
    return f"{error.msg[:1].upper()}{error.msg[1:]}{near}\n{pattern}"


class CompositeValidator:
    """All of several validators, in order."""

    def __init__(self, *validators: Validator) -> None:
        self.validators = validators

    def __call__(self, name: str, value: Any) -> None:
        for validator in self.validators:
            validator(name, value)

    def __str__(self) -> str:
        return ", ".join(map(str, self.validators))


class LambdaValidator:
    """Your own check, with a text that says what it accepts."""

    def __init__(self, check: Callable[[str, Any], None], accepts: str) -> None:
        self.check, self.accepts = check, accepts

    def __call__(self, name: str, value: Any) -> None:
        self.check(name, value)

    def __str__(self) -> str:
        return self.accepts
