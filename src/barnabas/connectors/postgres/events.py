"""The shape of change events: envelope, source block, keys, markers. Debezium's, so that consumers need no change."""

from __future__ import annotations

from typing import Final

from barnabas import Schema, SchemaBuilder

__all__ = [
    "HEARTBEAT_KEY",
    "HEARTBEAT_VALUE",
    "MESSAGE_KEY",
    "SNAPSHOT_MARKS",
    "SOURCE",
    "envelope",
    "message_value",
]

SNAPSHOT_MARKS: Final = "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"

_INT64: Final = Schema.OPTIONAL_INT64
_TEXT: Final = Schema.OPTIONAL_STRING

SOURCE: Final = (
    SchemaBuilder.struct()
    .name("io.debezium.connector.postgresql.Source")
    .version(1)
    .field("version", Schema.STRING)
    .field("connector", Schema.STRING)
    .field("name", Schema.STRING)
    .field("ts_ms", Schema.INT64)
    .field(
        "snapshot",
        SchemaBuilder.string()
        .name("io.debezium.data.Enum")
        .version(1)
        .parameter("allowed", SNAPSHOT_MARKS)
        .optional()
        .default("false")
        .build(),
    )
    .field("db", Schema.STRING)
    .field("sequence", _TEXT)
    .field("ts_us", _INT64)
    .field("ts_ns", _INT64)
    .field("schema", Schema.STRING)
    .field("table", Schema.STRING)
    .field("txId", _INT64)
    .field("lsn", _INT64)
    .field("xmin", _INT64)
    .field("origin", _TEXT)
    .field("origin_lsn", _INT64)
    .build()
)
"""Where an event comes from."""

_BLOCK: Final = (
    SchemaBuilder.struct()
    .name("event.block")
    .version(1)
    .optional()
    .field("id", Schema.STRING)
    .field("total_order", Schema.INT64)
    .field("data_collection_order", Schema.INT64)
    .build()
)


def envelope(name: str, row: Schema) -> Schema:
    """The schema of a table's change events: ``name`` is ``prefix.schema.table``, ``row`` that of a row, optional."""
    return (
        SchemaBuilder.struct()
        .name(f"{name}.Envelope")
        .version(2)
        .field("before", row)
        .field("after", row)
        .field("source", SOURCE)
        .field("transaction", _BLOCK)
        .field("op", Schema.STRING)
        .field("ts_ms", _INT64)
        .field("ts_us", _INT64)
        .field("ts_ns", _INT64)
        .build()
    )


MESSAGE_KEY: Final = (
    SchemaBuilder.struct().name("io.debezium.connector.postgresql.MessageKey").version(1).field("prefix", _TEXT).build()
)


def message_value(content: Schema) -> Schema:
    """The schema of records of logical messages, with their content as binary values are represented."""
    message = (
        SchemaBuilder.struct()
        .name("io.debezium.connector.postgresql.Message")
        .version(1)
        .field("prefix", _TEXT)
        .field("content", content.as_optional())
        .build()
    )
    return (
        SchemaBuilder.struct()
        .name("io.debezium.connector.postgresql.MessageValue")
        .version(1)
        .field("op", Schema.STRING)
        .field("ts_ms", _INT64)
        .field("source", SOURCE)
        .field("transaction", _BLOCK)
        .field("message", message)
        .build()
    )


HEARTBEAT_KEY: Final = (
    SchemaBuilder.struct()
    .name("io.debezium.connector.common.ServerNameKey")
    .version(1)
    .field("serverName", Schema.STRING)
    .build()
)
HEARTBEAT_VALUE: Final = (
    SchemaBuilder.struct()
    .name("io.debezium.connector.common.Heartbeat")
    .version(1)
    .field("ts_ms", Schema.INT64)
    .build()
)
