"""Lines of a file, or of standard input, into a topic."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from barnabas import (
    Config,
    ConfigDef,
    ConnectError,
    ExactlyOnceSupport,
    Now,
    Schema,
    SourceBatch,
    SourceConnector,
    SourceTask,
    Task,
)
from barnabas.connectors.filestream.config import SOURCE
from barnabas.connectors.filestream.follow import Follower, InputFollower, PathFollower
from barnabas.connectors.filestream.lines import cut_lines, last_line

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FileStreamSourceConnector", "FileStreamSourceTask"]

_WAIT_SECONDS = 1.0
_SHORTEST_NAP, _LONGEST_NAP = 0.01, 0.25
_SMALLEST_READ, _LARGEST_READ = 16 << 10, 4 << 20
_LONGEST_LINE = 64 << 20
"""Bytes. A line is held in memory as a whole, and a broker takes no such record: it is no line, the file is no text."""


class FileStreamSourceTask(SourceTask):
    """Follows one file. Positions are those of bytes, after the last complete line that was handed over."""

    def __init__(self) -> None:
        self._follower: Follower | None = None
        self._buffer = bytearray()
        self._filled = 0
        self._wanted = 256 << 10
        self._nap = _SHORTEST_NAP

    def start(self, props: Mapping[str, str]) -> None:
        """Ask for the offset; the file itself is opened when polled, for it need not exist yet."""
        super().start(props)
        config: Config = SOURCE.parse(props)
        self._topic: str = config["topic"]
        self._limit: int = max(1, config["batch.size"])
        path: str | None = config["file"] or None
        if path is None:
            self._name, self._partition = "Standard input", None
            self._follower = InputFollower()
        else:
            self._name, self._partition = f"file: {path}", {"filename": path}
            self._follower = PathFollower(path, _position(self.context.offset_storage_reader.offset(self._partition)))

    def poll(self) -> SourceBatch | None:
        """What lines there are, at most ``batch.size``; waits up to a second for the first."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            batch = self._next()
            if batch is not None:
                self._nap = _SHORTEST_NAP
                return batch
            left = deadline - time.monotonic()
            if left <= 0:
                self._give_back()
                return None
            time.sleep(min(self._nap, left))
            self._nap = min(self._nap * 2, _LONGEST_NAP)

    def _next(self) -> SourceBatch | None:
        """Lines that are there without waiting."""
        follower = self._follower
        assert follower is not None
        while True:
            count = self._fill(follower)
            lines, size = cut_lines(self._buffer, self._limit, self._filled)
            if lines:
                self._drop(size)
                self._wanted = self._fitting(len(lines), size)
                return self._batch(lines, follower.position)
            if follower.ended:
                return self._finish(follower)
            if not count and self._filled < self._wanted:
                return None
            self._make_room()

    def _fill(self, follower: Follower) -> int:
        """Read into the one buffer that is kept: a new one each time would cost more than everything else here."""
        if self._filled >= self._wanted:
            return 0
        if len(self._buffer) < self._wanted:
            self._buffer.extend(bytes(self._wanted - len(self._buffer)))
        with memoryview(self._buffer) as view, view[self._filled : self._wanted] as room:
            count = follower.read_into(room)
        self._filled += count
        return count

    def _give_back(self) -> None:
        """A file that does not grow needs no large buffer: most of a worker's files are idle most of the time."""
        self._wanted = max(self._filled, _SMALLEST_READ)
        del self._buffer[self._wanted :]

    def _drop(self, size: int) -> None:
        """Move what is behind the first ``size`` bytes to the front."""
        left = self._filled - size
        self._buffer[:left] = self._buffer[size : self._filled]
        self._filled = left
        if len(self._buffer) > _LARGEST_READ >= left:  # after a very long line
            del self._buffer[_LARGEST_READ:]

    def _fitting(self, count: int, size: int) -> int:
        """A little more than a batch of lines like these takes: what does not fit in is decoded twice."""
        return min(max(size * self._limit // count + 1024, _SMALLEST_READ), _LARGEST_READ)

    def _make_room(self) -> None:
        """Doubling keeps the work linear in the length of a line that is longer than a read."""
        if self._filled >= _LONGEST_LINE:
            raise ConnectError(
                f"{self._name} has a line of more than {_LONGEST_LINE >> 20} MiB.",
                code="BRN-7103",
                key="file",
                remedy="Name a text file: this one has no line ends where they would be expected.",
            )
        if self._filled >= self._wanted:
            self._wanted = min(self._wanted * 2, _LONGEST_LINE)

    def _finish(self, follower: Follower) -> SourceBatch | None:
        """Take the last line of what has ended, and go on with what follows it, which begins at 0."""
        rest = bytes(self._buffer[: self._filled])
        self._filled = 0
        follower.advance()
        return self._batch([last_line(rest)], 0) if rest else None

    def _batch(self, lines: list[str], position: int | None) -> SourceBatch:
        known = self._partition is not None and position is not None
        return SourceBatch(
            self._topic,
            lines,
            value_schema=Schema.STRING,
            timestamps=Now(len(lines)),
            source_partition=self._partition if known else None,
            source_offset={"position": position - self._filled} if known and position is not None else None,
        )

    def stop(self) -> None:
        """Close the file."""
        if self._follower is not None:
            self._follower.close()


class FileStreamSourceConnector(SourceConnector):
    """One file, one task."""

    CONFIG: ClassVar[ConfigDef] = SOURCE
    TASK: ClassVar[type[Task] | None] = FileStreamSourceTask

    def exactly_once_support(self, props: Mapping[str, str]) -> ExactlyOnceSupport:
        """Supported for files; standard input cannot be read again."""
        return ExactlyOnceSupport.SUPPORTED if props.get("file") else ExactlyOnceSupport.UNSUPPORTED

    def alter_offsets(
        self, props: Mapping[str, str], offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        """Refuse what :meth:`FileStreamSourceTask.start` could not use; any file name goes, as on the JVM (KIP-875)."""
        if not props.get("file"):
            raise ConnectError(
                "Offsets cannot be modified if the 'file' configuration is unspecified.",
                remedy="Standard input has no positions: name a file to have them.",
                code="BRN-7105",
                key="file",
            )
        for partition, offset in offsets.items():
            if offset is not None:  # anything may be deleted, so that garbage can be
                _check_partition(partition)
                _check_offset(offset)
        return True


def _position(offset: Mapping[str, Any] | None) -> int | None:
    if offset is None or offset.get("position") is None:
        return None
    _check_offset(offset)
    return int(offset["position"])


def _check_partition(partition: tuple[tuple[str, Any], ...] | None) -> None:
    if partition is None:
        raise _refuse("Partition objects cannot be null")
    if "filename" not in dict(partition):
        raise _refuse("Partition objects should contain the key 'filename'")


def _check_offset(offset: Mapping[str, Any] | None) -> None:
    if offset is None:
        return
    if "position" not in offset:
        raise _refuse("Offset objects should either be null or contain the key 'position'")
    position = offset["position"]
    if not isinstance(position, int) or isinstance(position, bool):
        raise _refuse("The value for the 'position' key in the offset is expected to be a Long value")
    if position < 0:
        raise _refuse("The value for the 'position' key in the offset should be a non-negative value")


def _refuse(message: str) -> ConnectError:
    return ConnectError(message, code="BRN-7104")
