"""Columns of schemaless values from JSON, into JSON, and as Java prints them, where the compiled part is used.

Each is ``None`` without it. What is written and read is what is plain; the rest is left to the callers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from barnabas._columns import native

__all__ = ["java_texts", "json_texts", "json_values"]

json_texts: Final[Callable[[list[Any], bytes], tuple[list[bytes | None], bool]] | None] = (
    None if native is None else native.json_texts
)
"""Texts as the JVM writes them, opened by ``head`` and then closed by a brace if there is one. A ``None`` stands for a
``None``, or for a value that is left; the second part of the answer says whether there is one that is left."""

json_values: Final[Callable[[list[bytes | None]], tuple[list[Any], bool]] | None] = (
    None if native is None else native.json_values
)
"""Values as the JVM reads them; an Ellipsis stands for a payload that is left, and the second part of the answer says
whether there is one."""

java_texts: Final[Callable[[list[Any], bool], tuple[list[str | None], bool]] | None] = (
    None if native is None else native.java_texts
)
"""Values as ``toString`` gives them, ``None`` for one that is left, and whether there is one; maps in their own order,
or in that of a ``HashMap``."""
