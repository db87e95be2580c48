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
_ZONE = re.compile(r"[+-]\d\d(:?\d\d)*( BC)?$")
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
    found = _LITERAL.match(expression)
    if found is None:
        computed = expression.startswith("nextval(") or _NOW.search(expression) is not None
        return codec.fallback if required and computed else None
    if array or type_name == "bytea":
        return None
    quoted, number, boolean = found.groups()
    text = quoted.replace("''", "'") if quoted is not None else number if number is not None else boolean[0]
    zoned = type_name in ("timestamptz", "timetz")
    return None if zoned and not _ZONE.search(text) else _decoded(text, codec)


def _decoded(text: str, codec: Codec) -> Any:
    try:
        (value,) = codec.decode([text.encode()])
    except (ValueError, ArithmeticError, StopIteration):
        log.debug("The default %s cannot be a default of a field.", text)
        return None
    return value
