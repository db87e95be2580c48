"""From a Java regular expression to a Python one with the same meaning, or to a refusal.

The parser walks as Java's does, so that what it finds wrong has Java's words and position. Everything that flags change
is spelled out in the result (sets of characters, the ends of lines), which therefore needs no flags.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from barnabas._java.char_names import category
from barnabas._java.char_set import CharSet
from barnabas._java.regex_classes import MAX_DEPTH, CharReader, unsupported
from barnabas._java.regex_text import Flags, PatternText

__all__ = ["Translation", "translate"]

_MAX_REPEAT: Final = 2**31 - 1
_QUANTIFIERS: Final = frozenset(map(ord, "*+?"))
_DIGITS: Final = frozenset(map(ord, "0123456789"))
_FLAG_LETTERS: Final = {
    "i": Flags.CASE_INSENSITIVE,
    "m": Flags.MULTILINE,
    "s": Flags.DOTALL,
    "d": Flags.UNIX_LINES,
    "u": Flags.UNICODE_CASE,
    "x": Flags.COMMENTS,
}
_REFUSED_FLAGS: Final = {"c": "canonical equivalence", "U": "Unicode character classes"}
_NEWLINES: Final = CharSet.of("\n\r\x85\u2028\u2029")
_DOT: Final = (~_NEWLINES).pattern()
_UNIX_DOT: Final = (~CharSet.of("\n")).pattern()
_SINGLE_ENDS: Final = "\\r\\x85\\u2028\\u2029"
_LINE_BREAK: Final = "(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])"
_START_OF_LINE: Final = f"(?:(?!\\Z)(?:\\A|(?<=[\\n{_SINGLE_ENDS[2:]}])|(?<=\\r)(?!\\n)))"
_END_OF_LINE: Final = f"(?:(?<!\\r)(?=\\n)|(?=[{_SINGLE_ENDS}])|\\Z)"
_END_OF_TEXT: Final = f"(?:(?=\\r\\n\\Z)|(?=[{_SINGLE_ENDS}]\\Z)|(?<!\\r)(?=\\n\\Z)|\\Z)"
_START_OF_UNIX_LINE: Final = "(?:(?!\\Z)(?:\\A|(?<=\\n)))"
_END_OF_UNIX_LINE: Final = "(?:(?=\\n)|\\Z)"
_END_OF_UNIX_TEXT: Final = "(?:(?=\\n\\Z)|\\Z)"
_FIXED: Final = {"A": "\\A", "G": "\\A", "z": "\\Z", "R": _LINE_BREAK}
"""``\\G`` is where the last match ended, which is where the text begins: only first matches are looked for."""
_MAX_REFERENCE: Final = 99


class Translation(NamedTuple):
    """What came out.

    Args:
        source: The Python regular expression.
        groups: How many capturing groups there are; they have Java's numbers.
        names: Numbers of the named ones.
        word_bounds: Whether it looks at the bounds of words.
        vague: Groups whose content afterwards may be an accident of Java's engine, which does not forget what it saw in
            a look-around, or in what it does not go back into, when it goes another way.
    """

    source: str
    groups: int
    names: dict[str, int]
    word_bounds: bool
    vague: frozenset[int] = frozenset()


def translate(pattern: str, flags: Flags) -> Translation:
    """Translate a whole pattern.

    Raises:
        ConfigError: Java refuses it, or it uses what Python cannot express.
    """
    return _Parser(pattern, flags).run()


class _Parser:
    def __init__(self, pattern: str, flags: Flags) -> None:
        self._text = PatternText(pattern, flags)
        self._chars = CharReader(self._text)
        self._groups = 0
        self._open: set[int] = set()
        self._forward: set[int] = set()
        self._negative: set[int] = set()
        self._kept: set[int] = set()
        self._optional: set[int] = set()
        self._looped: set[int] = set()
        self._referred: set[int] = set()
        self._names: dict[str, int] = {}
        self._word_bounds = False
        self._references = 0
        self._depth = 0

    def run(self) -> Translation:
        text = self._text
        source = "|".join(self._alternatives())
        if text.cursor != text.size:
            raise text.error("Unmatched closing ')'" if text.peek() == ord(")") else "Unexpected internal error")
        if any(number <= self._groups for number in self._forward):
            raise unsupported("A reference to a group that comes later", text.pattern)
        vague = frozenset(self._negative | (self._kept & self._optional))
        if vague & self._referred:
            raise unsupported("A reference to a group in a look-around or an atomic group", text.pattern)
        return Translation(source, self._groups, self._names, self._word_bounds, vague)

    # ------------------------------------------------------------------ structure
    def _alternatives(self) -> list[str]:
        groups = self._groups
        found = [self._sequence()]
        while self._text.peek() == ord("|"):
            self._text.next()
            found.append(self._sequence())
        if len(found) > 1:
            self._optional.update(self._since(groups))
        return found

    def _since(self, groups: int) -> range:
        """The groups after the first ``groups``."""
        return range(groups + 1, self._groups + 1)

    def _sequence(self) -> str:
        text, out = self._text, []
        while True:
            code = text.peek()
            char = chr(code)
            if char == "(":
                out.append(self._group())
                continue
            if char in "|)":
                break
            if code in _QUANTIFIERS:
                text.next()
                raise text.error(f"Dangling meta character '{char}'")
            if code == 0 and text.cursor >= text.size:
                break
            out.append(self._repeated(self._atom(char), self._groups))
        return "".join(out)

    def _atom(self, char: str) -> str:
        text = self._text
        if char == "[":
            return self._chars.bracket().pattern()
        if char == "\\":
            return self._escape()
        if char == "{":
            return ""  # Java repeats the emptiness before it
        text.next()
        return self._by_flags(char) if char in "^$." else self._chars.single(ord(char)).pattern()

    def _by_flags(self, char: str) -> str:
        """What depends on what ends a line."""
        flags = self._text.flags
        unix = bool(flags & Flags.UNIX_LINES)
        if char == ".":
            return "(?s:.)" if flags & Flags.DOTALL else _UNIX_DOT if unix else _DOT
        if not flags & Flags.MULTILINE:
            return "\\A" if char == "^" else _END_OF_UNIX_TEXT if unix else _END_OF_TEXT
        if char == "^":
            return _START_OF_UNIX_LINE if unix else _START_OF_LINE
        return _END_OF_UNIX_LINE if unix else _END_OF_LINE

    def _escape(self) -> str:
        text, chars = self._text, self._chars
        char = chr(text.next_raw())
        if char in "pP":
            return chars.property().pattern()
        text.unread()
        if text.cursor + 1 >= text.size:
            text.skip()
            raise text.error("Unexpected internal error")
        if char in "AGzZbBRXk123456789":
            text.skip()
            return self._assertion_or_reference(char)
        found = chars.escape(in_class=False)
        return (found if isinstance(found, CharSet) else chars.single(found)).pattern()

    def _assertion_or_reference(self, char: str) -> str:
        if char in _FIXED:
            return _FIXED[char]
        if char == "Z":
            return _END_OF_UNIX_TEXT if self._text.flags & Flags.UNIX_LINES else _END_OF_TEXT
        if char in "bB":
            return self._word_bound(negated=char == "B")
        if char == "X":
            raise unsupported("\\X", self._text.pattern, "Match single characters, with a dot.")
        return self._named_reference() if char == "k" else self._reference(int(char))

    def _word_bound(self, *, negated: bool) -> str:
        if self._text.peek() == ord("{"):
            raise unsupported("\\b{…}", self._text.pattern, "Write \\b.")
        self._word_bounds = True
        word = (category("Lu", "Ll", "Lt", "Lm", "Lo", "Nd") | CharSet.of("_")).pattern()
        same, other = f"(?<={word})(?={word})|(?<!{word})(?!{word})", f"(?<={word})(?!{word})|(?<!{word})(?={word})"
        return f"(?:{same if negated else other})"

    # ------------------------------------------------------------------ references
    def _reference(self, number: int) -> str:
        text = self._text
        while text.peek() in _DIGITS and number * 10 + text.peek() - 48 <= self._groups:
            number = number * 10 + text.read() - 48
        return self._reference_to(number)

    def _named_reference(self) -> str:
        text = self._text
        if text.read() != ord("<"):
            raise text.error("\\k is not followed by '<' for named capturing group")
        name = self._name(text.read())
        if name not in self._names:
            raise text.error(f"named capturing group <{name}> does not exist")
        return self._reference_to(self._names[name])

    def _reference_to(self, number: int) -> str:
        text = self._text
        self._references += 1
        if number in self._open:
            raise unsupported("A reference to a group from inside it", text.pattern)
        self._referred.add(number)
        if number in self._looped:
            raise unsupported("A reference to a group in something repeated", text.pattern)
        if number > self._groups:
            self._forward.add(number)
            return "(?!)"  # there is no such group: it never matches
        if number > _MAX_REFERENCE:
            raise unsupported("A reference to a group beyond the 99th", text.pattern)
        if not text.flags & Flags.CASE_INSENSITIVE:
            return f"(?:\\{number})"
        if text.flags & Flags.UNICODE_CASE:
            raise unsupported("A reference that ignores the case of all letters", text.pattern, "Leave out the flag u.")
        return f"(?ai:\\{number})"

    def _name(self, code: int) -> str:
        text, name = self._text, ""
        if not (chr(code).isascii() and chr(code).isalpha()):
            raise text.error("capturing group name does not start with a Latin letter")
        while chr(code).isascii() and chr(code).isalnum():
            name += chr(code)
            code = text.read()
        if code != ord(">"):
            raise text.error("named capturing group is missing trailing '>'")
        return name

    # ------------------------------------------------------------------ groups
    def _group(self) -> str:
        text = self._text
        saved, groups = text.flags, self._groups
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise unsupported("Groups nested this deep", text.pattern)
        if text.next() == ord("?"):
            opened = self._special(text.skip())
            if opened is None:  # flags for the rest of the group that this stands in
                self._depth -= 1
                return ""
        else:
            opened = self._capture()
        text.flags = saved
        self._depth -= 1
        return self._repeated(opened, groups)

    def _capture(self) -> str:
        self._groups += 1
        number = self._groups
        self._open.add(number)
        body = "|".join(self._alternatives())
        self._close()
        self._open.discard(number)
        return f"({body})"

    def _close(self) -> None:
        if self._text.read() != ord(")"):
            raise self._text.error("Unclosed group")

    def _special(self, code: int) -> str | None:
        """A group of the form ``(?…)``, read from after that character; ``None`` for flags alone."""
        text, char = self._text, chr(code)
        if char in ":=!>":
            groups, references = self._groups, self._references
            body = "|".join(self._alternatives())
            self._close()
            if char in "=!":  # it has no width
                self._references = references
            if char != ":":
                self._guard(groups, negative=char == "!")
            return f"(?{char}{body})"
        if char == "<":
            code = text.read()
            if chr(code) in "=!":
                return self._look_behind(chr(code))
            name = self._name(code)
            if name in self._names:
                raise text.error(f"Named capturing group <{name}> is already defined")
            self._names[name] = self._groups + 1
            return self._capture()
        if char in "$@":
            raise text.error("Unknown group type")
        text.unread()
        self._read_flags()
        code = text.read()
        if code == ord(")"):
            return None
        if code != ord(":"):
            raise text.error("Unknown inline modifier")
        body = "|".join(self._alternatives())
        self._close()
        return f"(?:{body})"

    def _look_behind(self, char: str) -> str:
        """Python wants a width that is known; that of each alternative may be another."""
        before, references = self._groups, self._references
        alternatives = self._alternatives()
        if self._references > references:
            raise self._text.error("Look-behind group does not have an obvious maximum length")
        self._close()
        self._guard(before, negative=char == "!")
        if len(alternatives) == 1:
            return f"(?<{char}{alternatives[0]})"
        if self._groups > before:
            raise unsupported("A capturing group in a look-behind with alternatives", self._text.pattern)
        parts = [f"(?<{char}{alternative})" for alternative in alternatives]
        return f"(?:{'|'.join(parts)})" if char == "=" else "".join(["(?:", *parts, ")"])

    def _guard(self, groups: int, *, negative: bool) -> None:
        """Remember the groups of a look-around or atomic group."""
        (self._negative if negative else self._kept).update(self._since(groups))

    def _read_flags(self) -> None:
        text, on = self._text, True
        char = chr(text.peek())
        while True:
            if char == "-" and on:
                on = False
            elif char in _REFUSED_FLAGS:
                raise unsupported(f"The flag {char} ({_REFUSED_FLAGS[char]})", text.pattern, "Leave it out.")
            elif char in _FLAG_LETTERS:
                flag = _FLAG_LETTERS[char]
                text.flags = text.flags | flag if on else text.flags & ~flag
            else:
                return
            char = chr(text.next())

    # ------------------------------------------------------------------ repetition
    def _repeated(self, atom: str, groups: int) -> str:
        """What was just read, with the quantifier that follows it, if any; ``groups`` were there before it."""
        text, inside = self._text, self._since(groups)
        char = chr(text.peek())
        if char in "*+?":
            text.next()
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        elif char == "{":
            low, high = self._counts()
        else:
            return atom
        kind = chr(text.peek())
        if kind in "?+":
            text.next()
        else:
            kind = ""
        if low == 0:
            self._optional.update(inside)
        if kind == "+":
            self._kept.update(inside)
        if high is None or high > 1:
            self._looped.update(inside)
        counts = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
        if counts is None:
            counts = f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"
        return f"(?:{atom}){counts}{kind}"

    def _counts(self) -> tuple[int, int | None]:
        text = self._text
        if text.ahead() not in _DIGITS:
            text.next_raw()
            text.cursor += 1
            raise text.error("Illegal repetition")
        text.cursor += 1
        low, code = self._count(text.read())
        high: int | None = low
        if code == ord(","):
            code = text.read()
            high = None
            if code != ord("}"):
                high, code = self._count(code)
        if code != ord("}"):
            raise text.error("Unclosed counted closure")
        if high is not None and high < low:
            raise text.error("Illegal repetition range")
        return low, high

    def _count(self, code: int) -> tuple[int, int]:
        """A number, and the character after it; no digit at all counts as nothing."""
        value = 0
        while code in _DIGITS:
            value = value * 10 + code - 48
            if value > _MAX_REPEAT:
                raise self._text.error("Illegal repetition range")
            code = self._text.read()
        return value, code
