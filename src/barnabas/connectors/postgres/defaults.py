"""Default expressions of columns, where they are constants, as defaults of fields. Pure."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barnabas.connectors.postgres.codecs import Codec

__all__ = ["default_of"]

log = logging.getLogger(__name__)

_LITERAL = re.compile(r"^\(?(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|(true|false))\)?(?:::[\w\s\".\[\](),]+)?$", re.DOTALL)
_NOW = re.compile(
    r"\b(now|current_timestamp|current_date|current_time|clock_timestamp|localtimestamp)\b|'now'", re.IGNORECASE
)


def default_of(expression: str | None, codec: Codec, *, required: bool, type_name: str, array: bool) -> Any:
    """The value that the expression stands for; ``None`` where there is none, or it is no constant.

    A sequence or a function of time stands for the type's own neutral value in a column that must not be NULL, because
    readers need some value for a field that is required.
    """
    if expression is None:
        return None
    if expression.startswith("nextval("):
        return codec.fallback if required else None
    if _NOW.search(expression) and not _LITERAL.match(expression):
        return codec.fallback if required else None
    found = _LITERAL.match(expression)
    if found is None or array or type_name == "bytea":
        return None
    quoted, number, boolean = found.groups()
    text = quoted.replace("''", "'") if quoted is not None else number if number is not None else boolean[0]
    if type_name in ("timestamptz", "timetz") and not re.search(r"[+-]\d\d(:?\d\d)*( BC)?$", text):
        return None
    try:
        (value,) = codec.decode([text.encode()])
    except (ValueError, ArithmeticError, StopIteration):
        log.debug("The default %s cannot be a default of a field.", expression)
        return None
    return value
