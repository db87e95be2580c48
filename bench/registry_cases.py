"""What ``python -m bench.registry`` measures: the formats, and the records that all of them get."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from barnabas.converters._protobuf.pool import load_text
from barnabas.schema import Schema, Timestamp

__all__ = ["CASES", "SCHEMA", "RegistryCase", "rows"]


class RegistryCase(NamedTuple):
    """One format.

    Args:
        name: What it is called.
        converter: Our converter.
        codec: The class in ``bench/java`` that does the same on the JVM: it implements ``RegistryCodec``.
        libraries: What that class uses, for the introduction.
        settings: Of our converter, besides the registry's address.
        sources: More files in ``bench/java`` that it needs.
        for_jvm: From the schema's text in the registry to what that class reads.
    """

    name: str
    converter: str
    codec: str
    libraries: str
    settings: dict[str, str] = {}  # noqa: RUF012 - a default that nobody changes
    sources: tuple[str, ...] = ()
    for_jvm: Callable[[str], str] = str


def _serialised(text: str) -> str:
    """A .proto text as a descriptor in base64: Google's library for Java has no parser of its own."""
    return base64.b64encode(load_text(text).proto.SerializeToString()).decode()


CASES: tuple[RegistryCase, ...] = (
    RegistryCase("Avro", "AvroConverter", "AvroCodec", "Apache Avro 1.12's generic reader and writer"),
    RegistryCase(
        "Protobuf",
        "ProtobufConverter",
        "ProtobufCodec",
        "Google's Protobuf for Java with dynamic messages",
        for_jvm=_serialised,
    ),
    RegistryCase(
        "JSON Schema",
        "JsonSchemaConverter",
        "JsonSchemaCodec",
        "Kafka Connect's own JsonConverter with the schema given",
    ),
)

SCHEMA = Schema.struct(
    "shop.Order",
    id=Schema.INT64,
    customer=Schema.STRING,
    city=Schema.OPTIONAL_STRING,
    amount=Schema.FLOAT64,
    count=Schema.INT32,
    active=Schema.BOOLEAN,
    created=Timestamp.SCHEMA,
    note=Schema.OPTIONAL_STRING,
    address=Schema.struct("shop.Address", street=Schema.STRING, zip=Schema.INT32),
    tags=Schema.array(Schema.STRING),
    scores=Schema.map(Schema.STRING, Schema.INT32),
)
"""Eleven fields: numbers, texts, nulls, a time, a record, a list, a map."""

_START = datetime(2026, 1, 1, tzinfo=UTC)


def rows(count: int) -> list[dict[str, Any]]:
    """Records that differ."""
    return [
        {
            "id": at * 1_000_003,
            "customer": f"customer-{at:06d}",
            "city": "Köln" if at % 3 == 0 else "Bremen" if at % 3 == 1 else None,
            "amount": at * 1.25,
            "count": at % 100,
            "active": at % 2 == 0,
            "created": _START + timedelta(seconds=at, milliseconds=at % 1000),
            "note": None if at % 4 else "please ring twice, the dog is harmless",
            "address": {"street": f"Hauptstrasse {at % 200}", "zip": 10_000 + at % 90_000},
            "tags": ["new", "web"][: at % 3],
            "scores": {"a": at % 7, "b": at % 11},
        }
        for at in range(count)
    ]
