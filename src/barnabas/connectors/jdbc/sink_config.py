"""The keys of the sink under the names that most configurations have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from barnabas import Config, ConfigDef, ConfigError, Type
from barnabas.config import CaseInsensitiveValidString, LambdaValidator, at_least
from barnabas.connectors.jdbc.connection import Connector, define_connection
from barnabas.connectors.jdbc.sink_settings import KafkaColumns, SinkSettings

__all__ = ["SINK", "Flavour", "check_zone", "define_own", "own_settings", "zone_of"]

_WRITES = "Writes"
_MAPPING = "Data mapping"
_DDL = "Tables"
_RETRIES = "Retries"
_EXTRA = "Beyond the Java connector"

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "key_mode": "pk.mode",
        "key_fields": "pk.fields",
        "delete": "delete.enabled",
        "insert_mode": "insert.mode",
        "include": "fields.whitelist",
        "create": "auto.create",
        "create_on": "auto.create=true",
        "evolve": "auto.evolve",
        "evolve_on": "auto.evolve=true",
        "retries": "max.retries",
        "table_format": "table.name.format",
    }
)


def zone_of(name: str) -> tzinfo | None:
    """The time zone of a name; ``None`` for UTC.

    Raises:
        ConfigError: There is none of that name.
    """
    if name.upper() in {"UTC", "Z", "GMT", "ETC/UTC"}:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ConfigError(
            f"There is no time zone {name!r}.", code="BRN-6195", remedy="Write Europe/Berlin, or UTC."
        ) from error


def check_zone(name: str, value: Any) -> None:
    """A validator: the value has to be a time zone.

    Raises:
        ConfigError: It is none.
    """
    if isinstance(value, str) and value:
        try:
            zone_of(value)
        except ConfigError as error:
            raise ConfigError(
                f"Invalid value {value} for configuration {name}: {error}", code="BRN-6195", key=name
            ) from None


def _pairs(name: str, items: list[str]) -> dict[str, str]:
    """``topic:table`` pairs.

    Raises:
        ConfigError: One is no pair.
    """
    pairs = [item.partition(":") for item in items]
    if not all(topic and table for topic, _, table in pairs):
        raise ConfigError(f"{name} has to be topic:table,topic:table.", code="BRN-6195", key=name)
    return {topic.strip(): table.strip() for topic, _, table in pairs}


def define_own(definition: ConfigDef) -> ConfigDef:
    """Keys that only this connector has, whichever names the others have."""
    return (
        definition.define(
            "linger.ms",
            Type.INT,
            default=20,
            validator=at_least(0),
            importance="low",
            group=_EXTRA,
            doc="How long records wait for more of them, so that a transaction is worth its while; 0: not at all.",
        )
        .define(
            "infer.columns",
            Type.BOOLEAN,
            default=False,
            importance="medium",
            group=_EXTRA,
            doc="Take values without schema too (JSON objects): the table's own columns decide about types; where it "
            "has none yet, what is found in the first batch does.",
        )
        .define(
            "exactly.once.table",
            Type.STRING,
            default="",
            importance="medium",
            group=_EXTRA,
            doc="A table for Kafka's offsets, written in the same transaction as the rows, so that no record is "
            "written twice whatever happens, with insert.mode=insert too. It is made where it does not exist.",
        )
        .define(
            "topics.to.tables.mapping",
            Type.LIST,
            default=[],
            importance="low",
            group=_EXTRA,
            doc="Tables of single topics, as topic:table; the others' names follow the format.",
        )
        .define(
            "table.name.normalize",
            Type.BOOLEAN,
            default=False,
            importance="low",
            group=_EXTRA,
            doc="Make everything in a table's name that is no letter, digit or underscore an underscore.",
        )
    )


def _definition() -> ConfigDef:
    definition = define_connection(ConfigDef())
    _define_writes(definition)
    _define_mapping(definition)
    _define_rest(definition)
    return define_own(definition)


def _define_writes(definition: ConfigDef) -> None:
    definition.define(
        "insert.mode",
        Type.STRING,
        default="insert",
        validator=CaseInsensitiveValidString("insert", "upsert", "update"),
        importance="high",
        group=_WRITES,
        doc="insert appends; upsert replaces the row with the same key, and so may be repeated; update changes rows "
        "that are there and adds none.",
    ).define(
        "batch.size",
        Type.INT,
        default=3000,
        validator=at_least(1),
        importance="medium",
        group=_WRITES,
        doc="The most records in one transaction.",
    ).define(
        "delete.enabled",
        Type.BOOLEAN,
        default=False,
        importance="medium",
        group=_WRITES,
        doc="Whether a record without value deletes the row with its key. Needs pk.mode=record_key.",
    ).define(
        "table.types",
        Type.LIST,
        default=["table"],
        importance="low",
        group=_WRITES,
        doc="Accepted and not used: whatever the name means is written to, views and partitioned tables too.",
    ).define(
        "replace.null.with.default",
        Type.BOOLEAN,
        default=True,
        importance="medium",
        group=_WRITES,
        doc="Whether a field's default stands in for null.",
    )


def _define_mapping(definition: ConfigDef) -> None:
    definition.define(
        "table.name.format",
        Type.STRING,
        default="${topic}",
        importance="medium",
        group=_MAPPING,
        doc="The table's name; ${topic} stands for the topic's, and ${a.b} for a field of the value.",
    ).define(
        "pk.mode",
        Type.STRING,
        default="none",
        validator=CaseInsensitiveValidString("none", "kafka", "record_key", "record_value"),
        importance="high",
        group=_MAPPING,
        doc="Where the key's columns come from: nowhere, topic, partition and offset, the record's key, or its value.",
    ).define(
        "pk.fields",
        Type.LIST,
        default=[],
        importance="medium",
        group=_MAPPING,
        doc="The key's columns. Left out: all fields of the key or value; with kafka, "
        f"{', '.join(KafkaColumns)}. A key that is a single value needs exactly one name.",
    ).define(
        "fields.whitelist",
        Type.LIST,
        default=[],
        importance="medium",
        group=_MAPPING,
        doc="The only fields of values to write; left out: all. The key's columns are always written.",
    ).define(
        "db.timezone",
        Type.STRING,
        default="UTC",
        validator=LambdaValidator(check_zone, "a time zone"),
        importance="medium",
        group=_MAPPING,
        doc="Whose wall clock columns of type timestamp (without time zone) keep.",
    ).define(
        "date.timezone",
        Type.STRING,
        default="db_timezone",
        validator=CaseInsensitiveValidString("db_timezone", "utc"),
        importance="low",
        group=_MAPPING,
        doc="Accepted and not used: a date is written as the date it is.",
    ).define(
        "timestamp.fields.list",
        Type.LIST,
        default=[],
        importance="low",
        group=_MAPPING,
        doc="Fields of type INT64 that count from 1970, to be written as timestamps.",
    ).define(
        "timestamp.precision.mode",
        Type.STRING,
        default="microseconds",
        validator=CaseInsensitiveValidString("microseconds", "nanoseconds"),
        importance="low",
        group=_MAPPING,
        doc="What the fields of timestamp.fields.list count.",
    ).define(
        "date.calendar.system",
        Type.STRING,
        default="legacy",
        validator=CaseInsensitiveValidString("legacy", "proleptic_gregorian"),
        importance="low",
        group=_MAPPING,
        doc="Accepted and not used: there is one calendar here, and dates before 1582 are what they say.",
    ).define(
        "string.output.value.column.name",
        Type.STRING,
        default="record_value",
        importance="low",
        group=_MAPPING,
        doc="The column for values that are a text and nothing else.",
    )


def _define_rest(definition: ConfigDef) -> None:
    definition.define(
        "auto.create",
        Type.BOOLEAN,
        default=False,
        importance="medium",
        group=_DDL,
        doc="Whether missing tables are made.",
    ).define(
        "auto.evolve",
        Type.BOOLEAN,
        default=False,
        importance="medium",
        group=_DDL,
        doc="Whether missing columns are added. Nothing is ever dropped or changed.",
    ).define(
        "mssql.use.merge.holdlock",
        Type.BOOLEAN,
        default=True,
        importance="low",
        group=_WRITES,
        doc="Of another database; no effect.",
    ).define(
        "max.retries",
        Type.INT,
        default=10,
        validator=at_least(0),
        importance="medium",
        group=_RETRIES,
        doc="How often in a row a transaction is tried again before the task fails.",
    ).define(
        "retry.backoff.ms",
        Type.INT,
        default=3000,
        validator=at_least(0),
        importance="medium",
        group=_RETRIES,
        doc="How long to wait before each of those tries.",
    ).define(
        "trim.sensitive.log",
        Type.BOOLEAN,
        default=False,
        importance="low",
        group=_RETRIES,
        doc="Leave the values of rows out of messages.",
    )


class Flavour(NamedTuple):
    """One set of names for the keys.

    Args:
        definition: The keys.
        settings: What they mean.
        connector: Makes connections as they say, given also how sessions are to be shown in the database's views.
    """

    definition: ConfigDef
    settings: Callable[[Config], SinkSettings]
    connector: Callable[[Config, str], Connector]


def _settings(config: Config) -> SinkSettings:
    return SinkSettings(
        keys=KEYS,
        insert_mode=config["insert.mode"].lower(),
        key_mode=config["pk.mode"].lower(),
        key_fields=tuple(config["pk.fields"]),
        delete=config["delete.enabled"],
        create=config["auto.create"],
        evolve=config["auto.evolve"],
        include=frozenset(config["fields.whitelist"]),
        table_format=config["table.name.format"],
        batch_size=config["batch.size"],
        retries=config["max.retries"],
        retry_wait=config["retry.backoff.ms"] / 1000,
        zone=zone_of(config["db.timezone"]),
        stamp_fields=frozenset(config["timestamp.fields.list"]),
        stamp_unit="us" if config["timestamp.precision.mode"].lower() == "microseconds" else "ns",
        null_default=config["replace.null.with.default"],
        value_column=config["string.output.value.column.name"],
        debezium=False,
        discreet=config["trim.sensitive.log"],
        **own_settings(config),
    )


def own_settings(config: Config) -> dict[str, Any]:
    """Those of the keys of :func:`define_own`."""
    return {
        "linger": config["linger.ms"] / 1000,
        "infer": config["infer.columns"],
        "offsets_table": config["exactly.once.table"],
        "table_names": _pairs("topics.to.tables.mapping", config["topics.to.tables.mapping"]),
        "plain_names": config["table.name.normalize"],
        "connector": config.originals.get("name", ""),
    }


SINK = Flavour(_definition(), _settings, Connector.of)
"""The usual names."""
