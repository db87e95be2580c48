"""Who a sink task is in its consumer group."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from barnabas.kafka.connect_defaults import sink_consumer_config

if TYPE_CHECKING:
    from barnabas.supervisor.api import TaskSpec

__all__ = ["consumer_config", "leave"]

_INSTANCE = "group.instance.id"
_LEAVE_TIMEOUT = 3.0
_AT_ONCE = 4


def consumer_config(spec: TaskSpec) -> dict[str, str]:
    """The settings of a sink task's consumer, by Java name, with its static member id unless the user chose."""
    java = sink_consumer_config(spec.worker_props, spec.connector_props, spec.id.connector, spec.id.task)
    if _INSTANCE not in java and _static(spec):
        java[_INSTANCE] = _instance(spec)
    return java


def leave(specs: Sequence[TaskSpec]) -> None:
    """Have sink tasks, which ended and will not be started again soon, leave their groups.

    Raises:
        ConnectError: It did not work for some of them.
    """
    connectors: dict[str, list[TaskSpec]] = {}
    for spec in specs:
        if _static(spec):
            connectors.setdefault(spec.id.connector, []).append(spec)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(_leave_one, connectors.values()):
            pass  # what was raised is raised again here


def _leave_one(specs: Sequence[TaskSpec]) -> None:
    """The tasks of one connector, which share a group and the way to it."""
    from barnabas.kafka.membership import leave_group  # noqa: PLC0415  imports a second Kafka client
    from barnabas.kafka.settings import translate  # noqa: PLC0415  the same

    configs = [consumer_config(spec) for spec in specs]
    instances = [java[_INSTANCE] for java in configs]
    leave_group(translate(configs[0], "consumer"), configs[0]["group.id"], instances, _LEAVE_TIMEOUT)


def _static(spec: TaskSpec) -> bool:
    props = {**spec.worker_props, **spec.connector_props}
    return props.get("task.static.membership", "true").strip().lower() != "false"


def _instance(spec: TaskSpec) -> str:
    """The same after every restart, and no other member's.

    Two standalone workers may run the same sink to share its partitions, as with Kafka Connect, so a worker's own
    identity is part of it: its host and offsets file. In a group of workers a task exists once: the group is enough.
    """
    group = spec.worker_props.get("group.id")
    if group is None:
        file = Path(spec.worker_props.get("offset.storage.file.filename", "")).absolute()
        group = hashlib.sha256(f"{socket.gethostname()}\0{file}".encode()).hexdigest()[:12]
    return f"barnabas-{group}-{spec.id}"
