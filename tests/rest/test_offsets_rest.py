from __future__ import annotations

import pytest

from barnabas.kafka.faults import KafkaClientError
from barnabas.kafka.group_offsets import GroupBusyError
from barnabas.record import TopicPartition
from barnabas.store.offset_keys import offset_value, partition_key

SOURCE = {"connector.class": "FileStreamSource", "topic": "t"}
SINK = {"connector.class": "FileStreamSink", "topics": "t"}
PLACE = {"kafka_topic": "t", "kafka_partition": 0}
STOPPED = "Connectors must be in the STOPPED state before their offsets can be modified."
ALTERED = "The offsets for this connector have been altered successfully"
RESET = "The offsets for this connector have been reset successfully"


BUSY = (
    " either because its tasks haven't stopped completely yet or the connector was resumed before the request to {0} "
    "its offsets could be successfully completed. If the connector is in a stopped state, this operation can be safely "
    "retried. If it doesn't eventually succeed, the Connect cluster may need to be restarted to get rid of the zombie "
    "sink tasks."
)


async def create(client, name, config, state="STOPPED"):
    answer = await client("POST", "/connectors", {"name": name, "config": config, "initial_state": state})
    assert answer.status == 201


async def patch(client, name, *entries):
    return await client("PATCH", f"/connectors/{name}/offsets", {"offsets": list(entries)})


def entry(partition, offset):
    return {"partition": partition, "offset": offset}


async def listed(client, name):
    return (await client("GET", f"/connectors/{name}/offsets")).body["offsets"]


@pytest.fixture
def stored(herder):
    async def store(name, partition, offset):
        await herder.write_offsets(name, {partition_key(name, partition): offset_value(offset)})

    return store


# ---------------------------------------------------------------------- sources
async def test_offsets_of_a_source_are_listed_changed_and_deleted(client, stored, supervisor):
    await create(client, "s", SOURCE)
    await stored("s", {"filename": "f"}, {"position": 3})
    assert await listed(client, "s") == [entry({"filename": "f"}, {"position": 3})]
    answer = await patch(client, "s", entry({"filename": "f"}, {"position": 7}), entry({"filename": "g"}, {"n": 1.5}))
    assert (answer.status, answer.body) == (200, {"message": ALTERED})
    assert ("alter_offsets", "s", [({"filename": "f"}, {"position": 7}), ({"filename": "g"}, {"n": 1.5})]) in [
        call for call in supervisor.calls if call[0] == "alter_offsets"
    ]
    assert sorted(map(str, await listed(client, "s"))) == sorted(
        map(str, [entry({"filename": "f"}, {"position": 7}), entry({"filename": "g"}, {"n": 1.5})])
    )
    assert (await patch(client, "s", entry({"filename": "g"}, None))).status == 200
    assert len(await listed(client, "s")) == 1
    answer = await client("DELETE", "/connectors/s/offsets")
    assert (answer.status, answer.body) == (200, {"message": RESET})
    assert await listed(client, "s") == []
    assert (await client("DELETE", "/connectors/s/offsets")).body == {"message": RESET}


async def test_of_equal_partitions_the_last_counts(client):
    await create(client, "s", SOURCE)
    await patch(client, "s", entry({"a": 1, "b": 2}, {"n": 1}), entry({"a": 1, "b": 2}, {"n": 2}))
    assert await listed(client, "s") == [entry({"a": 1, "b": 2}, {"n": 2})]


async def test_a_missing_offset_is_deleted(client, stored):
    await create(client, "s", SOURCE)
    await stored("s", {"f": "x"}, {"n": 1})
    assert (await patch(client, "s", {"partition": {"f": "x"}})).status == 200
    assert await listed(client, "s") == []


async def test_a_connector_that_keeps_offsets_elsewhere_says_so(client):
    await create(client, "s", {**SOURCE, "fake.alter": "no"})
    text = (
        "The Connect framework-managed offsets for this connector have been {0} successfully. However, if this "
        "connector manages offsets externally, they will need to be manually {0} in the system that the connector uses."
    )
    assert (await patch(client, "s", entry({"f": "x"}, {"n": 1}))).body == {"message": text.format("altered")}
    assert (await client("DELETE", "/connectors/s/offsets")).body == {"message": text.format("reset")}


async def test_a_refusal_of_the_connector_changes_nothing(client, stored):
    await create(client, "s", {**SOURCE, "fake.alter": "No such file"})
    await stored("s", {"f": "x"}, {"n": 1})
    answer = await patch(client, "s", entry({"f": "x"}, {"n": 2}))
    assert (answer.status, answer.body["message"]) == (500, "No such file")
    assert await listed(client, "s") == [entry({"f": "x"}, {"n": 1})]


async def test_only_stopped_connectors(client):
    await create(client, "r", SOURCE, "RUNNING")
    for answer in (await patch(client, "r", entry({"f": "x"}, None)), await client("DELETE", "/connectors/r/offsets")):
        assert answer.status == 400
        assert answer.body["message"].startswith(STOPPED)
        assert "/connectors/r/stop" in answer.body["message"]
    await client("PUT", "/connectors/r/stop")
    assert (await client("DELETE", "/connectors/r/offsets")).status == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
async def test_unknown_connectors(client, method):
    body = {"offsets": [entry({"a": 1}, None)]} if method == "PATCH" else None
    answer = await client(method, "/connectors/nobody/offsets", body)
    assert (answer.status, answer.body["message"]) == (404, "Connector nobody not found")


@pytest.mark.parametrize("body", [{}, {"offsets": []}, {"offsets": None}])
async def test_no_offsets_to_change(client, body):
    answer = await client("PATCH", "/connectors/nobody/offsets", body)
    assert (answer.status, answer.body["message"]) == (
        400,
        "Partitions / offsets need to be provided for an alter offsets request",
    )


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        "x",
        {"offsets": {}},
        {"offsets": [1]},
        {"offsets": [None]},
        {"offsets": [{"partition": "x"}]},
        {"offsets": [{"offset": 5}]},
        {"offsets": [{"partition": {}, "x": 1}]},
        {"offsets": [{}], "y": 1},
        {"offsets": [{"partition": {"a": {"b": 1}}, "offset": None}]},
        {"offsets": [{"partition": {"a": 1}, "offset": {"b": [1]}}]},
        {"offsets": [{"partition": {"a": 2**70}, "offset": None}]},
        {"offsets": [{"partition": None, "offset": {"b": 1}}]},
    ],
)
async def test_bodies_of_another_shape(client, body):
    await create(client, "s", SOURCE)
    answer = await client("PATCH", "/connectors/s/offsets", body)
    assert answer.status == 500
    assert answer.body["message"]
    assert await listed(client, "s") == []


# ---------------------------------------------------------------------- sinks
async def test_offsets_of_a_sink_are_those_of_its_group(client, groups):
    groups.committed["connect-k"] = {TopicPartition("t", 1): 5, TopicPartition("t", 0): 3}
    await create(client, "k", SINK)
    assert await listed(client, "k") == [
        entry(PLACE, {"kafka_offset": 3}),
        entry({"kafka_topic": "t", "kafka_partition": 1}, {"kafka_offset": 5}),
    ]
    text = {"kafka_topic": "t", "kafka_partition": "0"}
    answer = await patch(client, "k", entry(text, {"kafka_offset": "+9"}), entry({**PLACE, "kafka_partition": 1}, None))
    assert (answer.status, answer.body) == (200, {"message": ALTERED})
    assert groups.committed["connect-k"] == {TopicPartition("t", 0): 9}
    assert (await client("DELETE", "/connectors/k/offsets")).body == {"message": RESET}
    assert "connect-k" not in groups.committed


async def test_the_group_may_be_named_by_the_connector(client, groups):
    groups.committed["mine"] = {TopicPartition("t", 0): 1}
    await create(client, "k", {**SINK, "consumer.override.group.id": "mine", "admin.override.retries": "3"})
    assert await listed(client, "k") == [entry(PLACE, {"kafka_offset": 1})]
    assert groups.java["retries"] == "3"


async def test_deleting_asks_the_connector_about_everything_committed(client, groups, supervisor):
    groups.committed["connect-k"] = {TopicPartition("t", 0): 1}
    await create(client, "k", SINK)
    await client("DELETE", "/connectors/k/offsets")
    assert ("alter_offsets", "k", [(["t", 0], None)]) in supervisor.calls


@pytest.mark.parametrize(
    ("partition", "offset", "message"),
    [
        (None, None, "The partition for a sink connector offset cannot be null or missing"),
        (
            {"kafka_topic": "t"},
            None,
            "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'",
        ),
        ({**PLACE, "kafka_topic": None}, None, "Kafka topic names must be valid strings and may not be null"),
        ({**PLACE, "kafka_partition": None}, None, "Kafka partitions must be valid numbers and may not be null"),
        ({**PLACE, "kafka_partition": "4 "}, None, "partition value in the provided offsets: '4 '. Partition values"),
        ({**PLACE, "kafka_partition": 2**31}, None, "partition value in the provided offsets: '2147483648'"),
        ({**PLACE, "kafka_partition": 1e10}, None, "partition value in the provided offsets: '1.0E10'"),
        ({**PLACE, "kafka_partition": "9" * 5000}, None, "Failed to parse the following Kafka partition value"),
        ({**PLACE, "kafka_partition": {"a": [1, None]}}, None, "provided offsets: '{a=[1, null]}'"),
        (PLACE, {}, "The offset for a sink connector should either be null or contain the key 'kafka_offset'"),
        (PLACE, {"kafka_offset": True}, "offset value in the provided offsets: 'true'. Offset values for sink"),
        (PLACE, {"kafka_offset": 2**63}, "offset value in the provided offsets: '9223372036854775808'"),
    ],
)
async def test_malformed_offsets_of_sinks(client, groups, partition, offset, message):
    await create(client, "k", SINK)
    answer = await patch(client, "k", entry(partition, offset))
    assert answer.status == 400
    assert message in answer.body["message"]
    assert groups.committed == {}


async def test_negative_offsets_make_no_sense(client):
    await create(client, "k", SINK)
    answer = await patch(client, "k", entry(PLACE, {"kafka_offset": -3}))
    assert (answer.status, answer.body["message"]) == (500, "Failed to modify offsets for sink connector k")


@pytest.mark.parametrize("doing", ["alter", "reset"])
@pytest.mark.parametrize(
    ("error", "more"),
    [
        (KafkaClientError("Kafka did not."), ""),
        (
            GroupBusyError("Members."),
            BUSY,
        ),
    ],
)
async def test_refusals_of_kafka(client, groups, doing, error, more):
    await create(client, "k", SINK)
    groups.refusal = error
    if doing == "alter":
        answer = await patch(client, "k", entry(PLACE, {"kafka_offset": 3}))
    else:
        answer = await client("DELETE", "/connectors/k/offsets")
    expected = f"Failed to {doing} consumer group offsets for connector k" + more.format(doing)
    assert (answer.status, answer.body["message"]) == (500, expected)


async def test_a_group_that_cannot_be_read(client, groups):
    await create(client, "k", SINK)
    groups.unreadable = KafkaClientError("Kafka did not.")
    answer = await client("GET", "/connectors/k/offsets")
    expected = "Failed to retrieve consumer group offsets for sink connector k"
    assert (answer.status, answer.body["message"]) == (500, expected)


async def test_kafka_does_not_answer(client, groups, monkeypatch):
    monkeypatch.setattr("barnabas.herder.offsets.PATIENCE", 0.05)
    await create(client, "k", SINK)
    groups.slow = 0.3
    answer = await patch(client, "k", entry(PLACE, {"kafka_offset": 3}))
    assert answer.status == 500
    assert "Failed to alter" in answer.body["message"]
