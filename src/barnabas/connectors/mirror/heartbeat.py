"""``MirrorHeartbeatConnector``: a record now and then, by which others see that replication is alive."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from barnabas import ConfigDef, ConfigValue, ConnectError, Schema, SourceConnector, SourceRecord, SourceTask, Task
from barnabas.connectors.mirror.config import HEARTBEAT, parse_heartbeat, validate_mirror

__all__ = ["MirrorHeartbeatConnector", "MirrorHeartbeatTask"]

TOPIC: Final = "heartbeats"
_VERSION: Final = 0
_LONGEST_WAIT: Final = 1.0
_SOURCE, _TARGET, _OFFSET = "sourceClusterAlias", "targetClusterAlias", "offset"


class MirrorHeartbeatTask(SourceTask):
    """Writes one heartbeat every ``emit.heartbeats.interval.seconds``, the first after one interval."""

    def start(self, props: Mapping[str, str]) -> None:
        """Called once; the clock starts."""
        super().start(props)
        config = parse_heartbeat(props)
        self._source: str = config["source.cluster.alias"]
        self._target: str = config["target.cluster.alias"]
        self._interval: int = config["emit.heartbeats.interval.seconds"]
        self._key = _text(self._source) + _text(self._target)
        self._stopped = threading.Event()
        self._due = time.monotonic() + self._interval

    def poll(self) -> list[SourceRecord] | None:
        """A heartbeat once it is due; waits for that, at most a second."""
        self._stopped.wait(min(_LONGEST_WAIT, max(0.0, self._due - time.monotonic())))
        if self._stopped.is_set() or time.monotonic() < self._due:
            return None
        self._due = time.monotonic() + self._interval
        return [self._heartbeat(int(time.time() * 1000))]

    def _heartbeat(self, now: int) -> SourceRecord:
        return SourceRecord(
            TOPIC,
            struct.pack(">hq", _VERSION, now),
            self._key,
            Schema.BYTES,
            Schema.BYTES,
            kafka_partition=0,
            timestamp=now,
            source_partition={_SOURCE: self._source, _TARGET: self._target},
            source_offset={_OFFSET: 0},
        )

    def stop(self) -> None:
        """End a wait at once."""
        self._stopped.set()


class MirrorHeartbeatConnector(SourceConnector):
    """Writes heartbeats to the topic ``heartbeats`` of the cluster that the worker is connected to.

    The topic is created as the worker or the broker creates topics, so ``heartbeats.topic.replication.factor`` has no
    effect; it needs one partition only.
    """

    CONFIG: ClassVar[ConfigDef] = HEARTBEAT
    TASK: ClassVar[type[Task] | None] = MirrorHeartbeatTask

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """Check a configuration."""
        return validate_mirror(HEARTBEAT, props)

    def task_configs(self, max_tasks: int) -> list[dict[str, str]]:
        """One task, or none where heartbeats are switched off."""
        del max_tasks
        config = parse_heartbeat(self.props)
        wanted = config["enabled"] and config["emit.heartbeats.enabled"]
        return [dict(self.props)] if wanted and config["emit.heartbeats.interval.seconds"] >= 0 else []

    def alter_offsets(
        self, props: Mapping[str, str], offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        """Accept what a heartbeat task writes itself: nothing depends on it.

        Raises:
            ConnectError: A partition or an offset is something else.
        """
        del props
        for partition, offset in offsets.items():
            names = dict(partition)
            if names.keys() != {_SOURCE, _TARGET} or not all(isinstance(name, str) for name in names.values()):
                raise ConnectError(
                    f"A partition of heartbeats has two texts, {_SOURCE} and {_TARGET}.", code="BRN-1074"
                )
            if offset is not None and (offset.keys() != {_OFFSET} or offset[_OFFSET] != 0):
                raise ConnectError(f"The offset of heartbeats is always {_OFFSET} 0.", code="BRN-1074")
        return True


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data
