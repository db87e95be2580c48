"""StringConverter: values as text."""

from __future__ import annotations

import codecs
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from barnabas.config import Type
from barnabas.converters.base import SchemaColumn, UniversalConverter, converter_def, strict_setting
from barnabas.converters.sniff import remedy_for
from barnabas.errors import ConfigError, DataError
from barnabas.schema import Schema, SchemaAndValue, java_string, java_strings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["StringConverter", "UnknownEncodingError", "decode_utf8", "encode_utf8"]

_ENCODING: Final = "converter.encoding"


class UnknownEncodingError(ConfigError):
    """There is no such encoding."""

    code = "BRN-2121"
    java_class: ClassVar[str] = "org.apache.kafka.common.errors.SerializationException"


class StringConverter(UniversalConverter):
    """Writes the text of any value, reads text; null stays null.

    Never fails on data, as on the JVM: what an encoding cannot hold becomes ``?``, bytes that are no text U+FFFD.
    """

    CONFIG = converter_def().define(
        _ENCODING,
        Type.STRING,
        default="UTF-8",
        importance="high",
        width="medium",
        display_name="Encoding",
        doc="The character set of the bytes, by its Java or Python name.",
    )

    def __init__(self) -> None:
        self._kind = "value"
        self._strict = False
        self._encoding = "utf-8"
        self._encode: Callable[[str], bytes] = encode_utf8
        self._decode: Callable[[bytes], str] = decode_utf8

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Look up the encoding; ``strict`` refuses what would become ``?``, U+FFFD or the address of an array."""
        self._kind = kind = configs.get("converter.type") or ("key" if is_key else "value")
        self._strict = strict_setting(configs)
        name = self.CONFIG.parse({**configs, "converter.type": kind})[_ENCODING]
        try:
            "".encode(name)
            self._encoding = codecs.lookup(name).name
        except LookupError:
            raise UnknownEncodingError(
                f"Unsupported encoding {name}", key=f"{kind}.converter.{_ENCODING}", remedy="Use UTF-8, ISO-8859-1, …"
            ) from None
        errors = "strict" if self._strict else "replace"
        if self._encoding == "utf-8":
            self._encode, self._decode = (str.encode, bytes.decode) if self._strict else (encode_utf8, decode_utf8)
        elif self._encoding == "utf-16":  # big-endian unless marked, and marked when written: as on the JVM
            self._encode, self._decode = partial(_encode_utf16, errors), partial(_decode_utf16, errors)
        else:
            self._encode = lambda text: text.encode(name, errors)
            self._decode = lambda data: data.decode(name, errors)

    def from_connect(self, topic: str, schema: Schema | None, value: Any) -> bytes | None:
        """The text of the value."""
        del topic
        if value is None:
            return None
        if self._strict and _holds_bytes(value):
            raise self._refused("has bytes, of which Java prints the address only", "Use ByteArrayConverter or JSON.")
        try:
            return self._encode(value if isinstance(value, str) else java_string(schema, value))
        except UnicodeEncodeError as error:
            what = f"has {error.object[error.start : error.end]!a}, for which {self._encoding} has no character"
            raise self._refused(what, "Set converter.encoding=UTF-8, or correct the text.") from error

    def to_connect(self, topic: str, payload: bytes | None) -> SchemaAndValue:
        """The bytes as text; the schema is always an optional string."""
        del topic
        return SchemaAndValue(Schema.OPTIONAL_STRING, None if payload is None else self._read(payload))

    def from_connect_column(self, topic: str, schema: Schema | None, values: list[Any]) -> list[bytes | None]:
        """The texts of the values."""
        if self._encoding == "utf-8":
            try:
                return [*map(str.encode, values)]
            except (TypeError, UnicodeEncodeError):
                pass  # not all plain text: the record form knows what to do
        if schema is None and not self._strict and None not in values:
            return [*map(self._encode, java_strings(None, values))]
        one = self.from_connect
        return [one(topic, schema, value) for value in values]

    def to_connect_column(self, topic: str, payloads: list[bytes | None]) -> tuple[SchemaColumn, list[Any]]:
        """The bytes as texts."""
        del topic
        if self._encoding == "utf-8":
            try:
                return Schema.OPTIONAL_STRING, [*map(bytes.decode, payloads)]  # type: ignore[arg-type] # None: below
            except (TypeError, UnicodeDecodeError):
                pass  # a null, or no UTF-8
        read = self._read
        return Schema.OPTIONAL_STRING, [None if p is None else read(p) for p in payloads]

    def _read(self, payload: bytes) -> str:
        try:
            return self._decode(payload)
        except UnicodeDecodeError as error:
            raise DataError(
                f"The {self._kind} is no {self._encoding.upper()} at byte {error.start}: U+FFFD would stand there",
                code="BRN-2123",
                key=f"{self._kind}.converter.strict",
                remedy=remedy_for(payload, self._kind, "StringConverter"),
            ) from error

    def _refused(self, what: str, remedy: str) -> DataError:
        return DataError(
            f"The {self._kind} {what}", code="BRN-2124", key=f"{self._kind}.converter.strict", remedy=remedy
        )


def encode_utf8(text: str) -> bytes:
    """UTF-8, with ``?`` for half of a surrogate pair, as Java does."""
    return text.encode("utf-8", "replace")


def decode_utf8(data: bytes) -> str:
    """UTF-8, with U+FFFD for what is none, as many as Java puts there."""
    return data.decode("utf-8", "barnabas.java")


def _encode_utf16(errors: str, text: str) -> bytes:
    return b"\xfe\xff" + text.encode("utf-16-be", errors)


def _decode_utf16(errors: str, data: bytes) -> str:
    if data.startswith(b"\xff\xfe"):
        return data[2:].decode("utf-16-le", errors)
    return data.removeprefix(b"\xfe\xff").decode("utf-16-be", errors)


def _holds_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_bytes(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return any(map(_holds_bytes, value))
    return isinstance(value, bytes | bytearray | memoryview)


def _replace_as_java(error: UnicodeError) -> tuple[str, int]:
    """One U+FFFD for an encoded surrogate, where Python would put three."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    at = error.start
    surrogate = error.object[at : at + 3]
    if len(surrogate) == 3 and surrogate[0] == 0xED and 0xA0 <= surrogate[1] <= 0xBF and surrogate[2] >> 6 == 2:  # noqa: PLR2004 - the bytes of UTF-8
        return "\ufffd", at + 3
    return "\ufffd", error.end


codecs.register_error("barnabas.java", _replace_as_java)
