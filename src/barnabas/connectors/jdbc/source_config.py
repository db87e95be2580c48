"""The keys of the JDBC source, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, Self, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from barnabas import Config, ConfigDef, ConfigError, Type
from barnabas.config import LambdaValidator, ValidString, at_least
from barnabas.connectors.jdbc.connection import define_connection
from barnabas.connectors.jdbc.dialects.base import Guard, NumericMapping, TableId, TimestampMapping, TypeMapping

__all__ = ["SOURCE", "TABLES", "Mode", "SourceSettings"]

TABLES = "tables"
"""What the connector tells each task: the names of its tables."""

Mode = Literal["bulk", "timestamp", "incrementing", "timestamp+incrementing"]
_MODES = ("bulk", "timestamp", "incrementing", "timestamp+incrementing")
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
            validator=ValidString("", *_MODES),
            group=_MODE,
            importance="high",
            doc="bulk: everything each time; incrementing: rows with a higher number than before; timestamp: rows with a "
            "later time than before; timestamp+incrementing: both together.",
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
            doc="Refuse an incrementing column, and timestamp columns all of which, may be NULL: such rows are not read.",
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
            validator=LambdaValidator(_check_mapping, lambda: f"[{', '.join(_MAPPINGS)}]"),
            group=_KINDS,
            doc="NUMERIC columns as none: decimals; best_fit: integers and doubles where they fit; "
            "best_fit_eager_double: doubles wherever there is a fraction; precision_only: integers where there is none.",
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
            validator=LambdaValidator(_check_zone, lambda: "a time zone's name"),
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


class SourceSettings(NamedTuple):
    """What a configuration says, read once.

    Attributes:
        mode: How rows are told from those that were read already.
        query: To be read instead of tables; empty: tables.
        suffix: Goes behind every query.
        guard: Which open transactions are waited for.
        mapping: How columns become fields.
        isolation: ``transaction.isolation.mode``.
        prefix: ``topic.prefix``.
        poll: ``poll.interval.ms`` in seconds.
        batch: ``batch.max.rows``.
        delay_ms: ``timestamp.delay.interval.ms``.
        initial_ms: ``timestamp.initial``.
        retries: ``query.retry.attempts``.
        incrementing: The column for tables without one of their own.
        timestamps: Likewise.
        incrementing_of: ``incrementing.column.mapping``.
        timestamps_of: ``timestamp.columns.mapping``.
        non_null: ``validate.non.null``.
    """

    mode: Mode
    query: str
    suffix: str
    guard: Guard
    mapping: TypeMapping
    isolation: str
    prefix: str
    poll: float
    batch: int
    delay_ms: int
    initial_ms: int | None
    retries: int
    incrementing: str
    timestamps: tuple[str, ...]
    incrementing_of: Mapping[str, tuple[str, ...]]
    timestamps_of: Mapping[str, tuple[str, ...]]
    non_null: bool

    @classmethod
    def of(cls, config: Config) -> Self:
        """Read it.

        Raises:
            ConfigError: Keys contradict each other.
        """
        _check_together(config)
        mode = cast("Mode", config["mode"])
        query = config["query"] or config["query.masked"].value
        return cls(
            mode=mode,
            query=query.strip().rstrip(";").rstrip(),
            suffix=config["query.suffix"].strip(),
            guard=_guard(config["transaction.guard"], mode),
            mapping=_types(config),
            isolation=config["transaction.isolation.mode"].lower(),
            prefix=config["topic.prefix"],
            poll=config["poll.interval.ms"] / 1000,
            batch=config["batch.max.rows"],
            delay_ms=config["timestamp.delay.interval.ms"],
            initial_ms=config["timestamp.initial"],
            retries=config["query.retry.attempts"],
            incrementing=config["incrementing.column.name"],
            timestamps=tuple(name.strip() for name in config["timestamp.column.name"] if name.strip()),
            incrementing_of=_mapped(config, "incrementing.column.mapping"),
            timestamps_of=_mapped(config, "timestamp.columns.mapping"),
            non_null=config["validate.non.null"],
        )

    @property
    def counts(self) -> bool:
        """Whether a number decides, alone or with a time."""
        return self.mode.endswith("incrementing")

    @property
    def times(self) -> bool:
        """Whether a time decides, alone or with a number."""
        return self.mode.startswith("timestamp")

    def incrementing_for(self, table: TableId | None) -> str:
        """The incrementing column of a table; empty: the database knows."""
        return (_match(self.incrementing_of, table) or (self.incrementing,))[0]

    def timestamps_for(self, table: TableId | None) -> tuple[str, ...]:
        """The timestamp columns of a table."""
        return _match(self.timestamps_of, table) or self.timestamps


def _guard(word: str, mode: Mode) -> Guard:
    if word == "auto":
        return "none" if mode == "bulk" else "writers" if mode == "incrementing" else "all"
    return cast("Guard", word)


def _types(config: Config) -> TypeMapping:
    numeric = config["numeric.mapping"]
    if numeric is None:
        numeric = "precision_only" if config["numeric.precision.mapping"] else "none"
    granularity = config["timestamp.granularity"].lower()
    return TypeMapping(
        cast("NumericMapping", numeric.lower()), cast("TimestampMapping", granularity), config["db.timezone"]
    )


def _mapped(config: Config, key: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in config[key]:
        pattern, colon, columns = entry.rpartition(":")
        names = tuple(name.strip() for name in columns.strip().strip("[]").split("|") if name.strip())
        if not colon or not names or _compiled(pattern.strip()) is None:
            raise ConfigError(
                f"Invalid value {entry} for configuration {key}: not a regular expression, a colon and columns.",
                code="BRN-6157",
                key=key,
                remedy="Write it as schema\\.table:[column|column], entries with commas between them.",
            )
        found[pattern.strip()] = names
    return found


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _match(columns: Mapping[str, tuple[str, ...]], table: TableId | None) -> tuple[str, ...] | None:
    if table is None:
        return None
    names = {table.plain, f"{table.schema}.{table.name}", table.name}
    for pattern, found in columns.items():
        regex = _compiled(pattern)
        if regex is not None and any(map(regex.fullmatch, names)):
            return found
    return None


def _check_together(config: Config) -> None:
    """What one key alone cannot tell."""
    mode = config["mode"]
    timed = config["timestamp.column.name"] or config["timestamp.columns.mapping"]
    query = config["query"] or config["query.masked"].value
    lists = ("table.whitelist", "table.blacklist", "table.include.list", "table.exclude.list")
    rules = (
        (not mode, "mode", "There is no default for it.", f"Choose one of {', '.join(_MODES)}."),
        (
            mode.startswith("timestamp") and not timed,
            "timestamp.column.name",
            f"The mode {mode} needs timestamp columns.",
            "Name one, or choose another mode.",
        ),
        (
            bool(config["query"] and config["query.masked"].value),
            "query.masked",
            "There are two queries.",
            "Set either query or query.masked.",
        ),
        (
            bool(query) and any(config[key] for key in lists),
            "query",
            "It is given together with lists of tables.",
            "Set either query or the tables.",
        ),
        (
            bool(query) and not config["topic.prefix"],
            "topic.prefix",
            "With a query it is the name of the topic.",
            "Set it.",
        ),
        (
            bool(query) and mode.endswith("incrementing") and not config["incrementing.column.name"],
            "incrementing.column.name",
            "A query's columns are numbered by nobody.",
            "Name the column whose numbers only grow.",
        ),
        (
            bool((config["table.whitelist"] or config["table.include.list"])) and bool(config["table.blacklist"]),
            "table.blacklist",
            "It is given together with a list of tables to read.",
            "Set either one; table.exclude.list may stand beside table.include.list.",
        ),
    )
    for broken, key, message, remedy in rules:
        if broken:
            raise ConfigError(f"{key}: {message}", code="BRN-6158", key=key, remedy=remedy)
