"""What the hostile bytes of ``campaigns.fuzz`` start from, and how they are spoiled."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

__all__ = ["hostile"]

_LOGICAL: Final = "org.apache.kafka.connect.data."


def _field(name: str, kind: str, /, **more: Any) -> dict[str, Any]:
    return {"field": name, "type": kind, "optional": True, **more}


_STRUCT: Final = {
    "type": "struct",
    "name": "all",
    "optional": False,
    "fields": [
        _field("i8", "int8"),
        _field("i16", "int16", optional=False),
        _field("i32", "int32", default=7),
        _field("i64", "int64"),
        _field("f", "float"),
        _field("d", "double", optional=False),
        _field("b", "boolean"),
        _field("s", "string", optional=False),
        _field("y", "bytes"),
        _field("list", "array", items={"type": "double", "optional": True}),
        _field("map", "map", keys={"type": "string"}, values={"type": "int32", "optional": True}),
        _field("pairs", "map", keys={"type": "int32"}, values={"type": "string", "optional": True}),
        _field("dec", "bytes", name=f"{_LOGICAL}Decimal", version=1, parameters={"scale": "2"}),
        _field("day", "int32", name=f"{_LOGICAL}Date", version=1),
        _field("at", "int32", name=f"{_LOGICAL}Time", version=1),
        _field("when", "int64", name=f"{_LOGICAL}Timestamp", version=1),
        _field("in", "struct", fields=[_field("x", "double"), _field("y", "string")]),
    ],
}
_ROW: Final = {
    "i8": 5,
    "i16": -300,
    "i32": None,
    "i64": 2**53,
    "f": 1.5,
    "d": -0.25,
    "b": True,
    "s": 'héllo \U0001f600 "quoted"',
    "y": "AQID",
    "list": [1.0, None, 2],
    "map": {"k": 1, "l": None},
    "pairs": [[1, "a"], [2, None]],
    "dec": "AfQ=",
    "day": 19000,
    "at": 86399999,
    "when": 1700000000000,
    "in": {"x": 0.5, "y": "z"},
}
_VALUES: Final[tuple[tuple[Any, Any], ...]] = (
    (_STRUCT, _ROW),
    ({"type": "struct", "fields": [_field("x", "int64"), _field("y", "string")]}, {"x": 1, "y": "a"}),
    ({"type": "array", "items": {"type": "int64"}}, [1, 2, 3]),
    ({"type": "map", "keys": {"type": "string"}, "values": {"type": "double"}}, {"a": 1.5}),
    ({"type": "string", "default": "x", "optional": True}, None),
    ({"type": "double"}, 1e10),
    (None, {"free": [1, {"a": None}], "n": -1.5e-7}),
)


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


_SEEDS: Final[tuple[bytes, ...]] = (
    *(_text({"schema": schema, "payload": value}) for schema, value in _VALUES),
    *(_text(value) for _, value in _VALUES),
    b'{"payload":1,"schema":{"type":"int8"}}',
    b'{"schema":{"type":"int32","doc":"\\"payload\\":"},"payload":1}',
    b' [ 1 , 2.50 , "a\\u00e9\\n" ] ',
    *(b"\0" * n + b"\1" for n in range(8)),
    b"\0\0\0\0\x2a\x06abc",
    b"1.5",
    b"2019-08-23T12:00:00.123Z",
    b"[1, 2.5, 3]",
    b'{"a": [true, null], "b": "\\\\"}',
    "ünï 日本".encode(),
)
_NUMBERS: Final = (
    *(b"0", b"-0", b"-0.0", b"-0e9", b"1e400", b"-1e-400", b"1e999999999", b"1E-999999999", b"0.1e-5000"),
    *(b"9" * 19, b"9" * 20, b"-" + b"9" * 20, b"9" * 999, b"1" * 5000, b"0." + b"3" * 5000, b"1e99999999999999999999"),
    *(b"9223372036854775808", b"-9223372036854775809", b"18446744073709551615", b"18446744073709551616", b"1e19"),
    *(b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b".5", b"1.", b"0x10", b"1_000", b"128", b"2147483648", b"1.5"),
)
_TOKENS: Final = (
    *(b"null", b"true", b"tru", b'""', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u00"', b'"\\x"', b'"\xff"', b'"\xc3"'),
    *(
        b'"\xed\xa0\x80"',
        b'"\xf4\x90\x80\x80"',
        b'"\0"',
        b'"\x7f"',
        b"[]",
        b"{}",
        b"[[]]",
        b'{"":{}}',
        b",",
        b":",
        b"}",
    ),
    *(b'"schema":null,', b'"payload":1,', b'"payload":', b'"optional":"yes",', b'"version":1.5,', b'"default":{},'),
    *(b'"type":"struct",', b'"fields":[],', b'"items":null,', b'"name":7,', b'"parameters":{"scale":"x"},', b"/**/"),
    *(b'"parameters":{"scale":"999999999"},', b'"2019-02-30"', b'"24:00:00.000Z"', b'"AQI"', b'"A=="', b"\xef\xbb\xbf"),
)


_BEFORE_VALUE: Final = re.compile(rb"[:,\[]")
_BEHIND_VALUE: Final = re.compile(rb"[,\]}]")


def hostile(random: Random) -> bytes:
    """One hostile byte string; the same ones in the same order for a generator with the same seed."""
    if random.random() < 0.08:
        return random.randbytes(random.choice((0, 1, 2, 3, 4, 5, 8, 9, 16, 18, 33, 64)))
    data = random.choice(_SEEDS[: 2 * len(_VALUES)] if random.random() < 0.7 else _SEEDS)
    if random.random() < 0.5:  # still JSON, mostly
        for _ in range(random.choice((0, 1, 1, 2))):
            data = random.choice((_replace_part, _repeat_member))(random, data)
    else:
        for _ in range(random.choice((1, 1, 2, 2, 3, 8))):
            data = random.choice(_SPOILERS)(random, data)
    return data


def _cut(random: Random, data: bytes) -> tuple[bytes, bytes, bytes]:
    one, other = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
    return data[:one], data[one:other], data[other:]


def _flip(random: Random, data: bytes) -> bytes:
    if not data:
        return b"\xff"
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _insert(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_TOKENS + _NUMBERS) + data[at:]


def _truncate(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _delete(random: Random, data: bytes) -> bytes:
    before, gone, after = _cut(random, data)
    return before + gone[8:] + after


def _double(random: Random, data: bytes) -> bytes:
    before, twice, after = _cut(random, data)
    return before + twice[:200] * random.choice((2, 3)) + after


def _splice(random: Random, data: bytes) -> bytes:
    before, _, _ = _cut(random, data)
    return before + _cut(random, random.choice(_SEEDS))[2]


def _replace_part(random: Random, data: bytes) -> bytes:
    """One JSON value in the place of another: what the schema says no longer holds."""
    start = _BEFORE_VALUE.search(data, random.randrange(len(data) + 1)) or _BEFORE_VALUE.search(data)
    if start is None:
        return data
    end = _BEHIND_VALUE.search(data, start.end())
    new = random.choice(_TOKENS + _NUMBERS + _SEEDS)
    return data[: start.end()] + new + data[end.start() if end is not None else len(data) :]


def _repeat_member(random: Random, data: bytes) -> bytes:
    """A member twice."""
    parts = data.split(b",")
    at = random.randrange(len(parts))
    return b",".join([*parts[: at + 1], parts[at], *parts[at + 1 :]])


def _nest(random: Random, data: bytes) -> bytes:
    depth = random.choice((3, 9, 50, 99, 201, 253, 254, 255, 333, 500, 999, 1001, 1025, 3000))
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'{"schema":', b',"payload":1}'), (b"[", b"")))
    if random.random() < 0.5:
        return opening * depth + data + closing * depth
    start = data.find(b'"payload":') + len(b'"payload":')
    return data[:start] + opening * depth + b"1" + closing * depth + data[start:][-1:]


def _nested_schema(random: Random, data: bytes) -> bytes:
    depth = random.choice((3, 5, 20, 100, 300, 600))
    schema = b'{"type":"array","items":' * depth + b'{"type":"int8"}' + b"}" * depth
    return b'{"schema":%b,"payload":%b}' % (schema, random.choice((b"[]", b"[" * depth + b"]" * depth, data)))


def _encode(random: Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(random.choice(("utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-8-sig", "utf-7")))


def _blank(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return (
        data[:at] + random.choice((b" ", b"\n\t", b"\r", b"\0", b"\xa0", b"\x0b")) * random.choice((1, 9)) + data[at:]
    )


_SPOILERS: Final[tuple[Callable[[Random, bytes], bytes], ...]] = (
    *(_flip, _flip, _insert, _insert, _truncate, _delete, _double, _splice, _blank),
    *(_replace_part, _replace_part, _replace_part, _repeat_member, _nest, _nested_schema, _encode),
)
