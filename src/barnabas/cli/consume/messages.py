"""Messages of a topic in the order in which they are to be shown."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from barnabas.cli.consume.places import Start, starts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import Message

    from barnabas.kafka.topic_reader import TopicReader, Window
    from barnabas.supervisor.api import TaskSpec

__all__ = ["batches", "open_reader", "sample"]

log = logging.getLogger(__name__)

_BATCH: Final = 500


def open_reader(spec: TaskSpec, name: str, timeout_s: float) -> TopicReader:
    """A reader with the client settings that the sink's consumer would have.

    Args:
        spec: Worker and connector.
        name: What brokers see as client id.
        timeout_s: How long Kafka may take to answer.

    Raises:
        ConfigError: A setting is wrong.
    """
    from barnabas.kafka.connect_defaults import sink_consumer_config  # noqa: PLC0415  wrong usage needs no client
    from barnabas.kafka.settings import translate  # noqa: PLC0415
    from barnabas.kafka.topic_reader import TopicReader  # noqa: PLC0415

    java = sink_consumer_config(spec.worker_props, spec.connector_props, spec.id.connector, 0)
    for key in ("enable.auto.commit", "group.id", "auto.offset.reset"):
        java.pop(key, None)
    settings = translate(java, "consumer")
    for warning in settings.warnings:
        log.warning("%s", warning)
    return TopicReader(settings, name, timeout_s)


def batches(
    reader: TopicReader, topic: str, partitions: list[int], start: Start, *, follow: bool
) -> Iterator[list[Message]]:
    """Batches of messages; an empty one where nothing is there for the moment.

    Args:
        reader: Open.
        topic: The topic.
        partitions: Which of its partitions.
        start: Where to begin.
        follow: Go on for ever; else it ends with what was there when it began.
    """
    at, windows = starts(reader, topic, partitions, start)
    if start.last is not None:
        found = _tail(reader, topic, at, windows, start.last)
        yield found
        if not follow:
            return
        at = {number: window.high for number, window in windows.items()}
    elif not follow:
        at = {number: offset for number, offset in at.items() if offset < windows[number].high}
    if not at:
        return
    reader.start(topic, at)
    while follow or not reader.at_end:
        yield _within(reader.fetch(_BATCH), None if follow else windows)


def sample(reader: TopicReader, topic: str, count: int) -> list[Message]:
    """Some of the oldest and some of the newest records: bad ones are most often where a topic begins.

    Args:
        reader: Open.
        topic: The topic.
        count: How many at most, of each.
    """
    partitions = reader.partitions(topic)
    at, windows = starts(reader, topic, partitions, Start())
    at = {number: offset for number, offset in at.items() if offset < windows[number].high}
    oldest: list[Message] = []
    if at:
        reader.start(topic, at)
        while len(oldest) < count and not reader.at_end:
            oldest += _within(reader.fetch(count), windows)
    back, windows = starts(reader, topic, partitions, Start(last=count))
    newest = _tail(reader, topic, back, windows, count)
    seen = {(message.partition(), message.offset()) for message in oldest[:count]}
    return oldest[:count] + [each for each in newest if (each.partition(), each.offset()) not in seen]


def _within(messages: list[Message], windows: dict[int, Window] | None) -> list[Message]:
    """Without records written after the start: a busy topic would have no end."""
    if windows is None:
        return messages
    return [message for message in messages if (message.offset() or 0) < windows[message.partition() or 0].high]


def _tail(reader: TopicReader, topic: str, at: dict[int, int], windows: dict[int, Window], count: int) -> list[Message]:
    """The last ``count`` records, of several partitions those with the latest timestamps.

    Offsets may have gaps (compaction, ends of transactions): where too few are found, it looks further back.
    """
    reach = count
    while True:
        found = _read_all(reader, topic, at, windows)
        if len(found) >= count or all(offset <= windows[number].low for number, offset in at.items()):
            break
        reach *= 4
        at = {number: max(window.low, window.high - reach) for number, window in windows.items()}
    found.sort(key=lambda message: (message.timestamp()[1], message.partition() or 0, message.offset() or 0))
    return found[len(found) - count :] if len(found) > count else found


def _read_all(reader: TopicReader, topic: str, at: dict[int, int], windows: dict[int, Window]) -> list[Message]:
    at = {number: offset for number, offset in at.items() if offset < windows[number].high}
    found: list[Message] = []
    if at:
        reader.start(topic, at)
        while not reader.at_end:
            found += _within(reader.fetch(_BATCH), windows)
    return found
