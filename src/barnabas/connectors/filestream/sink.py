"""Values of topics into lines of a file, or of standard output."""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, time
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson

from barnabas import ConfigDef, ConnectError, SinkBatch, SinkConnector, SinkTask, Task, TopicPartition
from barnabas.config import Type, ValidString, parse_value
from barnabas.connectors.filestream.config import SINK
from barnabas.schema import java_string, java_strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas import Schema

__all__ = ["FileStreamSinkConnector", "FileStreamSinkTask"]

log = logging.getLogger(__name__)

_STANDARD_OUTPUT = 1
_JSON: Final = orjson.OPT_NON_STR_KEYS
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def _chosen(props: Mapping[str, str]) -> Callable[[SinkBatch], bytes]:
    """What ``format`` names. It is in no definition, so that listings are those of Kafka's connector.

    Raises:
        ConfigError: It names nothing known.
    """
    name = parse_value("format", props.get("format", "java"), Type.STRING)
    ValidString("java", "json")("format", name)
    return _json_lines if name == "json" else _java_lines


def _json_lines(batch: SinkBatch) -> bytes:
    """A line of JSON for each value: bytes as base64, decimals as text, dates and times as ISO 8601."""
    values = batch.values
    try:
        lines = [orjson.dumps(value, _plainer, _JSON) for value in values]
    except orjson.JSONEncodeError:  # numbers of more than 64 bits, half of a surrogate pair
        lines = [json.dumps(v, default=_plainer, ensure_ascii=False).encode("utf-8", "replace") for v in values]
    return b"\n".join(lines) + b"\n"


def _plainer(value: Any) -> Any:
    """What JSON has no form for, as something that it has one for."""
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode("ascii")
    if isinstance(value, date | time):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else str(value)


def _java_lines(batch: SinkBatch) -> bytes:
    values = batch.values
    try:
        text = "\n".join(values)
    except TypeError:  # not all of them are strings: the usual case is that all are
        text = "\n".join(_texts(batch.value_schema, values))
    return (text + "\n").encode("utf-8", "replace")


def _texts(schema: Schema | None, values: list[Any]) -> list[str]:
    """Schemaless maps in the order that the JVM's converters give them."""
    if schema is None and bytes not in set(map(type, values)):
        return java_strings(None, values, hashed=True)
    return [_text(schema, value) for value in values]


def _text(schema: Schema | None, value: Any) -> str:
    """As Java prints it; but bytes, which Java shows as an address, are read as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else java_string(schema, value)


class FileStreamSinkTask(SinkTask):
    """Appends, one write a batch. What was written is on disk before its offsets are committed."""

    def __init__(self) -> None:
        self._lines: Callable[[SinkBatch], bytes] = _java_lines
        self._fd: int | None = None
        self._name = "standard output"

    def start(self, props: Mapping[str, str]) -> None:
        """Open the file, or create it.

        Raises:
            ConfigError: ``format`` is neither ``java`` nor ``json``.
            ConnectError: It cannot be created or written.
        """
        super().start(props)
        self._lines = _chosen(props)
        path: str | None = SINK.parse(props)["file"] or None
        if path is None:
            self._fd = _STANDARD_OUTPUT
            return
        self._name = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._end_torn_line()

    def _end_torn_line(self) -> None:
        """A task that was killed while writing leaves half a line, which must not swallow the first one of ours."""
        assert self._fd is not None
        about = os.fstat(self._fd)
        if stat.S_ISREG(about.st_mode) and about.st_size and os.pread(self._fd, 1, about.st_size - 1) != b"\n":
            log.warning("file: %s ended within a line; the line was ended.", self._name)
            self._write(b"\n")

    def put(self, batch: SinkBatch) -> None:
        """Append the batch.

        Raises:
            ConnectError: Not all of it could be written; the task must be started again before it writes more.
        """
        self._write(b"".join([self._lines(run) for run in batch.runs() if run.values]))

    def _write(self, data: bytes) -> None:
        if self._fd is None:
            raise ConnectError("The task was not started.", code="BRN-7112")
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError as error:
            remedy = "Make room on that file system; the task then goes on where it was."
            raise ConnectError(
                f"file: {self._name} cannot be written: {error.strerror}.",
                code="BRN-7111",
                key="file",
                remedy=remedy if error.errno in _FULL else "See that the worker's user can write to it.",
            ) from error

    def flush(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Wait until the disk has it; a pipe or a terminal has it already."""
        del offsets
        if self._fd is not None and stat.S_ISREG(os.fstat(self._fd).st_mode):
            os.fsync(self._fd)

    def stop(self) -> None:
        """Close the file; standard output belongs to the process."""
        fd, self._fd = self._fd, None
        if fd is not None and fd != _STANDARD_OUTPUT:
            os.close(fd)


def _unwritable(path: str, error: OSError) -> ConnectError:
    return ConnectError(
        f"Couldn't find or create file '{path}' for FileStreamSinkTask",
        code="BRN-7110",
        key="file",
        remedy=f"{error.strerror}: name a file in a folder that exists and that the worker's user may write to.",
    )


class FileStreamSinkConnector(SinkConnector):
    """Any number of tasks, all appending to the same file."""

    CONFIG: ClassVar[ConfigDef] = SINK
    TASK: ClassVar[type[Task] | None] = FileStreamSinkTask

    def alter_offsets(self, props: Mapping[str, str], offsets: Mapping[TopicPartition, int | None]) -> bool:
        """Nothing to do: what was written stays, and lines may repeat after a rewind (KIP-875)."""
        del props, offsets
        return True
