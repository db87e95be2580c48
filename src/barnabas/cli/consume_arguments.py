"""The options of ``barnabas consume`` and ``barnabas validate``. Imports nothing of what the commands do."""

from __future__ import annotations

import argparse

__all__ = ["CONSUME", "VALIDATE", "fill_consume", "fill_validate"]

CONSUME = """\
examples:
  barnabas consume orders
  barnabas consume orders --follow --key --timestamp
  barnabas consume orders --from-beginning --format jsonl
  barnabas consume orders --value-converter Json -X value.converter.schemas.enable=false --format table
  barnabas consume orders --value-converter Avro --schema-registry http://localhost:8081
  barnabas consume orders --worker worker.properties --connector orders-sink.json --transforms
  barnabas consume orders --partition 3 --offset 1200 --max 1

Shows the last ten records and ends, unless told otherwise. Without a converter, text and JSON are shown as they are. A
record that cannot be read is shown with the reason and its bytes. No group is joined and nothing is committed.

exit codes: 0 all was shown · 1 wrong usage · 2 failed: a file, Kafka, the topic · 130 interrupted
"""

VALIDATE = """\
examples:
  barnabas validate orders-sink.json
  barnabas validate orders-sink.properties --worker worker.properties
  barnabas validate orders-sink.json --no-sample --format json

Errors are those that the REST API tells before it takes a connector. For a sink, some of the oldest and newest records
of its topics are read as its task would read them, too: what would fail is a warning. Nothing is written or committed.

exit codes: 0 no errors · 1 wrong usage · 2 it could not be checked: a file, a class · 3 the configuration has errors
"""


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _partition(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no partition, which is a number from 0 on")
    return int(text)


def _offset(text: str) -> int:
    if not text.removeprefix("-").isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no offset: a number, negative to count from the end")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e6:  # noqa: PLR2004  what waits longer was mistyped
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return seconds


def fill_consume(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("topic", metavar="TOPIC", help="the topic to read")
    _add_source(parser)
    _add_start(parser)
    _add_output(parser)


def fill_validate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``barnabas validate``."""
    parser.add_argument("connector", metavar="connector", help="the connector's configuration (.properties or .json)")
    parser.add_argument("--worker", metavar="FILE", help="the properties of the worker that is to run it")
    parser.add_argument("-b", "--bootstrap-server", metavar="HOST:PORT", help="the brokers, instead of the worker's")
    parser.add_argument(
        "-X", "--property", action="append", default=[], metavar="KEY=VALUE", help="a setting to lay over the files'"
    )
    parser.add_argument("--no-sample", action="store_true", help="do not look into the topics of a sink")
    parser.add_argument(
        "--sample", type=_count, default=10, metavar="N", help="how many records at each end of a topic (default 10)"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=10.0, metavar="SECONDS", help="how long to wait for Kafka (default 10)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of what is found (default text)")
    parser.set_defaults(guess=False)


def _add_source(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("Kafka and converters")
    group.add_argument(
        "-b",
        "--bootstrap-server",
        metavar="HOST:PORT",
        help="the brokers, with commas (default: of the worker's file, else localhost:9092)",
    )
    group.add_argument(
        "--worker", metavar="FILE", help="take converters and client settings from a worker's properties"
    )
    group.add_argument(
        "--connector", metavar="FILE", help="take them from a connector's configuration (.properties or .json), too"
    )
    for part in ("key", "value", "header"):
        group.add_argument(
            f"--{part}-converter",
            f"--{part}.converter",
            metavar="NAME",
            help=f"how {part}s are read: a converter's name or class",
        )
    group.add_argument("--schema-registry", metavar="URL", help="schema.registry.url of all converters")
    group.add_argument(
        "-X",
        "--property",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any setting of converters, transforms or Kafka's consumer; may be repeated",
    )
    group.add_argument(
        "--transforms", action="store_true", help="apply the transforms of the connector's configuration"
    )
    group.add_argument(
        "--timeout", type=_seconds, default=10.0, metavar="SECONDS", help="how long to wait for Kafka (default 10)"
    )


def _add_start(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which records")
    start = group.add_mutually_exclusive_group()
    start.add_argument("--last", type=_count, metavar="N", help="the last N records (default 10)")
    start.add_argument("--from-beginning", action="store_true", help="all records")
    start.add_argument(
        "--offset", type=_offset, metavar="N", help="from this offset of each partition; -N: so many before its end"
    )
    start.add_argument("--since", metavar="TIME", help="from a time: 15m, 2h or 1d ago, or 2026-03-01T12:00:00Z")
    group.add_argument(
        "-p",
        "--partition",
        type=_partition,
        action="append",
        default=[],
        metavar="N",
        help="only this; may be repeated",
    )
    group.add_argument("-n", "--max", type=_count, metavar="N", help="end after N records; alone: the last N")
    group.add_argument("-f", "--follow", action="store_true", help="go on with new records until interrupted")


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--format",
        choices=("text", "json", "jsonl", "table"),
        default="text",
        help="text: the value in a line; jsonl and json: everything, as objects; table: columns (default text)",
    )
    group.add_argument("--key", action="store_true", help="text: show the key")
    group.add_argument("--timestamp", action="store_true", help="text: show the timestamp")
    group.add_argument("--headers", action="store_true", help="text, table: show the headers")
    group.add_argument("--position", action="store_true", help="text: show topic, partition and offset")
    group.add_argument("-v", "--verbose", action="store_true", help="text, table: show all of these")
