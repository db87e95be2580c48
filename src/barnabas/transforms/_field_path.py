"""The names of fields in settings: plain (syntax V1), or paths into nested values (V2, KIP-821).

In V2, steps are separated by dots; a step in backticks may hold dots itself, and a backtick there that is followed by a
dot is escaped with a backslash: ``order.`unit.price`.amount``.
"""

from __future__ import annotations

from typing import Any, Final

from barnabas.config import CaseInsensitiveValidString, ConfigDef, Type
from barnabas.errors import ConfigError

__all__ = ["SYNTAX", "define_syntax", "parse_path"]

SYNTAX: Final = "field.syntax.version"
_TICK: Final = "`"
_DOT: Final = "."


def define_syntax(definition: ConfigDef) -> ConfigDef:
    """Declare the setting that chooses the syntax."""
    return definition.define(
        SYNTAX,
        Type.STRING,
        default="V1",
        importance="high",
        validator=CaseInsensitiveValidString("V1", "V2"),
        doc="How fields are named: V1, a plain name, or V2, a path into nested values: order.customer.name.",
    )


def parse_path(text: Any, syntax: str) -> tuple[str, ...]:
    """The steps of a path.

    Args:
        text: The setting.
        syntax: ``V1`` or ``V2``, in any case.

    Raises:
        ConfigError: a backtick has no counterpart.
    """
    if syntax.upper() == "V1":
        return (text,)
    steps = []
    at = 0
    while at < len(text):
        step, at = _quoted(text, at) if text[at] == _TICK else _plain(text, at)
        steps.append(step)
    if text.endswith(_DOT):
        steps.append("")
    return tuple(steps)


def _plain(text: str, start: int) -> tuple[str, int]:
    end = text.find(_DOT, start)
    return (text[start:], len(text)) if end < 0 else (text[start:end], end + 1)


def _quoted(text: str, opening: int) -> tuple[str, int]:
    """The step whose first backtick is there: it ends at a backtick before a dot or at the end of the text."""
    step = ""
    start = at = opening + 1
    while True:
        at = text.find(_TICK, at)
        last = at == len(text) - 1
        escaped = text[at - 1] == "\\" if at >= 0 else last
        if at < 0 or (last and escaped):
            raise ConfigError(
                f"Incomplete backtick pair in path: [{text}], consider adding a backslash before backtick at position "
                f"{opening} to escape it",
                key="field",
            )
        if last:
            return step + text[start:at], at + 1
        if text[at + 1] == _DOT:
            if not escaped:
                return step + text[start:at], at + 2
            step += text[start : at - 1] + _TICK
            start = at + 1
        at += 1
