"""JSON text byte for byte as the JVM writes it, at nearly the speed of orjson.

orjson's output differs from the JVM's in five places only: large and small floats (``1e16`` for ``1.0E16``), NaN and
infinities (``null`` for ``"NaN"``), characters beyond U+FFFF (not escaped), and control characters (lower-case hex).
So a column is written by orjson in one call, looked over as a whole with a few scans in C, and only rows that may
differ are done again with care.
"""

from __future__ import annotations

import re
from base64 import b64encode
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
import orjson

from barnabas._schema.exact import BigInt, Float32, Int8, Int16, Int32, Int64, Struct
from barnabas._schema.java import decimal_text, double_text, float_text, to_float32
from barnabas._schema.logical import LogicalDecimal
from barnabas.converters._exact import shown
from barnabas.converters._json.columns import QUIET, numbers_of
from barnabas.converters._json.scalars import CoercedError
from barnabas.converters.java_text import java_class
from barnabas.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "PLAIN_BELOW",
    "PLAIN_FROM",
    "base64_text",
    "decimal_node",
    "double_node",
    "dump",
    "dump_column",
    "dump_nodes",
    "dump_schemaless_column",
    "floats_are_plain",
    "number_node",
    "schemaless_node",
]

_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_SMALL_INTEGERS: Final = _OPTIONS | orjson.OPT_STRICT_INTEGER  # refuses any beyond 53 bits
# Digits alike, and whatever may stand before or after a number: so that a shape of number can be searched for.
_DIGITS: Final = bytes.maketrans(b"123456789}]:[", b"000000000,,,,")
_EXPONENT: Final = re.compile(rb"0e[+-]?0{1,3},")
_ESCAPE: Final = re.compile(rb"\\u00[01][0-9a-f]|\\.")
_ASTRAL: Final = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_NINETEEN: Final = b"0" * 19  # perhaps a number beyond 64 bits, which the JVM's could not write
_SHAPES: Final = (b"00000000.", b"," + _NINETEEN, b"-" + _NINETEEN)
_QUIET: Final[frozenset[type]] = QUIET | {bytes, bytearray, memoryview, UUID, Int8, Int16, Int32, Int64}
_QUIET_AND_INTS: Final = _QUIET | {int}
_ASTRAL_LEADS: Final = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
_MARK: Final = orjson.Fragment(b"\n")
_BETWEEN: Final = b",\n,"
_NOT_FINITE: Final = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
_INT64: Final = 1 << 63
_LONG_NUMBER: Final = 1000  # digits, from which on Python may refuse to read a number
PLAIN_FROM: Final = 1e-3
PLAIN_BELOW: Final = 1e7
"""From where to where Java writes numbers without an exponent."""


def base64_text(value: bytes | bytearray | memoryview) -> str:
    """Bytes as JSON text has them."""
    return b64encode(value).decode("ascii")


def double_node(value: float) -> Any:
    """What to give orjson for a float so that it writes what Java writes."""
    if PLAIN_FROM <= value < PLAIN_BELOW or -PLAIN_BELOW < value <= -PLAIN_FROM or value == 0.0:
        return value
    return number_node(double_text(value))


def decimal_node(value: Decimal) -> Any:
    """What to give orjson for an exact number."""
    return number_node(decimal_text(value))


def number_node(text: str) -> Any:
    return text if text[-1] in "Ny" else orjson.Fragment(text)  # NaN and Infinity are written as strings


def dump(node: Any) -> bytes:
    """One prepared value (see :func:`schemaless_node`) as text.

    Raises:
        DataError: it holds half of a surrogate pair.
    """
    return _fix_strings(dump_nodes([node]))


def dump_column(nodes: Sequence[Any], head: bytes = b"") -> list[bytes]:
    """Prepared values as texts: floats and bytes are done already, only the strings need another look.

    Args:
        nodes: The values.
        head: Bytes that open an object around each text; empty: no object.

    Raises:
        DataError: a string holds half of a surrogate pair.
    """
    return _split(_fix_strings(dump_nodes(nodes)), head) if nodes else []


def dump_schemaless_column(values: Sequence[Any], head: bytes = b"", *, strict: bool = False) -> list[bytes]:
    """Plain Python values as texts; otherwise as :func:`dump_column`.

    Raises:
        DataError: one of them has a type that JSON has no place for.
        CoercedError: what ``strict`` refuses (see :func:`schemaless_node`).
    """
    if not values:
        return []
    mixed = _interleave(values)
    quiet = _QUIET_AND_INTS
    try:
        try:
            joined = orjson.dumps(mixed, _default, _SMALL_INTEGERS)[1:-1]
        except TypeError:  # large numbers, perhaps: then they are looked at
            quiet = _QUIET
            joined = orjson.dumps(mixed, _default, _OPTIONS)[1:-1]
    except TypeError:  # a key that is no string, a number beyond 64 bits, a type without a place
        return dump_column([schemaless_node(value, strict=strict) for value in values], head)
    plain = _are_plain(values, quiet)
    if strict and not plain:
        return dump_column([schemaless_node(value, strict=True) for value in values], head)
    suspects = () if plain else _suspects(joined, values)
    if suspects:
        texts = joined.split(_BETWEEN)
        for at in suspects:
            texts[at] = dump_nodes([schemaless_node(values[at])])
        joined = _BETWEEN.join(texts)
    return _split(_fix_strings(joined), head)


def _interleave(values: Sequence[Any]) -> list[Any]:
    """The values with a mark between them that no JSON text contains.

    One call for a whole column is several times faster than a call each: orjson allocates a kilobyte for every result.
    """
    mixed: list[Any] = [_MARK] * (2 * len(values) - 1)
    mixed[::2] = values
    return mixed


def dump_nodes(nodes: Sequence[Any]) -> bytes:
    """Prepared values as one text with marks between them, before strings have had their other look.

    Raises:
        DataError: one holds half of a surrogate pair.
    """
    try:
        return orjson.dumps(_interleave(nodes), _binary)[1:-1]
    except TypeError as error:
        raise DataError(
            "Converting Kafka Connect data to byte[] failed due to serialization error: ",
            remedy=f"orjson says: {error}.",
        ) from error


def _binary(value: Any) -> str:
    """What writers leave as it is: decimals (of the schema's scale), as the bytes of their digits, and bytes."""
    if type(value) is bytes:
        return base64_text(value)
    if type(value) is not Decimal:
        raise TypeError
    text = str(value)
    plain = "E" not in text and len(text) < _LONG_NUMBER
    number = int(text.replace(".", "")) if plain else LogicalDecimal.parts(value)[0]
    size = ((number if number >= 0 else ~number).bit_length() >> 3) + 1
    return base64_text(number.to_bytes(size, "big", signed=True))


def _split(joined: bytes, head: bytes) -> list[bytes]:
    texts = joined.split(_BETWEEN)
    return [b"%b%b}" % (head, text) for text in texts] if head else texts


def schemaless_node(value: Any, *, strict: bool = False) -> Any:
    """What to give orjson for a plain Python value, or one of an exact class.

    Args:
        value: The value.
        strict: Refuse a number that is no number or infinite.

    Raises:
        DataError: a type that JSON has no place for, or a number beyond 64 bits.
        CoercedError: what ``strict`` refuses.
    """
    node = _node(value)
    if strict and _any_not_finite(value) and _has_not_finite(value):
        raise CoercedError
    return node


def _has_not_finite(value: Any) -> bool:
    if isinstance(value, float):
        return not isfinite(value)
    if isinstance(value, dict):
        return any(_has_not_finite(part) for pair in value.items() for part in pair)
    return isinstance(value, list | tuple) and any(map(_has_not_finite, value))


def _node(value: Any) -> Any:
    kind = type(value)
    write = _WRITERS.get(kind)
    if write is None:  # a class derived from one of them
        write = next((each for known, each in _WRITERS.items() if isinstance(value, known)), _refuse)
    return write(value)


def _refuse(value: Any) -> Any:
    raise DataError(
        f"Java class {java_class(value)} does not have corresponding schema type.",
        code="BRN-2155",
        remedy=f"The Python {value.__class__.__name__} {shown(value)} needs a schema to be written as JSON: "
        "give one, or send a number or text.",
    )


def _refuse_struct(value: Struct) -> Any:
    raise DataError(
        "Mismatching schema.",
        code="BRN-2152",
        remedy=f"It is a struct of {value.schema!r} without a schema beside it: give that schema, or a dict.",
    )


def _int_node(value: int) -> int:
    return int(value) if -_INT64 <= value < _INT64 else _refuse(value)


def _float32_node(value: float) -> Any:
    return number_node(float_text(to_float32(value)))


def _dict_node(value: dict[Any, Any]) -> Any:
    if all(isinstance(key, str) for key in value):
        return {str(key): _node(item) for key, item in value.items()}
    return [[_node(key), _node(item)] for key, item in value.items()]


def _list_node(value: Iterable[Any]) -> Any:
    return [*map(_node, value)]


def _same(value: Any) -> Any:
    return value


# The first that fits is taken for derived classes, so those stand before what they derive from.
_WRITERS: Final[dict[type, Callable[[Any], Any]]] = {
    type(None): _same,
    bool: _same,
    Enum: _same,  # orjson writes them, and UUIDs
    UUID: _same,
    BigInt: _refuse,
    Float32: _float32_node,
    Struct: _refuse_struct,
    str: str,
    int: _int_node,
    float: lambda value: double_node(float(value)),
    dict: _dict_node,
    list: _list_node,
    tuple: _list_node,
    bytes: base64_text,
    bytearray: base64_text,
    memoryview: base64_text,
}


def _default(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview | int | float):  # numbers: of an exact class
        return _node(value)
    raise TypeError


def _fix_strings(text: bytes) -> bytes:
    """Escapes as Jackson writes them."""
    if b"\\" in text and b"\\u00" in text:
        text = _ESCAPE.sub(_upper_hex, text)
    return text if text.isascii() or not any(lead in text for lead in _ASTRAL_LEADS) else _ASTRAL.sub(_as_pair, text)


def _upper_hex(match: re.Match[bytes]) -> bytes:
    found = match[0]
    return b"\\u" + found[2:].upper() if found.startswith(b"\\u") else found


def _as_pair(match: re.Match[bytes]) -> bytes:
    rest = ord(match[0].decode()) - 0x10000
    return b"\\u%04X\\u%04X" % (0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF))


def _any_not_finite(values: Any) -> bool:
    try:
        return _NOT_FINITE.search(msgspec.msgpack.encode(values)) is not None
    except (TypeError, ValueError, OverflowError, RecursionError):
        return True


def _are_plain(values: Sequence[Any], quiet: frozenset[type]) -> bool:
    """Whether all numbers are of those that orjson and Java write alike; ``False`` where it cannot be told fast."""
    numbers = numbers_of(values, quiet)
    if numbers is None:
        return False
    floats, ints = numbers
    return all(map(floats_are_plain, floats)) and all(max(group) < _INT64 for group in ints)


def floats_are_plain(group: Sequence[float]) -> bool:
    """Whether Java writes all of these numbers without an exponent, as orjson does."""
    low, high = min(group), max(group)
    if low == 0.0:
        low = min(filter(None, group), default=PLAIN_FROM)
    if low >= PLAIN_FROM and high < PLAIN_BELOW:
        total = sum(group)
        return total == total  # noqa: PLR0124 - a NaN anywhere would make it one, and hides from min and max
    return all(PLAIN_FROM <= abs(value) < PLAIN_BELOW or value == 0.0 for value in group)


def _suspects(joined: bytes, values: Sequence[Any]) -> set[int]:
    """The rows that may hold a number which Java writes differently; a string may look like one."""
    alike = b",%b," % joined.translate(_DIGITS)
    shapes = [shape for shape in _SHAPES if shape in alike]
    exponents = b"0e" in alike and _EXPONENT.search(alike) is not None
    found: set[int] = set()
    if shapes or exponents:
        rows = [b",%b," % row for row in alike.split(_BETWEEN)]
        found.update(at for at, row in enumerate(rows) if any(shape in row for shape in shapes))
        if exponents:
            found.update(at for at, row in enumerate(rows) if _EXPONENT.search(row))
    if b"0.000" in joined:
        found.update(at for at, row in enumerate(joined.split(_BETWEEN)) if b"0.000" in row)
    if b"null" in joined and _any_not_finite(values):
        found.update(at for at, value in enumerate(values) if _any_not_finite(value))
    return found
