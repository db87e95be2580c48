from __future__ import annotations

import asyncio
import time

import pytest

from barnabas.errors import AlreadyExistsError, ConnectError, HungError, NotFoundError
from barnabas.herder.base import BadRequestError, RequestError
from barnabas.store.offset_keys import offset_value, partition_key
from herder.herder_fakes import source, task


async def until(condition, seconds=3.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not reached"
        await asyncio.sleep(0.005)


def states(herder, name="c"):
    status = herder.status(name)
    return status.connector.state, [entry.state for entry in status.tasks]


async def settled(herder, expected, name="c"):
    await until(lambda: states(herder, name) == expected)


async def test_create_starts_connector_and_tasks(herder, supervisor):
    created = await herder.put_connector("c", source(tasks_max="2"), replace=False)
    assert created.created
    assert created.info.tasks == [{"connector": "c", "task": 0}, {"connector": "c", "task": 1}]
    assert created.info.type == "source"
    await settled(herder, ("RUNNING", ["RUNNING", "RUNNING"]))
    assert herder.status("c").connector.version == "1.0"
    assert herder.status("c").connector.worker_id == "w:1"
    spec = supervisor.tasks[task(1)]
    assert spec.task_class == "barnabas.x:SourceTask"
    assert spec.props["task.class"] == "org.apache.kafka.connect.file.FileStreamSourceTask"
    assert spec.connector_props["topic"] == "t"
    assert spec.worker_props["key.converter"] == "StringConverter"
    assert herder.task_infos("c")[1].config["n"] == "1"


async def test_sinks_get_their_topics_in_the_task_configs(herder, supervisor):
    await herder.put_connector("s", {"name": "s", "connector.class": "FileStreamSink", "topics": "a,b"})
    assert supervisor.tasks[task(0, "s")].props["topics"] == "a,b"
    assert herder.status("s").connector.version is None


async def test_create_twice_and_invalid_configs(herder, supervisor):
    await herder.put_connector("c", source())
    with pytest.raises(AlreadyExistsError, match=r"^Connector c already exists"):
        await herder.put_connector("c", source(), replace=False)
    with pytest.raises(BadRequestError, match="contains the following 2 error") as caught:
        await herder.put_connector("d", {"name": "d", "connector.class": "FileStreamSource", "tasks.max": "many"})
    assert "tasks.max: Not a number of type INT\nMissing required" in caught.value.message
    with pytest.raises(BadRequestError, match=r"Connector config \{name=d, topic=x\} contains no connector type"):
        await herder.put_connector("d", {"topic": "x", "name": "d"})
    with pytest.raises(BadRequestError, match="Failed to find any class that implements Connector"):
        await herder.put_connector("d", {"connector.class": "Nope", "name": "d"})
    assert herder.connectors() == ["c"]


async def test_identical_update_restarts_the_connector_only(herder, supervisor):
    await herder.put_connector("c", source())
    result = await herder.put_connector("c", source())
    assert not result.created
    assert supervisor.started == {"c": 2, "c-0": 1}


async def test_changed_update_restarts_tasks_even_when_their_configs_are_equal(herder, supervisor):
    await herder.put_connector("c", source())
    await herder.put_connector("c", source(value_converter="other"))
    assert supervisor.started == {"c": 2, "c-0": 2}
    order = [call for call in supervisor.calls if call[0] in ("stop_task", "start_task")]
    assert order == [("start_task", "c-0"), ("stop_task", "c-0"), ("start_task", "c-0")]


async def test_fewer_tasks_leave_no_status_behind(herder):
    await herder.put_connector("c", source(tasks_max="3"))
    await settled(herder, ("RUNNING", ["RUNNING"] * 3))
    await herder.put_connector("c", source(tasks_max="1"))
    await settled(herder, ("RUNNING", ["RUNNING"]))


async def test_patch_merges_and_removes(herder):
    await herder.put_connector("c", source(extra="1"))
    info = await herder.patch_config("c", {"extra": None, "tasks.max": "2", "gone": None} | {"gone": "x"})
    assert info.config["tasks.max"] == "2"
    assert "extra" not in info.config
    with pytest.raises(BadRequestError, match='"topic"'):
        await herder.patch_config("c", {"topic": None})
    info = await herder.patch_config("c", {"never.there": None})
    assert "never.there" not in info.config


async def test_a_failing_start_is_an_error_and_a_failed_status(herder):
    with pytest.raises(RequestError, match=r"Failed to transition connector c to state STARTED: no such file"):
        await herder.put_connector("c", source(fake_start="no such file"))
    status = herder.status("c")
    assert status.connector.state == "FAILED"
    assert status.connector.trace.startswith("org.apache.kafka.connect.errors.ConnectException: no such file")
    assert status.tasks == []
    await herder.put_connector("c", source())
    await settled(herder, ("RUNNING", ["RUNNING"]))


@pytest.mark.parametrize("how", ["cannot list tables", "past-deadline"])
async def test_failing_task_configs_fail_the_connector(herder, how):
    with pytest.raises(ConnectError):
        await herder.put_connector("c", source(fake_listing=how))
    assert states(herder) == ("FAILED", [])


async def test_too_many_tasks(herder):
    with pytest.raises(ConnectError, match="generated 3 tasks, which is greater than 1"):
        await herder.put_connector("c", source(fake_tasks="3"))
    assert states(herder) == ("FAILED", [])
    await herder.put_connector("c", source(fake_tasks="3", tasks_max_enforce="false"))
    await settled(herder, ("RUNNING", ["RUNNING"] * 3))


async def test_a_task_that_cannot_start_is_failed(herder):
    await herder.put_connector("c", source(fake_task="no memory"))
    assert states(herder) == ("RUNNING", ["FAILED"])
    assert "no memory" in herder.status_of_task(task(0)).trace


async def test_pause_and_resume(herder, supervisor):
    await herder.put_connector("c", source())
    await herder.pause("c")
    await settled(herder, ("PAUSED", ["PAUSED"]))
    assert "c" not in supervisor.connectors
    await herder.restart_task(task(0))
    await settled(herder, ("PAUSED", ["PAUSED"]))
    await herder.restart_connector("c")
    assert states(herder) == ("PAUSED", ["PAUSED"])
    await herder.resume("c")
    await settled(herder, ("RUNNING", ["RUNNING"]))
    assert supervisor.started == {"c": 2, "c-0": 2}


async def test_stop_removes_the_tasks_and_resume_makes_them_anew(herder, supervisor):
    await herder.put_connector("c", source())
    await herder.stop_connector("c")
    assert states(herder) == ("STOPPED", [])
    assert herder.task_infos("c") == []
    assert not supervisor.tasks
    await herder.stop_connector("c")
    await herder.pause("c")
    await settled(herder, ("PAUSED", []))
    await herder.resume("c")
    await settled(herder, ("RUNNING", ["RUNNING"]))


@pytest.mark.parametrize(("target", "state"), [("PAUSED", "PAUSED"), ("STOPPED", "STOPPED")])
async def test_initial_state(herder, supervisor, target, state):
    await herder.put_connector("c", source(), target=target)
    assert states(herder) == (state, [])
    assert not supervisor.started
    await herder.resume("c")
    await settled(herder, ("RUNNING", ["RUNNING"]))


async def test_restart_plans(herder, supervisor):
    await herder.put_connector("c", source(tasks_max="2"))
    await settled(herder, ("RUNNING", ["RUNNING", "RUNNING"]))
    supervisor.fail(task(1))
    plan = await herder.restart("c", only_failed=True, include_tasks=False)
    assert (plan.connector.state, [entry.state for entry in plan.tasks]) == ("RUNNING", ["RUNNING", "FAILED"])
    plan = await herder.restart("c", only_failed=True, include_tasks=True)
    assert (plan.connector.state, [entry.state for entry in plan.tasks]) == ("RUNNING", ["RUNNING", "RESTARTING"])
    assert plan.tasks[1].trace
    assert herder.status_of_task(task(1)).trace is None
    await settled(herder, ("RUNNING", ["RUNNING", "RUNNING"]))
    assert supervisor.started == {"c": 1, "c-0": 1, "c-1": 2}
    plan = await herder.restart("c", only_failed=False, include_tasks=True)
    assert (plan.connector.state, [entry.state for entry in plan.tasks]) == ("RESTARTING", ["RESTARTING"] * 2)
    await settled(herder, ("RUNNING", ["RUNNING", "RUNNING"]))
    assert supervisor.started == {"c": 2, "c-0": 2, "c-1": 3}
    await herder.restart_connector("c")
    await herder.restart_task(task(0))
    assert supervisor.started == {"c": 3, "c-0": 3, "c-1": 3}


async def test_delete_and_create_again(herder, supervisor):
    await herder.put_connector("c", source())
    await herder.delete_connector("c")
    assert herder.connectors() == []
    assert not supervisor.tasks
    assert not supervisor.connectors
    supervisor.fail(task(0))
    with pytest.raises(NotFoundError, match="No status found for task c-0"):
        herder.status_of_task(task(0))
    await herder.put_connector("c", source(), replace=False)
    await settled(herder, ("RUNNING", ["RUNNING"]))


async def test_unknown_connectors(herder):
    for call, text in [
        (lambda: herder.pause("z"), "^Unknown connector z$"),
        (lambda: herder.resume("z"), "^Unknown connector z$"),
        (lambda: herder.stop_connector("z"), "^Unknown connector z$"),
        (lambda: herder.restart_connector("z"), "^Unknown connector: z$"),
        (lambda: herder.restart("z", only_failed=True, include_tasks=True), "^Unknown connector: z$"),
        (lambda: herder.restart_task(task(0, "z")), "^Unknown connector: z$"),
        (lambda: herder.delete_connector("z"), "^Connector z not found$"),
        (lambda: herder.patch_config("z", {}), "^Connector z not found$"),
        (lambda: herder.offsets("z"), "^Connector z not found$"),
    ]:
        with pytest.raises(NotFoundError, match=text):
            await call()
    await herder.put_connector("c", source())
    with pytest.raises(NotFoundError, match="Task c-7 not found"):
        await herder.restart_task(task(7))


async def test_reconfiguration_restarts_only_what_changed(herder, supervisor):
    await herder.put_connector("c", source())
    for _ in range(3):
        herder.reconfiguration_requested("c")
    await asyncio.sleep(0.05)
    assert supervisor.started == {"c": 1, "c-0": 1}
    supervisor.connectors["c"].props["fake.x"] = "new table"
    herder.reconfiguration_requested("c")
    herder.reconfiguration_requested("unknown")
    await until(lambda: supervisor.started == {"c": 1, "c-0": 2})
    assert herder.task_infos("c")[0].config["x"] == "new table"


async def test_reports_of_a_connector_that_fails_later(herder, supervisor):
    await herder.put_connector("c", source())
    from barnabas.supervisor.api import describe  # noqa: PLC0415

    herder.connector_status("c", "FAILED", describe(ConnectError("lost the database")))
    assert states(herder)[0] == "FAILED"
    herder.connector_status("c", "RESTARTING", None)
    herder.connector_status("c", "RUNNING", None)
    assert states(herder)[0] == "RUNNING"
    await herder.pause("c")
    await settled(herder, ("PAUSED", ["PAUSED"]))
    herder.connector_status("c", "FAILED", describe(ConnectError("late")))
    assert states(herder)[0] == "PAUSED"
    herder.connector_status("z", "RUNNING", None)
    herder.task_status(task(0, "z"), "RUNNING", None)


class TestHungPlugins:
    async def test_create_is_answered_and_others_go_on(self, herder):
        began = time.monotonic()
        created = await herder.put_connector("c", source(fake_start="hang"))
        assert created.created
        assert 0.7 < time.monotonic() - began < 1.0
        assert states(herder) == ("UNASSIGNED", [])
        began = time.monotonic()
        await herder.put_connector("d", source("d"))
        await settled(herder, ("RUNNING", ["RUNNING"]), "d")
        assert time.monotonic() - began < 0.3

    async def test_a_hung_start_can_be_fixed(self, herder, supervisor):
        await herder.put_connector("c", source(fake_start="hang"), answer_after=0.01)
        await herder.put_connector("c", source())
        await settled(herder, ("RUNNING", ["RUNNING"]))
        assert supervisor.started["c"] == 2

    async def test_a_hung_start_can_be_deleted_paused_and_stopped(self, herder):
        for end in (herder.delete_connector, herder.stop_connector, herder.pause):
            await herder.put_connector("c", source(fake_start="hang"), answer_after=0.01)
            await end("c")
        await settled(herder, ("PAUSED", []))

    async def test_operations_queued_behind_a_hung_one_all_happen(self, herder, supervisor):
        await herder.put_connector("c", source(fake_start="hang"), answer_after=0.01)
        results = await asyncio.gather(*(herder.restart_connector("c") for _ in range(3)), return_exceptions=True)
        assert results == [None] * 3
        await herder.put_connector("c", source())
        await settled(herder, ("RUNNING", ["RUNNING"]))

    async def test_restarting_a_task_does_not_cut_a_slow_start_short(self, herder, supervisor):
        await herder.put_connector("c", source())
        await herder.put_connector("c", source(fake_start="slow:0.3"), answer_after=0.01)
        await herder.restart_task(task(0))
        await herder.resume("c")
        await settled(herder, ("RUNNING", ["RUNNING"]))
        assert supervisor.started["c"] == 2

    async def test_tasks_come_back_though_the_connector_does_not(self, herder, supervisor):
        await herder.put_connector("c", source())
        await settled(herder, ("RUNNING", ["RUNNING"]))
        herder._around.configs.connector_config("c")["fake.start"] = "lost the database"
        await herder.restart("c", only_failed=False, include_tasks=True)
        await settled(herder, ("FAILED", ["RUNNING"]))
        herder._around.configs.connector_config("c")["fake.start"] = "hang"
        await herder.restart("c", only_failed=False, include_tasks=True)
        herder._around.configs.connector_config("c")["fake.start"] = ""
        await herder.restart_connector("c")
        await settled(herder, ("RUNNING", ["RUNNING"]))

    async def test_a_start_past_its_deadline_is_failed(self, herder):
        with pytest.raises(RequestError, match="did not return within 60 s"):
            await herder.put_connector("c", source(fake_start="past-deadline"))
        assert states(herder) == ("FAILED", [])

    async def test_validation_past_its_deadline_names_class_and_call(self, herder):
        with pytest.raises(HungError, match=r"Validating a configuration of org.apache.*FileStreamSourceConnector"):
            await herder.put_connector("c", source(fake_validate="past-deadline"))
        assert herder.connectors() == []

    async def test_slow_stops_are_answered_in_time(self, herder, supervisor):
        await herder.put_connector("c", source(fake_stop="slow:1.2"))
        began = time.monotonic()
        await herder.delete_connector("c")
        assert time.monotonic() - began < 1.0
        assert herder.connectors() == []
        await herder.put_connector("c", source(), answer_after=5)
        await settled(herder, ("RUNNING", ["RUNNING"]))
        assert len(supervisor.tasks) == 1

    async def test_stop_of_the_worker_does_not_wait_for_it(self, herder, supervisor):
        await herder.put_connector("c", source(fake_start="hang"), answer_after=0.01)
        await asyncio.wait_for(herder.stop(), 1)
        assert supervisor.calls[-1] == ("stop", 5.0)


async def test_offsets_are_stored_and_listed(herder, supervisor):
    await herder.put_connector("c", source())
    key = partition_key("c", {"filename": "f"})
    await herder.write_offsets("c", {key: offset_value({"position": 3})})
    assert await herder.read_offsets("c", [key, b"x"]) == [b'{"position":3}', None]
    assert await herder.offsets("c") == [{"partition": {"filename": "f"}, "offset": {"position": 3}}]


async def test_topics_and_stats(herder, supervisor):
    await herder.put_connector("c", source())
    await settled(herder, ("RUNNING", ["RUNNING"]))
    herder.topic_used("c", "t1")
    herder.topic_used("gone", "t1")
    assert herder.topics("c") == ["t1"]
    await herder.reset_topics("c")
    assert herder.topics("c") == []
    (stats,) = herder.task_stats()
    assert (stats["id"], stats["state"], stats["pid"], stats["records_in"]) == ("c-0", "RUNNING", 7, 3)


async def test_unexpected_errors_are_logged_not_lost(herder, supervisor, caplog):
    async def broken(_):
        raise ZeroDivisionError

    await herder.put_connector("c", source())
    supervisor.stop_connector = broken
    await herder.pause("c")
    await until(lambda: "should not have happened" in caplog.text)
    del supervisor.stop_connector
