"""Java's regular expressions, on Python's engine: what is accepted means what it means in Java.

Patterns come from configurations that were written for the JVM. Each is translated (sets of characters spelled out,
Java's ends of lines, its flags), or refused with an error that names the construct: never silently another meaning.
Like Java's own engine this one backtracks: a pattern such as ``(a+)+b`` takes a time that doubles with every letter of
a name that does not match.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from barnabas._java.regex_classes import unsupported
from barnabas._java.regex_parser import Translation, translate
from barnabas._java.regex_text import Flags
from barnabas.errors import ConfigError, DataError, IllegalArgumentError

__all__ = ["Flags", "JavaPattern", "NoGroupError", "compile_java"]


class NoGroupError(DataError):
    """A replacement names a group by a number that the pattern does not have."""

    code = "BRN-2181"
    java_class = "java.lang.IndexOutOfBoundsException"


def compile_java(pattern: str, flags: Flags | int = 0, *, key: str | None = None) -> JavaPattern:
    """Compile a pattern of Java's ``java.util.regex.Pattern``, as of Java 17.

    Args:
        pattern: The pattern.
        flags: Java's, by their numbers there; ``CANON_EQ`` and ``UNICODE_CHARACTER_CLASS`` are not supported.
        key: The setting it comes from, for errors.

    Raises:
        ConfigError: Java refuses it (the text is Java's), or it cannot be expressed here (``BRN-1065``).
    """
    try:
        return _compile(pattern, flags)
    except ConfigError as error:
        error.key = key
        raise


def _compile(pattern: str, flags: Flags | int) -> JavaPattern:
    known = Flags(0)
    for flag in Flags:
        known |= flag
    if int(flags) & ~int(known):
        raise unsupported(f"The flags {int(flags)}", pattern, "Leave them out.")
    flags = Flags(flags)
    try:
        if flags & Flags.LITERAL:
            quoted = "".join("\\" + char if char.isascii() and not char.isalnum() else char for char in pattern)
            translation = translate(quoted, flags & (Flags.CASE_INSENSITIVE | Flags.UNICODE_CASE))
        else:
            translation = translate(pattern, flags)
        return JavaPattern(pattern, translation, re.compile(translation.source))
    except (re.error, RecursionError, OverflowError, MemoryError) as error:
        what = "A look-behind of variable width" if "look-behind" in str(error) else "Something (" + str(error) + ")"
        raise unsupported(what, pattern) from error


class JavaPattern:
    """A compiled pattern; made by :func:`compile_java`, safe to share between threads."""

    def __init__(self, pattern: str, translation: Translation, compiled: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.groups = translation.groups
        self._names = translation.names
        self._word_bounds = translation.word_bounds
        self._vague = translation.vague
        self._compiled = compiled

    def __repr__(self) -> str:
        return f"compile_java({self.pattern!r})"

    def matches(self, text: str) -> bool:
        """Whether the whole text matches: Java's ``Matcher.matches``."""
        self._check_marks(text)
        return self._compiled.fullmatch(text) is not None

    def search(self, text: str) -> re.Match[str] | None:
        """The first match anywhere: Java's ``Matcher.find``; groups have Java's numbers."""
        self._check_marks(text)
        return self._compiled.search(text)

    def replace_first(self, text: str, replacement: str) -> str:
        r"""Java's ``Matcher.replaceFirst``: ``$1`` and ``${name}`` stand for groups, ``\`` for what follows it.

        Raises:
            IllegalArgumentError: The replacement is malformed, in Java's words.
            NoGroupError: There is no group of that number.
            ConfigError: It names a group whose content Java leaves to chance (``BRN-1065``).
        """
        match = self.search(text)
        if match is None:
            return text
        parts = [part if isinstance(part, str) else match[part] or "" for part in self._parts(replacement)]
        return f"{text[: match.start()]}{''.join(parts)}{text[match.end() :]}"

    def check_replacement(self, replacement: str) -> None:
        """Raise what :meth:`replace_first` would raise for any text that matches."""
        self._parts(replacement)

    def _parts(self, replacement: str) -> list[str | int]:
        """A replacement in pieces: texts, and numbers of groups."""
        parts: list[str | int] = []
        at = 0
        while at < len(replacement):
            char = replacement[at]
            at += 1
            if char == "\\":
                if at == len(replacement):
                    _refuse("character to be escaped is missing")
                parts.append(replacement[at])
                at += 1
            elif char == "$":
                if at == len(replacement):
                    _refuse("Illegal group reference: group index is missing")
                number, at = self._named(replacement, at) if replacement[at] == "{" else self._numbered(replacement, at)
                if number in self._vague:
                    raise unsupported(f"${number}, a group in a look-around or atomic group,", self.pattern)
                parts.append(number)
            else:
                parts.append(char)
        return parts

    def _named(self, replacement: str, at: int) -> tuple[int, int]:
        end = at + 1
        while end < len(replacement) and replacement[end].isascii() and replacement[end].isalnum():
            end += 1
        name = replacement[at + 1 : end]
        if not name or replacement[end : end + 1] != "}":
            _refuse("named capturing group is missing trailing '}'")
        if name[0].isdigit():
            _refuse(f"capturing group name {{{name}}} starts with digit character")
        if name not in self._names:
            _refuse(f"No group with name {{{name}}}")
        return self._names[name], end + 1

    def _numbered(self, replacement: str, at: int) -> tuple[int, int]:
        if replacement[at] not in "0123456789":
            _refuse("Illegal group reference")
        number = int(replacement[at])
        at += 1
        while at < len(replacement) and replacement[at] in "0123456789":
            longer = number * 10 + int(replacement[at])
            if longer > self.groups:
                break
            number, at = longer, at + 1
        if number > self.groups:
            raise NoGroupError(f"No group {number}", remedy=f"The expression has {self.groups} groups.")
        return number, at

    def _check_marks(self, text: str) -> None:
        """Java counts an accent as part of the word that it follows, which cannot be expressed: refuse such a text."""
        if self._word_bounds and not text.isascii() and any(unicodedata.category(char) == "Mn" for char in text):
            raise IllegalArgumentError(
                f"{text!r} has combining marks, beside which \\b and \\B of {self.pattern} cannot be decided.",
                code="BRN-2181",
                remedy="Write the expression without \\b and \\B.",
            )


def _refuse(message: str) -> NoReturn:
    raise IllegalArgumentError(
        message, code="BRN-2181", remedy="Correct the replacement; a literal $ or \\ has a backslash before it."
    )
