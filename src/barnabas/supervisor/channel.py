"""The control channel between the worker and one host: a socket pair with length-prefixed msgpack frames.

Data never travels over it: a task's Kafka clients live in the task's process. Every message is a typed struct; the two
unions below are the whole protocol. A message with an ``id`` is a request that is answered by exactly one
:class:`Done` with the same id (in either direction); the others are notifications. The socket's end of file means that
the other side is gone: a host that sees it ends at once, so that nothing goes on writing for a worker that was killed.
"""

from __future__ import annotations

import socket
import struct
import threading
from typing import Any

import msgspec

from barnabas import secrets
from barnabas.config_providers.names import ProviderSpec
from barnabas.log_levels import LevelChange
from barnabas.supervisor.api import ConnectorSpec, ErrorInfo, PluginRef, State, TaskSpec

__all__ = [
    "LENGTH",
    "AlterOffsets",
    "Channel",
    "ConfigDefOf",
    "Done",
    "ForgetTopics",
    "Hide",
    "Leave",
    "Pause",
    "Provide",
    "Quit",
    "ReadConfig",
    "ReadOffsets",
    "Reconfigure",
    "Resume",
    "Scan",
    "SetLevel",
    "StartConnector",
    "StartTask",
    "StopUnit",
    "TaskConfigs",
    "ToHost",
    "ToWorker",
    "TopicUsed",
    "UnitGone",
    "UnitState",
    "Validate",
    "WriteOffsets",
    "decode_for_host",
    "decode_for_worker",
    "encode",
    "frame",
]

LENGTH = struct.Struct("<I")
"""What stands before a frame: its length in bytes."""


class _Message(msgspec.Struct, tag=True):
    pass


class Done(_Message):
    """The answer to the request with this id: a value, or the error it ended with."""

    id: int
    value: Any = None
    error: ErrorInfo | None = None


# ------------------------------------------------------------------ worker → host
class StartConnector(_Message):
    """Make, initialise and start a connector object. Answered when ``start`` returned."""

    id: int
    unit: str
    slot: int
    spec: ConnectorSpec


class TaskConfigs(_Message):
    """Ask a connector object for its task class and configurations."""

    id: int
    unit: str
    max_tasks: int


class StartTask(_Message):
    """Start a task. Answered as soon as its thread runs; its states follow as :class:`UnitState`."""

    id: int
    unit: str
    slot: int
    spec: TaskSpec


class StopUnit(_Message):
    """Stop a unit in good order; :class:`UnitGone` says when it is done."""

    unit: str


class Pause(_Message):
    """Pause a task."""

    unit: str


class Resume(_Message):
    """Resume a task."""

    unit: str


class ForgetTopics(_Message):
    """Have a task tell again which topics it uses, as soon as it uses them."""

    unit: str


class Validate(_Message):
    """Validate a connector configuration; ``worker`` are the worker's properties."""

    id: int
    plugin: PluginRef
    props: dict[str, str | None]
    worker: dict[str, str]


class ConfigDefOf(_Message):
    """Describe a plugin's configuration."""

    id: int
    plugin: PluginRef


class AlterOffsets(_Message):
    """Ask a connector about offsets that a user wants: pairs of a partition and its new offset, null to delete it.

    A source's are as it made them; a sink's are ``[topic, partition]`` and a number.
    """

    id: int
    plugin: PluginRef
    props: dict[str, str]
    offsets: list[tuple[Any, Any]]


class Scan(_Message):
    """List the plugin classes of a home."""

    id: int
    home: str | None


class Leave(_Message):
    """Have sink tasks, which have ended for good, leave their consumer groups."""

    id: int
    specs: list[TaskSpec]


class Hide(_Message):
    """Values that are secret, and what to show in the place of each; comes before what they are used for."""

    owner: str
    values: dict[str, str]


class Provide(_Message):
    """Ask a user's configuration provider; it is made by the first question. The answer is ``(data, ttl_ms)``."""

    id: int
    provider: ProviderSpec
    home: str | None
    path: str
    keys: list[str]


class SetLevel(_Message):
    """Log in another detail."""

    change: LevelChange


class Quit(_Message):
    """End the process: it has no units left."""


# ------------------------------------------------------------------ host → worker
class UnitState(_Message):
    """A unit reached a state."""

    unit: str
    state: State
    error: ErrorInfo | None = None


class UnitGone(_Message):
    """A unit's thread has ended; nothing of it runs any more."""

    unit: str


class Reconfigure(_Message):
    """A connector asked for new task configurations."""

    unit: str


class TopicUsed(_Message):
    """A task has just written to, or read from, a topic (KIP-558)."""

    connector: str
    topic: str
    task: int


class ReadConfig(_Message):
    """Ask for the configuration of a task, with the values that its placeholders have now."""

    id: int
    unit: str


class ReadOffsets(_Message):
    """Standalone: read stored source offsets."""

    id: int
    connector: str
    keys: list[bytes]


class WriteOffsets(_Message):
    """Standalone: store source offsets durably."""

    id: int
    connector: str
    entries: list[tuple[bytes, bytes | None]]


ToHost = (
    StartConnector
    | TaskConfigs
    | StartTask
    | StopUnit
    | Pause
    | Resume
    | ForgetTopics
    | Validate
    | ConfigDefOf
    | AlterOffsets
    | Scan
    | Leave
    | Hide
    | Provide
    | SetLevel
    | Quit
    | Done
)
ToWorker = UnitState | UnitGone | Reconfigure | TopicUsed | ReadConfig | ReadOffsets | WriteOffsets | Done

encode = msgspec.msgpack.Encoder().encode
# Made once, before hosts are forked: resolving the types costs a megabyte, which all hosts then share.
decode_for_host = msgspec.msgpack.Decoder(ToHost).decode
decode_for_worker = msgspec.msgpack.Decoder(ToWorker).decode


def frame(message: ToHost | ToWorker) -> bytes:
    """A message as it goes over the socket."""
    payload = encode(message)
    return LENGTH.pack(len(payload)) + payload


class Channel:
    """The host's end: blocking, one reader (the host's main thread), any number of writers."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._lock = threading.Lock()

    def send(self, message: ToWorker) -> None:
        """Hand a message to the worker; blocks while the worker does not read, which it always does soon.

        Every error leaves a host here, and without the secrets that it may hold.
        """
        if isinstance(message, Done | UnitState) and message.error is not None:
            message = msgspec.structs.replace(message, error=_without_secrets(message.error))
        data = frame(message)
        with self._lock:
            self._socket.sendall(data)

    def receive(self) -> ToHost | None:
        """The next message, or ``None`` when the worker is gone."""
        head = self._exactly(LENGTH.size)
        if head is None:
            return None
        payload = self._exactly(LENGTH.unpack(head)[0])
        return None if payload is None else decode_for_host(payload)

    def close(self) -> None:
        """Let go of the socket: for tests; a host ends with its process."""
        self._socket.close()

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                part = self._socket.recv(size - len(data))
            except ConnectionError:
                return None
            if not part:
                return None
            data += part
        return data


def _without_secrets(error: ErrorInfo) -> ErrorInfo:
    remedy = None if error.remedy is None else secrets.hide(error.remedy)
    return msgspec.structs.replace(
        error, message=secrets.hide(error.message), remedy=remedy, trace=secrets.hide(error.trace)
    )
