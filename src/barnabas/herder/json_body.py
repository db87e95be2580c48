"""JSON as Kafka Connect's REST server takes it: string maps in which numbers and booleans count as their text.

Used for request bodies and for connector files. A number keeps the text it was written with: ``1.50`` stays ``1.50``.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from barnabas.errors import ConnectError
from barnabas.supervisor.api import TargetState

__all__ = ["BodyError", "CreateRequest", "create_request", "parse_json", "string_map"]

_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_INITIAL_STATES: dict[str, TargetState] = {"RUNNING": "STARTED", "PAUSED": "PAUSED", "STOPPED": "STOPPED"}


class BodyError(ConnectError):
    """JSON that is malformed or not of the shape asked for; REST answers 500, as the JVM does."""

    code = "BRN-3010"


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON value")


_strings = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_no_constant)
_values = json.JSONDecoder(parse_constant=_no_constant)


def parse_json(body: bytes, *, number_texts: bool = True) -> Any:
    """Parse JSON bytes; an empty body is ``None``, as to the JVM.

    Args:
        body: UTF-8.
        number_texts: Keep numbers as text, for :func:`string_map`; otherwise they become numbers.
    """
    if not body.strip():
        return None
    try:
        text = body.decode("utf-8-sig")
        value = (_strings if number_texts else _values).decode(text)
    except json.JSONDecodeError as error:
        raise BodyError(f"Malformed JSON at line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise BodyError(f"Malformed JSON: {error}.") from error
    return _mended(value) if _HALF_PAIR.search(body) else value


def _mended(value: Any) -> Any:
    """Half a pair of surrogates is no text: it becomes what Java writes in its place."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def string_map(value: Any, what: str = "The request body") -> dict[str, str | None]:
    """A map of texts: numbers and booleans as their JSON text, null as ``None``; anything nested is refused."""
    if not isinstance(value, dict):
        raise BodyError(f"Cannot deserialize {what[:1].lower()}{what[1:]}: expected an object, found {_kind(value)}.")
    return {key: _string(key, item) for key, item in value.items()}


def _string(key: str, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    raise BodyError(f"Cannot deserialize the value of '{key}': expected a string, found {_kind(value)}.")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, _Number):
        return "a number"
    return {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}.get(type(value), "a number")


class CreateRequest:
    """The body of ``POST /connectors``, also one of the forms of a connector file.

    Args:
        name: As given, not trimmed; ``None`` when missing.
        config: The configuration, ``None`` when missing.
        target: ``initial_state`` (KIP-980), ``None`` when not given.
    """

    __slots__ = ("config", "name", "target")

    def __init__(self, name: str | None, config: dict[str, str | None] | None, target: TargetState | None) -> None:
        self.name = name
        self.config = config
        self.target = target


def create_request(value: Any, *, strict: bool = True) -> CreateRequest:
    """Read a create request; with ``strict``, unknown members are refused."""
    if not isinstance(value, dict):
        raise BodyError(f"Cannot construct a create request from {_kind(value)}.")
    unknown = sorted(value.keys() - {"name", "config", "initial_state"})
    if unknown and strict:
        raise BodyError(
            f'Unrecognized field "{unknown[0]}", not marked as ignorable (3 known: "config", "name", "initial_state").'
        )
    config = value.get("config")
    return CreateRequest(
        _string("name", value.get("name")),
        None if config is None else string_map(config, "The member 'config'"),
        _target(_string("initial_state", value.get("initial_state"))),
    )


def _target(text: str | None) -> TargetState | None:
    if text is None:
        return None
    if text.upper() not in _INITIAL_STATES:
        raise BodyError(f"Unknown initial_state {text}: it must be one of RUNNING, PAUSED, STOPPED.")
    return _INITIAL_STATES[text.upper()]
