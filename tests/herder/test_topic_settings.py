"""What a herder does about topics: rules for new ones are looked at before the start, offset topics, resets."""

from __future__ import annotations

import pytest
from herder_fakes import source

from barnabas.herder.base import RequestError
from barnabas.supervisor.api import TaskId


async def test_wrong_rules_for_topics_fail_the_connector_and_nothing_is_started(herder, supervisor):
    with pytest.raises(RequestError) as caught:
        await herder.put_connector("c", source(**{"topic.creation.default.partitions": "2"}))
    assert "topic.creation.default.replication.factor" in str(caught.value)
    status = herder.status("c")
    assert (status.connector.state, status.tasks) == ("FAILED", [])
    assert status.connector.trace.startswith("org.apache.kafka.common.config.ConfigException: Missing required")
    rules = {"topic.creation.default.partitions": "2", "topic.creation.default.replication.factor": "-1"}
    await herder.put_connector("c", source(**rules))
    assert herder.status("c").connector.state == "RUNNING"


async def test_an_offset_topic_has_no_effect_here(herder, caplog):
    await herder.put_connector("c", source(**{"offsets.storage.topic": "own"}))
    assert caplog.messages.count("offsets.storage.topic=own has no effect in standalone mode.") == 1
    assert herder.offset_store("c") is herder.offset_store("other")


async def test_after_a_reset_tasks_tell_again_and_the_deleted_are_forgotten(herder, supervisor):
    await herder.put_connector("c", source())
    herder.topic_used("c", "t", 1)
    assert herder.topics("c") == ["t"]
    await herder.reset_topics("c")
    assert ("forget_topics", TaskId("c", 0)) in supervisor.calls
    herder.topic_used("c", "t", 1)
    await herder.delete_connector("c")
    herder.topic_used("c", "late", 0)
    await herder.put_connector("c", source())
    assert herder.topics("c") == []
