"""The sink passes what every sink has to pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
import pytest

from barnabas import TopicPartition
from barnabas.connectors.jdbc.sink import JdbcSinkConnector
from barnabas.schema import Schema
from barnabas.testing import SinkConformance

if TYPE_CHECKING:
    from services.postgres import PostgresServer


@pytest.fixture(scope="module")
def words(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as name:
        yield name


class _Sink(SinkConformance):
    connector_class = JdbcSinkConnector
    server: ClassVar[PostgresServer]
    name: ClassVar[str]
    more: ClassVar[dict[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _table(self, postgres: PostgresServer, words: str) -> None:
        type(self).server, type(self).name = postgres, words
        self._sql("DROP TABLE IF EXISTS words, offsets; CREATE TABLE words (record_value text NOT NULL, n serial)")

    def _sql(self, sql: str) -> list[Any]:
        with self.server.connect(self.name) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def props(self) -> dict[str, str]:
        return {
            "connection.url": self.server.jdbc_url(self.name),
            "connection.user": "postgres",
            "table.name.format": "words",
            "retry.backoff.ms": "1",
            **self.more,
        }

    def break_target(self) -> None:
        self._sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'barnabas%'")
        self._admin = psycopg.connect(self.server.conninfo(), autocommit=True)
        self._admin.execute(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")

    def mend_target(self) -> None:
        self._admin.execute(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")
        self._admin.close()

    def read_output(self) -> list[Any]:
        return [word for (word,) in self._sql("SELECT record_value FROM words ORDER BY n")]


class TestTexts(_Sink):
    value_schema = Schema.STRING


class TestTextsWrittenOnce(_Sink):
    value_schema = Schema.STRING
    more: ClassVar[dict[str, str]] = {"exactly.once.table": "offsets"}

    def test_starts_again_after_a_stop(self) -> None:
        """The offsets that count are those in the database: what is delivered again is known to be written."""
        for _ in range(3):
            harness = self.run(committed={TopicPartition("test", 0): 0})
            harness.put(self.make_values(5), value_schema=self.value_schema)
            harness.stop()
        assert self.read_output() == self.make_values(5)


class TestObjectsWithoutSchema(_Sink):
    more: ClassVar[dict[str, str]] = {"infer.columns": "true", "linger.ms": "0"}

    def make_values(self, n: int, start: int = 0) -> list[Any]:
        return [{"record_value": f"word {number}"} for number in range(start, start + n)]

    def read_output(self) -> list[Any]:
        return [{"record_value": word} for word in super().read_output()]
