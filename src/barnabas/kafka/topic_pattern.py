"""Java's ``topics.regex`` into the regular expressions that the library matches topics with (POSIX extended)."""

from __future__ import annotations

from typing import Final

from barnabas.errors import ConfigError

__all__ = ["posix_pattern"]

_KEY: Final = "topics.regex"
_CLASSES: Final = {"d": "0-9", "w": "[:alnum:]_", "s": "[:space:]"}
_PLAIN: Final = set(".^$*+?()[]{}|\\")


def posix_pattern(java: str) -> str:
    """The whole name has to match, as in Java; the result begins with ``^``, which is how the library knows a pattern.

    Raises:
        ConfigError: The pattern uses something that POSIX lacks (look-ahead, back references, flags): names it.
    """
    return f"^({_Translator(java).run()})$"


class _Translator:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._out: list[str] = []

    def run(self) -> str:
        while self._at < len(self._pattern):
            char = self._pattern[self._at]
            if char == "\\":
                self._out.append(self._escape())
            elif char == "[":
                self._out.append(self._set())
            elif char == "(" and self._pattern.startswith("(?", self._at):
                if not self._pattern.startswith("(?:", self._at):
                    raise self._refuse(self._pattern[self._at : self._at + 3])
                self._out.append("(")
                self._at += 3
            elif char in "*+?}" and self._pattern[self._at + 1 : self._at + 2] in {"?", "+"}:
                if self._pattern[self._at + 1] == "+":
                    raise self._refuse(self._pattern[self._at : self._at + 2])
                self._out.append(char)  # a lazy quantifier: no difference when the whole name has to match
                self._at += 2
            else:
                self._out.append(char)
                self._at += 1
        return "".join(self._out)

    def _escape(self) -> str:
        char = self._pattern[self._at + 1 : self._at + 2]
        self._at += 2
        if char in _CLASSES:
            return f"[{_CLASSES[char]}]"
        if char.lower() in _CLASSES and char:
            return f"[^{_CLASSES[char.lower()]}]"
        if char in _PLAIN:
            return "\\" + char
        if char and not char.isalnum():
            return char
        raise self._refuse("\\" + char)

    def _set(self) -> str:
        """A bracket expression. POSIX has no escapes inside: ``]`` comes first, ``-`` last, ``^`` not first."""
        self._at += 1
        negated = self._pattern.startswith("^", self._at)
        self._at += negated
        members: list[str] = []
        special: set[str] = set()
        while self._at < len(self._pattern) and self._pattern[self._at] != "]":
            char = self._pattern[self._at]
            if char == "[" or self._pattern.startswith("&&", self._at):  # unions and intersections of sets
                raise self._refuse(char)
            self._at += 1
            if char == "\\":
                members.append(self._member(special))
            else:
                members.append(char)
        if self._at >= len(self._pattern):
            raise self._refuse("[")
        self._at += 1
        first = "]" if "]" in special else ""
        last = "".join(char for char in "[^-" if char in special)
        if not first and not any(members) and last.startswith("^") and not negated:
            last = last[1:] + "^" if len(last) > 1 else "\\^"
            if last == "\\^":
                return last  # nothing but an escaped caret
        return f"[{'^' if negated else ''}{first}{''.join(members)}{last}]"

    def _member(self, special: set[str]) -> str:
        """What an escape stands for inside a set; characters that have a place of their own go to ``special``."""
        char = self._pattern[self._at : self._at + 1]
        self._at += 1
        if char and char in _CLASSES:
            return _CLASSES[char]
        if char and char in "][^-":
            special.add(char)
            return ""
        if not char or char.isalnum():
            raise self._refuse("\\" + char)
        return char

    def _refuse(self, what: str) -> ConfigError:
        return ConfigError(
            f"topics.regex uses {what}, which brokers' clients here cannot match.",
            key=_KEY,
            remedy="Write it with plain groups, sets and quantifiers, or list the names in topics.",
            code="BRN-1240",
        )
