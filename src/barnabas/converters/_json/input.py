"""Parsing JSON fast, with the JVM's results.

orjson differs from the JVM's parser in what it refuses, which is tried again, and in two things that it accepts:
numbers beyond 64 bits become floats, negative zeros keep their sign. Both show in the bytes, so a column is searched
for them as a whole, and only rows that have one are parsed the slow way.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from barnabas.converters._json.lenient import parse
from barnabas.converters._json.reader import plain_value

__all__ = ["parse_column", "parse_one"]

_NUL_COMMA: Final = b"\0,"
# Digits alike, and whatever may stand before a number: so that a run of digits can be searched for.
_DIGITS: Final = bytes.maketrans(b"123456789:[ \t\r\n", b"000000000,,,,,,")
_BOUNDS: Final = bytes.maketrans(b":[ \t\r\n", b",,,,,,")
_LONG: Final = b"," + b"0" * 19
_LONG_NEGATIVE: Final = b"-" + b"0" * 19


def parse_one(payload: bytes, *, exact: bool = False) -> Any:
    """One value.

    Args:
        payload: The text.
        exact: Fractions as decimals with all their digits.

    Raises:
        JsonError: it is no JSON.
    """
    if exact:
        return parse(payload)
    try:
        value = orjson.loads(payload)
    except ValueError:
        return parse(payload)
    return parse(payload) if _odd_rows([payload]) else value


def parse_column(payloads: list[bytes], *, plain: bool = True) -> list[Any]:
    """Many values.

    Args:
        payloads: The texts.
        plain: Give what JSON without a schema reads as (see :func:`plain_value`), not what was parsed.

    Raises:
        JsonError: one of them is no JSON.
    """
    try:
        values = [*map(orjson.loads, payloads)]
    except ValueError:  # one of them is odd
        return [plain_value(parse_one(p)) if plain else parse_one(p) for p in payloads]
    for at in _odd_rows(payloads):
        value = parse(payloads[at])
        values[at] = plain_value(value) if plain else value
    return values


def _odd_rows(payloads: list[bytes]) -> set[int]:
    """The rows of valid JSON that may hold a number which orjson reads differently."""
    joined = b",%b" % _NUL_COMMA.join(payloads)  # no valid JSON contains a NUL
    alike = joined.translate(_DIGITS)
    found: set[int] = set()
    if _LONG in alike or _LONG_NEGATIVE in alike:
        found.update(at for at, row in enumerate(alike.split(b"\0")) if _LONG in row or _LONG_NEGATIVE in row)
    if b"-0" in joined:  # in dates, mostly
        found.update(at for at, row in enumerate(joined.translate(_BOUNDS).split(b"\0")) if b",-0" in row)
    return found
