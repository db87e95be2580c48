"""What the API can do: one entry for each path and method, with everything it may answer."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from barnabas.herder.base import ConnectorInfo, ConnectorStatus, Health, ServerInfo, TaskInfo, TaskState, Workers
from barnabas.log_levels import LoggerLevel

__all__ = ["OPERATIONS", "PARAMETERS", "Operation", "Query"]


class Query(msgspec.Struct, frozen=True):
    """A query parameter: its name, what it does, and the schema of its value."""

    name: str
    about: str
    schema: dict[str, Any]


class Operation(msgspec.Struct, frozen=True):
    """One method of one path.

    Args:
        summary: In a few words.
        answers: The type of the body by status; ``None``: no body. Refusals whose body is no error are here too.
        refusals: Statuses of errors.
        body: The type of the request's body.
        query: What may follow the path.
        internal: Only workers may send it.
    """

    summary: str
    answers: dict[int, Any]
    refusals: tuple[int, ...] = (406, 500)
    body: Any = None
    query: tuple[Query, ...] = ()
    internal: bool = False


Config = dict[str, str | None]
"""A configuration: numbers and booleans count as their text."""


class CreateConnector(msgspec.Struct):
    """A connector to be made."""

    config: dict[str, str | int | float | bool | None]
    name: str | None = None
    initial_state: Literal["RUNNING", "PAUSED", "STOPPED"] | None = None


class Plugin(msgspec.Struct):
    """A plugin class."""

    class_: str = msgspec.field(name="class")
    type: str
    version: str | msgspec.UnsetType = msgspec.UNSET


class Topics(msgspec.Struct):
    """The topics of a connector."""

    topics: list[str]


class ConnectorOffset(msgspec.Struct):
    """A partition, of a source as its connector names it, of a sink ``kafka_topic`` and ``kafka_partition``."""

    partition: dict[str, Any] | None = None
    offset: dict[str, Any] | None = None


class ConnectorOffsets(msgspec.Struct):
    """Partitions and their offsets; to change them, a null offset deletes one."""

    offsets: list[ConnectorOffset]


class Message(msgspec.Struct):
    """A sentence for a person."""

    message: str


class Expanded(msgspec.Struct):
    """What ``expand`` asked for."""

    status: ConnectorStatus | msgspec.UnsetType = msgspec.UNSET
    info: ConnectorInfo | msgspec.UnsetType = msgspec.UNSET


class Validation(msgspec.Struct):
    """What is wrong with a configuration."""

    name: str
    error_count: int
    groups: list[str]
    configs: list[dict[str, Any]]


class SetLevel(msgspec.Struct):
    """A log level."""

    level: Literal["ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF"]


_FLAG: Final = {"type": "boolean", "default": False}
_FORWARD: Final = Query(
    "forward",
    "Set by workers: whether the request may be passed on once more. Users leave it out.",
    {"type": "boolean"},
)
_READ: Final = (404, 406, 500)
_BODY: Final = (400, 406, 413, 415, 500)
_CHANGE: Final = (400, 403, 404, 406, 409, 500, 503)
_CHANGE_BODY: Final = (400, 403, 404, 406, 409, 413, 415, 500, 503)
_INTERNAL: Final = (400, 403, 404, 406, 409, 413, 500, 503)

PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "name": ("A name, escaped as in any URL: the connector `a/b` is `a%2Fb`.", {"type": "string"}),
    "task": ("The number of a task.", {"type": "integer"}),
}

_CONNECTOR: Final = "/connectors/{name}"
OPERATIONS: Final[dict[str, dict[str, Operation]]] = {
    "/": {"GET": Operation("Version, commit and Kafka cluster", {200: ServerInfo})},
    "/health": {
        "GET": Operation(
            "Whether the worker has started and gets its work done", {200: Health, 500: Health, 503: Health}, (406,)
        )
    },
    "/openapi.json": {"GET": Operation("This document", {200: dict[str, Any]})},
    "/workers": {
        "GET": Operation(
            "The workers of the group with their load; also those that are missed",
            {200: Workers},
            _CHANGE,
            query=(_FORWARD,),
        )
    },
    "/barnabas/tasks": {"GET": Operation("Counters of every task on this worker", {200: list[dict[str, Any]]})},
    "/connectors": {
        "GET": Operation(
            "Names of all connectors; with `expand`, an object",
            {200: list[str] | dict[str, Expanded]},
            query=(
                Query(
                    "expand",
                    "Repeatable: what to tell of each connector.",
                    {"type": "array", "items": {"enum": ["status", "info"]}},
                ),
            ),
        ),
        "POST": Operation(
            "Make a connector", {201: ConnectorInfo}, _CHANGE_BODY, body=CreateConnector, query=(_FORWARD,)
        ),
    },
    _CONNECTOR: {
        "GET": Operation("Configuration, tasks and type", {200: ConnectorInfo}, _READ),
        "DELETE": Operation("Stop and forget a connector; its offsets stay", {204: None}, _CHANGE, query=(_FORWARD,)),
    },
    f"{_CONNECTOR}/config": {
        "GET": Operation("The configuration, placeholders unresolved", {200: Config}, _READ),
        "PUT": Operation(
            "Make a connector, or replace its configuration",
            {200: ConnectorInfo, 201: ConnectorInfo},
            _CHANGE_BODY,
            body=dict[str, str | int | float | bool | None],
            query=(_FORWARD,),
        ),
        "PATCH": Operation(
            "Change some keys; null removes one",
            {200: ConnectorInfo},
            _CHANGE_BODY,
            body=dict[str, str | int | float | bool | None],
            query=(_FORWARD,),
        ),
    },
    f"{_CONNECTOR}/status": {"GET": Operation("States of connector and tasks", {200: ConnectorStatus}, _READ)},
    f"{_CONNECTOR}/pause": {"PUT": Operation("Stop moving data, keep the tasks", {202: None}, _READ)},
    f"{_CONNECTOR}/resume": {"PUT": Operation("Go on after a pause or stop", {202: None}, _READ)},
    f"{_CONNECTOR}/stop": {
        "PUT": Operation("End and remove the tasks, keep the connector", {204: None}, _CHANGE, query=(_FORWARD,))
    },
    f"{_CONNECTOR}/restart": {
        "POST": Operation(
            "Start the connector anew, perhaps its tasks too",
            {202: ConnectorStatus, 204: None},
            _CHANGE,
            query=(
                Query("includeTasks", "The tasks too.", _FLAG),
                Query("onlyFailed", "Only what is FAILED.", _FLAG),
                _FORWARD,
            ),
        )
    },
    f"{_CONNECTOR}/tasks": {
        "GET": Operation("Ids and configurations of the tasks", {200: list[TaskInfo]}, _READ),
        "POST": Operation(
            "Hand over task configurations",
            {204: None},
            _INTERNAL,
            body=list[dict[str, str]],
            query=(_FORWARD,),
            internal=True,
        ),
    },
    f"{_CONNECTOR}/fence": {
        "PUT": Operation(
            "Make sure that no former task writes any more", {204: None}, _INTERNAL, query=(_FORWARD,), internal=True
        )
    },
    f"{_CONNECTOR}/tasks/{{task}}/status": {"GET": Operation("The state of a task", {200: TaskState}, _READ)},
    f"{_CONNECTOR}/tasks/{{task}}/restart": {
        "POST": Operation("Start a task anew", {204: None}, _CHANGE, query=(_FORWARD,))
    },
    f"{_CONNECTOR}/topics": {
        "GET": Operation("Topics the connector was seen to use", {200: dict[str, Topics]}, (403, 406, 500))
    },
    f"{_CONNECTOR}/topics/reset": {"PUT": Operation("Forget them", {202: None}, (403, 406, 500))},
    f"{_CONNECTOR}/offsets": {
        "GET": Operation("Offsets of the connector", {200: ConnectorOffsets}, _READ),
        "PATCH": Operation(
            "Change offsets of a stopped connector",
            {200: Message},
            _CHANGE_BODY,
            body=ConnectorOffsets,
            query=(_FORWARD,),
        ),
        "DELETE": Operation("Delete all offsets of a stopped connector", {200: Message}, _CHANGE, query=(_FORWARD,)),
    },
    "/connector-plugins": {
        "GET": Operation(
            "Plugin classes of this worker",
            {200: list[Plugin]},
            query=(Query("connectorsOnly", "Or else all kinds of plugins.", {"type": "boolean", "default": True}),),
        )
    },
    "/connector-plugins/{name}/config": {
        "GET": Operation(
            "The configuration definition of a plugin",
            {200: list[dict[str, Any]]},
            (400, 404, 406, 500),
            query=(Query("version", "Of the plugin, or a range of them.", {"type": "string"}),),
        )
    },
    "/connector-plugins/{name}/config/validate": {
        "PUT": Operation(
            "Validate a configuration",
            {200: Validation},
            _BODY,
            body=dict[str, str | int | float | bool | None],
        )
    },
    "/admin/loggers": {"GET": Operation("Levels of all loggers", {200: dict[str, LoggerLevel]})},
    "/admin/loggers/{name}": {
        "GET": Operation("The level of a logger", {200: LoggerLevel}, _READ),
        "PUT": Operation(
            "Change the level of a logger and of all below it",
            {200: list[str], 204: None},
            (400, 404, 406, 413, 415, 500),
            body=SetLevel,
            query=(
                Query(
                    "scope",
                    "`cluster`: on all workers of the group.",
                    {"enum": ["worker", "cluster"], "default": "worker"},
                ),
            ),
        ),
    },
}
