"""Deadlines, limits and the restart policy of a connector: the worker's settings, overridden by the connector's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self, cast, get_args

import msgspec

from barnabas.errors import ConfigError
from barnabas.supervisor.api import Isolation
from barnabas.supervisor.restart import RestartPolicy

__all__ = ["Limits", "parse_size"]

_OWN = ("task.", "connector.call.")  # what a connector may set for itself
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def parse_size(text: str, key: str) -> int:
    """Bytes from ``512m``, ``1g`` or a plain number."""
    body = text.strip().lower().removesuffix("b")
    number, unit = (body[:-1], body[-1]) if body[-1:] in ("k", "m", "g") else (body, "")
    number = number.strip()
    if not number.isdecimal():
        raise ConfigError(
            f"Invalid value {text} for configuration {key}: not a size.",
            key=key,
            remedy="Give bytes, or a number with k, m or g, such as 512m; 0 for no limit.",
            code="BRN-1020",
        )
    return int(number) * _UNITS[unit]


class Limits(msgspec.Struct, frozen=True):
    """What holds for one connector; times in seconds, 0 for "no limit" where a limit can be switched off.

    Args:
        graceful: ``task.shutdown.graceful.timeout.ms``: how long units may take to stop.
        task_start: ``task.start.timeout.ms``: loading, ``initialize`` and ``start`` of a task.
        task_call: ``task.call.timeout.ms``: any other call into a task.
        connector_call: ``connector.call.timeout.ms``: any call into a connector object, and validation.
        memory: ``task.memory.max``: bytes of private memory of a host process.
        isolation: ``task.isolation``.
        restart: ``task.restart.*``.
    """

    graceful: float = 5.0
    task_start: float = 60.0
    task_call: float = 300.0
    connector_call: float = 60.0
    memory: int = 1 << 30
    isolation: Isolation = "process"
    restart: RestartPolicy = RestartPolicy()

    @classmethod
    def of(cls, worker: Mapping[str, str], connector: Mapping[str, str] | None = None) -> Self:
        """Read them from properties; the connector's own settings win."""
        own = {key: value for key, value in (connector or {}).items() if key.startswith(_OWN)}
        props = {**worker, **own}
        default = cls()
        isolation = props.get("task.isolation", default.isolation).strip().lower()
        if isolation not in get_args(Isolation):
            raise ConfigError(
                f"Invalid value {isolation} for configuration task.isolation.",
                key="task.isolation",
                remedy="Choose process, connector or shared.",
                code="BRN-1021",
            )
        return cls(
            graceful=_seconds(props, "task.shutdown.graceful.timeout.ms", default.graceful),
            task_start=_seconds(props, "task.start.timeout.ms", default.task_start),
            task_call=_seconds(props, "task.call.timeout.ms", default.task_call),
            connector_call=_seconds(props, "connector.call.timeout.ms", default.connector_call),
            memory=parse_size(props.get("task.memory.max", str(default.memory)), "task.memory.max"),
            isolation=cast("Isolation", isolation),
            restart=RestartPolicy(
                enabled=props.get("task.restart.enabled", "true").strip().lower() != "false",
                initial=_seconds(props, "task.restart.backoff.initial.ms", default.restart.initial),
                maximum=_seconds(props, "task.restart.backoff.max.ms", default.restart.maximum),
                healthy=_seconds(props, "task.restart.healthy.ms", default.restart.healthy),
            ),
        )


def _seconds(props: Mapping[str, str], key: str, default: float) -> float:
    if key not in props:
        return default
    text = props[key].strip()
    if not text.isdecimal():
        raise ConfigError(
            f"Invalid value {text} for configuration {key}: Not a number of type LONG.",
            key=key,
            remedy="Give milliseconds, 0 or more.",
            code="BRN-1022",
        )
    return int(text) / 1000
