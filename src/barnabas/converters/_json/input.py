"""Parsing JSON fast, with the JVM's results.

orjson differs from the JVM's parser in what it refuses, which is tried again, and in two things that it accepts:
numbers beyond 64 bits become floats, negative zeros keep their sign. Both show in the bytes, so a column is searched
for them as a whole, and only rows that have one are parsed the slow way.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from barnabas.converters._json.lenient import parse
from barnabas.converters._json.reader import plain_value

__all__ = ["parse_column", "parse_one"]

_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG: Final = b"0" * 19
_NEGATIVE_ZERO: Final = re.compile(rb"-0+(?:\.0*)?(?:[eE]|[^0-9.]|$)|-0+\.0+[eE]")


def parse_one(payload: bytes, *, exact: bool = False) -> Any:
    """One value.

    Args:
        payload: The text.
        exact: Fractions as decimals with all their digits.

    Raises:
        JsonError: it is no JSON.
    """
    if exact or _is_odd(payload):
        return parse(payload)
    try:
        return orjson.loads(payload)
    except ValueError:
        return parse(payload)


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
    joined = b"\n".join(payloads)
    if b"-0" in joined or _LONG in joined.translate(_DIGITS):
        for at, payload in enumerate(payloads):
            if _is_odd(payload):
                value = parse(payload)
                values[at] = plain_value(value) if plain else value
    return values


def _is_odd(payload: bytes) -> bool:
    return (b"-0" in payload and _NEGATIVE_ZERO.search(payload) is not None) or _LONG in payload.translate(_DIGITS)
