"""JdbcSource in the conformance suite."""

from __future__ import annotations

import pytest

from barnabas.connectors.jdbc import source_task
from barnabas.connectors.jdbc.source import JdbcSourceConnector
from barnabas.testing import SourceConformance


@pytest.fixture(scope="module")
def own_database(postgres):
    with postgres.database() as name:
        yield name


class TestJdbcSource(SourceConformance):
    connector_class = JdbcSourceConnector

    @pytest.fixture(autouse=True)
    def table(self, postgres, own_database, monkeypatch):
        monkeypatch.setattr(source_task, "_WAIT_SECONDS", 0.2)
        self.url = postgres.jdbc_url(own_database)
        with postgres.connect(own_database) as self.db:
            self.db.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (id serial PRIMARY KEY, name text)")
            yield

    def props(self):
        return {
            "connection.url": self.url,
            "connection.user": "postgres",
            "mode": "incrementing",
            "batch.max.rows": "7",
            "poll.interval.ms": "20",
            "table.whitelist": "t",
        }

    def make_input(self, n):
        rows = self.db.execute(
            "INSERT INTO t (name) SELECT 'name ' || g FROM generate_series(1, %s) g RETURNING id, name", [n]
        )
        return [{"id": number, "name": name} for number, name in rows]
