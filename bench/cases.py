"""The work that is compared: the same properties, input and REST calls for each implementation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bench.drain import Drain
from bench.ground import SETTLE_S
from bench.latency import latency
from bench.many import many
from bench.measure import leaves, memory, tree_cpu, tree_memory
from bench.moving import moving
from services.files import LineCounter
from services.worker import FILE_SINK, FILE_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.ground import Ground

__all__ = ["CASES", "IMPLEMENTATIONS"]

JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
IMPLEMENTATIONS = ("jvm", "barnabas")
_SCHEMALESS = {"value.converter": JSON_CONVERTER, "value.converter.schemas.enable": "false"}
_INSERT = {
    "transforms": "stamp",
    "transforms.stamp.type": "org.apache.kafka.connect.transforms.InsertField$Value",
    "transforms.stamp.static.field": "origin",
    "transforms.stamp.static.value": "bench",
}
SOURCES: dict[str, dict[str, str]] = {
    "String": {},
    "JSON with schemas": {"value.converter": JSON_CONVERTER, "value.converter.schemas.enable": "true"},
}
SINKS: dict[str, dict[str, str]] = {
    "String": {},
    "JSON": _SCHEMALESS,
    "JSON, InsertField": {**_SCHEMALESS, **_INSERT},
    # The JVM's sink cannot write JSON: it writes the same values as Java prints them.
    "JSON, InsertField, JSON": {**_SCHEMALESS, **_INSERT, "format": "json"},
}
TUNED = {
    "source": {
        "batch.size": "10000",
        "producer.override.batch.size": "262144",
        "producer.override.linger.ms": "20",
        "producer.override.buffer.memory": "134217728",
    },
    "sink": {
        "consumer.override.max.poll.records": "5000",
        "consumer.override.fetch.min.bytes": "65536",
        "consumer.override.max.partition.fetch.bytes": "8388608",
    },
}
_CAREFUL = {
    "errors.tolerance": "all",
    "errors.log.enable": "true",
    "errors.retry.timeout": "60000",
}
_LETTERS = {
    "errors.deadletterqueue.topic.name": "dead",
    "errors.deadletterqueue.topic.replication.factor": "1",
    "errors.deadletterqueue.context.headers.enable": "true",
}


def footprint(ground: Ground, implementation: str, *, mode: str) -> dict[str, Any]:
    """Start-up, idle memory and CPU, and what one small source task adds."""
    worker = ground.worker(implementation, mode=mode)
    worker.spawn()
    try:
        ready = worker.wait_ready(every=0.005)
        time.sleep(SETTLE_S)
        before, begin = tree_cpu(worker.pid), time.perf_counter()
        time.sleep(SETTLE_S)
        cpu = (tree_cpu(worker.pid) - before) / (time.perf_counter() - begin)
        idle = tree_memory(worker.pid)
        known = {process.pid for process in leaves(worker.pid)}
        small = ground.folder / "small.txt"
        small.write_text("one\ntwo\n", encoding="ascii")
        begin = time.perf_counter()
        topic = f"small-{time.time_ns()}"
        worker.create("small", {"connector.class": FILE_SOURCE, "file": small, "topic": topic})
        worker.wait_running(1)
        running = time.perf_counter() - begin
        time.sleep(SETTLE_S)
        busy = tree_memory(worker.pid)
        own = [memory(process.pid).private for process in leaves(worker.pid) if process.pid not in known]
        worker.request("DELETE", "/connectors/small")
    finally:
        worker.stop()
    return {
        "rest_ready_s": round(ready, 2),
        "idle_pss_mb": round(idle.pss, 1),
        "idle_private_mb": round(idle.private, 1),
        "idle_cpu_percent": round(cpu * 100, 2),
        "task_running_s": round(running, 2),
        "one_task_growth_pss_mb": round(busy.pss - idle.pss, 1),
        "one_task_private_mb": round(max(own), 1) if own else None,
    }


def source(ground: Ground, implementation: str, *, data: str, settings: str) -> dict[str, Any]:
    """File to topic."""
    path, topic = ground.source_file(), f"source-{time.time_ns()}"
    ground.make_topic(topic)
    config = {"connector.class": FILE_SOURCE, "file": path, "topic": topic, **SOURCES[data]}
    if settings == "tuned":
        config |= TUNED["source"]
    if settings == "tolerant":
        config |= _CAREFUL
    more = {"exactly.once.source.support": "enabled"} if settings == "exactly once" else {}
    try:
        return _run(ground, implementation, config, lambda: ground.end(topic), more)
    finally:
        ground.drop_topic(topic)


def sink(
    ground: Ground, implementation: str, *, data: str, settings: str, tasks: str = "1 task", cores: str = ""
) -> dict[str, Any]:
    """Topic to file; as many partitions as tasks."""
    number = int(tasks.split(maxsplit=1)[0])
    topic, path = ground.full_topic(number), ground.folder / f"sink-{time.time_ns()}.txt"
    config = {"connector.class": FILE_SINK, "file": path, "topics": topic, "tasks.max": number, **SINKS[data]}
    if settings == "tuned":
        config |= TUNED["sink"]
    if settings == "tolerant":
        config |= _CAREFUL | _LETTERS
    counter = LineCounter(path)
    try:
        return _run(ground, implementation, config, counter.look, cores=int(cores.split(maxsplit=1)[0]) if cores else 0)
    finally:
        path.unlink(missing_ok=True)


def encrypted(ground: Ground, implementation: str, *, data: str, direction: str) -> dict[str, Any]:
    """Over TLS, with SCRAM."""
    move = source if direction == "file to topic" else sink
    return move(ground.encrypted(), implementation, data=data, settings="default")


def _run(
    ground: Ground,
    implementation: str,
    config: Mapping[str, Any],
    progress: Callable[[], int],
    settings: Mapping[str, str] | None = None,
    *,
    cores: int = 0,
) -> dict[str, Any]:
    with ground.worker(implementation, settings, cores=cores) as worker:
        time.sleep(SETTLE_S)
        drain = Drain(worker.pid, ground.broker.pid, progress)
        worker.create(f"bench-{time.time_ns()}", {"tasks.max": 1, **config})
        row = drain.run(ground.records)
        if not row["complete"]:
            row["states"] = worker.states()
        return row


Case = tuple[str, "Callable[..., dict[str, Any]]", dict[str, str]]
CASES: list[Case] = [
    *(("footprint", footprint, {"mode": mode}) for mode in ("standalone", "distributed")),
    *(("file to topic", source, {"data": data, "settings": kind}) for kind in ("default", "tuned") for data in SOURCES),
    *(("topic to file", sink, {"data": "String", "settings": kind}) for kind in ("default", "tuned")),
    *(("topic to file", sink, {"data": data, "settings": "tuned"}) for data in SINKS if data != "String"),
    *(
        ("topic to file", sink, {"data": "String", "settings": "default", "tasks": "4 tasks", "cores": cores})
        for cores in ("1 core", "2 cores")
    ),
    ("file to topic", source, {"data": "JSON with schemas", "settings": "tolerant"}),
    ("topic to file", sink, {"data": "JSON, InsertField", "settings": "tolerant"}),
    *(
        ("TLS", encrypted, {"data": "String", "direction": direction})
        for direction in ("file to topic", "topic to file")
    ),
    *(("many connectors", many, {"connectors": count}) for count in ("1", "50", "200")),
    *(("end to end", latency, {"rate": rate}) for rate in ("1000", "10000", "50000")),
    ("moving work", moving, {}),
]
