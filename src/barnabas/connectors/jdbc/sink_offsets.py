"""Kafka's offsets in a table of the database, moved in the same transaction as the rows: no record is written twice.

The row of a partition says which offset comes next. Who moves it says also what it was; when that is not so any more,
another task has taken the partition over, and the transaction is given up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from barnabas import TopicPartition
from barnabas.connectors.jdbc.dialects.base import Dialect, TableId

__all__ = ["FENCED", "OffsetTable"]

FENCED = "BRN00"
"""The SQLSTATE of a transaction whose partitions are another task's."""


class OffsetTable:
    """The table, for one connector.

    Args:
        dialect: The database's.
        name: The table's, as people write it.
        connector: The connector's name: connectors may share a table.
    """

    def __init__(self, dialect: Dialect, name: str, connector: str) -> None:
        self.table: TableId = dialect.parse_table(name)
        self._identifier = dialect.identifier(self.table)
        self._connector = connector

    @property
    def ddl(self) -> str:
        """Makes it."""
        return (
            f"CREATE TABLE IF NOT EXISTS {self._identifier} (connector text, topic text, kafka_partition int, "
            "next_offset bigint NOT NULL, PRIMARY KEY (connector, topic, kafka_partition))"
        )

    def read(self, connection: Any, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """What comes next in each partition; -1 where nothing was written yet. Makes rows for new partitions."""
        rows = [(self._connector, *partition) for partition in sorted(partitions)]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {self._identifier} VALUES (%s, %s, %s, -1) ON CONFLICT DO NOTHING",  # noqa: S608
                rows,
            )
            found = cursor.execute(
                f"SELECT topic, kafka_partition, next_offset FROM {self._identifier} WHERE connector = %s",  # noqa: S608
                [self._connector],
            ).fetchall()
        stored = {TopicPartition(topic, partition): offset for topic, partition, offset in found}
        return {partition: stored[partition] for partition in partitions}

    def write(self, connection: Any, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Set what comes next, whoever writes; ``None`` forgets it."""
        with connection.transaction():
            for (topic, partition), offset in offsets.items():
                where = [self._connector, topic, partition]
                connection.execute(
                    f"DELETE FROM {self._identifier} WHERE (connector, topic, kafka_partition) = (%s, %s, %s)",  # noqa: S608
                    where,
                )
                if offset is not None:
                    connection.execute(f"INSERT INTO {self._identifier} VALUES (%s, %s, %s, %s)", [*where, offset])  # noqa: S608

    def move(self, expected: Mapping[TopicPartition, int], following: Mapping[TopicPartition, int]) -> str:
        """The statement that moves offsets, as the last one of a script.

        Args:
            expected: What is thought to be in the table.
            following: What is to be; the same partitions or fewer.
        """
        rows = ", ".join(
            f"({_literal(where.topic)}, {where.partition}, {expected[where]}::bigint, {after}::bigint)"
            for where, after in following.items()
        )
        update = (
            f"UPDATE {self._identifier} o SET next_offset = v.following "  # noqa: S608  quoted above and below
            f"FROM (VALUES {rows}) AS v(topic, kafka_partition, expected, following) "
            f"WHERE o.connector = {_literal(self._connector)} AND o.topic = v.topic "
            "AND o.kafka_partition = v.kafka_partition AND o.next_offset = v.expected"
        )
        return _block(update, len(following))


def _block(update: str, rows: int) -> str:
    body = (
        f"DECLARE moved int; BEGIN {update}; GET DIAGNOSTICS moved = ROW_COUNT; IF moved <> {rows} THEN "
        f"RAISE EXCEPTION 'offsets were moved by another task' USING ERRCODE = '{FENCED}'; END IF; END"
    )
    return f"DO {_literal(body)}"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"
