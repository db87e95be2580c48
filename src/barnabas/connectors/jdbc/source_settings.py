"""What a configuration of the JDBC source comes to, read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple, Self, cast

from barnabas import Config, ConfigError
from barnabas.connectors.jdbc.dialects.base import Guard, NumericMapping, TableId, TimestampMapping, TypeMapping
from barnabas.connectors.jdbc.source_config import MODES

__all__ = ["Mode", "SourceSettings"]

Mode = Literal["bulk", "timestamp", "incrementing", "timestamp+incrementing"]


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
        lookback_ms: ``timestamp.lookback.ms``.
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
    lookback_ms: int
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
            lookback_ms=config["timestamp.lookback.ms"],
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

    @property
    def looks_back(self) -> bool:
        """Whether rows are looked for whose time was over when they were written."""
        return self.times and self.guard != "none" and self.lookback_ms > 0 and not self.query

    @property
    def exact(self) -> bool:
        """Whether each row has one place in an order that every offset stands for, so that nothing is read twice."""
        return self.counts and not self.looks_back

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
    names = {table.plain, table.full, table.name}
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
        (not mode, "mode", "There is no default for it.", f"Choose one of {', '.join(MODES)}."),
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
            mode == "timestamp" and bool(re.search(r"(?i)\b(limit|fetch)\b", config["query.suffix"])),
            "query.suffix",
            "A limit cuts rows with the same timestamp apart, and with the mode timestamp the rest would be skipped.",
            "Use batch.max.rows, or the mode timestamp+incrementing.",
        ),
        (
            bool(config["table.whitelist"] or config["table.include.list"]) and bool(config["table.blacklist"]),
            "table.blacklist",
            "It is given together with a list of tables to read.",
            "Set either one; table.exclude.list may stand beside table.include.list.",
        ),
    )
    for broken, key, message, remedy in rules:
        if broken:
            raise ConfigError(f"{key}: {message}", code="BRN-6158", key=key, remedy=remedy)
