"""Events beside Debezium's: the same database, two connectors, every record compared field by field."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from kinds import AFTER, BEFORE, LAST, TABLES

from services.debezium import POSTGRES, plugin
from services.missing import unavailable
from services.process import ServiceError, wait_for
from services.worker import BarnabasWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from services.kafka import KafkaServer
    from services.postgres import PostgresServer
    from services.worker import JvmConnect, Worker

pytestmark = [pytest.mark.kafka, pytest.mark.jvm_connect]

JSON = "org.apache.kafka.connect.json.JsonConverter"
SETTINGS = {"key.converter": JSON, "value.converter": JSON, "offset.flush.interval.ms": "500"}
CAPTURED = ("orders", "full_identity", "no_key", "two_keys", "kinds", "defaults", "late")
VOLATILE = {"ts_ms", "ts_us", "ts_ns", "version"}
OF_THE_SNAPSHOT = {"lsn", "txId", "sequence"}  # each connector takes its own
# Where Debezium is wrong: dates before 1582 and infinite ones differ between its snapshot and its stream.
MODES = {
    "defaults": {},
    "others": {
        "decimal.handling.mode": "string",
        "time.precision.mode": "connect",
        "binary.handling.mode": "hex",
        "hstore.handling.mode": "map",
        "interval.handling.mode": "string",
    },
}


def records(server: KafkaServer, topic: str) -> list[Any]:
    consumer = Consumer({**server.client_settings(), "group.id": "compare", "enable.auto.commit": False})
    try:
        place = TopicPartition(topic, 0, 0)
        end = consumer.get_watermark_offsets(place, timeout=10)[1]
        consumer.assign([place])
        found = []
        while len(found) < end:
            found += consumer.consume(end - len(found), timeout=10)
    finally:
        consumer.close()
    return [
        [
            None if message.key() is None else json.loads(message.key()),
            None if message.value() is None else json.loads(message.value()),
            {name: value.decode() for name, value in message.headers() or () if not name.endswith("runId")},
        ]
        for message in found
    ]


def clean(node: Any, prefix: str) -> Any:
    """Without what differs by nature; names of the server made the same."""
    if isinstance(node, dict):
        snapshot = "connector" in node and node["snapshot"] != "false"
        drop = VOLATILE | OF_THE_SNAPSHOT if snapshot else VOLATILE
        return {key: clean(value, prefix) for key, value in node.items() if key not in drop}
    if isinstance(node, list):
        return [clean(value, prefix) for value in node]
    return node.replace(prefix, "server") if isinstance(node, str) else node


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if [*ours] != [*theirs]:
            yield f"{path}: fields {[*ours]} instead of {[*theirs]}"
        for key in ours.keys() & theirs.keys():
            yield from differences(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{path}[{at}]")
    elif ours != theirs or type(ours) is not type(theirs):
        yield f"{path}: {str(ours)[:200]} instead of {str(theirs)[:200]}"


def config(server: PostgresServer, database: str, prefix: str, modes: dict[str, str]) -> dict[str, object]:
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "plugin.name": "pgoutput",
        "database.hostname": "127.0.0.1",
        "database.port": server.port,
        "database.user": "postgres",
        "database.password": "none",
        "database.dbname": database,
        "topic.prefix": prefix,
        "slot.name": f"slot_{prefix}",
        "include.unknown.datatypes": "true",
        **modes,
    }


@pytest.mark.timeout(240)
def test_events_equal_those_of_debezium(
    kafka_server: KafkaServer,
    jvm_connect: Callable[..., JvmConnect],
    postgres: PostgresServer,
    database: str,
    tmp_path: Path,
) -> None:
    try:
        plugins = plugin(POSTGRES)
    except ServiceError as error:
        unavailable(str(error))
    with postgres.connect(database) as connection:
        connection.execute(TABLES)
        for statement in BEFORE:
            connection.execute(statement)
        connection.execute("CREATE PUBLICATION dbz_publication FOR ALL TABLES")  # else each of them makes it
        workers: dict[str, Worker] = {
            "jvm": jvm_connect(kafka_server.bootstrap, {**SETTINGS, "plugin.path": plugins}),
            "own": BarnabasWorker(tmp_path / "own", kafka_server.bootstrap, SETTINGS).start(),
        }
        prefixes = [f"{who}{name}" for who in workers for name in MODES]
        try:
            for who, worker in workers.items():
                for name, modes in MODES.items():
                    worker.create(f"{who}{name}", config(postgres, database, f"{who}{name}", modes))
            states = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
            try:
                wait_for(lambda: _number(connection, states) == len(prefixes), 120, "streaming")
            except TimeoutError as error:
                raise AssertionError({who: worker.states() for who, worker in workers.items()}) from error
            for statement in AFTER:
                connection.execute(statement)
            time.sleep(3)  # Debezium asks the catalog late: what follows changes it
            for statement in LAST:
                connection.execute(statement)
            for prefix in prefixes:
                wait_for(lambda prefix=prefix: _has_end(kafka_server, prefix), 90, f"the last event of {prefix}", 0.5)
        finally:
            for worker in workers.values():
                worker.stop()
    found = [difference for name in MODES for difference in compare(kafka_server, name)]
    assert not found, "\n".join(found[:100])


def compare(server: KafkaServer, name: str) -> Iterator[str]:
    jvm, own = f"jvm{name}", f"own{name}"
    for table in (*(f"public.{table}" for table in CAPTURED), "message"):
        theirs, ours = (records(server, f"{prefix}.{table}") for prefix in (jvm, own))
        if len(ours) != len(theirs):
            yield f"{name} {table}: {len(ours)} records instead of {len(theirs)}"
        for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from differences(clean(one, own), clean(other, jvm), f"{name} {table} {at}")


def _number(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _has_end(server: KafkaServer, prefix: str) -> bool:
    found = records(server, f"{prefix}.public.orders")
    return any(value is not None and "the-end" in json.dumps(value) for _, value, _ in found)
