r"""Which schemas, tables, columns and messages are captured. Pure.

Lists hold regular expressions, separated by commas, that have to fit a whole name and ignore its case; a comma within
one is written ``\,``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from barnabas import ConfigError

if TYPE_CHECKING:
    from barnabas import Config
    from barnabas.connectors.postgres.catalog import TableId

__all__ = ["Filters", "check_patterns", "patterns"]

_COMMA = re.compile(r"(?<!\\),")


def patterns(text: str | None) -> list[re.Pattern[str]]:
    """The regular expressions of a list."""
    parts = [part.strip().replace("\\,", ",") for part in _COMMA.split(text or "")]
    return [re.compile(part, re.IGNORECASE) for part in parts if part]


def check_patterns(name: str, value: Any) -> None:
    """A validator for such lists."""
    try:
        patterns(value)
    except re.error as error:
        raise ConfigError(
            f"Invalid value {value} for configuration {name}: no regular expression: {error}.",
            code="BRN-6132",
            key=name,
            remedy="Write it as for Java: a backslash before a dot that means a dot.",
        ) from error


def _choose(include: str | None, exclude: str | None) -> Callable[[str], bool]:
    wanted, unwanted = patterns(include), patterns(exclude)
    if wanted:
        return lambda name: any(each.fullmatch(name) for each in wanted)
    return lambda name: not any(each.fullmatch(name) for each in unwanted)


class Filters:
    """The filters of one configuration."""

    def __init__(self, config: Config) -> None:
        def of(kind: str) -> Callable[[str], bool]:
            return _choose(config[f"{kind}.include.list"], config[f"{kind}.exclude.list"])

        self.names_tables = bool(config["table.include.list"])
        self._schema, self._table, self._column = of("schema"), of("table"), of("column")
        self.message = of("message.prefix")
        self._snapshot = _choose(config["snapshot.include.collection.list"], None)
        self._keys = _key_columns(config["message.key.columns"])

    def table(self, table: TableId) -> bool:
        """Whether the table is captured."""
        return self._schema(table.schema) and self._table(str(table))

    def snapshot(self, table: TableId) -> bool:
        """Whether a snapshot reads it."""
        return self.table(table) and self._snapshot(str(table))

    def column(self, table: TableId) -> Callable[[str], bool]:
        """Tells which of a table's columns are captured."""
        return lambda name: self._column(f"{table}.{name}")

    def key(self, table: TableId) -> list[str] | None:
        """The columns that the user made the key; ``None``: the primary key's."""
        return next((columns for pattern, columns in self._keys if pattern.fullmatch(str(table))), None)


def _key_columns(text: str | None) -> list[tuple[re.Pattern[str], list[str]]]:
    found = []
    for part in (text or "").split(";"):
        table, colon, columns = part.strip().rpartition(":")
        if colon:
            names = [name.strip() for name in columns.split(",") if name.strip()]
            found.append((re.compile(table.strip(), re.IGNORECASE), names))
    return found
