"""Parses ``sasl.jaas.config``: ``module flag key="value" …;``, the one-entry form of a JAAS file."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from barnabas.errors import ConfigError

__all__ = ["Login", "parse_jaas"]

_KEY: Final = "sasl.jaas.config"
_FLAGS: Final = ("required", "requisite", "sufficient", "optional")
_EXAMPLE: Final = (
    'Write it like: org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="secret";'
)
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      | "(?P<double>(?:[^"\\\n]|\\.)*)"
      | '(?P<single>(?:[^'\\\n]|\\.)*)'
      | (?P<mark>[=;])
      | (?P<word>[^\s"'=;]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\([0-3]?[0-7]{1,2}|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v"}

_END: Final = (True, ";")
_EQUALS: Final = (True, "=")


class Login(NamedTuple):
    """The one login module of a client.

    Args:
        module: The Java class, e.g. ``org.apache.kafka.common.security.scram.ScramLoginModule``.
        options: What follows it. Holds secrets.
    """

    module: str
    options: dict[str, str]


def parse_jaas(text: str) -> Login:
    """Parse the value of ``sasl.jaas.config``.

    Raises:
        ConfigError: It is not of the form above. The message never quotes the value, which holds a password.
    """
    tokens = _tokens(text)
    if len(tokens) < 2:  # noqa: PLR2004  a module and its flag
        raise _wrong("names no login module")
    module, flag = tokens[0][1], tokens[1][1]
    if flag.lower() not in _FLAGS:
        raise _wrong(f"has no control flag after {module} (one of {', '.join(_FLAGS)})")
    options: dict[str, str] = {}
    at = 2
    while at < len(tokens) and tokens[at] != _END:
        if len(tokens) < at + 3 or tokens[at][0] or tokens[at + 1] != _EQUALS or tokens[at + 2][0]:
            raise _wrong("has an option that is not of the form key=value")
        options[tokens[at][1]] = tokens[at + 2][1]
        at += 3
    if at >= len(tokens):
        raise _wrong("does not end with a semicolon")
    if at + 1 < len(tokens):
        raise _wrong("contains more than one login module")
    return Login(module, options)


def _tokens(text: str) -> list[tuple[bool, str]]:
    """Words, each with whether it is punctuation: a quoted ``";"`` is none."""
    found: list[tuple[bool, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _wrong("has a quotation mark without its counterpart")
        at = match.end()
        quoted = match["double"] if match["double"] is not None else match["single"]
        if quoted is not None:
            found.append((False, _ESCAPE.sub(_unescape, quoted)))
        elif match["space"] is None:
            found.append((match["mark"] is not None, match["mark"] or match["word"]))
    return found


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 8)) if code[0] in "01234567" else _ESCAPED.get(code, code)


def _wrong(what: str) -> ConfigError:
    return ConfigError(f"The JAAS configuration {what}.", key=_KEY, remedy=_EXAMPLE, code="BRN-1250")
