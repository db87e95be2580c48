"""Placeholders in connector configurations: what is stored, what is started, and when values are asked for again."""

from __future__ import annotations

import asyncio

import pytest

from barnabas.errors import BarnabasError, ConfigError, HungError
from barnabas.extension import ConfigData
from barnabas.herder import StandaloneHerder
from barnabas.herder.base import BadRequestError, RequestError
from barnabas.herder.resolving import Resolved, Resolver, shown
from barnabas.herder.task_plan import complete_configs
from barnabas.herder.worker_config import WorkerConfig
from barnabas.store.file import FileOffsetStore
from herder.herder_fakes import SINK, FakePlugins, FakeSupervisor, source, task, worker_props


class Vault:
    """A provider whose values change."""

    def __init__(self):
        self.values = {"pw": "swordfish", "tasks": "2", "class": "FileStreamSource"}
        self.ttl_ms = None
        self.error = None
        self.hang = None
        self.asked = 0

    async def get(self, path, keys):
        self.asked += 1
        if self.hang is not None:
            await self.hang.wait()
        if self.error:
            raise self.error
        return ConfigData({key: self.values[key] for key in keys if key in self.values}, self.ttl_ms)


@pytest.fixture
def vault():
    return Vault()


@pytest.fixture
def supervisor():
    return FakeSupervisor()


@pytest.fixture
async def herder(tmp_path, supervisor, vault):
    worker = WorkerConfig.standalone(worker_props(tmp_path))
    store = FileOffsetStore(worker.offsets_file)
    resolver = Resolver({"vault": vault})
    herder = StandaloneHerder(
        worker, supervisor, FakePlugins(), store, worker_id="w:1", patience=0.05, resolver=resolver
    )
    supervisor.listen(herder)
    await herder.start()
    herder.ready()
    yield herder
    await herder.stop()


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  what is waited for is state of the fakes, which tell nobody
            await asyncio.sleep(0.01)


def state(herder, name="c"):
    return herder.status(name).connector.state


async def test_values_go_to_hosts_and_placeholders_to_everybody_else(herder, supervisor):
    config = source(fake_x="${vault:pw}", db_password="${vault:pw}", tasks_max="${vault:tasks}")
    info = (await herder.put_connector("c", config)).info
    assert info.config == config
    assert herder.connector_config("c") == config
    assert supervisor.connectors["c"].props["db.password"] == "swordfish"
    assert [spec.props["x"] for spec in supervisor.tasks.values()] == ["swordfish", "swordfish"]
    assert supervisor.tasks[task(1)].connector_props["fake.x"] == "swordfish"
    # The fake's tasks have the value below another name.
    assert [entry.config["x"] for entry in herder.task_infos("c")] == ["${vault:pw}", "${vault:pw}"]


def test_secrets_that_tasks_have_as_other_settings_become_placeholders():
    config = {"db.password": "${vault:pw}", "db.host": "${vault:host}"}
    placeholders = {"swordfish": "${vault:pw}", "abc": "${vault:short}"}
    resolved = Resolved({"db.password": "swordfish", "db.host": "db-host-one"}, None, placeholders)
    made = [{"url": "jdbc://joe:swordfish@db-host-one/swordfish", "n": "abc"}]
    tasks = complete_configs("c", config, resolved, SINK, "m:Task", made)
    assert tasks[0]["url"] == "jdbc://joe:${vault:pw}@db-host-one/${vault:pw}"
    assert tasks[0]["n"] == "abc"


def test_tasks_get_placeholders_back():
    config = {"a": "${vault:pw}", "b": "x-${vault:nope}", "c": "plain", "topics": "${env:TOPICS}", "gone": "${x:y}"}
    resolved = {"a": "swordfish", "b": "x-${vault:nope}", "c": "plain", "topics": "t"}
    made = [{"a": "rewritten", "b": "b2", "c": "c2", "d": "swordfish"}, {"c": "c3"}]
    tasks = complete_configs(
        "c", {**config, "tasks.max": "2"}, Resolved({**resolved, "tasks.max": "2"}), SINK, "m:Task", made
    )
    assert tasks[0]["a"] == "${vault:pw}"
    assert tasks[0]["b"] == "x-${vault:nope}"
    assert tasks[0]["c"] == "c2"
    assert tasks[0]["d"] == "swordfish"
    assert tasks[0]["topics"] == "${env:TOPICS}"
    assert "gone" not in tasks[0]
    assert "a" not in tasks[1]


async def test_the_class_may_be_a_placeholder(herder, supervisor):
    await herder.put_connector("c", {**source(), "connector.class": "${vault:class}"})
    assert state(herder) == "RUNNING"
    assert herder.connector_info("c").type == "source"


async def test_an_equal_configuration_does_not_restart_tasks(herder, supervisor, vault):
    config = source(fake_x="${vault:pw}")
    await herder.put_connector("c", config)
    await herder.put_connector("c", config)
    herder.reconfiguration_requested("c")
    await asyncio.sleep(0.05)
    assert supervisor.started == {"c": 2, "c-0": 1}
    vault.values["pw"] = "hunter2"
    await herder.put_connector("c", config)
    assert supervisor.started == {"c": 3, "c-0": 2}
    assert supervisor.tasks[task(0)].connector_props["fake.x"] == "hunter2"


async def test_a_provider_that_fails_is_an_error_of_the_request(herder, supervisor, vault):
    vault.error = ConfigError("Could not read properties from file /x", code="BRN-1080")
    with pytest.raises(ConfigError, match="Could not read"):
        await herder.put_connector("c", source(fake_x="${vault:pw}"))
    assert herder.connectors() == []
    with pytest.raises(RequestError, match="Could not read") as caught:
        await herder.validate(source(fake_x="${vault:pw}"))
    assert caught.value.status == 500


async def test_a_provider_that_fails_later_is_a_failed_status_that_a_new_configuration_heals(herder, supervisor, vault):
    await herder.put_connector("c", source(fake_x="${vault:pw}"))
    vault.error = ConfigError("Could not read properties from file /x", code="BRN-1080", remedy="Check the path.")
    with pytest.raises(BarnabasError, match="Could not read"):
        await herder.restart_connector("c")
    status = herder.status("c")
    assert status.connector.state == "FAILED"
    assert "Could not read properties from file /x" in status.connector.trace
    assert "Check the path." in status.connector.trace
    assert status.tasks[0].state == "RUNNING"
    await herder.restart_task(task(0))
    assert herder.status("c").tasks[0].state == "FAILED"
    assert "Could not read" in herder.status("c").tasks[0].trace
    await herder.put_connector("c", source(fake_x="plain"))
    assert state(herder) == "RUNNING"
    assert supervisor.tasks[task(0)].connector_props["fake.x"] == "plain"


async def test_a_provider_that_hangs_holds_up_only_its_connector(herder, supervisor, vault):
    await herder.put_connector("c", source(fake_x="${vault:pw}"))
    vault.hang = asyncio.Event()
    restarting = asyncio.create_task(herder.restart_connector("c"))
    await asyncio.sleep(0.02)
    await asyncio.wait_for(herder.put_connector("d", source("d")), 1)
    assert state(herder, "d") == "RUNNING"
    await asyncio.wait_for(herder.delete_connector("c"), 1)  # cuts the waiting short
    await restarting
    assert herder.connectors() == ["d"]


async def test_tasks_whose_start_was_cut_short_are_started_by_what_comes_next(herder, supervisor, vault):
    config = source(fake_x="${vault:pw}")
    await herder.put_connector("c", config)
    vault.hang = asyncio.Event()
    restarting = asyncio.create_task(herder.restart_task(task(0)))
    await until(lambda: task(0) not in supervisor.tasks)
    later = asyncio.create_task(herder.restart_connector("c"))  # supersedes it
    await asyncio.sleep(0.1)
    vault.hang.set()
    await asyncio.gather(restarting, later)
    await until(lambda: task(0) in supervisor.tasks)
    assert supervisor.started["c-0"] == 2


async def test_a_ttl_restarts_connector_and_tasks_once_the_value_has_changed(herder, supervisor, vault):
    vault.ttl_ms = 100
    await herder.put_connector("c", source(fake_x="${vault:pw}"))
    asked = vault.asked
    await until(lambda: vault.asked > asked)
    assert supervisor.started == {"c": 1, "c-0": 1}
    vault.values["pw"] = "hunter2"
    await until(lambda: supervisor.started["c-0"] == 2)
    assert supervisor.connectors["c"].props["fake.x"] == "hunter2"
    assert supervisor.tasks[task(0)].connector_props["fake.x"] == "hunter2"
    asked = vault.asked
    await until(lambda: vault.asked > asked)
    assert supervisor.started == {"c": 2, "c-0": 2}


async def test_while_a_provider_fails_the_connector_goes_on(herder, supervisor, vault):
    vault.ttl_ms = 100
    await herder.put_connector("c", source(fake_x="${vault:pw}"))
    vault.error = HungError("no answer")
    asked = vault.asked
    await until(lambda: vault.asked > asked + 1)  # asked again, and again
    assert state(herder) == "RUNNING"
    vault.error = None
    vault.values["pw"] = "hunter2"
    await until(lambda: supervisor.started["c-0"] == 2)


async def test_a_start_that_failed_for_want_of_values_is_made_up_for(herder, supervisor, vault):
    vault.ttl_ms = 100
    await herder.put_connector("c", source(fake_x="${vault:pw}"))
    vault.error = HungError("no answer")
    with pytest.raises(BarnabasError):
        await herder.restart_connector("c")
    assert state(herder) == "FAILED"
    vault.error = None
    await until(lambda: state(herder) == "RUNNING")
    assert supervisor.started == {"c": 2, "c-0": 1}


@pytest.mark.parametrize("how", ["none", "changed", "paused", "stopped", "deleted"])
async def test_when_nothing_is_restarted(herder, supervisor, vault, how):
    vault.ttl_ms = 100
    reload = "NONE" if how == "none" else "restart"
    await herder.put_connector("c", source(fake_x="${vault:pw}", config_action_reload=reload))
    started = supervisor.started["c"]
    if how == "changed":
        await herder.put_connector("c", source(fake_x="plain"))
        started += 1
    elif how == "paused":
        await herder.pause("c")
    elif how == "stopped":
        await herder.stop_connector("c")
    elif how == "deleted":
        await herder.delete_connector("c")
    await asyncio.sleep(0.02)
    asked = vault.asked
    vault.values["pw"] = "hunter2"
    await asyncio.sleep(0.25)
    assert vault.asked == asked
    assert supervisor.started["c"] == started
    if how == "paused":
        await herder.resume("c")
        await until(lambda: supervisor.started["c-0"] == 2)
        assert supervisor.tasks[task(0)].connector_props["fake.x"] == "hunter2"


async def test_what_is_started_again_gets_the_values_of_now(herder, supervisor, vault):
    await herder.put_connector("c", source(fake_x="${vault:pw}"))
    await herder.put_connector("plain", source("plain"))
    vault.values["pw"] = "hunter2"
    spec = await herder.renewed(supervisor.tasks[task(0)])
    assert (spec.connector_props["fake.x"], spec.props["n"]) == ("hunter2", "0")
    assert (await herder.renewed(supervisor.connectors["c"])).props["fake.x"] == "hunter2"
    for same in (supervisor.tasks[task(0, "plain")], supervisor.connectors["plain"]):
        assert await herder.renewed(same) is same


async def test_a_literal_placeholder_is_warned_of_once(herder, caplog):
    config = source(fake_x="${vault:nope}", fake_y="${file:/a:b}", fake_z="${plain}", v="${file:/a:b}")
    for _ in range(2):
        await herder.put_connector("c", config)
    wanted = [
        "c: fake.x: ${vault:nope} stays as it is, because the provider vault has no nope.",
        "c: fake.y: ${file:/a:b} stays as it is, because no provider of the name file is in config.providers.",
        "c: v: ${file:/a:b} stays as it is, because no provider of the name file is in config.providers.",
    ]
    lines = [record.getMessage() for record in caplog.records if "stays as it is" in record.getMessage()]
    assert lines == wanted


async def test_validation_shows_placeholders(herder, supervisor):
    async def validate(plugin, props):
        types = {"a": "STRING", "b": "PASSWORD", "c": "STRING"}
        configs = [
            {
                "definition": {"name": key, "type": kind},
                "value": {"name": key, "value": "[hidden]" if kind == "PASSWORD" else props[key], "errors": []},
            }
            for key, kind in types.items()
        ]
        configs[0]["value"]["errors"].append(f"Invalid value {props['a']} for configuration a")
        configs.append({"definition": None, "value": {"name": "d", "value": None, "errors": ["null"]}})
        return {"name": "x", "error_count": 1, "groups": [], "configs": configs}

    supervisor.validate = validate
    config = source(a="${vault:pw}", b="${vault:pw}", c="c", d="${vault:pw}")
    answer = await herder.validate(config)
    values = [entry["value"] for entry in answer["configs"]]
    assert [value["value"] for value in values] == ["${vault:pw}", "[hidden]", "c", None]
    assert "swordfish" not in str(answer)
    with pytest.raises(BadRequestError) as caught:
        await herder.put_connector("c", config)
    assert "Invalid value" in caught.value.message


def test_an_answer_without_placeholders_is_left_alone():
    answer = {"configs": [{"definition": None, "value": {"name": "a", "value": "b", "errors": ["password=x"]}}]}
    assert shown(answer, {"a": "b"}) is answer


async def test_passwords_by_type_are_secret_whatever_they_are_called(herder, supervisor):
    from barnabas import secrets  # noqa: PLC0415

    real = supervisor.validate

    async def validate(plugin, props):
        answer = await real(plugin, props)
        entry = {"definition": {"name": "fake.pin", "type": "PASSWORD"}, "value": {"name": "fake.pin", "errors": []}}
        return {**answer, "configs": [*answer["configs"], entry]}

    supervisor.validate = validate
    await herder.put_connector("c", source(fake_pin="swordfish-9"))
    assert secrets.hide("no swordfish-9") == "no [hidden]"
    await herder.restart_connector("c")
    assert "swordfish-9" in secrets.owned_by(secrets.owner_of("c"))
    await herder.delete_connector("c")
    await until(lambda: secrets.hide("swordfish-9") == "swordfish-9")


async def test_traces_in_statuses_are_without_secrets(herder, supervisor):
    await herder.put_connector("c", source(fake_x="${vault:pw}", db_password="${vault:pw}"))
    supervisor.fail(task(0), "cannot connect with swordfish")
    assert "cannot connect with [hidden]" in herder.status("c").tasks[0].trace
