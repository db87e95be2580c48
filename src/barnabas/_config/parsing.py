"""From the text of a setting to its value and back, as Kafka does it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any, Final

from barnabas._config.types import Password, Type
from barnabas._schema.java import double_text
from barnabas.errors import ConfigError

__all__ = ["ClassFinder", "find_python_class", "invalid", "java_text", "parse_value", "to_text"]

ClassFinder = Callable[[str], Any]
"""Gives what stands for a class of that name, ``None`` if there is none; may raise ConfigError or PluginError."""

_INTEGER: Final = re.compile(r"[+-]?\d+")
_DOUBLE: Final = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(NaN|Infinity))[dDfF]?")
_HEX_DOUBLE: Final = re.compile(r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[dDfF]?")
_COMMA: Final = re.compile(r"\s*,\s*", re.ASCII)
_MOST_DIGITS: Final = 4000  # Python converts no longer texts
_BLANKS: Final = "".join(map(chr, range(0x21)))
"""What Java trims."""
_BITS: Final = {Type.SHORT: 16, Type.INT: 32, Type.LONG: 64}


def invalid(name: str, value: Any, reason: str | None = None, *, remedy: str | None = None) -> ConfigError:
    """The error for a value that won't do, in Kafka's words."""
    tail = f": {reason}" if reason else ""
    return ConfigError(
        f"Invalid value {java_text(value)} for configuration {name}{tail}", code="BRN-1001", key=name, remedy=remedy
    )


def java_text(value: Any) -> str:
    """How a value reads inside Kafka's messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(java_text, value))}]"
    return str(value)


def parse_value(name: str, value: Any, type: Type, find_class: ClassFinder | None = None) -> Any:  # noqa: A002 - Kafka's word
    """The typed value.

    Args:
        name: The key, for errors.
        value: Text, or already a value of the type; ``None`` stays ``None``.
        type: What to make of it.
        find_class: Resolves names for :attr:`Type.CLASS`; Python imports if not given.

    Raises:
        ConfigError: it cannot be read as that type.
    """
    if value is None:
        return None
    text = value.strip(_BLANKS) if isinstance(value, str) else value
    if type is Type.CLASS:
        return _parse_class(name, text, value, find_class or find_python_class)
    return _PARSERS[type](name, text, value, type)


def to_text(value: Any, type: Type | None) -> str | None:  # noqa: A002 - Kafka's word
    """The text that :func:`parse_value` would read back; passwords stay hidden."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return ",".join(to_text(item, None) or "" for item in value)
    if isinstance(value, builtin_type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, float) or type is Type.DOUBLE:
        return double_text(float(value))
    return java_text(value)


def find_python_class(name: str) -> Any:
    """The class ``module.Class``; ``None`` if there is no such thing."""
    module, _, attribute = name.replace(":", ".").rpartition(".")
    if not module:
        return None
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            return None
        raise
    return found if isinstance(found, builtin_type) else None


def _parse_boolean(name: str, value: Any, given: Any, _: Type) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise invalid(name, given, "Expected value to be either true or false", remedy="Write true or false.")


def _parse_string(name: str, value: Any, given: Any, _: Type) -> str:
    if not isinstance(value, str):
        raise invalid(name, given, f"Expected value to be a string, but it was a {value.__class__.__name__}")
    return value


def _parse_integer(name: str, value: Any, given: Any, type: Type) -> int:  # noqa: A002 - Kafka's word
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and len(value) < _MOST_DIGITS and _INTEGER.fullmatch(value):
        number = int(value)
    limit = 1 << (_BITS[type] - 1)
    if number is None or not -limit <= number < limit:
        raise invalid(
            name,
            given,
            f"Not a number of type {type.value}",
            remedy=f"Write a whole number from {-limit} to {limit - 1}.",
        )
    return number


def _parse_double(name: str, value: Any, given: Any, type: Type) -> float:  # noqa: A002 - Kafka's word
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and _DOUBLE.fullmatch(value):
        return float(value.rstrip("dDfF"))
    if isinstance(value, str) and (found := _HEX_DOUBLE.fullmatch(value)):
        return _from_hex(found[1])
    raise invalid(name, given, f"Not a number of type {type.value}", remedy="Write a number such as 2.5.")


def _from_hex(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return float("-inf" if text.startswith("-") else "inf")


def _parse_list(name: str, value: Any, given: Any, _: Type) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        raise invalid(name, given, "Expected a comma separated list.", remedy="Write a,b,c.")
    return _COMMA.split(value) if value else []


def _parse_password(name: str, value: Any, given: Any, _: Type) -> Password:
    del given  # it is the secret
    if isinstance(value, Password):
        return value
    if not isinstance(value, str):
        raise invalid(name, Password.HIDDEN, f"Expected value to be a string, but it was a {value.__class__.__name__}")
    return Password(value)


def _parse_class(name: str, value: Any, given: Any, find_class: ClassFinder) -> Any:
    if isinstance(value, builtin_type):
        return value
    found = find_class(value) if isinstance(value, str) and value else None
    if found is None:
        raise invalid(
            name, given, f"Class {given} could not be found.", remedy="Check the name, and that it is installed."
        )
    return found


builtin_type: Final = type
_PARSERS: Final[dict[Type, Callable[[str, Any, Any, Type], Any]]] = {
    Type.BOOLEAN: _parse_boolean,
    Type.STRING: _parse_string,
    Type.SHORT: _parse_integer,
    Type.INT: _parse_integer,
    Type.LONG: _parse_integer,
    Type.DOUBLE: _parse_double,
    Type.LIST: _parse_list,
    Type.PASSWORD: _parse_password,
}
