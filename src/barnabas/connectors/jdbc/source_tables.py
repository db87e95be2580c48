"""Which tables a JDBC source reads, and how they are divided among its tasks. Pure, but for asking the database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from barnabas import Config, ConfigError
from barnabas.connectors.jdbc.dialects.base import Dialect, TableId

__all__ = ["divide", "from_text", "known_tables", "missing", "selected", "to_text"]


def known_tables(config: Config, dialect: Dialect, connection: Any) -> list[TableId]:
    """The tables that the configuration asks for and that are there, in order.

    Raises:
        ConfigError: A pattern is no regular expression.
        ConnectError: The database cannot be asked.
    """
    found = dialect.tables(connection, config["table.types"], config["catalog.pattern"], config["schema.pattern"])
    return selected(config, dialect, found)


def selected(config: Config, dialect: Dialect, tables: Sequence[TableId]) -> list[TableId]:
    """Those of these tables that the lists let through."""
    wanted = [dialect.parse_table(name) for name in _listed(config, "table.whitelist")]
    refused = [dialect.parse_table(name) for name in _listed(config, "table.blacklist")]
    include, exclude = _patterns(config, "table.include.list"), _patterns(config, "table.exclude.list")
    return [
        table
        for table in tables
        if (not wanted or any(_names(name, table) for name in wanted))
        and not any(_names(name, table) for name in refused)
        and (not include or _matches(include, table))
        and not _matches(exclude, table)
    ]


def missing(config: Config, dialect: Dialect, tables: Sequence[TableId]) -> list[tuple[str, str]]:
    """Key and entry of what the lists name and what is not there; patterns may wait for tables yet to come."""
    absent = [
        ("table.whitelist", name)
        for name in _listed(config, "table.whitelist")
        if not any(_names(dialect.parse_table(name), table) for table in tables)
    ]
    return absent + [
        ("table.include.list", name)
        for name in _listed(config, "table.include.list")
        if re.fullmatch(r"[\w.\\]+", name) and not _matches([re.compile(name)], tables)
    ]


def divide(tables: Sequence[TableId], most: int) -> list[list[TableId]]:
    """At most ``most`` groups of neighbours, none empty, whose sizes differ by one at most."""
    count = min(most, len(tables))
    if not count:
        return []
    size, larger = divmod(len(tables), count)
    groups, start = [], 0
    for number in range(count):
        end = start + size + (number < larger)
        groups.append([*tables[start:end]])
        start = end
    return groups


def to_text(tables: Sequence[TableId]) -> str:
    """For a task's configuration: quoted names with commas between them."""
    return ",".join(".".join(_quoted(part) for part in table if part is not None) for table in tables)


def from_text(text: str, dialect: Dialect) -> list[TableId]:
    """Back again."""
    names = re.findall(r'(?:"(?:[^"]|"")*"|[^",])+', text)
    return [dialect.parse_table(name) for name in names if name.strip()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(config: Config, key: str) -> list[str]:
    return [name.strip() for name in config[key] if name.strip()]


def _patterns(config: Config, key: str) -> list[re.Pattern[str]]:
    try:
        return [re.compile(name) for name in _listed(config, key)]
    except re.error as error:
        raise ConfigError(
            f"{key}: {error.pattern!r} is no regular expression: {error.msg}.",
            code="BRN-6157",
            key=key,
            remedy="In it a dot stands for any character; write \\. for a dot.",
        ) from error


def _names(name: TableId, table: TableId) -> bool:
    """Whether a name as a user wrote it, perhaps without schema, means a table."""
    return all(said is None or said == part for said, part in zip(name, table, strict=True))


def _matches(patterns: Sequence[re.Pattern[str]], tables: TableId | Sequence[TableId]) -> bool:
    some = [tables] if isinstance(tables, TableId) else tables
    return any(pattern.fullmatch(name) for pattern in patterns for table in some for name in (table.plain, table.full))
