"""The words of a .proto file."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NoReturn

from barnabas.errors import DataError

__all__ = ["MALFORMED", "ProtoTextError", "Token", "tokens_of", "unquoted"]

MALFORMED: Final = "BRN-1440"  # a .proto text that is none

_TOKEN: Final = re.compile(
    r"""(?P<space>(?:[ \t\r\n\f\v]+|//[^\n]*|/\*.*?\*/)+)
      | (?P<float>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
      | (?P<int>0[xX][0-9a-fA-F]+|\d+)
      | (?P<ident>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<symbol>[{}()\[\]<>;,=.:+\-/])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(
    rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)
_SIMPLE: Final = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
}  # fmt: skip
_SHOWN: Final = 20
_SURROGATES: Final = range(0xD800, 0xE000)
_UNICODE_END: Final = 0x110000


class ProtoTextError(DataError):
    """A text is no .proto file; says where."""

    code = MALFORMED


class Token(NamedTuple):
    """A word: what kind (``int``, ``float``, ``ident``, ``string``, ``symbol`` or ``end``), its text, and its place."""

    kind: str
    text: str
    at: int


def tokens_of(text: str, name: str) -> list[Token]:
    """All words of a file, the last one of kind ``end``.

    Args:
        text: The file.
        name: Its name, for errors.

    Raises:
        ProtoTextError: a character that begins no word.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            refuse(text, name, at, f"unexpected {text[at : at + _SHOWN]!r}")
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(Token(kind, match[0], at))
        at = match.end()
    found.append(Token("end", "", at))
    return found


def refuse(text: str, name: str, at: int, reason: str) -> NoReturn:
    """Raise the error about a place in a file."""
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    raise ProtoTextError(
        f"Protobuf schema {name} cannot be read: line {line}, column {column}: {reason}.",
        remedy="Correct the schema in the registry.",
    )


def unquoted(literal: str) -> bytes:
    """The bytes that a quoted text means.

    Raises:
        ValueError: an escape that is none.
    """
    return _ESCAPE.sub(_unescaped, literal[1:-1].encode("utf-8", "surrogatepass"))


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, short, long, simple = match.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if short is not None or long is not None:
        number = int(short or long, 16)
        if number in _SURROGATES or number >= _UNICODE_END:
            raise ValueError(f"U+{number:X} is no character")
        return chr(number).encode()
    if simple in b"\\'\"?":
        return bytes(simple)
    if simple not in _SIMPLE:
        raise ValueError(f"\\{simple.decode('utf-8', 'replace')} is no escape")
    return _SIMPLE[simple]
