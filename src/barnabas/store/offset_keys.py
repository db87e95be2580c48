"""Source partitions and offsets as the bytes that Kafka Connect stores, and back.

A key is the JSON array ``["<connector>",{<source partition>}]``, a value the JSON object of a source offset: compact
UTF-8, members in the order given. A Java worker looks a key up by its bytes, so what is written here has to be what its
JSON generator writes for the same map; and because Java's maps have orders of their own, keys are *compared* by
:func:`canonical`, which knows no order.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from barnabas.errors import DataError

__all__ = ["canonical", "double_text", "offset_value", "parse_key", "parse_offset", "partition_key"]

_LONG = 1 << 63
_PLAIN_FROM, _PLAIN_BELOW = 1e-3, 1e7  # Java writes doubles outside of these with an exponent
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def partition_key(connector: str, partition: Mapping[str, Any]) -> bytes:
    """The key of a source partition.

    Raises:
        DataError: The partition is no map from strings to primitive values.
    """
    return _encode(f"[{_text(connector)},{_object(partition)}]")


def offset_value(offset: Mapping[str, Any] | None) -> bytes | None:
    """The value for a source offset; ``None`` deletes it.

    Raises:
        DataError: The offset is no map from strings to primitive values.
    """
    return None if offset is None else _encode(_object(offset))


def parse_offset(value: bytes | None) -> dict[str, Any] | None:
    """A stored source offset.

    Raises:
        DataError: The bytes are no JSON object.
    """
    if value is None:
        return None
    try:
        offset = json.loads(value)
    except ValueError as error:
        raise DataError(f"A stored source offset is not JSON: {value[:200]!r}.", code="BRN-2110") from error
    if offset is not None and not isinstance(offset, dict):
        raise DataError(f"A stored source offset is no JSON object: {value[:200]!r}.", code="BRN-2110")
    return offset


def parse_key(key: bytes) -> tuple[str, dict[str, Any]] | None:
    """Connector and source partition of a stored key; ``None`` for bytes that are no such key."""
    try:
        parsed = json.loads(key)
    except ValueError:
        return None
    match parsed:
        case [str(connector), dict(partition)]:
            return connector, partition
    return None


def canonical(key: bytes) -> bytes:
    """The same bytes for keys that differ only in the order of members, white space or escapes."""
    parsed = parse_key(key)
    if parsed is None:
        return key
    return json.dumps(parsed, sort_keys=True, separators=(",", ":")).encode()


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"Offsets may only contain valid Unicode text, but found {text[error.start : error.end]!r}.",
            code="BRN-2111",
        ) from error


def _object(values: Mapping[str, Any]) -> str:
    if not isinstance(values, Mapping):
        raise DataError("Offsets must be specified as a Map", code="BRN-2111")
    members = []
    for key, value in values.items():
        if not isinstance(key, str):
            raise DataError("Offsets may only use String keys", code="BRN-2111")
        members.append(f"{_text(key)}:{_primitive(key, value)}")
    return "{" + ",".join(members) + "}"


def _primitive(key: str, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and -_LONG <= value < _LONG:
        return str(int(value))
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f'"{base64.b64encode(value).decode()}"'
    raise DataError(
        f"Offsets may only contain primitive types as values, but field {key} contains {_type_name(value)}",
        code="BRN-2111",
    )


def _type_name(value: Any) -> str:
    if isinstance(value, Mapping):
        return "MAP"
    if isinstance(value, list | tuple | set):
        return "ARRAY"
    return "class java.math.BigInteger" if isinstance(value, int) else type(value).__name__


def _text(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda match: _SHORT_ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04X}", text) + '"'


def double_text(value: float) -> str:
    """A float as Java's JSON generator writes it: ``Double.toString``, with NaN and infinities in quotes."""
    if not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    shortest = repr(value)
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return shortest
    two_digits = f"{value:.1e}"  # Java never writes fewer, and of those the nearest: 4.9E-324, not 5.0E-324
    sign, digits, exponent = Decimal(two_digits if float(two_digits) == value else shortest).as_tuple()
    text = "".join(map(str, digits))
    power = len(text) - 1 + int(exponent)
    return f"{'-' if sign else ''}{text[0]}.{text[1:].rstrip('0') or '0'}E{power}"
