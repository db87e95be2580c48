"""A supervisor and plugins without processes; what a connector does is said in its configuration (``fake.*``)."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from barnabas.errors import ConnectError, HungError, PluginError
from barnabas.supervisor.api import PluginRef, RemoteError, TaskId, UnitStats, describe

SOURCE = PluginRef(
    "org.apache.kafka.connect.file.FileStreamSourceConnector", "barnabas.x:Source", "source", None, "1.0"
)
SINK = PluginRef("org.apache.kafka.connect.file.FileStreamSinkConnector", "barnabas.x:Sink", "sink")
CONVERTER = PluginRef("org.apache.kafka.connect.storage.StringConverter", "barnabas.y:StringConverter", "converter")


class FakePlugins:
    async def until_found(self):
        pass

    def __init__(self):
        self.refs = [SINK, SOURCE, CONVERTER]

    def find_connector(self, name):
        for ref in (SOURCE, SINK):
            simple = ref.name.rpartition(".")[2]
            if name in (ref.name, simple, simple.removesuffix("Connector")):
                return ref
        known = ", ".join(ref.name for ref in (SINK, SOURCE))
        raise PluginError(
            f"Failed to find any class that implements Connector and which name matches {name}, "
            f"available connectors are: {known}"
        )

    def find(self, name, kind=None):
        for ref in self.refs:
            if name in (ref.name, ref.name.rpartition(".")[2]) and kind in (None, ref.kind):
                return ref
        return self.find_connector(name)

    def list(self, connectors_only=True):
        return [ref for ref in self.refs if not connectors_only or ref.kind in ("source", "sink")]


class FakeSupervisor:
    """Remembers calls in ``calls`` and what runs in ``connectors`` and ``tasks``."""

    def __init__(self):
        self.listener = None
        self.calls = []
        self.connectors = {}
        self.tasks = {}
        self.started = Counter()

    def listen(self, listener):
        self.listener = listener

    async def start(self):
        self.calls.append("start")

    def fence(self):
        self.calls.append("fence")
        self.tasks.clear()
        self.connectors.clear()

    async def stop(self, timeout):  # noqa: ASYNC109  as in the interface
        self.calls.append(("stop", timeout))

    async def start_connector(self, spec):
        self.calls.append(("start_connector", spec.name))
        self.started[spec.name] += 1
        self.connectors[spec.name] = spec
        await behave(spec.props.get("fake.start", ""), "start")
        self.listener.connector_status(spec.name, "RUNNING", None)

    async def stop_connector(self, name):
        self.calls.append(("stop_connector", name))
        spec = self.connectors.pop(name, None)
        if spec:
            await behave(spec.props.get("fake.stop", ""), "stop")

    async def task_configs(self, name, max_tasks):
        props = self.connectors[name].props
        await behave(props.get("fake.listing", ""), "task_configs")
        count = int(props.get("fake.tasks", max_tasks))
        return "barnabas.x:SourceTask", [{"n": str(number), "x": props.get("fake.x", "")} for number in range(count)]

    async def start_task(self, spec):
        self.calls.append(("start_task", str(spec.id)))
        self.started[str(spec.id)] += 1
        self.tasks[spec.id] = spec
        await behave(spec.connector_props.get("fake.task", ""), "start")
        state = "PAUSED" if spec.paused else "RUNNING"
        asyncio.get_running_loop().call_soon(self.report, spec.id, state)

    def report(self, task, state, error=None):
        self.listener.task_status(task, state, error)

    def fail(self, task, text="boom"):
        self.report(task, "FAILED", describe(ConnectError(text)))

    async def stop_task(self, task):
        await self.stop_tasks([task])

    async def stop_tasks(self, tasks):
        for task in tasks:
            self.calls.append(("stop_task", str(task)))
            spec = self.tasks.pop(task, None)
            if spec:
                await behave(spec.connector_props.get("fake.stop", ""), "stop")

    async def pause_task(self, task):
        self.report(task, "PAUSED")

    async def resume_task(self, task):
        self.report(task, "RUNNING")

    async def validate(self, plugin, props):
        await behave(props.get("fake.validate") or "", f"Validating a configuration of {plugin.name}")
        errors = {key: [] for key in ("name", "tasks.max", "topic")}
        if not props.get("name"):
            errors["name"].append(f"Invalid value {props.get('name')} for configuration name: String may not be empty")
        if not (props.get("tasks.max") or "1").isdigit():
            errors["tasks.max"].append(
                f"Invalid value {props['tasks.max']} for configuration tasks.max: Not a number of type INT"
            )
        if plugin is SOURCE and "topic" not in props:
            errors["topic"].append('Missing required configuration "topic" which has no default value.')
        configs = [{"definition": None, "value": {"name": key, "errors": texts}} for key, texts in errors.items()]
        return {
            "name": props["connector.class"],
            "error_count": sum(map(len, errors.values())),
            "groups": [],
            "configs": configs,
        }

    async def config_def(self, plugin):
        return [{"name": "topic", "of": plugin.name}]

    async def alter_offsets(self, plugin, props, offsets):
        self.calls.append(("alter_offsets", props["name"], list(offsets)))
        await behave(props.get("fake.alter", "") if props.get("fake.alter") != "no" else "", "alter_offsets")
        return props.get("fake.alter") != "no"

    def forget_topics(self, task):
        self.calls.append(("forget_topics", task))

    def set_level(self, change):
        self.calls.append(("set_level", tuple(change.namespaces), change.level))

    async def scan(self, home):
        return []

    def stats(self, task):
        return UnitStats(pid=7, records_in=3) if task in self.tasks else None


async def behave(how, call):
    if how == "hang":
        await asyncio.Event().wait()
    elif how.startswith("slow:"):
        await asyncio.sleep(float(how[5:]))
    elif how == "past-deadline":
        raise HungError(f"{call} did not return within 60 s.")
    elif how:
        raise RemoteError(describe(ConnectError(how)))


def worker_props(tmp_path: Path, **more):
    return {
        "key.converter": "StringConverter",
        "value.converter": "StringConverter",
        "offset.storage.file.filename": str(tmp_path / "offsets"),
        "listeners": "http://127.0.0.1:0",
        **more,
    }


def source(name="c", **more):
    config = {"name": name, "connector.class": "FileStreamSource", "topic": "t", "tasks.max": "1"}
    return config | {key.replace("_", "."): value for key, value in more.items()}


def task(number, name="c"):
    return TaskId(name, number)
