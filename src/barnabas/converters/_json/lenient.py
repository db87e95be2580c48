"""A slow JSON parser that reads exactly what the JVM's converter reads.

The fast parser handles nearly everything; what it refuses, or would read differently, comes here: leading zeros, text
after the value (ignored), UTF-16 and UTF-32, single surrogates, numbers beyond 64 bits. Fractions become
:class:`decimal.Decimal`, because some schemas want their exact digits.
"""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, InvalidOperation, Overflow
from typing import Any, Final

__all__ = ["MISSING", "JsonError", "parse"]


class JsonError(ValueError):
    """The bytes are no JSON; says what is wrong and where."""


class _Missing:
    """There is no value at all, not even null: the input was empty."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"(-?[0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f\udc80-\udcff]*')
_PAIR: Final = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_UNICODE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final = {"true": True, "false": False, "null": None}
_MAX_DEPTH: Final = 1000  # the JVM's limits
_MAX_NUMBER: Final = 1000
_EXACT: Final = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation, Overflow])


def parse(data: bytes, *, whole: bool = False) -> Any:
    """The first value in ``data``; :data:`MISSING` if there is none.

    Args:
        data: The text.
        whole: Refuse text behind the value, and nothing at all, which the JVM does not mind.

    Raises:
        JsonError: it is no JSON.
    """
    try:
        return _Parser(_decode(data)).document(whole=whole)
    except RecursionError:
        raise JsonError("nested too deeply") from None


def _decode(data: bytes) -> str:
    head = data[:4]
    if len(head) == 4:  # noqa: PLR2004 - bytes of a UTF-32 character; the JVM looks for no mark in less
        for mark, encoding in _MARKS:
            if data.startswith(mark):
                return _strict(data[len(mark) :], encoding)
        if head[:3] == b"\0\0\0":
            return _strict(data, "utf-32-be")
        if head[1:] == b"\0\0\0":
            return _strict(data, "utf-32-le")
    if len(head) > 1 and head[0] == 0:
        return _strict(data, "utf-16-be")
    if len(head) > 1 and head[1] == 0:
        return _strict(data, "utf-16-le")
    # Bytes that are no UTF-8 stay visible as surrogates: they matter only if the parser gets there.
    return data.decode("utf-8", "surrogateescape")


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise JsonError(f"invalid {encoding} at byte {error.start}") from None


_MARKS: Final = (
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xef\xbb\xbf", "utf-8"),
)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def document(self, *, whole: bool) -> Any:
        if self._next() == "":
            if whole:
                raise JsonError("the input is empty")
            return MISSING
        value = self._value()
        if (
            isinstance(value, int | Decimal)
            and not isinstance(value, bool)
            and self._peek() not in ("", " ", "\t", "\r", "\n")
        ):
            raise self._error("a number is followed by something else")
        if whole and self._next() != "":
            raise self._error("more text follows the value")
        return value

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        """The next character that is not blank, without taking it."""
        self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr] # matches nothing, too
        return self._peek()

    def _error(self, what: str) -> JsonError:
        return JsonError(f"{what} at character {self._at}")

    def _value(self) -> Any:
        first = self._next()
        if first == "{":
            return self._nested(self._object)
        if first == "[":
            return self._nested(self._array)
        if first == '"':
            return self._string()
        if first == "-" or "0" <= first <= "9":
            return self._number()
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                if self._peek().isidentifier():
                    break
                return value
        raise self._error("the input ends" if first == "" else f"{first!r} starts no value")

    def _nested(self, read: Any) -> Any:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error("nested too deeply")
        self._at += 1
        value = read()
        self._at += 1
        self._depth -= 1
        return value

    def _object(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if self._next() == "}":
            return members
        while True:
            if self._next() != '"':
                raise self._error("a member's name in quotes is missing")
            name = self._string()
            if self._next() != ":":
                raise self._error("a colon is missing")
            self._at += 1
            members[name] = self._value()
            if self._more("}"):
                continue
            return members

    def _array(self) -> list[Any]:
        items: list[Any] = []
        if self._next() == "]":
            return items
        while True:
            items.append(self._value())
            if self._more("]"):
                continue
            return items

    def _more(self, end: str) -> bool:
        found = self._next()
        if found == end:
            return False
        if found != ",":
            raise self._error(f"a comma or {end!r} is missing")
        self._at += 1
        return True

    def _number(self) -> int | Decimal:
        match = _NUMBER.match(self._text, self._at)
        if match is None:
            raise self._error("a digit is missing")
        self._at = match.end()
        if self._peek() in (".", "e", "E"):
            raise self._error("a digit is missing")
        whole, fraction, exponent = match.groups()
        if len(match[0]) > _MAX_NUMBER and sum(c.isdigit() for c in match[0]) > _MAX_NUMBER:
            raise self._error(f"a number has more than {_MAX_NUMBER} digits")
        if fraction is None and exponent is None:
            return int(whole)
        try:
            number = _EXACT.create_decimal(match[0])
        except (InvalidOperation, Overflow):
            raise self._error("the exponent is too large") from None
        return number or number.copy_abs()  # the JVM's decimals have no negative zero

    def _string(self) -> str:
        self._at += 1
        parts: list[str] = []
        while True:
            match = _PLAIN.match(self._text, self._at)
            parts.append(match[0])  # type: ignore[index] # matches nothing, too
            self._at = match.end()  # type: ignore[union-attr] # as above
            found = self._peek()
            if found == '"':
                self._at += 1
                return "".join(parts)
            if found != "\\":
                raise self._error("a string does not end" if found == "" else f"{found!a} is not allowed in a string")
            parts.append(self._escape())

    def _escape(self) -> str:
        pair = _PAIR.match(self._text, self._at)
        if pair is not None:
            self._at = pair.end()
            return chr(0x10000 + ((int(pair[1], 16) - 0xD800) << 10) + int(pair[2], 16) - 0xDC00)
        single = _UNICODE.match(self._text, self._at)
        if single is not None:
            self._at = single.end()
            return chr(int(single[1], 16))
        found = _ESCAPES.get(self._text[self._at + 1 : self._at + 2])
        if found is None:
            raise self._error("an unknown escape")
        self._at += 2
        return found
