"""Runs cases of kind ``transform``: one record through one transform, alone and in a batch, which must agree."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from barnabas.record import Batch, Headers, SinkBatch, SinkRecord, SourceBatch, SourceRecord
from barnabas.transforms.names import TRANSFORMS
from vectors import codec
from vectors.codec import error_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.transforms import Transformation

__all__ = ["batch_of", "decode_record", "encode_record", "load", "run"]

COPIES = 3
"""Records in the batch that every case is run with."""


def run(case: Mapping[str, Any]) -> dict[str, Any]:
    """What our transform answers, in the neutral encoding; a batch that answers otherwise is the error ``batch``."""
    alone = _single(case)
    together = _batch(case)
    if alone == together:
        return alone
    return {"error": {"stage": "batch", "class": "BatchDiffers", "message": f"{together} in a batch, but {alone}"}}


def _configured(case: Mapping[str, Any]) -> Transformation[Any]:
    transformation: Transformation[Any] = load(TRANSFORMS[case["class"]])()
    transformation.configure(case["config"] or {})
    return transformation


def _single(case: Mapping[str, Any]) -> dict[str, Any]:
    stage = "configure"
    try:
        transformation = _configured(case)
        stage = "apply"
        return {"record": encode_record(transformation.apply(decode_record(case["record"])))}
    except Exception as error:  # noqa: BLE001 - whatever it raises is the answer
        return error_of(stage, error)


def _batch(case: Mapping[str, Any]) -> dict[str, Any]:
    stage = "configure"
    try:
        transformation = _configured(case)
        stage = "apply"
        batch, kept = transformation.apply_batch(batch_of(case["record"]))
        answers = [{"record": encode_record(row)} for row in batch]
    except Exception as error:  # noqa: BLE001 - as above
        return error_of(stage, error)
    if not answers and kept == []:
        return {"record": None}
    whole = len(answers) == COPIES and kept in (None, [*range(COPIES)])
    return answers[0] if whole and answers.count(answers[0]) == COPIES else {"several": answers, "kept": kept}


def load(path: str) -> Any:
    """The class at ``module:Class``."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def batch_of(node: Mapping[str, Any]) -> Batch[Any]:
    """A batch of several equal records, none sharing a value with another."""
    rows = [decode_record(node) for _ in range(COPIES)]
    return SinkBatch.of(rows) if node["type"] == "sink" else SourceBatch.of(rows)


def decode_record(node: Mapping[str, Any]) -> Any:
    """A record from the neutral encoding."""
    key_schema, value_schema = codec.decode_schema(node["key_schema"]), codec.decode_schema(node["value_schema"])
    headers = Headers()
    for header in node["headers"]:
        schema = codec.decode_schema(header["schema"])
        headers.add(header["key"], codec.decode(schema, header["value"]), schema)
    fields: dict[str, Any] = {
        "topic": node["topic"],
        "kafka_partition": node["partition"],
        "key_schema": key_schema,
        "key": codec.decode(key_schema, node["key"]),
        "value_schema": value_schema,
        "value": codec.decode(value_schema, node["value"]),
        "timestamp": None if node["timestamp"] is None else int(node["timestamp"]),
        "headers": headers or None,
    }
    if node["type"] == "sink":
        return SinkRecord(kafka_offset=node["offset"], **fields)
    return SourceRecord(source_partition={"src": "p"}, source_offset={"off": 1}, **fields)  # as the recorder's were


def encode_record(record: SourceRecord | SinkRecord | None) -> dict[str, Any] | None:
    """A record in the neutral encoding; ``None`` is a dropped one."""
    if record is None:
        return None
    node: dict[str, Any] = {
        "type": "sink" if isinstance(record, SinkRecord) else "source",
        "topic": record.topic,
        "partition": record.kafka_partition,
        "key_schema": codec.encode_schema(record.key_schema),
        "key": codec.encode(record.key_schema, record.key),
        "value_schema": codec.encode_schema(record.value_schema),
        "value": codec.encode(record.value_schema, record.value),
        "timestamp": None if record.timestamp is None else str(record.timestamp),
        "headers": [
            {
                "key": header.key,
                "schema": codec.encode_schema(header.schema),
                "value": codec.encode(header.schema, header.value),
            }
            for header in record.headers or ()
        ],
    }
    if isinstance(record, SinkRecord):
        node["offset"] = record.kafka_offset
    return node
