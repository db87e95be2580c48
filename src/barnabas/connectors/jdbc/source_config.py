"""The keys of the JDBC source."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from barnabas import ConfigDef, ConfigError, Type
from barnabas.config import LambdaValidator, ValidString, at_least
from barnabas.connectors.jdbc.connection import define_connection

__all__ = ["MODES", "SOURCE", "TABLES"]

TABLES = "tables"
"""What the connector tells each task: the names of its tables."""

MODES = ("bulk", "timestamp", "incrementing", "timestamp+incrementing")
_ISOLATION = ("default", "read_uncommitted", "read_committed", "repeatable_read", "serializable", "sqlserver_snapshot")
_GRANULARITY = (
    "connect_logical",
    "micros_long",
    "micros_string",
    "micros_iso_datetime_string",
    "nanos_long",
    "nanos_string",
    "nanos_iso_datetime_string",
)
_MAPPINGS = ("none", "precision_only", "best_fit", "best_fit_eager_double")
_READ, _MODE, _KINDS = "Which rows", "Mode", "Connector"


def _any_case(words: tuple[str, ...]) -> ValidString:
    return ValidString(*words, *(word.upper() for word in words if word))


def _check_zone(name: str, value: Any) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"Invalid value {value} for configuration {name}: there is no such time zone.",
            code="BRN-1001",
            key=name,
            remedy="Write a name like UTC or Europe/Paris.",
        ) from error


def _define_tables(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "table.include.list",
            Type.LIST,
            default=[],
            group=_READ,
            importance="high",
            doc="Regular expressions with commas between them; tables whose name with schema (shop.orders) matches one "
            "are read.",
        )
        .define(
            "table.exclude.list",
            Type.LIST,
            default=[],
            group=_READ,
            importance="high",
            doc="Likewise: tables that match one are not read.",
        )
        .define(
            "table.whitelist",
            Type.LIST,
            default="",
            group=_READ,
            doc="Names of the tables to read, with or without their schema.",
            deprecated="table.include.list",
        )
        .define(
            "table.blacklist",
            Type.LIST,
            default="",
            group=_READ,
            doc="Names of tables not to read.",
            deprecated="table.exclude.list",
        )
        .define(
            "catalog.pattern", Type.STRING, default=None, group=_READ, doc="A LIKE pattern for the database's name."
        )
        .define(
            "schema.pattern",
            Type.STRING,
            default=None,
            group=_READ,
            importance="high",
            doc="A LIKE pattern for the schemas in which tables are looked for; left out: all.",
        )
        .define(
            "table.types",
            Type.LIST,
            default="TABLE",
            group=_READ,
            importance="low",
            doc="TABLE, PARTITIONED TABLE, VIEW, MATERIALIZED VIEW, FOREIGN TABLE: which kinds are read.",
        )
        .define(
            "table.poll.interval.ms",
            Type.LONG,
            default=60000,
            validator=at_least(1),
            group=_READ,
            importance="low",
            doc="How often to look for tables that are new or gone.",
        )
        .define(
            "table.monitoring.startup.polling.limit.ms",
            Type.LONG,
            default=10000,
            group=_READ,
            importance="low",
            doc="Accepted and not used: the tables are known when the connector has started.",
        )
        .define(
            "query",
            Type.STRING,
            default="",
            group=_MODE,
            doc="Read this SELECT instead of tables; it may have a WHERE of its own.",
        )
        .define(
            "query.masked",
            Type.PASSWORD,
            default="",
            group=_MODE,
            doc="Like query, for one that nobody is to see.",
        )
        .define(
            "query.suffix", Type.STRING, default="", group=_MODE, importance="low", doc="SQL to put behind every query."
        )
    )


def _define_mode(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "mode",
            Type.STRING,
            default="",
            validator=ValidString("", *MODES),
            group=_MODE,
            importance="high",
            doc="bulk: everything each time; incrementing: rows with a higher number than before; timestamp: rows "
            "with a later time than before; timestamp+incrementing: both together.",
        )
        .define(
            "incrementing.column.name",
            Type.STRING,
            default="",
            group=_MODE,
            importance="high",
            doc="The column whose numbers only grow. Left out: the table's only column that the database numbers.",
        )
        .define(
            "incrementing.column.mapping",
            Type.LIST,
            default=[],
            group=_MODE,
            importance="medium",
            doc="Where tables differ: regex:column, with commas between them.",
        )
        .define(
            "timestamp.column.name",
            Type.LIST,
            default="",
            group=_MODE,
            importance="high",
            doc="The column with the time of a row's last change; of several, the first that is not NULL.",
        )
        .define(
            "timestamp.columns.mapping",
            Type.LIST,
            default=[],
            group=_MODE,
            importance="medium",
            doc="Where tables differ: regex:[column|column], with commas between them.",
        )
        .define(
            "timestamp.initial",
            Type.LONG,
            default=None,
            group=_MODE,
            importance="low",
            doc="Where to begin, in milliseconds since 1970; -1: now. Left out: with the oldest row.",
        )
        .define(
            "validate.non.null",
            Type.BOOLEAN,
            default=True,
            group=_MODE,
            importance="low",
            doc="Refuse columns that may be NULL (of several timestamps: if all may): such rows are never read.",
        )
        .define(
            "timestamp.delay.interval.ms",
            Type.LONG,
            default=0,
            validator=at_least(0),
            group=_MODE,
            doc="Leave rows alone that are younger than this. For clocks that are not the database's.",
        )
        .define(
            "timestamp.lookback.ms",
            Type.LONG,
            default=10000,
            validator=at_least(0),
            group=_MODE,
            importance="low",
            doc="How far behind the last timestamp to look for rows that have been written since, with a time that was "
            "over already; 0: don't. Of tables only: views and queries don't tell when a row was written.",
        )
        .define(
            "transaction.guard",
            Type.STRING,
            default="auto",
            validator=ValidString("auto", "none", "writers", "all"),
            group=_MODE,
            doc="Which open transactions are waited for before newer rows are passed on. writers: those that write to "
            "the table; all: all of the database; none: nobody, and rows of transactions that end late are lost. auto: "
            "all where a timestamp decides, else writers.",
        )
    )


def _define_rest(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "numeric.mapping",
            Type.STRING,
            default=None,
            validator=LambdaValidator(_check_mapping, f"[{', '.join(_MAPPINGS)}]"),
            group=_KINDS,
            doc="NUMERIC columns as none: decimals; best_fit: integers and doubles where they fit; "
            "best_fit_eager_double: doubles for all fractions; precision_only: integers, and only for a scale of 0.",
        )
        .define(
            "numeric.precision.mapping",
            Type.BOOLEAN,
            default=False,
            group=_KINDS,
            importance="low",
            doc="true is numeric.mapping=precision_only.",
            deprecated="numeric.mapping",
        )
        .define(
            "timestamp.granularity",
            Type.STRING,
            default="connect_logical",
            validator=_any_case(_GRANULARITY),
            group=_KINDS,
            importance="low",
            doc="Timestamps as milliseconds (connect_logical), or as micro- or nanoseconds in a number or a text.",
        )
        .define(
            "db.timezone",
            Type.STRING,
            default="UTC",
            validator=LambdaValidator(_check_zone, "a time zone's name"),
            group=_KINDS,
            doc="What timestamps without a time zone are in.",
        )
        .define(
            "date.calendar.system",
            Type.STRING,
            default="legacy",
            validator=_any_case(("legacy", "proleptic_gregorian")),
            group=_KINDS,
            importance="low",
            doc="Accepted and not used: dates are as the database shows them (proleptic Gregorian).",
        )
        .define(
            "transaction.isolation.mode",
            Type.STRING,
            default="default",
            validator=_any_case(_ISOLATION),
            group=_KINDS,
            importance="low",
            doc="The isolation of the reading transactions.",
        )
        .define(
            "topic.prefix",
            Type.STRING,
            default="",
            group=_KINDS,
            importance="high",
            doc="Goes before a table's name to make its topic; with query it is the topic.",
        )
        .define(
            "poll.interval.ms",
            Type.INT,
            default=5000,
            validator=at_least(0),
            group=_KINDS,
            importance="high",
            doc="How long to wait after a table was read to its end before looking again.",
        )
        .define(
            "batch.max.rows",
            Type.INT,
            default=1000,
            validator=at_least(1),
            group=_KINDS,
            importance="low",
            doc="How many rows are handed over at once at most.",
        )
        .define(
            "query.retry.attempts",
            Type.INT,
            default=-1,
            validator=at_least(-1),
            group=_KINDS,
            importance="low",
            doc="How often reading is tried again after an error that may heal; -1: without end.",
        )
        .define(
            "max.buffer.size",
            Type.INT,
            default=0,
            group=_KINDS,
            importance="low",
            doc="Accepted and not used: a task holds one batch.",
        )
        .define(
            "poll.linger.ms",
            Type.LONG,
            default=5000,
            group=_KINDS,
            importance="low",
            doc="Accepted and not used: a task that has nothing waits a second at most.",
        )
    )


def _check_mapping(name: str, value: Any) -> None:
    if value is not None and value.lower() not in _MAPPINGS:
        ValidString(*_MAPPINGS)(name, value)


SOURCE = _define_rest(_define_mode(_define_tables(define_connection(ConfigDef()))))
