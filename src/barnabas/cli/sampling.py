"""Reads some records of a sink's topics as its task would, and says what would fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.cli.consume.decode import Decoder, Problem
from barnabas.cli.consume.messages import open_reader, sample
from barnabas.cli.consume.plain import one_line
from barnabas.errors import ConfigError

if TYPE_CHECKING:
    from confluent_kafka import Message

    from barnabas.kafka.topic_reader import TopicReader
    from barnabas.supervisor.api import TaskSpec

__all__ = ["sample_topics"]

_NAME: Final = "barnabas-validate"
_MOST_TOPICS: Final = 20
_ABSENT: Final = "BRN-1460"


def sample_topics(spec: TaskSpec, count: int, timeout_s: float) -> list[tuple[str, str]]:
    """Read topics with the converters and transforms of a connector.

    Args:
        spec: Worker and connector.
        count: How many of the oldest records of each topic, and how many of the newest.
        timeout_s: How long Kafka may take to answer.

    Returns:
        For each kind of failure in each topic the setting it is about, and what is to be said.

    Raises:
        BarnabasError: Kafka does not answer, a setting is wrong, a class cannot be loaded.
    """
    if path := spec.worker_props.get("plugin.path"):
        from barnabas.plugins.classes import use_folders  # noqa: PLC0415  few have plugins of their own

        use_folders(None, path)
    decoder = Decoder(spec, transforms=True)
    try:
        with open_reader(spec, _NAME, timeout_s) as reader:
            found: list[tuple[str, str]] = []
            for topic in _topics(spec, reader):
                found += _sample_topic(reader, decoder, topic, count)
            return found
    finally:
        decoder.close()


def _topics(spec: TaskSpec, reader: TopicReader) -> list[str]:
    props = spec.connector_props
    names = [name.strip() for name in props.get("topics", "").split(",") if name.strip()]
    pattern = props.get("topics.regex", "").strip()
    if not names and pattern:
        from barnabas._java.regex import compile_java  # noqa: PLC0415  most sinks list their topics

        matches = compile_java(pattern).matches
        names = [name for name in reader.topics() if matches(name)]
    return names[:_MOST_TOPICS]


def _sample_topic(reader: TopicReader, decoder: Decoder, topic: str, count: int) -> list[tuple[str, str]]:
    try:
        messages = sample(reader, topic, count)
    except ConfigError as error:
        if error.code != _ABSENT:
            raise
        return [("topics", f"{error.message} {error.remedy or ''}".strip())]
    first: dict[tuple[str, str | None], tuple[Problem, Message]] = {}
    times: dict[tuple[str, str | None], int] = {}
    for message in messages:
        shown = decoder.decode(message)
        for problem in shown.problems if shown is not None else ():
            kind = (problem.part, problem.code)
            first.setdefault(kind, (problem, message))
            times[kind] = times.get(kind, 0) + 1
    return [
        (_key(problem), _told(topic, problem, message, times[kind], len(messages)))
        for kind, (problem, message) in first.items()
    ]


def _key(problem: Problem) -> str:
    """The setting that a failure is about."""
    part, _, name = problem.part.partition(" ")
    return f"transforms.{name}" if part == "transform" else f"{part}.converter"


def _told(topic: str, problem: Problem, message: Message, times: int, size: int) -> str:
    what = f"{problem.message.rstrip('.: ')}. {problem.remedy or ''}".strip()
    code = f" ({problem.code})" if problem.code else ""
    where = f"partition {message.partition()}, offset {message.offset()}"
    return one_line(f"{times} of {size} records sampled from topic {topic} would fail, such as {where}: {what}{code}")
