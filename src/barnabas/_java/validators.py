"""Validators for settings that hold patterns in Java's own languages."""

from __future__ import annotations

from typing import Any

from barnabas._config.parsing import invalid
from barnabas._java.regex import compile_java
from barnabas.errors import ConfigError

__all__ = ["JavaRegex"]

_NO_TEXT = 'Cannot invoke "String.isEmpty()" because "this.pattern" is null'
"""What Java says of a pattern that is null; part of Kafka Connect's answer."""


class JavaRegex:
    """A regular expression that :func:`~barnabas._java.regex.compile_java` takes."""

    def __call__(self, name: str, value: Any) -> None:
        if value is None:
            raise invalid(name, None, f"Invalid regex: {_NO_TEXT}", remedy="Write a regular expression.")
        try:
            compile_java(value)
        except ConfigError as error:
            raise invalid(name, value, f"Invalid regex: {error.message}", remedy=error.remedy) from error

    def __str__(self) -> str:
        return "valid regex"
