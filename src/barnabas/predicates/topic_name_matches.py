"""``TopicNameMatches``: records of certain topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from barnabas._java.regex import compile_java
from barnabas._java.validators import JavaRegex
from barnabas.config import CompositeValidator, ConfigDef, NonEmptyString, Type
from barnabas.predicates.base import Predicate
from barnabas.record import Batch, SinkRecord, SourceRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TopicNameMatches"]

R = TypeVar("R", SourceRecord, SinkRecord)

_REMEMBERED = 10_000
"""Topics whose answer is remembered; beyond that it starts anew."""


class TopicNameMatches(Predicate[R]):
    """Holds for records whose whole topic name matches: the name that transforms before it gave them."""

    CONFIG: ClassVar[ConfigDef] = ConfigDef().define(
        "pattern",
        Type.STRING,
        validator=CompositeValidator(NonEmptyString(), JavaRegex()),
        importance="medium",
        doc="A Java regular expression that the whole topic name has to match.",
    )

    def __init__(self) -> None:
        self._answers: dict[str, bool] = {}

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record."""
        self._pattern = compile_java(self.CONFIG.parse(props)["pattern"])

    def _answer(self, topic: str | None) -> bool:
        if topic is None:
            return False
        answer = self._answers.get(topic)
        if answer is None:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            answer = self._answers[topic] = self._pattern.matches(topic)
        return answer

    def test(self, record: R) -> bool:
        """Whether the topic matches."""
        return self._answer(record.topic)

    def test_batch(self, batch: Batch[R]) -> list[bool]:
        """The same for a column; a batch of one topic costs one look-up."""
        topics: list[str] | None = batch.topics
        if topics is None:
            return [self._answer(batch.topic)] * len(batch) if len(batch) else []
        return list(map(self._answer, topics))
