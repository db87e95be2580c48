"""The same sink under the names that configurations of Debezium's JDBC sink have."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from barnabas import Config, ConfigDef, Task, Type
from barnabas.config import CaseInsensitiveValidString, LambdaValidator, at_least
from barnabas.connectors.jdbc.connection import Connector, define_connection
from barnabas.connectors.jdbc.sink import JdbcSinkConnector, JdbcSinkTask
from barnabas.connectors.jdbc.sink_config import Flavour, check_zone, define_own, own_settings, zone_of
from barnabas.connectors.jdbc.sink_settings import SinkSettings

__all__ = ["DebeziumJdbcSinkConnector", "DebeziumJdbcSinkTask"]

_POOL = "Accepted and not used: each task has one connection."
_OTHER = "Of another database; no effect."

_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "key_mode": "primary.key.mode",
        "key_fields": "primary.key.fields",
        "delete": "delete.enabled",
        "insert_mode": "insert.mode",
        "include": "field.include.list",
        "create": "schema.evolution",
        "create_on": "schema.evolution=basic",
        "evolve": "schema.evolution",
        "evolve_on": "schema.evolution=basic",
        "retries": "flush.max.retries",
        "table_format": "collection.name.format",
    }
)


def _definition() -> ConfigDef:
    common = define_connection(ConfigDef()).keys
    definition = ConfigDef()
    for name in (
        "connection.url",
        "connection.user",
        "connection.password",
        "connection.attempts",
        "connection.backoff.ms",
    ):
        definition.add(common[name])
    _define_names(definition)
    _define_writes(definition)
    _define_ignored(definition)
    return define_own(definition)


def _define_names(definition: ConfigDef) -> None:
    definition.define(
        "connection.username", Type.STRING, default=None, importance="high", doc="Whom to connect as."
    ).define(
        "collection.name.format",
        Type.STRING,
        default="${topic}",
        doc="The table's name; ${topic} stands for the topic's with underscores for dots, ${source.table} and the like "
        "for a field of the change event.",
    ).define(
        "table.name.format",
        Type.STRING,
        default="",
        doc="The former name of collection.name.format, where that is left out.",
    ).define(
        "quote.identifiers", Type.BOOLEAN, default=False, doc="Whether names of tables and columns are quoted in SQL."
    ).define(
        "field.include.list", Type.LIST, default=[], doc="The only fields to write, as field or topic:field."
    ).define("field.exclude.list", Type.LIST, default=[], doc="Fields not to write, as field or topic:field.").define(
        "use.time.zone",
        Type.STRING,
        default="UTC",
        validator=LambdaValidator(check_zone, "a time zone"),
        doc="Whose wall clock columns of type timestamp (without time zone) keep.",
    ).define(
        "database.time_zone",
        Type.STRING,
        default="",
        validator=LambdaValidator(check_zone, "a time zone"),
        doc="The former name of use.time.zone, where that is left out.",
    )


def _define_writes(definition: ConfigDef) -> None:
    definition.define(
        "insert.mode",
        Type.STRING,
        default="insert",
        validator=CaseInsensitiveValidString("insert", "upsert", "update"),
        importance="high",
        doc="insert appends, upsert replaces, update changes only what is there.",
    ).define(
        "primary.key.mode",
        Type.STRING,
        default="none",
        validator=CaseInsensitiveValidString("none", "kafka", "record_key", "record_value", "record_header"),
        importance="high",
        doc="Where the key's columns come from.",
    ).define("primary.key.fields", Type.LIST, default=[], doc="The key's columns; left out: all of them.").define(
        "delete.enabled",
        Type.BOOLEAN,
        default=False,
        doc="Whether deletes and records without value delete the row with their key; otherwise they are passed over.",
    ).define(
        "truncate.enabled", Type.BOOLEAN, default=False, doc="Whether an event that empties the table does so here too."
    ).define(
        "schema.evolution",
        Type.STRING,
        default="none",
        validator=CaseInsensitiveValidString("none", "basic"),
        importance="high",
        doc="basic: missing tables are made and missing columns added.",
    ).define(
        "batch.size", Type.INT, default=500, validator=at_least(1), doc="The most records in one transaction."
    ).define(
        "flush.max.retries",
        Type.INT,
        default=5,
        validator=at_least(0),
        doc="How often in a row a transaction is tried again before the task fails.",
    ).define(
        "flush.retry.delay.ms",
        Type.LONG,
        default=1000,
        validator=at_least(0),
        doc="How long to wait before each of those tries.",
    )


def _define_ignored(definition: ConfigDef) -> None:
    """Keys whose machinery does not exist here: the same rows arrive without."""
    ignored: tuple[tuple[str, Any, str], ...] = (
        ("connection.provider", "", _POOL),
        ("connection.pool.min_size", "5", _POOL),
        ("connection.pool.max_size", "32", _POOL),
        ("connection.pool.acquire_increment", "32", _POOL),
        ("connection.pool.timeout", "1800", _POOL),
        ("connection.restart.on.errors", "false", "Accepted and not used: a lost connection is always opened anew."),
        (
            "use.reduction.buffer",
            "false",
            "Accepted and not used: of an upsert's batch each key is written once anyway.",
        ),
        ("keyed.message.batch.mode", "", "Accepted and not used."),
        ("collection.naming.strategy", "", "Accepted and not used: Java classes cannot be loaded here."),
        ("table.naming.strategy", "", "Accepted and not used: Java classes cannot be loaded here."),
        ("column.naming.strategy", "", "Accepted and not used: Java classes cannot be loaded here."),
        ("collection.table.format", "", "Accepted and not used."),
        ("dialect.postgres.postgis.schema", "public", "Accepted and not used."),
        ("dialect.postgres.unnest.insert.enabled", "false", "Accepted and not used: rows are written by COPY."),
        ("dialect.sqlserver.identity.insert", "false", _OTHER),
    )
    for name, default, doc in ignored:
        definition.define(name, Type.STRING, default=default, importance="low", doc=doc)


_CONNECTION = define_connection(ConfigDef())


def _connector(config: Config, application: str) -> Connector:
    """With the names that the connection's keys have elsewhere."""
    given = dict(config.originals)
    given["quote.sql.identifiers"] = "always" if config["quote.identifiers"] else "never"
    user = config["connection.username"] or config["connection.user"]
    return Connector.of(_CONNECTION.parse({**given, "connection.user": user} if user else given), application)


def _given(config: Config, name: str, former: str) -> str:
    """A key's value, or that of its former name where only that is given."""
    chosen = former if config[former] and name not in config.originals else name
    return str(config[chosen])


def _settings(config: Config) -> SinkSettings:
    evolves = config["schema.evolution"].lower() == "basic"
    return SinkSettings(
        keys=_KEYS,
        insert_mode=config["insert.mode"].lower(),
        key_mode=config["primary.key.mode"].lower(),
        key_fields=tuple(config["primary.key.fields"]),
        delete=config["delete.enabled"],
        truncate=config["truncate.enabled"],
        create=evolves,
        evolve=evolves,
        include=frozenset(config["field.include.list"]),
        exclude=frozenset(config["field.exclude.list"]),
        table_format=_given(config, "collection.name.format", "table.name.format"),
        flat_topics=True,
        batch_size=config["batch.size"],
        retries=config["flush.max.retries"],
        retry_wait=config["flush.retry.delay.ms"] / 1000,
        zone=zone_of(_given(config, "use.time.zone", "database.time_zone")),
        unwrap=True,
        debezium=True,
        **own_settings(config),
    )


_FLAVOUR = Flavour(_definition(), _settings, _connector)


class DebeziumJdbcSinkTask(JdbcSinkTask):
    """See :class:`JdbcSinkTask`."""

    FLAVOUR: ClassVar[Flavour] = _FLAVOUR


class DebeziumJdbcSinkConnector(JdbcSinkConnector):
    """See :class:`JdbcSinkConnector`; change events are opened, deletes that are not wanted are passed over."""

    FLAVOUR: ClassVar[Flavour] = _FLAVOUR
    CONFIG: ClassVar[ConfigDef] = _FLAVOUR.definition
    TASK: ClassVar[type[Task] | None] = DebeziumJdbcSinkTask
