"""The topics of the broker: their ids, partitions and configurations, kept in a journal beside the logs."""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.journal import Journal
from barnabas.broker.log import PartitionLog
from barnabas.broker.topic_config import LogConfig, log_config, validate

if TYPE_CHECKING:
    from pathlib import Path

    from barnabas.broker.files import FileCache
    from barnabas.broker.settings import BrokerSettings

__all__ = ["Topic", "TopicRegistry", "now_ms"]

_logger = logging.getLogger(__name__)
_VALID_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_MAX_PARTITIONS = 10_000


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Topic:
    """A topic; ``configs`` are only those that differ from the defaults by somebody's wish."""

    name: str
    id: bytes
    configs: dict[str, str]
    log_config: LogConfig
    partitions: list[PartitionLog] = field(default_factory=list)


class TopicRegistry:
    """All topics, by name and by id.

    Args:
        data_dir: The broker's folder; logs are in ``logs/<topic>-<partition>``.
        settings: The broker's.
        files: The broker's open files.
    """

    def __init__(self, data_dir: Path, settings: BrokerSettings, files: FileCache) -> None:
        self._logs = data_dir / "logs"
        self._logs.mkdir(exist_ok=True)
        self._settings = settings
        self._files = files
        self._journal = Journal(data_dir / "topics.journal", sync=settings.fsync_each_append)
        self._topics: dict[str, Topic] = {}
        self._by_id: dict[bytes, Topic] = {}
        for key, value in list(self._journal.items()):
            kind, _, name = key.partition("/")
            if kind == "topic":
                self._open(name, value["id"], value["partitions"], value["configs"])
        self._put_aside_strays()

    def _put_aside_strays(self) -> None:
        """Finish interrupted deletions; folders of unknown topics must not be taken for those of a later topic."""
        known = {log.folder for topic in self._topics.values() for log in topic.partitions}
        for folder in list(self._logs.iterdir()):
            if folder.suffix == ".deleted":
                shutil.rmtree(folder, ignore_errors=True)
            elif folder not in known and folder.suffix != ".stray":
                stray = folder.with_name(f"{os.urandom(8).hex()}-{folder.name[-200:]}.stray")
                _logger.warning("%s belongs to no topic and is renamed to %s", folder, stray.name)
                folder.rename(stray)

    def _open(self, name: str, topic_id: bytes, partitions: int, configs: dict[str, str]) -> Topic:
        topic = Topic(name, topic_id, configs, log_config(configs, self._settings))
        self._add_logs(topic, partitions)
        self._topics[name] = topic
        self._by_id[topic_id] = topic
        return topic

    def _add_logs(self, topic: Topic, count: int) -> None:
        for partition in range(len(topic.partitions), count):
            folder = self._logs / f"{topic.name}-{partition}"
            start = self._journal.get(f"start/{topic.name}/{partition}") or 0
            topic.partitions.append(PartitionLog(folder, topic.log_config, self._settings, self._files, start))

    def _save(self, topic: Topic, partitions: int) -> None:
        self._journal.put(
            f"topic/{topic.name}", {"id": topic.id, "partitions": partitions, "configs": dict(topic.configs)}
        )

    def all(self) -> list[Topic]:
        """All topics, in order of name."""
        return [self._topics[name] for name in sorted(self._topics)]

    def get(self, name: str) -> Topic | None:
        """The topic called ``name``."""
        return self._topics.get(name)

    def by_id(self, topic_id: bytes) -> Topic | None:
        """The topic with this id."""
        return self._by_id.get(topic_id)

    def topic(self, name: str) -> Topic:
        """The topic called ``name``; raises ``ApiError`` when there is none."""
        topic = self._topics.get(name)
        if topic is None:
            raise ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name}")
        return topic

    def log(self, name: str, partition: int) -> PartitionLog:
        """The log of a partition; raises ``ApiError`` when there is none."""
        return self.log_of(self.topic(name), partition)

    @staticmethod
    def log_of(topic: Topic, partition: int) -> PartitionLog:
        """The log of a partition of ``topic``; raises ``ApiError`` when there is none."""
        if not 0 <= partition < len(topic.partitions):
            raise ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"topic {topic.name} has no partition {partition}")
        return topic.partitions[partition]

    def check_new(self, name: str, partitions: int, configs: dict[str, str | None]) -> None:
        """Whether such a topic could be created; raises ``ApiError`` when not."""
        if not _VALID_NAME.fullmatch(name) or name in {".", ".."}:
            raise ApiError(
                ErrorCode.INVALID_TOPIC_EXCEPTION,
                f"{name!r} is no topic name: 1 to 249 letters, digits, dots, underscores and hyphens",
            )
        if name in self._topics:
            raise ApiError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
        self._check_partitions(partitions)
        validate(configs)

    @staticmethod
    def _check_partitions(partitions: int) -> None:
        if not 1 <= partitions <= _MAX_PARTITIONS:
            raise ApiError(
                ErrorCode.INVALID_PARTITIONS, f"{partitions} partitions; 1 to {_MAX_PARTITIONS} are possible"
            )

    def create(self, name: str, partitions: int, configs: dict[str, str | None]) -> Topic:
        """Create a topic durably; raises ``ApiError`` as ``check_new`` does."""
        self.check_new(name, partitions, configs)
        values = {key: value for key, value in configs.items() if value is not None}
        topic_id = os.urandom(16)
        topic = self._open(name, topic_id, partitions, values)
        self._save(topic, partitions)
        _logger.info("created topic %s with %d partition(s)", name, partitions)
        return topic

    def delete(self, topic: Topic) -> None:
        """Delete a topic with all its records."""
        del self._topics[topic.name]
        del self._by_id[topic.id]
        starts = [(f"start/{topic.name}/{index}", None) for index in range(len(topic.partitions))]
        self._journal.put_many([(f"topic/{topic.name}", None), *starts])
        for index, log in enumerate(topic.partitions):
            log.close()
            gone = log.folder.with_name(f"{topic.id.hex()}-{index}.deleted")
            log.folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
        _logger.info("deleted topic %s", topic.name)

    def check_partitions(self, topic: Topic, count: int) -> None:
        """Whether a topic can have ``count`` partitions; raises ``ApiError`` when not."""
        have = len(topic.partitions)
        if count <= have:
            raise ApiError(
                ErrorCode.INVALID_PARTITIONS,
                f"The topic {topic.name} currently has {have} partition(s); {count} would not be an increase.",
            )
        self._check_partitions(count)

    def add_partitions(self, topic: Topic, count: int) -> None:
        """Increase the number of partitions to ``count``; raises ``ApiError`` as ``check_partitions`` does."""
        self.check_partitions(topic, count)
        self._add_logs(topic, count)
        self._save(topic, count)

    def configure(self, topic: Topic, configs: dict[str, str | None]) -> None:
        """Replace a topic's own configuration; raises ``ApiError`` when it is not valid."""
        validate(configs)
        topic.configs = {key: value for key, value in configs.items() if value is not None}
        topic.log_config = log_config(topic.configs, self._settings)
        for log in topic.partitions:
            log.config = topic.log_config
        self._save(topic, len(topic.partitions))

    def save_start(self, topic: Topic, partition: int) -> None:
        """Remember that records before the log's start are deleted."""
        self._journal.put(f"start/{topic.name}/{partition}", topic.partitions[partition].start)

    def flush(self) -> None:
        """Bring all logs to the disk."""
        for topic in self._topics.values():
            for log in topic.partitions:
                log.flush()

    def close(self) -> None:
        """Let go of all files."""
        for topic in self._topics.values():
            for log in topic.partitions:
                log.close()
        self._journal.close()
