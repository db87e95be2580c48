"""Reading a pattern character by character: quotation removed, white space and comments skipped where flags say so."""

from __future__ import annotations

from enum import IntFlag

from barnabas.errors import ConfigError

__all__ = ["Flags", "PatternText", "unquoted"]

_SPACE = frozenset(map(ord, "\t\n\x0b\f\r "))
_BACKSLASH = ord("\\")
_LINE_ENDS = frozenset({0x0A, 0x0D, 0x85, 0x2028, 0x2029})


class Flags(IntFlag):
    """Java's flags, with Java's numbers."""

    NONE = 0
    UNIX_LINES = 1
    CASE_INSENSITIVE = 2
    COMMENTS = 4
    MULTILINE = 8
    LITERAL = 16
    DOTALL = 32
    UNICODE_CASE = 64


def unquoted(codes: list[int]) -> list[int]:
    r"""Write what stands between ``\Q`` and ``\E`` with escapes instead; errors count positions in that, as in Java."""
    start = _first_quote(codes)
    if start is None:
        return codes
    out, at, quoted = codes[:start], start, False
    while at < len(codes):
        if quoted:
            at = _copy_quoted(codes, at, out)
            quoted = False
        elif codes[at] == _BACKSLASH and codes[at + 1 : at + 2] == [ord("Q")]:
            at += 2
            quoted = True
        else:
            width = 2 if codes[at] == _BACKSLASH else 1
            out += codes[at : at + width]
            at += width
    return out


def _copy_quoted(codes: list[int], at: int, out: list[int]) -> int:
    """Copy a quotation that begins at ``at``, escaped; returns where it is over."""
    begin = True
    while at < len(codes):
        code = codes[at]
        char = chr(code)
        at += 1
        if code == _BACKSLASH and codes[at : at + 1] == [ord("E")]:
            return at + 1
        if char.isascii() and char.isdigit():
            out += b"\\x3" if begin else b""  # or an escape before the quotation would swallow the digit
        elif char.isascii() and not char.isalpha():
            out.append(_BACKSLASH)
        out.append(code)
        begin = False
    return at


def _first_quote(codes: list[int]) -> int | None:
    at = 0
    while at < len(codes) - 1:
        if codes[at] != _BACKSLASH:
            at += 1
        elif codes[at + 1] != ord("Q"):
            at += 2
        else:
            return at
    return None


class PatternText:
    """A cursor over a pattern, which ends in zeros; its moves are those that Java's positions in errors come from."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        self.pattern = pattern
        self.flags = flags
        codes = unquoted([*map(ord, pattern)])
        self.size = len(codes)
        self.codes = [*codes, 0, 0, 0, 0]
        self.cursor = 0

    def error(self, text: str) -> ConfigError:
        """A syntax error just before the cursor, in Java's words."""
        index = self.cursor - 1
        near = f" near index {index}" if index >= 0 else ""
        mark = ""
        if 0 <= index < len(self.pattern):
            mark = "\n" + "".join("\t" if char == "\t" else " " for char in self.pattern[:index]) + "^"
        return ConfigError(
            f"{text}{near}\n{self.pattern}{mark}", code="BRN-1001", remedy="Correct the regular expression there."
        )

    def _at(self, position: int) -> int:
        if position >= len(self.codes):
            raise self.error("Unexpected end")
        return self.codes[position]

    @property
    def _skipping(self) -> bool:
        return bool(self.flags & Flags.COMMENTS)

    def peek(self) -> int:
        """The character at the cursor."""
        code = self._at(self.cursor)
        return self._peek_past(code) if self._skipping else code

    def read(self) -> int:
        """The character at the cursor, which moves past it."""
        code = self._raw_read()
        while self._skipping and (code in _SPACE or code == ord("#")):
            if code == ord("#"):
                while code and not self.ends_line(code):
                    code = self._raw_read()
            else:
                code = self._raw_read()
        return code

    def _raw_read(self) -> int:
        self.cursor += 1
        return self._at(self.cursor - 1)

    def next(self) -> int:
        """Move on, and give the character there."""
        code = self.next_raw()
        return self._peek_past(code) if self._skipping else code

    def next_raw(self) -> int:
        """Move on, and give the character there even if it is white space."""
        self.cursor += 1
        return self._at(self.cursor)

    def skip(self) -> int:
        """Move past the next two characters, and give the second."""
        self.cursor += 2
        return self._at(self.cursor - 1)

    def ahead(self) -> int:
        """The character after the one at the cursor."""
        return self._at(self.cursor + 1)

    def unread(self) -> None:
        """Move back by one."""
        self.cursor -= 1

    def _peek_past(self, code: int) -> int:
        while code in _SPACE or code == ord("#"):
            if code == ord("#"):
                while code and not self.ends_line(code):
                    code = self.next_raw()
            else:
                code = self.next_raw()
        return code

    def ends_line(self, code: int) -> bool:
        """Whether a comment ends there."""
        return code == ord("\n") if self.flags & Flags.UNIX_LINES else code in _LINE_ENDS
