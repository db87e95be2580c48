"""Values of records as a person or a program reads them: JSON, or one line of text.

Exact where JSON can be: decimals and whole numbers of any length are numbers with all their digits. Bytes are base64
within JSON; in a line of text they are the text they spell, else hexadecimal.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

import orjson

from barnabas.schema import Instant

__all__ = ["as_json", "as_text", "hex_of", "iso", "one_line"]

_MOST: Final = 1 << 63
_HEX_SHOWN: Final = 64
_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME


def as_json(value: Any) -> Any:
    """Something that ``orjson`` writes, for any value that a converter gives."""
    if value is None or isinstance(value, bool | int | float | str):
        return _basic(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return [*map(as_json, value)]
    return _scalar(value)


def _basic(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _not_finite(value)
    if value is None or isinstance(value, bool) or -_MOST <= value < _MOST:
        return value
    return orjson.Fragment(b"%d" % value)


def _mapping(value: Mapping[Any, Any]) -> Any:
    """An object; an array of pairs where a key is no text."""
    if all(isinstance(key, str) for key in value):
        return {as_json(key): as_json(inner) for key, inner in value.items()}
    return [[as_json(key), as_json(inner)] for key, inner in value.items()]


def _scalar(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(bytes(value)).decode()
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode()) if value.is_finite() else str(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value.milliseconds if isinstance(value, Instant) else repr(value)


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def iso(value: datetime) -> str:
    """Such as ``2026-11-21T20:15:00.250Z``; microseconds where there are any."""
    text = value.astimezone(UTC).replace(tzinfo=None)
    return text.isoformat(timespec="microseconds" if value.microsecond % 1000 else "milliseconds") + "Z"


def as_text(value: Any) -> str:
    """One line: text as it is, bytes as text or hexadecimal, everything else as JSON."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes_text(bytes(value))
    if isinstance(value, datetime):
        return iso(value)
    try:
        return one_line(orjson.dumps(as_json(value), option=_OPTIONS).decode())
    except (TypeError, RecursionError) as error:  # nested deeper than JSON may be
        return f"(cannot be shown: {error})"


def _bytes_text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}"
    return text if value and text.isprintable() else f"0x{value.hex()}"


def one_line(text: str) -> str:
    r"""Text in which nothing moves the cursor: a new line is ``\n``, an escape ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def hex_of(payload: bytes | None) -> str:
    """The first bytes in hexadecimal, and how many there are if not all are shown."""
    if payload is None:
        return "null"
    more = f" … ({len(payload)} bytes)" if len(payload) > _HEX_SHOWN else ""
    return payload[:_HEX_SHOWN].hex(" ") + more
