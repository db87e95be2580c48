"""Messages into values: one function a format, over whole columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from barnabas import Schema
from barnabas.connectors.network.syslog import SYSLOG, parse_syslog

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Decoded", "Format", "format_named"]


class Decoded(NamedTuple):
    """Values, and what was wrong with some of them by position; those are kept as text."""

    values: list[Any]
    errors: dict[int, str]


class Format(NamedTuple):
    """How messages become values."""

    schema: Schema | None
    decode: Callable[[list[bytes]], Decoded]
    skips_empty: bool
    """Whether an empty message is none: a blank line between JSON documents, say."""


def _text(messages: list[bytes]) -> Decoded:
    return Decoded([message.decode("utf-8", "replace") for message in messages], {})


def _bytes(messages: list[bytes]) -> Decoded:
    return Decoded(messages, {})


def _json(messages: list[bytes]) -> Decoded:
    try:
        return Decoded([*map(orjson.loads, messages)], {})
    except orjson.JSONDecodeError:  # find out which
        return _json_one_by_one(messages)


def _json_one_by_one(messages: list[bytes]) -> Decoded:
    values: list[Any] = []
    errors: dict[int, str] = {}
    for at, message in enumerate(messages):
        try:
            values.append(orjson.loads(message))
        except orjson.JSONDecodeError as error:
            values.append(message.decode("utf-8", "replace"))
            errors[at] = f"no JSON: {error}"
    return Decoded(values, errors)


def _syslog(zone: ZoneInfo) -> Callable[[list[bytes]], Decoded]:
    def decode(messages: list[bytes]) -> Decoded:
        return Decoded([parse_syslog(message.decode("utf-8", "replace"), zone) for message in messages], {})

    return decode


def format_named(name: str, zone: str) -> Format:
    """A format by its name in the configuration; ``zone`` matters to syslog."""
    if name == "json":
        return Format(None, _json, skips_empty=True)
    if name == "syslog":
        return Format(SYSLOG, _syslog(ZoneInfo(zone)), skips_empty=True)
    if name == "bytes":
        return Format(Schema.BYTES, _bytes, skips_empty=False)
    return Format(Schema.STRING, _text, skips_empty=False)
