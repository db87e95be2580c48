"""Kafka's own Java clients and tools, and a JVM Connect worker, against the development broker."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from broker_clients import admin, create, read, send, values
from confluent_kafka import ConsumerGroupTopicPartitions

from barnabas.broker import EmbeddedBroker
from services.kafka import LOG4J, SMALL_JVM
from services.worker import FILE_SINK, FILE_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.kafka

TOOLS = "org.apache.kafka.tools"
GROUPS = f"{TOOLS}.consumer.group.ConsumerGroupCommand"


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[EmbeddedBroker]:
    """One broker for all tests here: each uses topics of its own."""
    with EmbeddedBroker(tmp_path_factory.mktemp("java")) as broker:
        yield broker


@pytest.fixture
def tool(kafka_libs, shared, tmp_path) -> Callable[..., str]:
    """Runs a tool to its end; returns what it printed on standard output."""
    log4j = tmp_path / "log4j2.properties"
    log4j.write_text(
        LOG4J.replace("level=INFO", "level=WARN").replace(
            "type=Console", "type=Console\nappender.out.target=SYSTEM_ERR"
        )
    )

    def run(name: str, *arguments: str, stdin: str = "", option: str = "--bootstrap-server") -> str:
        java = os.environ.get("JAVA", "java")
        done = subprocess.run(
            [
                *(java, *SMALL_JVM, f"-Dlog4j2.configurationFile={log4j}", "-cp", f"{kafka_libs / 'lib'}/*"),
                *(name, option, shared.bootstrap, *arguments),
            ],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARN" not in done.stderr, done.stderr
        return done.stdout

    return run


def test_topics(tool, shared):
    topics = f"{TOOLS}.TopicCommand"
    assert "Created topic topics." in tool(
        topics, "--create", "--topic", "topics", "--partitions", "3", "--config", "retention.ms=1000000"
    )
    tool(topics, "--alter", "--topic", "topics", "--partitions", "4")
    described = tool(topics, "--describe", "--topic", "topics")
    assert "PartitionCount: 4" in described
    assert "Configs: retention.ms=1000000" in described
    tool(topics, "--delete", "--topic", "topics")
    assert shared.broker.topics.get("topics") is None


def test_console_producer_and_consumer(tool, shared):
    lines = [str(number) for number in range(1000)]
    create(shared.bootstrap, "console")
    tool(f"{TOOLS}.ConsoleProducer", "--topic", "console", stdin="\n".join(lines) + "\n")
    assert values(read(shared.bootstrap, "console", 1000)) == [line.encode() for line in lines]
    send(shared.bootstrap, "console", [b"from librdkafka"], compression_type="lz4")
    consumed = tool(
        f"{TOOLS}.consumer.ConsoleConsumer",
        *("--topic", "console", "--from-beginning", "--max-messages", "1001", "--group", "console-group"),
    )
    assert consumed.splitlines() == [*lines, "from librdkafka"]


def test_consumer_groups(tool, shared):
    create(shared.bootstrap, "grouped", 2)
    send(shared.bootstrap, "grouped", [b"x"] * 10)
    reset = tool(GROUPS, "--group", "java-group", "--topic", "grouped", "--reset-offsets", "--to-latest", "--execute")
    assert "java-group" in reset
    described = tool(GROUPS, "--describe", "--group", "java-group")
    assert [line.split()[2:6] for line in described.splitlines() if line.startswith("java-group")] == [
        ["0", "10", "10", "0"],
        ["1", "0", "0", "0"],
    ]
    tool(GROUPS, "--group", "java-group", "--topic", "grouped:1", "--delete-offsets")
    wanted = ConsumerGroupTopicPartitions("java-group")
    left = admin(shared.bootstrap).list_consumer_group_offsets([wanted])["java-group"].result(10)
    assert [(place.partition, place.offset) for place in left.topic_partitions] == [(0, 10)]
    tool(GROUPS, "--group", "java-group", "--delete")
    assert shared.broker.groups.get("java-group") is None


def test_configs(tool, shared):
    create(shared.bootstrap, "configured")
    configs = ("--entity-type", "topics", "--entity-name", "configured")
    tool(
        "kafka.admin.ConfigCommand", "--alter", *configs, "--add-config", "cleanup.policy=compact,segment.bytes=1048576"
    )
    described = tool("kafka.admin.ConfigCommand", "--describe", *configs)
    assert "cleanup.policy=compact" in described
    tool("kafka.admin.ConfigCommand", "--alter", *configs, "--delete-config", "cleanup.policy")
    assert shared.broker.topics.topic("configured").configs == {"segment.bytes": "1048576"}
    brokers = tool("kafka.admin.ConfigCommand", "--describe", "--entity-type", "brokers", "--entity-name", "1", "--all")
    assert "num.partitions=1" in brokers


def test_offsets_and_deleted_records(tool, shared, tmp_path):
    send(shared.bootstrap, "deleted", [b"x"] * 10)
    plan = tmp_path / "plan.json"
    plan.write_text('{"partitions": [{"topic": "deleted", "partition": 0, "offset": 4}], "version": 1}')
    assert "low_watermark: 4" in tool(f"{TOOLS}.DeleteRecordsCommand", "--offset-json-file", str(plan))
    offsets = f"{TOOLS}.GetOffsetShell"
    assert tool(offsets, "--topic", "deleted").strip() == "deleted:0:10"
    assert tool(offsets, "--topic", "deleted", "--time", "earliest").strip() == "deleted:0:4"


def test_transactions_exactly_once(tool, shared):
    create(shared.bootstrap, "eos-in")
    create(shared.bootstrap, "eos-out")
    sent = [b"%d" % number for number in range(2000)]
    send(shared.bootstrap, "eos-in", sent)
    tool(
        f"{TOOLS}.TransactionalMessageCopier",
        *("--input-topic", "eos-in", "--input-partition", "0", "--output-topic", "eos-out"),
        *("--transaction-size", "100", "--transactional-id", "copier", "--consumer-group", "copiers"),
        *("--max-messages", "2000", "--enable-random-aborts"),
        option="--broker-list",
    )
    assert values(read(shared.bootstrap, "eos-out", 2000, isolation_level="read_committed")) == sent
    assert "copier" in tool(f"{TOOLS}.TransactionsCommand", "list")
    assert "CompleteCommit" in tool(f"{TOOLS}.TransactionsCommand", "describe", "--transactional-id", "copier")


def test_compression(tool, shared):
    def produce(codec: str) -> None:
        create(shared.bootstrap, f"perf-{codec}")
        tool(
            f"{TOOLS}.ProducerPerformance",
            *("--topic", f"perf-{codec}", "--num-records", "2000", "--record-size", "100", "--throughput", "-1"),
            *("--command-property", f"compression.type={codec}"),
        )

    codecs = ["gzip", "snappy", "lz4", "zstd"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(produce, codecs))
    for codec in codecs:
        assert len(read(shared.bootstrap, f"perf-{codec}", 2000)) == 2000


def test_jvm_connect_moves_a_file(jvm_connect, shared, tmp_path):
    lines = [f"line {number}" for number in range(5000)]
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("\n".join(lines) + "\n")
    connectors = [
        {"name": "in", "connector.class": FILE_SOURCE, "tasks.max": 1, "file": source, "topic": "jvm-lines"},
        {"name": "out", "connector.class": FILE_SINK, "tasks.max": 1, "file": target, "topics": "jvm-lines"},
    ]
    jvm_connect(shared.bootstrap, {}, connectors)
    deadline = time.monotonic() + 30
    while not target.exists() or len(target.read_text().splitlines()) < len(lines):
        assert time.monotonic() < deadline, "the lines did not arrive"
        time.sleep(0.1)
    assert target.read_text().splitlines() == lines


def test_jvm_connect_distributed_keeps_its_state_here(jvm_connect, shared, tmp_path):
    """Compacted topics, the Connect group protocol, and a generation that survives."""
    worker = jvm_connect(shared.bootstrap, {}, mode="distributed")
    target = tmp_path / "out.txt"
    send(shared.bootstrap, "distributed", [b"a", b"b"])
    worker.create("out", {"connector.class": FILE_SINK, "tasks.max": 1, "file": target, "topics": "distributed"})
    worker.wait_running(1)
    deadline = time.monotonic() + 30
    while not target.exists() or target.read_text() != "a\nb\n":
        assert time.monotonic() < deadline, "the records did not arrive"
        time.sleep(0.1)
    assert shared.broker.groups.get("connect-cluster").protocol == "sessioned"
    assert shared.broker.topics.topic("connect-configs").log_config.compact
