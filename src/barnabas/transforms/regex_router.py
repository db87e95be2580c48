"""``RegexRouter``: renames topics by a regular expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from barnabas._java.regex import compile_java
from barnabas._java.validators import JavaRegex
from barnabas.config import ConfigDef, Type, invalid, parse_value
from barnabas.errors import DataError, IllegalArgumentError
from barnabas.record import Batch, SinkBatch, SinkRecord, SourceRecord
from barnabas.transforms.base import Transformation

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RegexRouter"]

R = TypeVar("R", SourceRecord, SinkRecord)

_REMEMBERED = 10_000
"""Topics whose new name is remembered; beyond that it starts anew."""


class RegexRouter(Transformation[R]):
    """Renames the topic of records whose whole topic matches; of what matches, the first occurrence is replaced."""

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define(
            "regex",
            Type.STRING,
            validator=JavaRegex(),
            importance="high",
            doc="A Java regular expression that the whole topic name has to match.",
        )
        .define(
            "replacement",
            Type.STRING,
            importance="high",
            doc="The new name: text, with `$1` or `${name}` for a group of the expression; `\\$` is a dollar sign.",
        )
    )

    def __init__(self) -> None:
        self._new: dict[str, str] = {}

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record."""
        config = self.CONFIG.parse(props)
        self._pattern = compile_java(config["regex"])
        self._replacement: str = config["replacement"]
        self._check(strict=bool(parse_value("strict", props.get("strict"), Type.BOOLEAN)))

    def _check(self, *, strict: bool) -> None:
        """Refuse what cannot be done here, and, if strict, what would fail with the first topic that matches."""
        try:
            self._pattern.check_replacement(self._replacement)
        except DataError as error:
            if strict:
                raise invalid("replacement", self._replacement, error.message, remedy=error.remedy) from error

    def _route(self, topic: str) -> str:
        new = self._new.get(topic)
        if new is None:
            if topic is None:
                raise IllegalArgumentError("The record has no topic to match.", code="BRN-2181")
            if len(self._new) >= _REMEMBERED:
                self._new.clear()
            new = topic
            if self._pattern.matches(topic):
                new = self._pattern.replace_first(topic, self._replacement)
            self._new[topic] = new
        return new

    def apply(self, record: R) -> R:
        """Rename the topic of one record."""
        new = self._route(record.topic)
        return record if new == record.topic else record.new_record(topic=new)

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Rename topics; a batch of one topic costs one look-up."""
        if not len(batch):
            return batch, None
        old: list[str] | None = batch.topics
        if old is None:
            new = self._route(batch.topic)
            if new == batch.topic:
                return batch, None
            return self._keep_origin(batch).replace(topic=new), None
        topics = list(map(self._route, old))
        return (batch if topics == old else self._keep_origin(batch).replace(topics=topics)), None

    @staticmethod
    def _keep_origin(batch: Batch[R]) -> Batch[R]:
        """Remember where sink records were read before their topic changes."""
        if not isinstance(batch, SinkBatch):
            return batch
        topics = batch.original_topics or batch.topics or [batch.topic] * len(batch)
        return batch.replace(original_topics=topics, original_partitions=batch.original_partitions or batch.partitions)
