"""What can be assigned: connector objects and tasks, as ``(connector, number)`` with -1 for the connector object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from barnabas.supervisor.api import TaskId

__all__ = ["CONNECTOR", "connector_item", "connectors_of", "tasks_of"]

CONNECTOR: Final = -1
"""The number that stands for the connector object itself, on the wire too."""


def connector_item(name: str) -> TaskId:
    """The item that is a connector object."""
    return TaskId(name, CONNECTOR)


def connectors_of(items: Iterable[TaskId]) -> list[str]:
    """Names of the connector objects among the items, in their order."""
    return [item.connector for item in items if item.task == CONNECTOR]


def tasks_of(items: Iterable[TaskId]) -> list[TaskId]:
    """The tasks among the items, in their order."""
    return [item for item in items if item.task != CONNECTOR]
