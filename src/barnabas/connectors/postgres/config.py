"""The keys of change data capture: Debezium's, so that a configuration written for it works as it is."""

from __future__ import annotations

from typing import Any

from barnabas import ConfigDef, ConfigError, Type
from barnabas.config import (
    CaseInsensitiveValidString,
    LambdaValidator,
    NonEmptyString,
    Recommender,
    at_least,
    between,
)
from barnabas.connectors.postgres.filters import check_patterns

__all__ = ["CONFIG", "SNAPSHOT_MODES"]

SNAPSHOT_MODES = ("initial", "always", "initial_only", "no_data", "never", "when_needed", "exported")
_LARGEST_PORT = 65535


def _choice(*words: str) -> dict[str, Any]:
    return {"validator": CaseInsensitiveValidString(*words), "recommender": Recommender.of(*words)}


def _plugin(name: str, value: Any) -> None:
    if str(value).lower() != "pgoutput":
        raise ConfigError(
            f"Invalid value {value} for configuration {name}: only pgoutput is supported.",
            code="BRN-6132",
            key=name,
            remedy="Set it to pgoutput, which is part of PostgreSQL since version 10: nothing has to be installed.",
        )


def _slot(name: str, value: Any) -> None:
    text = str(value)
    if not text or len(text) > 63 or not all(each in "abcdefghijklmnopqrstuvwxyz0123456789_" for each in text):  # noqa: PLR2004 - PostgreSQL's longest name
        raise ConfigError(
            f"Invalid value {value} for configuration {name}: a slot's name has lower-case letters, digits and "
            "underscores, at most 63.",
            code="BRN-6132",
            key=name,
            remedy="Choose another name.",
        )


_PATTERNS = LambdaValidator(check_patterns, "regular expressions, separated by commas")
_TEXT, _INT, _LONG, _BOOL, _LIST, _SECRET = Type.STRING, Type.INT, Type.LONG, Type.BOOLEAN, Type.STRING, Type.PASSWORD


def _connection(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "database.hostname", _TEXT, validator=NonEmptyString(), importance="high", doc="The server's host name."
        )
        .define(
            "database.port", _INT, default=5432, validator=between(1, _LARGEST_PORT), importance="high", doc="Its port."
        )
        .define(
            "database.user",
            _TEXT,
            validator=NonEmptyString(),
            importance="high",
            doc="The role to connect as. It needs LOGIN, REPLICATION, and SELECT on the captured tables.",
        )
        .define("database.password", _SECRET, default=None, importance="high", doc="The role's password.")
        .define(
            "database.dbname",
            _TEXT,
            validator=NonEmptyString(),
            importance="high",
            doc="The database to capture; a connector captures one.",
        )
        .define(
            "topic.prefix",
            _TEXT,
            validator=NonEmptyString(),
            importance="high",
            doc="The logical name of the server: topics are `prefix.schema.table`, and offsets are kept under it. Do "
            "not change it afterwards.",
        )
        .define(
            "database.sslmode",
            _TEXT,
            default="prefer",
            doc="Whether to use TLS, and what to check.",
            **_choice("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
        )
        .define(
            "database.sslrootcert", _TEXT, default=None, doc="A PEM file with authorities, for verify-ca and -full."
        )
        .define("database.sslcert", _TEXT, default=None, doc="A PEM file with the client's certificate.")
        .define("database.sslkey", _TEXT, default=None, doc="A file with the key of that certificate.")
        .define("database.sslpassword", _SECRET, default=None, doc="The password of that key.")
        .define("database.tcpKeepAlive", _BOOL, default=True, importance="low", doc="Keep idle connections alive.")
        .define(
            "database.initial.statements",
            _TEXT,
            default=None,
            importance="low",
            doc="SQL for each connection that reads the catalog or a snapshot.",
        )
        .define(
            "connection.validation.timeout.ms",
            _LONG,
            default=10_000,
            validator=at_least(1),
            importance="low",
            doc="How long connecting may take.",
        )
    )


def _replication(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "plugin.name",
            _TEXT,
            default="pgoutput",
            validator=LambdaValidator(_plugin, "pgoutput"),
            recommender=Recommender.of("pgoutput"),
            doc="The output plugin of the slot.",
        )
        .define(
            "slot.name",
            _TEXT,
            default="debezium",
            validator=LambdaValidator(_slot, "a slot's name"),
            importance="high",
            doc="The replication slot: one for each connector. It is made where it does not exist.",
        )
        .define(
            "slot.drop.on.stop",
            _BOOL,
            default=False,
            doc="Drop the slot whenever the connector stops. For tests: changes made meanwhile are lost.",
        )
        .define("slot.failover", _BOOL, default=False, importance="low", doc="Make the slot a failover slot (17).")
        .define(
            "slot.max.retries",
            _INT,
            default=6,
            validator=at_least(0),
            importance="low",
            doc="How often to try again to read from a slot that is in use, before the task fails.",
        )
        .define(
            "slot.retry.delay.ms",
            _LONG,
            default=10_000,
            validator=at_least(0),
            importance="low",
            doc="How long to wait before that.",
        )
        .define(
            "slot.stream.params",
            _TEXT,
            default=None,
            importance="low",
            doc="More options of the plugin: `name=value;name=value`.",
        )
        .define(
            "offset.mismatch.strategy",
            _TEXT,
            default="fail",
            doc="What to do when the slot has moved on beyond the stored offset, so that changes may be lost: fail, or "
            "go on from the slot (trust_slot, trust_greater_lsn, no_validation).",
            **_choice("fail", "trust_offset", "trust_slot", "trust_greater_lsn", "no_validation"),
        )
        .define(
            "publication.name",
            _TEXT,
            default="dbz_publication",
            validator=NonEmptyString(),
            importance="high",
            doc="The publication that says which tables the server sends.",
        )
        .define(
            "publication.autocreate.mode",
            _TEXT,
            default="all_tables",
            doc="all_tables: made for all tables where it does not exist (needs a superuser); filtered: made for the "
            "captured tables, and kept so; no_tables: made empty; disabled: it has to exist.",
            **_choice("all_tables", "filtered", "no_tables", "disabled"),
        )
        .define(
            "publish.via.partition.root",
            _BOOL,
            default=False,
            importance="low",
            doc="Whether changes of partitions are those of their table.",
        )
        .define(
            "status.update.interval.ms",
            _INT,
            default=10_000,
            validator=at_least(1),
            importance="low",
            doc="How often the server is told how far it may forget, and that we are alive.",
        )
        .define(
            "slot.lag.warning.bytes",
            _LONG,
            default=1 << 30,
            validator=at_least(0),
            importance="low",
            doc="Warn when the slot holds back more WAL than this; 0: never.",
        )
    )


def _which(definition: ConfigDef) -> ConfigDef:
    for key, text in (
        ("schema.include.list", "Schemas to capture."),
        ("schema.exclude.list", "Schemas not to capture."),
        ("table.include.list", "Tables to capture, as `schema.table`."),
        ("table.exclude.list", "Tables not to capture, as `schema.table`."),
        ("column.include.list", "Columns to capture, as `schema.table.column`."),
        ("column.exclude.list", "Columns not to capture, as `schema.table.column`."),
        ("message.prefix.include.list", "Prefixes of logical decoding messages to capture."),
        ("message.prefix.exclude.list", "Prefixes of logical decoding messages not to capture."),
    ):
        definition.define(
            key,
            _LIST,
            default=None,
            validator=_PATTERNS,
            importance="high" if "table" in key else "medium",
            doc=f"{text} Regular expressions that fit whole names, separated by commas; not with its opposite.",
        )
    return definition.define(
        "message.key.columns",
        _TEXT,
        default=None,
        doc="Keys other than the primary key: `schema.table:column,column;…`, with a regular expression for the table.",
    ).define(
        "skipped.operations",
        _TEXT,
        default="t",
        doc="Operations to leave out: c (create), u (update), d (delete), t (truncate), none.",
    )


def _snapshots(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "snapshot.mode",
            _TEXT,
            default="initial",
            importance="high",
            doc="When to read whole tables. initial: once, before streaming; always: at each start; initial_only: "
            "once, and no streaming; no_data (never): not at all; when_needed: also when the slot or its WAL is lost.",
            **_choice(*SNAPSHOT_MODES),
        )
        .define(
            "snapshot.include.collection.list",
            _LIST,
            default=None,
            validator=_PATTERNS,
            doc="Captured tables that a snapshot reads; all where it is not set.",
        )
        .define(
            "snapshot.max.threads",
            _INT,
            default=1,
            validator=at_least(1),
            doc="Connections that read a snapshot at the same time: tables, and ranges of large tables.",
        )
        .define(
            "snapshot.fetch.size",
            _INT,
            default=2048,
            validator=at_least(1),
            importance="low",
            doc="Rows of a snapshot that are handed over at a time.",
        )
        .define(
            "snapshot.delay.ms",
            _LONG,
            default=0,
            validator=at_least(0),
            importance="low",
            doc="How long to wait before a snapshot.",
        )
        .define(
            "snapshot.select.statement.overrides",
            _TEXT,
            default=None,
            importance="low",
            doc="Tables (`schema.table`, separated by commas) with a SELECT of their own, in "
            "`snapshot.select.statement.overrides.schema.table`.",
        )
    )


def _values(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "decimal.handling.mode",
            _TEXT,
            default="precise",
            doc="numeric and money as decimals (precise), float64 (double) or text (string).",
            **_choice("precise", "double", "string"),
        )
        .define(
            "time.precision.mode",
            _TEXT,
            default="adaptive",
            doc="Dates and times: numbers as precise as the column (adaptive), Kafka Connect's types (connect), …",
            **_choice("adaptive", "adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds"),
        )
        .define(
            "binary.handling.mode",
            _TEXT,
            default="bytes",
            doc="bytea as bytes or as text.",
            **_choice("bytes", "base64", "base64-url-safe", "hex"),
        )
        .define(
            "hstore.handling.mode", _TEXT, default="json", doc="hstore as JSON or as a map.", **_choice("json", "map")
        )
        .define(
            "interval.handling.mode",
            _TEXT,
            default="numeric",
            doc="interval as microseconds or as ISO 8601 text.",
            **_choice("numeric", "string"),
        )
        .define(
            "money.fraction.digits", _INT, default=2, validator=at_least(0), importance="low", doc="Places of money."
        )
        .define(
            "include.unknown.datatypes",
            _BOOL,
            default=False,
            doc="Send values of types that are not known here as the bytes of their text, instead of leaving them out.",
        )
        .define(
            "unavailable.value.placeholder",
            _TEXT,
            default="__debezium_unavailable_value",
            doc="Stands for a large value that an update did not change, and that the server so does not send.",
        )
    )


def _records(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define("tombstones.on.delete", _BOOL, default=True, doc="Whether a null follows each delete.")
        .define(
            "topic.delimiter",
            _TEXT,
            default=".",
            validator=NonEmptyString(),
            importance="low",
            doc="What stands between the parts of a topic's name.",
        )
        .define(
            "extended.headers.enabled",
            _BOOL,
            default=True,
            importance="low",
            doc="Add headers that say which connector and run made a record.",
        )
        .define(
            "heartbeat.interval.ms",
            _INT,
            default=0,
            validator=at_least(0),
            doc="How often to send a heartbeat to Kafka; 0: never. The slot advances without: see the guarantees.",
        )
        .define(
            "heartbeat.topics.prefix",
            _TEXT,
            default="__debezium-heartbeat",
            importance="low",
            doc="Heartbeats go to `prefix.topic-prefix`.",
        )
        .define(
            "heartbeat.action.query",
            _TEXT,
            default=None,
            importance="low",
            doc="SQL to run with each heartbeat.",
        )
        .define(
            "max.batch.size",
            _INT,
            default=2048,
            validator=at_least(1),
            doc="Changes that are handed over at a time, at most.",
        )
        .define(
            "poll.interval.ms",
            _LONG,
            default=500,
            validator=at_least(1),
            importance="low",
            doc="How long to wait for a change before the task looks at its orders.",
        )
        .define(
            "retriable.restart.connector.wait.ms",
            _LONG,
            default=10_000,
            validator=at_least(0),
            importance="low",
            doc="The longest wait before connecting again after the connection was lost.",
        )
    )


CONFIG: ConfigDef = _records(_values(_snapshots(_which(_replication(_connection(ConfigDef()))))))
"""What :class:`~.source.PostgresCdcSource` takes."""
