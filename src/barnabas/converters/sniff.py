"""What bytes look like, to say in an error which converter would have read them.

Called for bytes that a converter refused; never fails, and never looks at more than the first megabyte.
"""

from __future__ import annotations

import json
import struct
from typing import Final, NamedTuple

import msgspec

from barnabas.converters._registry import registry_guess

__all__ = ["look_of", "remedy_for"]

_KINDS: Final = {"key": "key.converter", "value": "value.converter", "header": "header.converter"}
_LIMIT: Final = 1 << 20
_SHOWN: Final = 48
_HEX: Final = 8
_UTF8_MOST: Final = 4
_SMALL: Final = 1e-9
_LARGE: Final = 1e17
_RANDOM_FROM: Final = 64
_BSON: Final = 5
_ZLIB: Final = b"\x78"
_ORDINARY: Final = frozenset("\t\n\r\f")
_AS_BYTES: Final = "Set {setting}=ByteArrayConverter to pass it through, or to the converter it was written with."
_COMPRESSED: Final = (
    "It was compressed before it was sent: set {setting}=ByteArrayConverter, or let Kafka compress (compression.type)."
)
_ENCRYPTED: Final = "Set {setting} to the converter that decrypts it, or {setting}=ByteArrayConverter."
_REGISTERED: Final = (
    "Set {{setting}}={name} with {{setting}}.schema.registry.url; the registry knows for certain (GET /schemas/ids/…)."
)
_ELSEWHERE: Final = (
    "Set {setting} to that registry's own converter, or {setting}=ByteArrayConverter to pass it through."
)
_TWICE: Final = (
    "Its writer put JSON text through JsonConverter: have it use StringConverter; or set {setting}=JsonConverter with "
    "{setting}.schemas.enable=false, and parse the text in a transform."
)
_JAVA: Final = "Only Java can read it: write it again as JSON or Avro, or set {setting}=ByteArrayConverter."
_NUMBERS: Final = {
    2: (("ShortConverter", ">h"),),
    4: (("IntegerConverter", ">i"), ("FloatConverter", ">f")),
    8: (("LongConverter", ">q"), ("DoubleConverter", ">d")),
}


class _Look(NamedTuple):
    what: str
    advice: str  # {setting} stands for the converter's key


# From the first bytes to what they mean.
_MAGIC: Final = (
    (b"\xac\xed\x00\x05", _Look("a Java-serialised object", _JAVA)),
    (b"\x1f\x8b", _Look("gzip", _COMPRESSED)),
    (b"\x28\xb5\x2f\xfd", _Look("zstd", _COMPRESSED)),
    (b"\x04\x22\x4d\x18", _Look("lz4", _COMPRESSED)),
    (b"\xff\x06\x00\x00sNaPpY", _Look("snappy", _COMPRESSED)),
    (b"\x82SNAPPY\x00", _Look("snappy", _COMPRESSED)),
    (b"BZh", _Look("bzip2", _COMPRESSED)),
    (b"\xfd7zXZ\x00", _Look("xz", _COMPRESSED)),
    (b"PK\x03\x04", _Look("a zip archive", _AS_BYTES)),
    (b"Obj\x01", _Look("an Avro object container (a whole .avro file)", _AS_BYTES)),
    (b"\xc3\x01", _Look("Avro in its single-object encoding", "Set {setting} to an Avro converter.")),
    (b"PAR1", _Look("a Parquet file", _AS_BYTES)),
    (b"Salted__", _Look("encrypted (OpenSSL)", _ENCRYPTED)),
    (b"-----BEGIN PGP", _Look("encrypted (OpenPGP)", _ENCRYPTED)),
    (b"vault:v", _Look("encrypted (Vault)", _ENCRYPTED)),
)


def remedy_for(payload: bytes | None, kind: str, configured: str | None = None) -> str:
    """Two sentences: what the bytes look like, and which setting to change.

    Args:
        payload: What could not be read.
        kind: ``key``, ``value`` or ``header``.
        configured: The converter that could not read it.
    """
    setting = _KINDS.get(kind, "value.converter")
    if not payload:
        what = "There are no bytes (a null)" if payload is None else f"The {kind} is empty (zero bytes)"
        return f"{what}: check {setting}."
    look = _look(payload)
    now = f"; {configured} is configured" if configured is not None else ""
    return f"The {kind} ({len(payload)} bytes) looks like {look.what}{now}. {look.advice.format(setting=setting)}"


def look_of(payload: bytes) -> str:
    """What the bytes look like, such as ``Confluent Avro, schema id 42``."""
    return _look(payload).what if payload else "nothing"


def _look(payload: bytes) -> _Look:
    for magic, look in _MAGIC:
        if payload.startswith(magic):
            return look
    registry = registry_guess(payload[:_LIMIT])
    text = _text(payload) if registry is None else None
    if text is not None:
        return _text_look(text, whole=len(payload) <= _LIMIT)
    number = _number_look(payload)
    if registry is None:
        return number or _document_look(payload) or _binary_look(payload)
    found = _Look(registry.what, _REGISTERED.format(name=registry.converter) if registry.converter else _ELSEWHERE)
    if number is None:
        return found
    return _Look(f"{found.what}, or {number.what}", f"{found.advice} Or: {number.advice}")


def _text(payload: bytes) -> str | None:
    """The payload, or the start of a very long one, as text; ``None`` if it is none."""
    marked = payload.startswith((b"\xff\xfe", b"\xfe\xff"))
    for cut in range(_UTF8_MOST):  # a long one may be cut within a character
        size = len(payload) if len(payload) <= _LIMIT else _LIMIT - cut
        try:
            text = payload[:size].decode("utf-16" if marked else "utf-8-sig")
        except UnicodeDecodeError:
            continue
        return text if all(c.isprintable() or c in _ORDINARY for c in text[:_SHOWN]) else None
    return None


def _text_look(text: str, *, whole: bool) -> _Look:
    shown = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        if whole and text.lstrip()[:1] in ("{", "["):
            return _Look(f"JSON that is damaged or cut off: {shown}", "Correct the writer, or skip such records.")
        if text.lstrip().startswith("<"):
            return _Look(f"XML: {shown}", "Set {setting}=StringConverter to read it as text.")
        return _Look(f"plain text: {shown}", "Set {setting}=StringConverter to read it as text.")
    if isinstance(value, dict) and value.keys() == {"schema", "payload"}:
        what = f"JSON in an envelope of schema and payload: {shown}"
        return _Look(what, "Set {setting}=JsonConverter with {setting}.schemas.enable=true.")
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and _is_json(value):
        return _Look(f"JSON that was encoded twice: {shown}", _TWICE)
    advice = "Set {setting}=JsonConverter with {setting}.schemas.enable=false."
    if not isinstance(value, dict | list):
        advice += " Or {setting}=StringConverter to read it as text."
    return _Look(f"JSON without a schema: {shown}", advice)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _number_look(payload: bytes) -> _Look | None:
    """Big-endian numbers, as Kafka's own serializers write them."""
    if payload in (b"\0", b"\1"):
        return _Look(f"a boolean ({'true' if payload[0] else 'false'})", "Set {setting}=BooleanConverter.")
    found = _NUMBERS.get(len(payload))
    if found is None:
        return None
    guesses = [(name, struct.unpack(form, payload)[0]) for name, form in found]
    likely = [guess for guess in guesses if _is_usual(guess[1])] or guesses[:1]
    what = " or ".join(f"{number!r} of {name}" for name, number in likely)
    advice = " or ".join(f"{{setting}}={name}" for name, _ in likely)
    return _Look(f"a number of {8 * len(payload)} bits: {what}", f"Set {advice}.")


def _is_usual(number: float) -> bool:
    return number == 0 or _SMALL < abs(number) < _LARGE


def _document_look(payload: bytes) -> _Look | None:
    """Binary relatives of JSON, which say how long they are or parse to their very end."""
    if len(payload) >= _BSON and int.from_bytes(payload[:4], "little") == len(payload) and payload[-1] == 0:
        return _Look("BSON (MongoDB's JSON)", _AS_BYTES)
    if payload[:1] == _ZLIB and int.from_bytes(payload[:2], "big") % 31 == 0 and len(payload) > _RANDOM_FROM:
        return _Look("zlib", _COMPRESSED)
    if len(payload) <= _LIMIT:
        try:
            found = msgspec.msgpack.decode(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError, TypeError):
            return None
        if isinstance(found, dict) and found:
            return _Look("MessagePack", _AS_BYTES)
    return None


def _binary_look(payload: bytes) -> _Look:
    start = payload[:_HEX].hex(" ")
    sample = payload[:1024]
    # Of n random bytes about 256 * (1 - e**(-n/256)) differ; ordinary formats stay well below.
    expected = 256 * (1 - (255 / 256) ** len(sample))
    if len(sample) >= _RANDOM_FROM and len({*sample}) > 0.9 * expected:
        return _Look(f"encrypted or compressed data, starting {start}", _ENCRYPTED)
    return _Look(f"binary data, starting {start}", _AS_BYTES)
