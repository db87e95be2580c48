"""Hostile messages for the converters with a schema registry: frames of schemas that exist, spoiled data behind."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from barnabas.converters import REGISTRY_CONVERTERS, load_converter
from barnabas.errors import DataError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp

if TYPE_CHECKING:
    from random import Random

    from barnabas.converters._registry_client.base import RegistryConverter

__all__ = ["RegistryRow", "registry_rows"]

_TOPIC: Final = "t"
_HEAD: Final = 5
_CONFIGS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"strict": "true"},
    {"generalized.sum.type.support": "true"},
    {"connect.meta.data": "false"},
)
_ALL: Final = Schema.struct(
    "fuzz.All",
    i8=Schema.OPTIONAL_INT8,
    i16=Schema.INT16,
    i32=Schema.INT32.replace(default=7),
    i64=Schema.OPTIONAL_INT64,
    f=Schema.OPTIONAL_FLOAT32,
    d=Schema.FLOAT64,
    b=Schema.OPTIONAL_BOOLEAN,
    s=Schema.STRING,
    y=Schema.OPTIONAL_BYTES,
    list=Schema.array(Schema.FLOAT64),
    map=Schema.map(Schema.STRING, Schema.INT32),
    pairs=Schema.map(Schema.INT32, Schema.STRING),
    dec=LogicalDecimal.schema(2, optional=True),
    day=Date.OPTIONAL_SCHEMA,
    at=Time.OPTIONAL_SCHEMA,
    when=Timestamp.OPTIONAL_SCHEMA,
    inner=Schema.struct("fuzz.Inner", x=Schema.FLOAT64, y=Schema.OPTIONAL_STRING).as_optional(),
)
_ROW: Final[dict[str, Any]] = {
    "i8": 5,
    "i16": -300,
    "i32": 3,
    "i64": 2**53,
    "f": 1.5,
    "d": -0.25,
    "b": True,
    "s": "héllo \U0001f600",
    "y": b"\0\1\2",
    "list": [1.0, 2.0],
    "map": {"k": 1, "l": 2},
    "pairs": {1: "a", 2: "b"},
    "dec": Decimal("5.00"),
    "day": date(2026, 1, 1),
    "at": time(3, 4, 5),
    "when": datetime(2026, 1, 1, tzinfo=UTC),
    "inner": {"x": 1.5, "y": "z"},
}
_SMALL: Final[dict[str, Any]] = {**dict.fromkeys(_ROW), "i16": 0, "d": 0.0, "s": "", "list": [], "map": {}, "pairs": {}}
_SPOILED: Final = bytes(range(256))


class RegistryRow(NamedTuple):
    """A converter on a registry in memory, and good messages for it."""

    name: str
    converter: RegistryConverter
    good: list[bytes]

    def spoiled(self, random: Random, payload: bytes) -> bytes:
        """A good message that was damaged; now and then ``payload`` as it is."""
        if random.random() < 0.1:
            return payload
        message = bytearray(random.choice(self.good))
        for _ in range(random.choice((0, 1, 1, 1, 2, 5))):
            at = random.randrange(_HEAD, len(message) + 1)
            match random.randrange(5):
                case 0:
                    del message[at:]
                case 1:
                    message[at : at + 1] = random.choice(_SPOILED).to_bytes()
                case 2:
                    message[at:at] = random.randbytes(random.randrange(1, 6))
                case 3:
                    message[at:at] = b"\xff" * random.randrange(1, 11) + b"\x01"
                case 4:
                    other = random.choice(self.good)
                    message[at:] = other[random.randrange(len(other)) :]
        return bytes(message)


def registry_rows() -> list[RegistryRow]:
    """Avro and Protobuf, with settings that change what they read; JSON Schema has bytes of its own kind."""
    made = []
    for full in (name for name in REGISTRY_CONVERTERS if "JsonSchema" not in name):
        for number, config in enumerate(_CONFIGS):
            converter = cast("RegistryConverter", load_converter(full)())
            simple = full.rpartition(".")[2]
            known = {key: value for key, value in config.items() if key in converter.config().keys or key == "strict"}
            converter.configure({"schema.registry.url": f"mock://fuzz-{simple}-{number}", **known})
            shown = ",".join(f"{key}={value}" for key, value in known.items())
            made.append(RegistryRow(f"{simple} {shown}".strip(), converter, _good(converter)))
    return made


def _good(converter: RegistryConverter) -> list[bytes]:
    samples: tuple[tuple[Schema | None, Any], ...] = (
        (_ALL, _ROW),
        (_ALL, _SMALL),
        (Schema.array(Schema.STRING), ["a", "b"]),
        (Schema.map(Schema.STRING, Schema.OPTIONAL_INT64), {"a": 1, "b": None}),
        (Schema.OPTIONAL_STRING, "text"),
        (Schema.INT64, -(2**40)),
        (LogicalDecimal.schema(3), Decimal("1.234")),
    )
    made: list[bytes | None] = []
    for schema, value in samples:
        with contextlib.suppress(DataError):  # Protobuf has structs only
            made.append(converter.from_connect(_TOPIC, schema, value))
    return [message for message in made if message is not None]
