r"""Characters in a regular expression: literals, escapes such as ``\x41`` and ``\h``, properties, and classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from barnabas._java.char_names import (
    ASCII_CLASSES,
    cased,
    fold_partners,
    property_set,
    simple_lower,
    simple_upper,
)
from barnabas._java.char_set import LAST, CharSet
from barnabas._java.regex_text import Flags, PatternText
from barnabas.errors import ConfigError

__all__ = ["MAX_DEPTH", "CharReader", "unsupported"]

MAX_DEPTH: Final = 40
"""How deep groups, or brackets, may stand in each other."""

_HEX: Final = frozenset(map(ord, "0123456789abcdefABCDEF"))
_OCTAL: Final = frozenset(map(ord, "01234567"))
_WORD: Final = ASCII_CLASSES["Alnum"] | CharSet.of("_")
_HORIZONTAL: Final = CharSet.of(" \t\xa0\u1680\u180e\u202f\u205f\u3000") | CharSet([(0x2000, 0x200A)])
_VERTICAL: Final = CharSet([(0x0A, 0x0D)]) | CharSet.of("\x85\u2028\u2029")
_SETS: Final = {
    "d": ASCII_CLASSES["Digit"],
    "h": _HORIZONTAL,
    "s": ASCII_CLASSES["Space"],
    "v": _VERTICAL,
    "w": _WORD,
}
_SINGLE: Final = {"a": 7, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_OUTSIDE_LATIN_BITS: Final = frozenset(map(ord, "\xff\xb5IiSsKk\xc5\xe5"))
"""Letters below 256 whose other case lies above it, or of whose case several characters share."""

Thunk = Callable[[], CharSet]


def unsupported(what: str, pattern: str, remedy: str = "Write it in other words.") -> ConfigError:
    """The refusal of what Java would take."""
    return ConfigError(
        f"{what} in the Java regular expression {pattern} is not supported here.", code="BRN-1065", remedy=remedy
    )


class _Read:
    """What was read of a class. Letters of Latin-1 are collected apart, as in Java, where that can be seen.

    Attributes:
        found: The rest, as far as it was read.
        latin: Those letters, which also count left of an ``&&`` that came before them.
        has_latin: Whether there were any since the last ``&&``.
    """

    def __init__(self) -> None:
        self.found: Thunk | None = None
        self.latin: list[tuple[int, int]] = []
        self.has_latin = False

    @property
    def empty(self) -> bool:
        return self.found is None and not self.has_latin

    def add(self, member: Thunk) -> None:
        self.found = _union(self.found, member)

    def settle(self) -> None:
        self.add(lambda: CharSet(self.latin))
        self.has_latin = False

    def all(self) -> Thunk:
        if self.has_latin:
            self.settle()
        assert self.found is not None, "a class is not over before it has an entry"
        return self.found


class CharReader:
    """Reads what matches one character, and says which.

    Args:
        text: The pattern, the cursor moved along.
    """

    def __init__(self, text: PatternText) -> None:
        self._text = text
        self._depth = 0

    # ------------------------------------------------------------------ single characters
    def single(self, code: int) -> CharSet:
        """A literal character under the flags in force."""
        flags = self._text.flags
        if not flags & Flags.CASE_INSENSITIVE:
            return CharSet.one(code)
        if flags & Flags.UNICODE_CASE:
            upper = simple_upper(code)
            if upper != simple_lower(upper):
                return CharSet((each, each) for each in fold_partners(code) if self._same_fold(each, code))
            return CharSet.one(code)
        char = chr(code)
        return CharSet.of(char.lower() + char.upper()) if char.isascii() else CharSet.one(code)

    @staticmethod
    def _same_fold(one: int, other: int) -> bool:
        fold = simple_lower(simple_upper(other))
        return one == fold or simple_lower(simple_upper(one)) == fold

    def escape(self, *, in_class: bool, is_range: bool = False) -> int | CharSet:
        """What an escape means, the cursor at its backslash: one character, or a set of them.

        Raises:
            ConfigError: It is none that means characters there.
        """
        text = self._text
        code = text.skip()
        char = chr(code)
        if char.lower() in _SETS and not (char == "v" and is_range):
            found = _SETS[char.lower()]
            return found if char.islower() else ~found
        if char in _SINGLE:
            return _SINGLE[char]
        if char in _NUMERIC:
            return _NUMERIC[char](self)
        if char == "N":
            raise unsupported("\\N{…}", text.pattern, "Write the character itself, or its number as \\x{…}.")
        if char.isascii() and char.isalnum() and (in_class or char not in "123456789"):
            raise text.error("Illegal/unsupported escape sequence")
        return code

    def _control(self) -> int:
        text = self._text
        if text.cursor >= text.size:
            raise text.error("Illegal control escape sequence")
        return text.read() ^ 64

    def _octal(self) -> int:
        text = self._text
        first = text.read()
        if first not in _OCTAL:
            raise text.error("Illegal octal escape sequence")
        value, digits = first - 48, 1
        limit = 3 if first <= ord("3") else 2
        while digits < limit:
            code = text.read()
            if code not in _OCTAL:
                text.unread()
                break
            value, digits = value * 8 + code - 48, digits + 1
        return value

    def _hexadecimal(self) -> int:
        text = self._text
        first = text.read()
        if first in _HEX:
            second = text.read()
            if second in _HEX:
                return int(chr(first) + chr(second), 16)
        elif first == ord("{") and text.peek() in _HEX:
            value = 0
            while (code := text.read()) in _HEX:
                value = value * 16 + int(chr(code), 16)
                if value > LAST:
                    raise text.error("Hexadecimal codepoint is too big")
            if code != ord("}"):
                raise text.error("Unclosed hexadecimal escape sequence")
            return value
        raise text.error("Illegal hexadecimal escape sequence")

    def _unicode(self) -> int:
        text = self._text
        value = self._four()
        if 0xD800 <= value < 0xDC00:  # noqa: PLR2004  the first half of a pair
            cursor = text.cursor
            if text.read() == ord("\\") and text.read() == ord("u"):
                low = self._four()
                if 0xDC00 <= low < 0xE000:  # noqa: PLR2004  the second
                    return 0x10000 + ((value - 0xD800) << 10) + low - 0xDC00
            text.cursor = cursor
        return value

    def _four(self) -> int:
        value = 0
        for _ in range(4):
            code = self._text.read()
            if code not in _HEX:
                raise self._text.error("Illegal Unicode escape sequence")
            value = value * 16 + int(chr(code), 16)
        return value

    def property(self) -> CharSet:
        r"""``\p{…}`` or ``\P{…}``, the cursor at the letter."""
        text = self._text
        negated = text.peek() == ord("P")
        braced = text.next() == ord("{")
        if not braced:
            name = chr(text.read())
        else:
            text.next()
            start = text.cursor
            end = start
            while text.codes[end] != ord("}") and end < text.size:
                end += 1
            text.cursor = end + 1
            if end >= text.size:
                raise text.error("Unclosed character family")
            if end == start:
                raise text.error("Empty character family")
            name = "".join(map(chr, text.codes[start:end]))
        found = property_set(name, ignore_case=bool(text.flags & Flags.CASE_INSENSITIVE))
        if found is None:
            raise unsupported(
                f"\\{'P' if negated else 'p'}{{{name}}}",
                text.pattern,
                "Use a general category such as \\p{L} or \\p{Lu}, a POSIX class such as \\p{Alpha}, or a range.",
            )
        return ~found if negated else found

    # ------------------------------------------------------------------ classes in brackets
    def bracket(self) -> CharSet:
        """A class, the cursor at its bracket."""
        return self._class(consume=True)()

    def _class(self, *, consume: bool) -> Thunk:
        """A class, to be asked when all of it was read: Java adds to what stands left of ``&&`` afterwards."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise unsupported("Brackets nested this deep", self._text.pattern)
        text, read = self._text, _Read()
        code = text.next()
        negated = code == ord("^") and text.codes[text.cursor - 1] == ord("[")
        if negated:
            code = text.next()
        while code != ord("]") or read.empty:
            self._entry(code, read)
            code = text.peek()
        if consume:
            text.next()
        self._depth -= 1
        result = read.all()
        return (lambda: ~result()) if negated else result

    def _entry(self, code: int, read: _Read) -> None:
        """One entry of a class, or an intersection with what follows."""
        text = self._text
        if code == ord("["):
            read.add(self._class(consume=True))
            return
        if code == ord("&"):
            if text.next() == ord("&"):
                self._intersect(read, self._right_side(text.next()))
                return
            text.unread()
        elif code == 0 and text.cursor >= text.size:
            raise text.error("Unclosed character class")
        member = self._member(read.latin)
        if member is None:
            read.has_latin = True
        else:
            read.add(_constant(member))

    def _intersect(self, read: _Read, right: Thunk | None) -> None:
        text = self._text
        if read.has_latin:
            read.settle()
        if right is None:
            if read.found is None:
                raise text.error("Bad class syntax")
            raise unsupported("&& with nothing after it", text.pattern)
        read.found = right if read.found is None else _intersection(read.found, right)

    def _right_side(self, code: int) -> Thunk | None:
        """What follows ``&&``."""
        text = self._text
        right: Thunk | None = None
        while code not in (ord("]"), ord("&")):
            if code != ord("["):
                text.unread()
            right = _union(right, self._class(consume=code == ord("[")))
            code = text.peek()
        return right

    def _member(self, latin: list[tuple[int, int]]) -> CharSet | None:
        """One entry of a class: a set; ``None`` when it is a character that was put into ``latin``."""
        text = self._text
        code = text.peek()
        if code == ord("\\"):
            code = text.next_raw()
            if code in (ord("p"), ord("P")):
                return self.property()
            is_range = text.ahead() == ord("-")
            text.unread()
            escaped = self.escape(in_class=True, is_range=is_range)
            if isinstance(escaped, CharSet):
                return escaped
            code = escaped
        else:
            text.next()
        if text.peek() == ord("-"):
            end = text.ahead()
            if end not in (ord("["), ord("]")):
                return self._range(code)
        return self._latin_or_single(latin, code)

    def _range(self, first: int) -> CharSet:
        text = self._text
        text.next()
        last: int | CharSet = text.peek()
        if last == ord("\\"):
            last = self.escape(in_class=True, is_range=True)
        else:
            text.next()
        if isinstance(last, CharSet) or last < first:
            raise text.error("Illegal character range")
        return self._any_case(first, last)

    def _any_case(self, first: int, last: int) -> CharSet:
        flags, plain = self._text.flags, CharSet([(first, last)])
        if not flags & Flags.CASE_INSENSITIVE:
            return plain
        if flags & Flags.UNICODE_CASE:
            return plain | CharSet(
                (code, code)
                for code in cased()
                if first <= (upper := simple_upper(code)) <= last or first <= simple_lower(upper) <= last
            )
        letters = plain & ASCII_CLASSES["Alpha"]
        swapped = [(low ^ 32, high ^ 32) for low, high in letters.ranges]
        return plain | CharSet(swapped)

    def _latin_or_single(self, latin: list[tuple[int, int]], code: int) -> CharSet | None:
        flags = self._text.flags
        unicode_case = bool(flags & Flags.CASE_INSENSITIVE and flags & Flags.UNICODE_CASE)
        if code > 0xFF or (unicode_case and code in _OUTSIDE_LATIN_BITS):  # noqa: PLR2004  the end of Latin-1
            return self.single(code)
        latin.append((code, code))
        if flags & Flags.CASE_INSENSITIVE and chr(code).isascii():
            latin += [(ord(char), ord(char)) for char in (chr(code).lower(), chr(code).upper())]
        elif unicode_case:
            latin += [(each, each) for each in (simple_lower(code), simple_upper(code))]
        return None


def _constant(found: CharSet) -> Thunk:
    return lambda: found


def _union(one: Thunk | None, other: Thunk) -> Thunk:
    return other if one is None else lambda: one() | other()


def _intersection(one: Thunk, other: Thunk) -> Thunk:
    return lambda: one() & other()


_NUMERIC: Final[dict[str, Callable[[CharReader], int]]] = {
    "0": CharReader._octal,  # noqa: SLF001  its own methods, by letter
    "c": CharReader._control,  # noqa: SLF001  as above
    "u": CharReader._unicode,  # noqa: SLF001  as above
    "x": CharReader._hexadecimal,  # noqa: SLF001  as above
}
