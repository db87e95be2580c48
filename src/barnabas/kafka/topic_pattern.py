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
        """A bracket expression: no escapes inside in POSIX, and ``]`` has to come first."""
        at = self._at + 1
        negated = self._pattern.startswith("^", at)
        at += negated
        members: list[str] = []
        closing = opening = hyphen = False
        while at < len(self._pattern) and self._pattern[at] != "]":
            char = self._pattern[at]
            if char in "[&" and (char == "[" or self._pattern.startswith("&&", at)):
                raise self._refuse(char)
            at += 1
            if char == "\\":
                char = self._pattern[at : at + 1]
                at += 1
                if char in _CLASSES and char:
                    members.append(_CLASSES[char])
                    continue
                if char == "]":
                    closing = True
                    continue
                if char == "[":
                    opening = True
                    continue
                if char == "-":
                    hyphen = True
                    continue
                if not char or char.isalnum():
                    raise self._refuse("\\" + char)
            members.append(char)
        if at >= len(self._pattern):
            raise self._refuse("[")
        self._at = at + 1
        inside = "".join(members)
        if inside.startswith("^") and not negated:  # escaped in Java: must not come first
            inside = inside[1:] + "^"
        body = ("]" if closing else "") + inside + ("[" if opening else "") + ("-" if hyphen else "")
        return f"[{'^' if negated else ''}{body}]"

    def _refuse(self, what: str) -> ConfigError:
        return ConfigError(
            f"topics.regex uses {what}, which brokers' clients here cannot match.",
            key=_KEY,
            remedy="Write it with plain groups, sets and quantifiers, or list the names in topics.",
            code="BRN-1240",
        )
