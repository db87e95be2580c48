"""Java ``.properties`` text, read exactly as ``java.util.Properties.load`` reads it, and written so that it reads back.

Java reads bytes as ISO-8859-1; so does :func:`load_properties`, because a file must mean the same to both workers. A
file that was saved as UTF-8 with characters beyond ASCII therefore yields other text than its author meant, on the JVM
too: that gets one warning, which names the lines and the escape to use.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path

from barnabas.errors import ConfigError

__all__ = ["dump_properties", "load_properties", "parse_properties", "read_file"]

log = logging.getLogger(__name__)

_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_BLANK = " \t\f"
_HEX = frozenset("0123456789abcdefABCDEF")
_NATURAL_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|$)")
_NOT_WRITTEN_AS_IS = re.compile(r"[\\\t\n\r\f=:#!]|[^\x20-\x7e]")


def load_properties(path: str | Path) -> dict[str, str]:
    """Read a properties file: a later duplicate wins; nothing is trimmed but what the format trims.

    Raises:
        ConfigError: The file cannot be read, or an escape is malformed; names file and line.
    """
    data = read_file(path)
    _warn_of_utf8(data, path)
    return parse_properties(data.decode("latin-1"), source=str(path))


def read_file(path: str | Path) -> bytes:
    """The bytes of a configuration file; what keeps it from being read becomes a :class:`ConfigError` with a remedy."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
            code="BRN-1010",
        ) from error


def _warn_of_utf8(data: bytes, path: str | Path) -> None:
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError:
        return  # really ISO-8859-1
    lines = [str(number) for number, line in enumerate(data.splitlines(), 1) if not line.isascii()]
    log.warning(
        "%s: characters beyond ASCII on line %s are read as ISO-8859-1, as Java does, although the file looks like "
        "UTF-8. Write them as \\uXXXX.",
        path,
        ", ".join(lines),
    )


def parse_properties(text: str, source: str = "<properties>") -> dict[str, str]:
    """Parse properties text.

    Args:
        text: The text, one character a byte where it came from a file.
        source: What error messages call it.
    """
    result: dict[str, str] = {}
    for number, line in _logical_lines(text):
        key_end, value_start = _split(line)
        try:
            result[_unescape(line[:key_end])] = _unescape(line[value_start:])
        except ValueError as error:
            raise ConfigError(
                f"{source}:{number}: {error}",
                remedy="Give \\u four hexadecimal digits; write a backslash as \\\\.",
                code="BRN-1011",
            ) from None
    return result


def _logical_lines(text: str) -> list[tuple[int, str]]:
    r"""Lines with continuations joined, without blanks and comments, each with the number of its first natural line.

    A line goes on in the next one when it ends in an odd number of backslashes; leading blanks of the next are dropped.
    A continuation may be empty, which ends the line, and may start with ``#`` once there is text before it.
    """
    lines: list[tuple[int, str]] = []
    open_line: str | None = None
    started = 0
    for number, match in enumerate(_NATURAL_LINE.finditer(text), 1):
        if not match[0]:
            break  # the end of the text
        line = match[1].lstrip(_BLANK)
        if not open_line:
            # A lone backslash leaves nothing behind, so that what follows it still may be a comment.
            if line[:1] in ("", "#", "!"):
                open_line = None
                continue
            started = number
        body = line[:-1] if _continues(line) else line
        open_line = (open_line or "") + body
        if body is line:
            lines.append((started, open_line))
            open_line = None
    if open_line or (open_line is not None and not text.endswith("\r\n")):
        # Java takes a lone backslash at the very end for a line, with an empty key, unless \r\n follows it.
        lines.append((started, open_line))
    return lines


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _split(line: str) -> tuple[int, int]:
    """Where the key ends and where the value starts."""
    end = 0
    while end < len(line) and line[end] not in "=: \t\f":
        end += 2 if line[end] == "\\" else 1
    end = min(end, len(line))
    start = end
    separated = False
    while start < len(line):
        char = line[start]
        if char in "=:" and not separated:
            separated = True
        elif char not in _BLANK:
            break
        start += 1
    return end, start


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    out: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "\\" and position < len(text):
            char = text[position]
            position += 1
            if char == "u":
                digits = text[position : position + 4]
                if len(digits) < 4 or not _HEX.issuperset(digits):  # noqa: PLR2004  \uXXXX has four
                    raise ValueError(f"malformed \\u escape '\\u{digits}'.")
                char = chr(int(digits, 16))
                position += 4
            else:
                char = _ESCAPES.get(char, char)
        elif char == "\\":
            break
        out.append(char)
    return _join_surrogates("".join(out))


def _join_surrogates(text: str) -> str:
    r"""Java strings are UTF-16: ``\ud83d\ude00`` is one character. A lone surrogate stays what it is."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") if not text.isascii() else text


def dump_properties(values: Mapping[str, str]) -> str:
    """ASCII text that both Java and :func:`parse_properties` read back as ``values``."""
    return "".join(f"{_escape(key, key=True)}={_escape(value, key=False)}\n" for key, value in values.items())


def _escape(text: str, *, key: bool) -> str:
    escaped = _NOT_WRITTEN_AS_IS.sub(_escape_char, text)
    if key:
        return escaped.replace(" ", "\\ ")
    return "\\" + escaped if escaped.startswith(" ") else escaped


def _escape_char(match: re.Match[str]) -> str:
    char = match[0]
    for letter, meaning in _ESCAPES.items():
        if char == meaning:
            return "\\" + letter
    if char in "\\=:#!":
        return "\\" + char
    data = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[i]:02x}{data[i + 1]:02x}" for i in range(0, len(data), 2))
