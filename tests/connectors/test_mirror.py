"""MirrorMaker's connectors: heartbeats are written, the other two say that they cannot be run."""

from __future__ import annotations

import struct
import time

import pytest

from barnabas import ConfigError, ConnectError, ExactlyOnceSupport, Schema
from barnabas.connectors.mirror import (
    MirrorCheckpointConnector,
    MirrorHeartbeatConnector,
    MirrorHeartbeatTask,
    MirrorSourceConnector,
)
from barnabas.testing import SourceHarness

PROPS = {
    "name": "m",
    "connector.class": "x",
    "source.cluster.alias": "a",
    "target.cluster.alias": "é",
    "emit.heartbeats.interval.seconds": "0",
}
PARTITION = (("sourceClusterAlias", "a"), ("targetClusterAlias", "é"))


def test_a_heartbeat():
    before = int(time.time() * 1000)
    with SourceHarness(MirrorHeartbeatConnector, PROPS) as harness:
        record = harness.poll()[0]
        harness.commit()
        assert harness.offsets == {PARTITION: {"offset": 0}}
    assert (record.topic, record.kafka_partition) == ("heartbeats", 0)
    assert (record.key_schema, record.value_schema) == (Schema.BYTES, Schema.BYTES)
    assert record.key == b"\x00\x01a\x00\x02\xc3\xa9"
    version, stamp = struct.unpack(">hq", record.value)
    assert version == 0
    assert before <= stamp == record.timestamp <= int(time.time() * 1000)


def test_heartbeats_keep_their_interval(monkeypatch):
    now = 1000.0
    monkeypatch.setattr("barnabas.connectors.mirror.heartbeat.time.monotonic", lambda: now)
    monkeypatch.setattr("barnabas.connectors.mirror.heartbeat._LONGEST_WAIT", 0.0)
    task = MirrorHeartbeatTask()
    task.start({**PROPS, "emit.heartbeats.interval.seconds": "7"})
    assert task.poll() is None, "the first comes after one interval"
    now += 7
    assert len(task.poll() or ()) == 1
    assert task.poll() is None
    now += 7
    task.stop()
    assert task.poll() is None


@pytest.mark.parametrize(
    "off", [{"enabled": "false"}, {"emit.heartbeats.enabled": "false"}, {"emit.heartbeats.interval.seconds": "-1"}]
)
def test_heartbeats_that_are_switched_off_have_no_task(off):
    connector = MirrorHeartbeatConnector()
    connector.start({**PROPS, **off})
    assert connector.task_configs(3) == []
    connector.start(PROPS)
    assert connector.task_configs(3) == [PROPS]


def test_offsets_of_heartbeats():
    connector = MirrorHeartbeatConnector()
    assert connector.alter_offsets({}, {PARTITION: {"offset": 0}})
    assert connector.alter_offsets({}, {PARTITION: None})
    with pytest.raises(ConnectError, match="always offset 0"):
        connector.alter_offsets({}, {PARTITION: {"offset": 1}})
    with pytest.raises(ConnectError, match="two texts"):
        connector.alter_offsets({}, {(("cluster", "a"),): {"offset": 0}})


@pytest.mark.parametrize("connector", [MirrorSourceConnector, MirrorCheckpointConnector])
def test_what_cannot_be_run_says_so(connector):
    with pytest.raises(ConfigError, match=f"{connector.__name__} cannot be run") as raised:
        connector().start(PROPS)
    assert raised.value.code == "BRN-1073"


def errors(connector, **props):
    given = {**PROPS, **{key.replace("__", "."): value for key, value in props.items()}}
    return {value.name: value.errors for value in connector().validate(given) if value.errors}


def test_validation_of_their_own():
    assert errors(MirrorSourceConnector) == errors(MirrorCheckpointConnector) == errors(MirrorHeartbeatConnector) == {}
    assert list(errors(MirrorSourceConnector, exactly__once__support="required")) == ["exactly.once.support"]
    exact = {"exactly__once__support": "required", "consumer__isolation__level": "read_committed"}
    assert errors(MirrorSourceConnector, **exact) == {}
    assert list(errors(MirrorCheckpointConnector, emit__checkpoints__enabled="false")) == ["emit.checkpoints.enabled"]
    without = {"emit.offset-syncs.enabled": "false"}
    found = MirrorCheckpointConnector().validate({**PROPS, **without})
    assert [value.name for value in found if value.errors] == ["emit.offset-syncs.enabled"]
    own = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"
    assert errors(MirrorHeartbeatConnector, replication__policy__class=own) == {}
    assert list(errors(MirrorHeartbeatConnector, replication__policy__class="x")) == ["replication.policy.class"]


def test_exactly_once():
    connector = MirrorSourceConnector()
    assert connector.exactly_once_support(PROPS) is ExactlyOnceSupport.UNSUPPORTED
    committed = {"source.consumer.isolation.level": "read_committed"}
    assert connector.exactly_once_support(committed) is ExactlyOnceSupport.SUPPORTED
