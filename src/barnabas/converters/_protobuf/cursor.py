"""A place in the words of a .proto file, and the small things that are read at it."""

from __future__ import annotations

from typing import NoReturn

from barnabas.converters._protobuf.lexer import Token, refuse, tokens_of, unquoted

__all__ = ["Cursor"]

_HEX_DIGITS = 16
_NOT_FINITE = frozenset({"inf", "nan"})
_OPENING = frozenset({"{", "<", "["})
_CLOSING = frozenset({"}", ">", "]"})
_TIGHT_BEFORE = frozenset({".", ":", ",", ";"})
_TIGHT_AFTER = frozenset({".", "-", "+"})


class Cursor:
    """Reads words one after the other; every method raises ``ProtoTextError`` where another word stands.

    Args:
        text: The file.
        name: Its name, for errors.
    """

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self._tokens = tokens_of(text, name)
        self._at = 0

    @property
    def token(self) -> Token:
        """The next word."""
        return self._tokens[self._at]

    def fail(self, reason: str, token: Token | None = None) -> NoReturn:
        """Raise the error about a word, the next one by default."""
        refuse(self.text, self.name, (token or self.token).at, reason)

    def expected(self, what: str) -> NoReturn:
        """Raise the error that something else should stand here."""
        self.fail(
            f"expected {what}, found {self.token.text!r}" if self.token.text else f"expected {what}, found the end"
        )

    def next(self) -> Token:
        """Read whatever word comes; the end is never passed."""
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def peek(self, text: str, ahead: int = 0) -> bool:
        """Whether a symbol or keyword comes."""
        at = min(self._at + ahead, len(self._tokens) - 1)
        token = self._tokens[at]
        return token.text == text and token.kind != "string"

    def dotted(self) -> bool:
        """Whether the next word goes on with a dot: ``map.X`` is one name, ``repeated .X`` are two words."""
        end = self.token.at + len(self.token.text)
        return self.text[end : end + 1] == "."

    def take(self, *texts: str) -> str | None:
        """Read a symbol or keyword if it is one of these."""
        if self.token.text in texts and self.token.kind != "string":
            return self.next().text
        return None

    def need(self, text: str) -> None:
        """Read this symbol or keyword."""
        if self.take(text) is None:
            self.expected(repr(text))

    def ident(self, what: str = "a name") -> str:
        """Read a plain name."""
        if self.token.kind != "ident":
            self.expected(what)
        return self.next().text

    def full_ident(self, what: str = "a name") -> str:
        """Read a name that may have dots, also a leading one."""
        parts = ["."] if self.take(".") else []
        parts.append(self.ident(what))
        while self.take("."):
            parts += [".", self.ident(what)]
        return "".join(parts)

    def integer(self, what: str = "a number") -> int:
        """Read a whole number, with a sign or without."""
        negative = self.take("-") is not None
        if self.token.kind != "int":
            self.expected(what)
        number = whole(self.next().text)
        return -number if negative else number

    def string(self, what: str = "a quoted text") -> str:
        """Read a quoted text, in several pieces perhaps, that is UTF-8."""
        token = self.token
        try:
            return self.octets(what).decode()
        except UnicodeDecodeError:
            self.fail("not UTF-8", token)

    def octets(self, what: str = "a quoted text") -> bytes:
        """Read a quoted text, in several pieces perhaps, of any bytes."""
        if self.token.kind != "string":
            self.expected(what)
        pieces: list[bytes] = []
        while self.token.kind == "string":
            try:
                pieces.append(unquoted(self.token.text))
            except (ValueError, UnicodeEncodeError) as error:
                self.fail(str(error))
            self.next()
        return b"".join(pieces)

    def number_or_name(self) -> int | float | str:
        """Read a number with or without a sign, ``inf`` and ``nan`` included, or a name."""
        sign = self.take("-", "+")
        token = self.token
        if token.kind == "ident":
            if sign and token.text not in _NOT_FINITE:
                self.expected("a number")
            self.next()
            return -float(token.text) if sign == "-" else token.text
        if token.kind not in ("int", "float"):
            self.expected("a value")
        self.next()
        number = whole(token.text) if token.kind == "int" else float(token.text)
        return -number if sign == "-" else number

    def aggregate(self) -> str:
        """Read a value in braces, as its words with single spaces between them, without the outer braces."""
        start = self.token
        self.need("{")
        words: list[str] = []
        depth = 1
        while depth:
            token = self.next()
            if token.kind == "end":
                self.fail("this brace is never closed", start)
            if token.kind == "symbol":
                depth += (token.text in _OPENING) - (token.text in _CLOSING)
            words.append(token.text)
        return _joined(words[:-1])


def whole(text: str) -> int:
    """A whole number as .proto files write it: decimal, hexadecimal or octal."""
    if text[:2] in ("0x", "0X"):
        return int(text, _HEX_DIGITS)
    if len(text) > 1 and text[0] == "0":
        try:
            return int(text, 8)
        except ValueError:
            return int(text)  # 08 is none in C; nobody means anything else by it
    return int(text)


def _joined(words: list[str]) -> str:
    """Words with spaces where they are needed, so that a sign stays with its number and a dot in its name."""
    pieces: list[str] = []
    for index, word in enumerate(words):
        glued = not index or word in _TIGHT_BEFORE or words[index - 1] in _TIGHT_AFTER
        pieces += [word] if glued else [" ", word]
    return "".join(pieces)
