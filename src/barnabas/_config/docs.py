"""Reference documentation out of a definition."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from barnabas._config.parsing import to_text
from barnabas._config.types import ConfigKey, Importance, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["to_markdown"]

_RANK = {Importance.HIGH: 0, Importance.MEDIUM: 1, Importance.LOW: 2}


def to_markdown(keys: Iterable[ConfigKey]) -> str:
    """A Markdown table with one row a key: required ones first, then by importance, then as declared."""
    rows = sorted(keys, key=lambda key: (not key.required, _RANK[key.importance]))
    lines = ["| Key | Type | Default | Accepts | Importance | What it does |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(map(_cell, _row(key)))} |" for key in rows]
    return "\n".join(lines) + "\n"


def _row(key: ConfigKey) -> list[str]:
    text = to_text(key.default, key.type) if not key.required else None
    default = "*required*" if key.required else "*none*" if text is None else f"`{text}`" if text else "*empty*"
    accepts = "" if key.validator is None or inspect.isfunction(key.validator) else str(key.validator)
    if key.type is Type.BOOLEAN:
        accepts = "true, false"
    doc = f"**Deprecated**: {key.deprecated} {key.doc}" if key.deprecated else key.doc
    return [f"`{key.name}`", key.type.value.lower(), default, accepts, key.importance.value.lower(), doc]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
