"""Validation of the JDBC source against the database itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from barnabas import BarnabasError, Config, ConfigError, ConfigValue
from barnabas.connectors.jdbc.connection import Connector
from barnabas.connectors.jdbc.dialects.base import Dialect
from barnabas.connectors.jdbc.source_config import SOURCE
from barnabas.connectors.jdbc.source_plan import Plan
from barnabas.connectors.jdbc.source_settings import SourceSettings
from barnabas.connectors.jdbc.source_tables import missing, selected

__all__ = ["check"]

_MOST_TABLES = 200
"""More are not looked at one by one: validation is to answer soon."""

_DEFAULT_KEY = "connection.url"


def check(values: list[ConfigValue], props: Mapping[str, str]) -> list[ConfigValue]:
    """Add what is wrong beyond single keys; the database is asked only when those are right."""
    if any(value.errors for value in values):
        return values
    by_name = {value.name: value for value in values}
    try:
        config = SOURCE.parse(props)
        settings = SourceSettings.of(config)
        connector = Connector.of(config, "barnabas validation")
        connection = connector.connect_once()
        try:
            problems = _problems(config, settings, connector.dialect, connection)
        finally:
            connection.close()
    except BarnabasError as error:
        problems = [error]
    for problem in problems:
        by_name.get(problem.key or _DEFAULT_KEY, by_name[_DEFAULT_KEY]).add_error(str(problem))
    return values


def _problems(config: Config, settings: SourceSettings, dialect: Dialect, connection: Any) -> Sequence[BarnabasError]:
    if settings.query:
        return _query_problems(settings, dialect, connection)
    there = dialect.tables(connection, config["table.types"], config["catalog.pattern"], config["schema.pattern"])
    absent = missing(config, dialect, there)
    problems: list[BarnabasError] = [_absent(config, *entry, dialect, connection) for entry in absent]
    tables = selected(config, dialect, there)[:_MOST_TABLES]
    closed = dialect.unreadable(connection, tables)
    problems += [
        ConfigError(
            f"The table {table.plain} may not be read by this user.",
            code="BRN-6163",
            key="connection.user",
            remedy=f"Grant it: {sql}",
        )
        for table, sql in closed.items()
    ]
    for table in tables:
        try:
            Plan(dialect, settings, table, dialect.columns(connection, table))
        except ConfigError as error:
            problems.append(error)
    return problems


def _query_problems(settings: SourceSettings, dialect: Dialect, connection: Any) -> list[BarnabasError]:
    try:
        columns = dialect.query_columns(connection, settings.query)
        Plan(dialect, settings, None, columns)
    except BarnabasError as error:
        return [ConfigError(error.message, code=error.code, key=error.key or "query", remedy=error.remedy)]
    return []


def _absent(config: Config, key: str, name: str, dialect: Dialect, connection: Any) -> ConfigError:
    """A table that is not there, or is of a kind that ``table.types`` leaves out."""
    found = dialect.find_table(connection, dialect.parse_table(name.replace("\\", "")))
    if found is not None:
        kinds = ",".join(config["table.types"])
        remedy = (
            f"{found.plain} is no {kinds}, or in a schema that is left out: see table.types (PARTITIONED TABLE, VIEW, "
            "…) and schema.pattern."
        )
    else:
        remedy = "Check the name, its schema and its spelling in upper or lower case; tables yet to come are patterns."
    return ConfigError(f"{key}: there is no table {name}.", code="BRN-6162", key=key, remedy=remedy)
