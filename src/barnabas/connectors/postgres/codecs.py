"""From the text that PostgreSQL sends for a column to what events carry: a schema, and a function over cells.

Pure: made from a column's type and the connector's modes, once for each column of each version of a table. A cell is
the text as bytes, never NULL; functions work on whole columns, because a call for each cell would be what this
connector spends most of its time with.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from barnabas import Schema, SchemaBuilder
from barnabas.connectors.postgres import literals, moments
from barnabas.connectors.postgres.temporal import temporal
from barnabas.schema import LogicalDecimal

if TYPE_CHECKING:
    from barnabas.connectors.postgres.catalog import PgType
    from barnabas.connectors.postgres.modes import Modes

__all__ = ["Codec", "binary_codec", "codec_for", "texts"]

log = logging.getLogger(__name__)

Decode = Callable[[Sequence[bytes]], list[Any]]


class Codec(NamedTuple):
    """How one column travels.

    Args:
        schema: Required, without a default.
        decode: For a column of cells, none of them NULL.
        fallback: What stands where the column must not be NULL but its value is not known.
        placeholder: What stands for a large value that was not changed and so was not sent; ``None`` where there is
            none (the fallback is used then).
    """

    schema: Schema
    decode: Decode
    fallback: Any = None
    placeholder: Any = None


def texts(cells: Sequence[bytes]) -> list[str]:
    """Cells as text: one call for all; text of PostgreSQL holds no NUL."""
    return b"\0".join(cells).decode("utf-8", "replace").split("\0") if cells else []


def _integers(cells: Sequence[bytes]) -> list[int]:
    return list(orjson.loads(b"[%b]" % b",".join(cells)))


def _floats(cells: Sequence[bytes]) -> list[float]:
    return [*map(float, cells)]


def _booleans(cells: Sequence[bytes]) -> list[bool]:
    return [cell == b"t" for cell in cells]


def _each(convert: Callable[[str], Any]) -> Decode:
    return lambda cells: [*map(convert, texts(cells))]


def _decimal(text: str) -> Decimal | None:
    """``None`` for what a decimal cannot be: NaN and the infinities."""
    number = Decimal(text)
    return number if number.is_finite() else None


def _decimals(cells: Sequence[bytes]) -> list[Decimal | None]:
    found = [*map(Decimal, texts(cells))]
    if all(map(Decimal.is_finite, found)):
        return [*found]
    log.warning(
        "A numeric value is NaN or infinite, which a decimal cannot be: it is sent as null. "
        "Set decimal.handling.mode to double or string to keep it."
    )
    return [number if number.is_finite() else None for number in found]


def _variable(text: str) -> dict[str, Any] | None:
    """As few places as the number needs, and none before the point: how Debezium writes it."""
    number = _decimal(text)
    if number is None:
        return None
    whole, _, fraction = format(number, "f").partition(".")
    fraction = fraction.rstrip("0")
    value = int(whole + fraction)
    size = (value + (value < 0)).bit_length() // 8 + 1
    return {"scale": len(fraction), "value": value.to_bytes(size, "big", signed=True)}


def _money(digits: int) -> Callable[[str], Decimal]:
    unit = Decimal(1).scaleb(-digits)

    def convert(text: str) -> Decimal:
        negative = "-" in text or "(" in text
        number = Decimal("".join(each for each in text if each.isdigit() or each == ".") or "0")
        return (-number if negative else number).quantize(unit)

    return convert


def _bits(text: str) -> bytes:
    """Little-endian, as few bytes as hold the highest set bit."""
    value = int(text or "0", 2)
    return value.to_bytes((value.bit_length() + 7) // 8, "little")


def _bytea(cells: Sequence[bytes]) -> list[bytes]:
    return [bytes.fromhex(cell[2:].decode("ascii")) for cell in cells]


_STRING: Final = Schema.STRING
_POINT: Final = (
    SchemaBuilder.struct()
    .name("io.debezium.data.geometry.Point")
    .version(1)
    .doc("Geometry (POINT)")
    .field("x", Schema.FLOAT64)
    .field("y", Schema.FLOAT64)
    .field("wkb", Schema.OPTIONAL_BYTES)
    .field("srid", Schema.OPTIONAL_INT32)
    .build()
)
_GEOMETRY: Final = (
    SchemaBuilder.struct()
    .name("io.debezium.data.geometry.Geometry")
    .version(2)
    .doc("Geometry")
    .field("wkb", Schema.BYTES)
    .field("srid", Schema.OPTIONAL_INT32)
    .field("extensions", Schema.map(_STRING, _STRING, optional=True))
    .build()
)
_CIRCLE: Final = (
    SchemaBuilder.struct()
    .name("io.debezium.data.geometry.Circle")
    .version(1)
    .doc("Geometry (CIRCLE)")
    .field("center", _POINT)
    .field("radius", Schema.FLOAT64)
    .build()
)
_LINE: Final = (
    SchemaBuilder.struct()
    .name("io.debezium.data.geometry.Line")
    .version(1)
    .doc("Geometry (LINE)")
    .field("a", Schema.FLOAT64)
    .field("b", Schema.FLOAT64)
    .field("c", Schema.FLOAT64)
    .build()
)
_VARIABLE: Final = (
    SchemaBuilder.struct()
    .name("io.debezium.data.VariableScaleDecimal")
    .version(1)
    .doc("Variable scaled decimal")
    .field("scale", Schema.INT32)
    .field("value", Schema.BYTES)
    .build()
)


def _named(base: Schema, name: str, **parameters: str) -> Schema:
    return base.replace(name=name, version=1, parameters=parameters)


def _text_codec(modes: Modes, name: str | None = None, fallback: str = "", **parameters: str) -> Codec:
    schema = _named(_STRING, name, **parameters) if name else _STRING
    return Codec(schema, texts, fallback, modes.placeholder)


_SIMPLE: Final[dict[str, Codec]] = {
    "bool": Codec(Schema.BOOLEAN, _booleans, False),
    "int2": Codec(Schema.INT16, _integers, 0),
    "int4": Codec(Schema.INT32, _integers, 0),
    "int8": Codec(Schema.INT64, _integers, 0),
    "oid": Codec(Schema.INT64, _integers, 0),
    "float4": Codec(Schema.FLOAT32, _floats, 0.0),
    "float8": Codec(Schema.FLOAT64, _floats, 0.0),
    "point": Codec(_POINT, _each(literals.point), literals.point("(0,0)")),
    "circle": Codec(_CIRCLE, _each(literals.circle), literals.circle("<(0,0),0>")),
    "line": Codec(_LINE, _each(literals.line), literals.line("{0,0,0}")),
    "box": Codec(_GEOMETRY, _each(literals.box), literals.box("(0,0),(0,0)")),
    **{
        kind: Codec(
            _GEOMETRY,
            _each(partial(literals.geometry, kind=kind)),
            literals.geometry("((0,0),(0,0))", kind),
        )
        for kind in ("lseg", "path", "polygon")
    },
}
_TEXTS: Final[dict[str, str | None]] = {
    **dict.fromkeys(
        (
            *("text", "varchar", "bpchar", "char", "name", "citext", "inet", "cidr", "macaddr", "macaddr8"),
            *("int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"),
            *("int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange", "datemultirange"),
        )
    ),
    "uuid": "io.debezium.data.Uuid",
    "json": "io.debezium.data.Json",
    "jsonb": "io.debezium.data.Json",
    "xml": "io.debezium.data.Xml",
    "ltree": "io.debezium.data.Ltree",
    "tsvector": "io.debezium.data.Tsvector",
}


def codec_for(pg: PgType, typmod: int, modes: Modes) -> Codec | None:
    """How a column of this type travels; ``None``: it does not (a type nobody knows, unless modes say otherwise)."""
    if pg.base is not None:  # a domain
        return codec_for(pg.base, pg.base_typmod if pg.base_typmod >= 0 else typmod, modes)
    if pg.element is not None:
        return _array(pg.element, typmod, modes)
    if pg.labels:
        return _text_codec(modes, "io.debezium.data.Enum", allowed=",".join(pg.labels))
    found = _named_codec(pg.name, typmod, modes)
    return binary_codec(modes) if found is None and modes.include_unknown else found


def _named_codec(name: str, typmod: int, modes: Modes) -> Codec | None:
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name in _TEXTS:
        return _text_codec(modes, _TEXTS[name], "{}" if name in ("json", "jsonb") else "")
    found = temporal(name, typmod, modes)
    if found is not None:
        return Codec(*found)
    make = _MADE.get(name)
    return None if make is None else make(typmod, modes)


def _numeric(typmod: int, modes: Modes) -> Codec:
    if modes.decimal == "double":
        return Codec(Schema.FLOAT64, _floats, 0.0)
    if modes.decimal == "string":
        return Codec(_STRING, _each(_numeric_text), "0", modes.placeholder)
    if typmod < 0:
        return Codec(_VARIABLE, _each(_variable), {"scale": 0, "value": b"\0"})
    precision, scale = (typmod - 4) >> 16 & 0xFFFF, ((typmod - 4) & 0x7FF ^ 0x400) - 0x400
    return _fixed(precision, scale)


def _numeric_text(text: str) -> str:
    """As a BigDecimal of the JVM writes itself without an exponent."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return format(number, "f") if number.is_finite() else text


def _fixed(precision: int | None, scale: int) -> Codec:
    schema = LogicalDecimal.schema(scale)
    if precision is not None:
        schema = schema.replace(parameters={**schema.parameters, "connect.decimal.precision": str(precision)})
    return Codec(schema, _decimals, Decimal(0).scaleb(-scale))


def _money_codec(typmod: int, modes: Modes) -> Codec:
    del typmod
    convert = _money(modes.money_digits)
    if modes.decimal == "double":
        return Codec(Schema.FLOAT64, _each(lambda text: float(convert(text))), 0.0)
    if modes.decimal == "string":
        return Codec(_STRING, _each(lambda text: str(convert(text))), "0")
    return _fixed(None, modes.money_digits)._replace(decode=_each(convert))


def _bytea_codec(typmod: int, modes: Modes) -> Codec:
    del typmod
    return binary_codec(modes, _bytea)


def binary_codec(modes: Modes, decode: Callable[[Sequence[bytes]], list[bytes]] = list) -> Codec:
    """How bytes travel, given what takes them out of cells."""
    unavailable = modes.placeholder.encode()
    write: Callable[[bytes], str]
    if modes.binary == "bytes":
        return Codec(Schema.BYTES, decode, b"", unavailable)
    if modes.binary == "hex":
        write = bytes.hex
    else:
        encode = base64.b64encode if modes.binary == "base64" else base64.urlsafe_b64encode

        def write(data: bytes) -> str:
            return encode(data).decode("ascii")

    return Codec(_STRING, lambda cells: [*map(write, decode(cells))], "", write(unavailable))


def _bit_codec(typmod: int, modes: Modes) -> Codec:
    del modes
    if typmod == 1:
        return Codec(Schema.BOOLEAN, lambda cells: [cell == b"1" for cell in cells], False)
    length = str(typmod) if typmod > 0 else str((1 << 31) - 1)
    return Codec(_named(Schema.BYTES, "io.debezium.data.Bits", length=length), _each(_bits), b"")


def _interval_codec(typmod: int, modes: Modes) -> Codec:
    del typmod
    if modes.interval == "string":
        return Codec(_named(_STRING, "io.debezium.time.Interval"), _each(moments.interval_iso), "P0Y0M0DT0H0M0S")
    return Codec(_named(Schema.INT64, "io.debezium.time.MicroDuration"), _each(moments.interval_micros), 0)


def _hstore_codec(typmod: int, modes: Modes) -> Codec:
    del typmod
    if modes.hstore == "map":
        schema = Schema.map(_STRING, Schema.OPTIONAL_STRING)
        return Codec(schema, _each(literals.hstore_pairs), {}, {modes.placeholder: modes.placeholder})
    return Codec(
        _named(_STRING, "io.debezium.data.Json"),
        _each(lambda text: orjson.dumps(literals.hstore_pairs(text)).decode()),
        "{}",
        modes.placeholder,
    )


_MADE: Final[dict[str, Callable[[int, Modes], Codec]]] = {
    "numeric": _numeric,
    "money": _money_codec,
    "bytea": _bytea_codec,
    "bit": _bit_codec,
    "varbit": _bit_codec,
    "interval": _interval_codec,
    "hstore": _hstore_codec,
}


def _array(element: PgType, typmod: int, modes: Modes) -> Codec | None:
    item = codec_for(element, typmod, modes)
    if item is None:
        return None
    decode_items = item.decode
    warned: list[bool] = []

    def convert(text: str) -> list[Any]:
        items = literals.array_items(text)
        if any(isinstance(each, list) for each in items):
            if not warned:
                warned.append(True)
                log.warning(
                    "An array of %s has several dimensions, which events have no schema for: its inner arrays "
                    "are sent as null.",
                    element.name,
                )
            return [None] * len(items)
        present = iter(decode_items([each.encode() for each in items if each is not None]))
        return [None if each is None else next(present) for each in items]

    # Enums are required within arrays, as Debezium has it: schema registries compare.
    schema = item.schema if element.labels else item.schema.as_optional()
    placeholder = None if item.placeholder is None else [item.placeholder]
    return Codec(Schema.array(schema), _each(convert), [], placeholder)
