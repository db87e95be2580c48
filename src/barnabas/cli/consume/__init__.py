"""``barnabas consume``: the records of a topic as a connector would see them.

It joins no group and commits nothing, so that it can be used beside whatever runs. Like ``barnabas plugins`` this
process is no worker: it may load the converters and transforms that it was asked to use.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from barnabas.cli.consume.decode import Decoder
from barnabas.cli.consume.output import make_output
from barnabas.cli.consume.places import Start, chosen, parse_since, starts
from barnabas.cli.consume.settings import task_spec
from barnabas.cli.exits import OK

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from confluent_kafka import Message

    from barnabas.cli.consume.output import Output
    from barnabas.kafka.topic_reader import TopicReader, Window
    from barnabas.supervisor.api import TaskSpec

__all__ = ["run"]

log = logging.getLogger(__name__)

_NAME: Final = "barnabas-consume"
_LAST: Final = 10
_BATCH: Final = 500


def run(arguments: Namespace) -> int:
    """Print records until the end of the topic, or with ``--follow`` until interrupted."""
    start = _start(arguments)
    spec = task_spec(arguments)
    if path := spec.worker_props.get("plugin.path"):
        from barnabas.plugins.classes import use_folders  # noqa: PLC0415  few have plugins of their own

        use_folders(None, path)
    decoder = Decoder(spec, transforms=arguments.transforms)
    try:
        with _reader(spec, arguments.timeout) as reader:
            partitions = chosen(arguments.topic, reader.partitions(arguments.topic), arguments.partition)
            messages = _messages(reader, arguments, partitions, start)
            return _print(messages, decoder, arguments)
    finally:
        decoder.close()


def _start(arguments: Namespace) -> Start:
    if arguments.since is not None:
        return Start(since=parse_since(arguments.since, datetime.now(UTC)))
    if arguments.offset is not None:
        return Start(offset=arguments.offset)
    if arguments.from_beginning:
        return Start()
    return Start(last=arguments.last or (None if arguments.follow else arguments.max) or _LAST)


def _reader(spec: TaskSpec, timeout_s: float) -> TopicReader:
    from barnabas.kafka.connect_defaults import sink_consumer_config  # noqa: PLC0415  wrong usage needs no client
    from barnabas.kafka.settings import translate  # noqa: PLC0415
    from barnabas.kafka.topic_reader import TopicReader  # noqa: PLC0415

    java = sink_consumer_config(spec.worker_props, spec.connector_props, spec.id.connector, 0)
    for key in ("enable.auto.commit", "group.id", "auto.offset.reset"):
        java.pop(key, None)
    settings = translate(java, "consumer")
    for warning in settings.warnings:
        log.warning("%s", warning)
    return TopicReader(settings, _NAME, timeout_s)


# ---------------------------------------------------------------------- which records
def _messages(
    reader: TopicReader, arguments: Namespace, partitions: list[int], start: Start
) -> Iterator[list[Message]]:
    """Batches in the order in which they are to be printed; an empty one where nothing is there for the moment."""
    topic = arguments.topic
    at, windows = starts(reader, topic, partitions, start)
    if start.last is not None:
        found = _tail(reader, topic, at, windows, start.last)
        yield found
        if not arguments.follow:
            return
        at = {number: window.high for number, window in windows.items()}
        for message in found:
            at[message.partition() or 0] = max(at[message.partition() or 0], (message.offset() or 0) + 1)
    elif not arguments.follow:
        at = {number: offset for number, offset in at.items() if offset < windows[number].high}
    if not at:
        return
    reader.start(topic, at)
    while arguments.follow or not reader.at_end:
        yield _within(reader.fetch(_BATCH), None if arguments.follow else windows)


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


# ---------------------------------------------------------------------- printing
def _print(messages: Iterator[list[Message]], decoder: Decoder, arguments: Namespace) -> int:
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal may not know a character
    output = make_output(arguments, sys.stdout.write)
    counts = _Counts(arguments.max)
    try:
        for batch in messages:
            if not _print_batch(batch, decoder, output, counts):
                break
            if not batch:
                output.pause()
            if not batch or arguments.follow:
                sys.stdout.flush()
        output.end()
    except BrokenPipeError:
        raise
    except BaseException:  # an interruption too leaves whole lines, and JSON that can be parsed
        with contextlib.suppress(OSError):
            output.end()
            sys.stdout.flush()
        raise
    sys.stdout.flush()
    counts.tell()
    return OK


def _print_batch(batch: list[Message], decoder: Decoder, output: Output, counts: _Counts) -> bool:
    """Whether more is wanted."""
    for message in batch:
        if counts.enough:
            break
        shown = decoder.decode(message)
        if shown is None:
            counts.dropped += 1
            continue
        output.show(shown)
        counts.shown += 1
        counts.broken += bool(shown.problems)
    return not counts.enough


class _Counts:
    """How many there were; ``most`` is how many are wanted."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self.shown = 0
        self.broken = 0
        self.dropped = 0

    @property
    def enough(self) -> bool:
        return self._most is not None and self.shown >= self._most

    def tell(self) -> None:
        """On standard error, what would otherwise be overlooked."""
        said = []
        if self.broken:
            said.append(f"{self.broken} of {self.shown} records could not be read completely")
        if self.dropped:
            said.append(f"{self.dropped} were dropped by transforms")
        if not self.shown and not self.dropped:
            said.append("no records there")
        if said:
            sys.stderr.write(f"barnabas: {'; '.join(said)}.\n")
