"""What a sink does, whichever names the keys had that said so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Literal

__all__ = ["InsertMode", "KafkaColumns", "KeyMode", "SinkSettings"]

InsertMode = Literal["insert", "upsert", "update"]
KeyMode = Literal["none", "kafka", "record_key", "record_value", "record_header"]

KafkaColumns = ("__connect_topic", "__connect_partition", "__connect_offset")
"""The key columns of mode ``kafka`` where none are named."""


@dataclass(frozen=True)
class SinkSettings:
    """Typed settings of a sink task.

    Args:
        keys: From what a setting means here to the key that the user knows, for messages: ``pk_fields`` to
            ``pk.fields`` or ``primary.key.fields``.
        insert_mode: What becomes of a record with a value.
        key_mode: Where the key columns come from.
        key_fields: Their names; empty for all.
        delete: Whether a record without value deletes.
        truncate: Whether a change event that says so empties the table.
        create: Whether missing tables are made.
        evolve: Whether missing columns are added.
        include: The only fields of values to write, as ``field`` or ``topic:field``; empty for all.
        exclude: Fields of values not to write, likewise.
        table_format: What tables are called.
        table_names: Tables of single topics, by topic.
        flat_topics: Whether dots in a topic's name become underscores.
        plain_names: Whether what is no letter, digit or underscore becomes an underscore in table names.
        batch_size: The most records in a transaction.
        linger: Seconds that records wait for more of them.
        retries: How often in a row a transaction is tried again.
        retry_wait: Seconds between two tries.
        zone: Whose wall clock columns without time zone keep; ``None`` for UTC.
        stamp_fields: Whole numbers to be written as timestamps.
        stamp_unit: What those count since the epoch.
        null_default: Whether a null is replaced by its field's default.
        infer: Whether values without schema are taken.
        unwrap: Whether Debezium's change events are opened.
        debezium: Whether Debezium's names of schemas count.
        offsets_table: Where offsets are kept, in the same transactions; empty: in Kafka only.
        value_column: The column for values that are a single text.
        discreet: Whether messages leave out values.
        connector: The connector's name.
    """

    keys: Mapping[str, str]
    insert_mode: InsertMode = "insert"
    key_mode: KeyMode = "none"
    key_fields: tuple[str, ...] = ()
    delete: bool = False
    truncate: bool = False
    create: bool = False
    evolve: bool = False
    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    table_format: str = "${topic}"
    table_names: Mapping[str, str] = field(default_factory=dict)
    flat_topics: bool = False
    plain_names: bool = False
    batch_size: int = 3000
    linger: float = 0.02
    retries: int = 10
    retry_wait: float = 3.0
    zone: tzinfo | None = None
    stamp_fields: frozenset[str] = frozenset()
    stamp_unit: str = "us"
    null_default: bool = True
    infer: bool = False
    unwrap: bool = False
    debezium: bool = True
    offsets_table: str = ""
    value_column: str = "record_value"
    discreet: bool = False
    connector: str = ""
