"""Columns of headers: a :class:`~barnabas.record.Headers` or ``None`` for each record; ``None`` is a batch without any.

Neither the columns nor the lists in them are changed: other batches may hold them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from barnabas._columns import native, plain_headers
from barnabas.record import Header, Headers

__all__ = ["header_flags", "headers_of", "with_header", "without_headers"]

Column = list[Headers | None]

_USED = native if native is not None and native.learn_headers(Header, Headers) else None


def _chosen(name: str) -> Any:
    plain = getattr(plain_headers, name)
    if _USED is None:
        return plain
    compiled = getattr(_USED, name)

    def either(*arguments: Any) -> Any:
        made = compiled(*arguments)
        return plain(*arguments) if made is None else made

    return either


header_flags: Final[Callable[[Column, str], list[bool] | bool]] = _chosen("header_flags")
"""Whether each record has a header of that name; ``True`` or ``False`` where all of them have, or none has."""

without_headers: Final[Callable[[Column, frozenset[str]], Column]] = _chosen("without_headers")
"""Headers without those of some names; the very column if there are none of them."""

with_header: Final[Callable[[Column | None, int, Header], Column]] = _chosen("with_header")
"""Lists of their own for so many records, with a header behind those that they have."""

headers_of: Final[Callable[[Column | None, int, tuple[str, ...], tuple[list[Any], ...], tuple[Any, ...]], Column]] = (
    _chosen("headers_of")
)
"""Lists of their own for so many records, with new headers behind those that they have: for each name, the values of a
column, and one schema."""
