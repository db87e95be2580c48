"""``barnabas consume``: the records of a topic as a connector would see them.

It joins no group and commits nothing, so that it can be used beside whatever runs. Like ``barnabas plugins`` this
process is no worker: it may load the converters and transforms that it was asked to use.
"""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from barnabas.cli.consume.decode import Decoder
from barnabas.cli.consume.messages import batches, open_reader
from barnabas.cli.consume.output import make_output
from barnabas.cli.consume.places import Start, chosen, parse_since
from barnabas.cli.consume.settings import task_spec
from barnabas.cli.exits import OK

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from confluent_kafka import Message

    from barnabas.cli.consume.output import Output

__all__ = ["run"]

_NAME: Final = "barnabas-consume"
_LAST: Final = 10


def run(arguments: Namespace) -> int:
    """Print records until the end of the topic, or with ``--follow`` until interrupted."""
    start = _start(arguments)
    spec = task_spec(arguments)
    if path := spec.worker_props.get("plugin.path"):
        from barnabas.plugins.classes import use_folders  # noqa: PLC0415  few have plugins of their own

        use_folders(None, path)
    decoder = Decoder(spec, transforms=arguments.transforms)
    try:
        with open_reader(spec, _NAME, arguments.timeout) as reader:
            partitions = chosen(arguments.topic, reader.partitions(arguments.topic), arguments.partition)
            messages = batches(reader, arguments.topic, partitions, start, follow=arguments.follow)
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
