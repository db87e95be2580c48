"""A record as Java prints it: errors about one carry it."""

from __future__ import annotations

from barnabas._schema.names import schema_text
from barnabas.record import Headers, SinkRecord, SourceRecord
from barnabas.schema import Schema, java_string

__all__ = ["record_text"]


def record_text(record: SourceRecord | SinkRecord) -> str:
    """``SourceRecord{…} ConnectRecord{…}``."""
    if isinstance(record, SinkRecord):
        original = record.original
        own = (
            f"SinkRecord{{kafkaOffset={record.kafka_offset}, timestampType={record.timestamp_type}, "
            f"originalTopic={original.topic}, originalKafkaPartition={original.partition}, "
            f"originalKafkaOffset={record.original_kafka_offset}}}"
        )
    else:
        own = (
            f"SourceRecord{{sourcePartition={java_string(None, record.source_partition)}, "
            f"sourceOffset={java_string(None, record.source_offset)}}}"
        )
    return (
        f"{own} ConnectRecord{{topic='{record.topic}', kafkaPartition={java_string(None, record.kafka_partition)}, "
        f"key={java_string(record.key_schema, record.key)}, keySchema={_schema(record.key_schema)}, "
        f"value={java_string(record.value_schema, record.value)}, valueSchema={_schema(record.value_schema)}, "
        f"timestamp={java_string(None, record.timestamp)}, headers={_headers(record.headers)}}}"
    )


def _headers(headers: Headers | None) -> str:
    each = ", ".join(
        f"ConnectHeader(key={header.key}, value={java_string(header.schema, header.value)}, "
        f"schema={_schema(header.schema)})"
        for header in headers or ()
    )
    return f"ConnectHeaders(headers={f'[{each}]' if each else ''})"


def _schema(schema: Schema | None) -> str:
    return "null" if schema is None else schema_text(schema)
