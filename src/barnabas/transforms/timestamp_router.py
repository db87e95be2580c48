"""``TimestampRouter``: the time of a record into its topic's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, TypeVar

from barnabas._java.date_format import SimpleDateFormat
from barnabas._java.date_pattern import LETTERS
from barnabas.config import ConfigDef, Type
from barnabas.errors import BarnabasError, ConfigError, DataError
from barnabas.record import Batch, SinkBatch, SinkRecord, SourceRecord
from barnabas.transforms._record_text import record_text
from barnabas.transforms._settings import strict_of
from barnabas.transforms.base import Transformation

__all__ = ["TimestampRouter"]

R = TypeVar("R", SourceRecord, SinkRecord)
_REMEMBERED: Final = 10_000
"""Topics and times whose new name is remembered; beyond that it starts anew."""
_UNITS: Final = {**dict.fromkeys("GyYMLwWDdFEuzZX", 86_400_000), **dict.fromkeys("aHkKh", 3_600_000)} | {
    "m": 60_000,
    "s": 1000,
    "S": 1,
}
"""For how many milliseconds a letter of a pattern stays the same, in UTC."""


class TimestampRouter(Transformation[R]):
    """Sets the topic of each record from its topic and its timestamp, in UTC.

    A pattern that Java refuses fails with the first record, as it does there; with ``strict=true`` before.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define(
            "topic.format",
            Type.STRING,
            default="${topic}-${timestamp}",
            importance="high",
            doc="The new name: text, in which `${topic}` stands for the old one and `${timestamp}` for the time.",
        )
        .define(
            "timestamp.format",
            Type.STRING,
            default="yyyyMMdd",
            importance="high",
            doc="The pattern of the time, as `java.text.SimpleDateFormat` has it.",
        )
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record."""
        config = self.CONFIG.parse(props)
        self._topic_format: str | None = config["topic.format"]
        self._pattern: str | None = config["timestamp.format"]
        self._format: SimpleDateFormat | None = None
        self._unit = min((_UNITS[letter] for letter in self._pattern or "" if letter in LETTERS), default=86_400_000)
        self._names: dict[tuple[str, int], str] = {}
        if strict_of(props):
            self._check()

    def _check(self) -> None:
        """Refuse at once what would fail with the first record."""
        try:
            self._name("", 0)
        except BarnabasError as error:
            raise ConfigError(error.message, code=error.code, key=error.key, remedy=error.remedy) from error

    def _name(self, topic: str, timestamp: int) -> str:
        """The new name, remembered for as long as the time reads the same."""
        key = (topic, timestamp // self._unit)
        name = self._names.get(key)
        if name is None:
            if len(self._names) >= _REMEMBERED:
                self._names.clear()
            name = self._names[key] = self._made(topic, timestamp)
        return name

    def _made(self, topic: str, timestamp: int) -> str:
        if self._format is None:
            if self._pattern is None:
                raise _unset("timestamp.format")
            self._format = SimpleDateFormat(self._pattern)
        time = self._format.format_milliseconds(timestamp)
        if self._topic_format is None:
            raise _unset("topic.format")
        # One after the other: what looks like ${timestamp} in a topic's name is replaced too.
        return self._topic_format.replace("${topic}", topic).replace("${timestamp}", time)

    def apply(self, record: R) -> R:
        """Rename the topic of one record."""
        if record.timestamp is None:
            raise DataError(
                f"Timestamp missing on record: {record_text(record)}",
                code="BRN-2168",
                remedy="Guard the transform with a predicate; sources have to give their records timestamps.",
            )
        return record.new_record(topic=self._name(record.topic, record.timestamp))

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Rename topics; a batch of one topic that does not straddle two times costs one look-up."""
        if not len(batch):
            return batch, None
        column = batch.timestamps
        times = [] if column is None else [time for time in column if time is not None]
        if len(times) < len(batch):
            for record in batch:
                self.apply(record)  # raises for the first without
        unit = self._unit
        if batch.topics is None and min(times) // unit == max(times) // unit:
            return _keep_origin(batch).replace(topic=self._name(batch.topic, times[0])), None
        topics = [batch.topic] * len(times) if batch.topics is None else batch.topics
        return _keep_origin(batch).replace(topics=list(map(self._name, topics, times))), None


def _unset(key: str) -> DataError:
    return DataError(f"{key} is null", code="BRN-2162", key=key, remedy=f"Set {key}, or leave it out.")


def _keep_origin(batch: Batch[R]) -> Batch[R]:
    """Remember where sink records were read before their topic changes."""
    if not isinstance(batch, SinkBatch):
        return batch
    topics = batch.original_topics or batch.topics or [batch.topic] * len(batch)
    return batch.replace(original_topics=topics, original_partitions=batch.original_partitions or batch.partitions)
