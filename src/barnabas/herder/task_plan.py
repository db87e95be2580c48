"""From what a connector says its tasks are to the task configurations that are stored: pure functions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from barnabas.config_providers import has_placeholder
from barnabas.errors import ConnectError
from barnabas.herder.resolving import Resolved
from barnabas.supervisor.api import PluginRef

__all__ = ["TooManyTasksError", "complete_configs", "tasks_max", "unchanged"]

log = logging.getLogger(__name__)

_SHORTEST = 4  # of a secret that is recognised in a task's settings: shorter ones are everywhere by chance
_TOPIC_KEYS = ("topics", "topics.regex")


class TooManyTasksError(ConnectError):
    """A connector made more tasks than ``tasks.max`` allows."""

    code = "BRN-2140"


def tasks_max(config: Mapping[str, str | None]) -> int:
    """``tasks.max`` of a resolved configuration, 1 when not given; it was validated before."""
    return int((config.get("tasks.max") or "1").strip())


def complete_configs(
    name: str,
    config: Mapping[str, str | None],
    resolved: Resolved,
    plugin: PluginRef,
    task_class: str,
    made: Sequence[Mapping[str, str]],
) -> list[dict[str, str]]:
    """Add what the framework adds: ``task.class``, and for sinks the topics; put placeholders back.

    A setting that has a placeholder in the connector's configuration is stored with it for the tasks too, whatever the
    connector made of its value: values that came from providers are not stored, nor compared. A secret that the
    connector gives its tasks as another setting becomes its placeholder there, too.

    Args:
        name: The connector.
        config: Its configuration as stored.
        resolved: The same, with its values.
        plugin: Its class.
        task_class: Of the tasks, as ``package.module:Class``.
        made: What ``task_configs`` returned.

    Raises:
        TooManyTasksError: There are more than ``tasks.max``, and ``tasks.max.enforce`` is not false (KIP-1004).
    """
    _check_count(name, resolved.props, len(made))
    extra = {"task.class": _task_class_name(plugin, task_class)}
    if plugin.kind == "sink":
        extra |= {key: value for key in _TOPIC_KEYS if (value := config.get(key))}
    raw = {key: value for key, value in config.items() if value is not None and has_placeholder(value)}
    hidden = {value: text for value, text in resolved.placeholders.items() if len(value) >= _SHORTEST}
    return [_with_placeholders({**task, **extra}, raw, hidden) for task in made]


def _with_placeholders(task: dict[str, str], raw: Mapping[str, str], hidden: Mapping[str, str]) -> dict[str, str]:
    put_back = {key: raw.get(key, value) for key, value in task.items()}
    for secret, text in hidden.items():
        for key, value in task.items():
            if key not in raw and secret in value:
                put_back[key] = put_back[key].replace(secret, text)
    return put_back


def _check_count(name: str, config: Mapping[str, str | None], count: int) -> None:
    limit = tasks_max(config)
    if count <= limit:
        return
    message = f"The connector {name} has generated {count} tasks, which is greater than {limit}, its tasks.max."
    if (config.get("tasks.max.enforce") or "true").strip().lower() != "false":
        raise TooManyTasksError(
            message,
            key="tasks.max",
            remedy="This is a fault of the connector: raise tasks.max, or set tasks.max.enforce to false meanwhile.",
        )
    log.warning("%s", message)


def _task_class_name(plugin: PluginRef, task_class: str) -> str:
    """The name other workers know the class by: where the connector stands in for a Java class, its task does too."""
    own = task_class.replace(":", ".")
    stands_in = plugin.name not in (plugin.path, plugin.path.replace(":", "."))
    if stands_in and plugin.name.endswith("Connector"):
        return plugin.name.removesuffix("Connector") + "Task"
    return own


def unchanged(
    old: Sequence[Mapping[str, str]],
    new: Sequence[Mapping[str, str]],
    applied: Mapping[str, str | None] | None,
    config: Mapping[str, str | None],
) -> bool:
    """Whether tasks may go on as they are: neither their configurations nor the connector's have changed.

    The connector's counts because converters, transforms and client overrides are in it and not in the tasks' (a
    connector may well return the same task configurations as before).
    """
    return list(old) == list(new) and applied is not None and dict(applied) == dict(config)
