"""Settings that several transforms share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from barnabas.config import Type, ValidList, invalid, parse_value

__all__ = ["REPLACE_NULL", "REPLACE_NULL_OPTIONS", "NamesOnce", "NonEmptyList", "distinct", "strict_of"]

REPLACE_NULL: Final = "replace.null.with.default"
REPLACE_NULL_OPTIONS: Final[Mapping[str, Any]] = {
    "default": True,
    "importance": "medium",
    "doc": "Whether fields that have a default value and are null get the default value instead.",
}
"""How every transform with the key declares it."""


class NonEmptyList:
    """A list with at least one entry, whatever it is."""

    def __call__(self, name: str, value: Any) -> None:
        if not value:
            raise invalid(name, value, "Empty list", remedy="Name at least one.")

    def __str__(self) -> str:
        return "non-empty list"


class NamesOnce(ValidList):
    """A list of names that are not empty; one that is given twice counts once, though validation finds it.

    Args:
        empty: Whether no name at all is fine.
    """

    def __init__(self, *, empty: bool) -> None:
        super().__init__(empty=empty)

    def __str__(self) -> str:
        return "names, each once" if self.empty else "at least one name, each once"


def distinct(names: list[str]) -> list[str]:
    """The names in order, each once."""
    return list(dict.fromkeys(names))


def strict_of(props: Mapping[str, Any]) -> bool:
    """The setting ``strict``: whether to refuse what Kafka Connect loses or overwrites in silence; off by default."""
    return bool(parse_value("strict", props.get("strict", "false"), Type.BOOLEAN))
