"""The demo: a text file of a million lines, through a topic, into another file, and a comparison of the two.

``make demo`` runs it. It starts the development broker and a standalone worker as processes of their own, with the
plain Kafka properties files that it leaves in ``demo-data`` to look at. Exit code 0 only if source and destination are
equal byte for byte. Ctrl-C stops everything that it started.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the helpers that start real processes are shared with the tests

from confluent_kafka import Consumer, KafkaException, TopicPartition  # noqa: E402 - behind the path above
from demo_text import LINES, write_text  # noqa: E402

from services.files import LineCounter  # noqa: E402
from services.process import ServiceError  # noqa: E402
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasBroker, BarnabasWorker  # noqa: E402

if TYPE_CHECKING:
    from types import FrameType

TOPIC = "demo"
CHUNK = 1 << 20
STALL_S = 90.0
TTY_EVERY_S, PLAIN_EVERY_S = 0.2, 2.0
BAR = 24


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def say(text: str = "") -> None:
    """One line for the person watching."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files are equal byte for byte."""
    with one.open("rb") as left, other.open("rb") as right:
        while chunk := left.read(CHUNK):
            if right.read(CHUNK) != chunk:
                return False
        return not right.read(1)


@dataclass(frozen=True)
class Progress:
    """How far the copy is: records so far, and when."""

    at: float
    topic: int
    written: int
    written_bytes: int


class Watcher:
    """Counts what has reached the topic and the destination file, without reading anything twice."""

    def __init__(self, bootstrap: str, target: Path) -> None:
        self._target = LineCounter(target)
        self._topic = 0
        settings: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap, "group.id": "demo-watcher"}
        self._client = Consumer(settings)

    def look(self) -> Progress:
        """The present state; the topic's end stays the last known one while the broker does not answer."""
        try:
            ends = self._client.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=2)
        except KafkaException:  # the topic does not exist yet: the source makes it with its first record
            ends = None
        self._topic = ends[1] if ends else self._topic
        lines = self._target.look()
        return Progress(time.monotonic(), self._topic, lines, self._target.bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


class Display:
    """Shows progress: one line that is rewritten on a terminal, a line every two seconds elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._tty = sys.stdout.isatty()
        self._shown = 0.0
        self._history: list[Progress] = []

    def show(self, now: Progress, *, last: bool = False) -> None:
        """Show ``now`` if it is time to; always when it is the ``last``."""
        self._history = [past for past in self._history if now.at - past.at <= 2 * PLAIN_EVERY_S] + [now]
        if not last and now.at - self._shown < (TTY_EVERY_S if self._tty else PLAIN_EVERY_S):
            return
        self._shown = now.at
        text = self._text(now)
        if self._tty:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\x1b[K" + text[:width] + ("\n" if last else ""))
            sys.stdout.flush()
        else:
            say(text)

    def _text(self, now: Progress) -> str:
        share = min(now.written / self._total, 1.0)
        first = self._history[0]
        rate = (now.written - first.written) / (now.at - first.at) if now.at > first.at else 0.0
        bar = "█" * round(share * BAR) + "░" * (BAR - round(share * BAR))
        return (
            f"{bar} {share:4.0%}  {rate:9,.0f} records/s"
            f"  in topic {now.topic:,} (file ahead by {max(self._total - now.topic, 0):,})"
            f"  in new file {now.written:,} (topic ahead by {max(now.topic - now.written, 0):,})"
        )


def prepare_source(folder: Path, own: Path | None) -> tuple[Path, int, int]:
    """The source file, its lines and its bytes: the caller's own, or one that is generated."""
    if own is None:
        path = folder / "source.txt"
        say(f"Generating {LINES:,} lines of text (log lines, empty and long ones, five scripts, emoji) …")
        size = write_text(path)
        return path, LINES, size
    if not own.is_file():
        raise DemoError(f"{own} is not a file that can be read")
    if not plain_lines(own):
        raise DemoError(f"{own} must end its lines with \\n, the last one too: a file sink writes them so")
    counter = LineCounter(own)
    return own.resolve(), counter.look(), counter.bytes


def plain_lines(path: Path) -> bool:
    """Whether a file ends each line, the last one included, with a line feed and has no carriage return."""
    last = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if b"\r" in chunk:
                return False
            last = chunk
    return last.endswith(b"\n")


def connectors(source: Path, target: Path) -> list[dict[str, object]]:
    """The two connectors, configured as for Kafka's own worker."""
    return [
        {"name": "demo-source", "connector.class": FILE_SOURCE, "tasks.max": 1, "file": source, "topic": TOPIC},
        {"name": "demo-sink", "connector.class": FILE_SINK, "tasks.max": 1, "file": target, "topics": TOPIC},
    ]


def follow(worker: BarnabasWorker, broker: BarnabasBroker, target: Path, lines: int, size: int) -> float:
    """Show progress until the destination is as large as the source; the time of that moment."""
    display = Display(lines)
    with Watcher(broker.bootstrap, target) as watcher:
        last, moved_at = -1, time.monotonic()
        while (now := watcher.look()).written_bytes < size:
            display.show(now)
            for service in (worker, broker):
                if not service.alive:
                    raise DemoError(f"{service.name} ended by itself; the end of its log:\n{service.tail()}")
            if now.written + now.topic != last:
                last, moved_at = now.written + now.topic, now.at
            elif now.at - moved_at > STALL_S:
                raise DemoError(f"nothing moved for {STALL_S:.0f} s: {worker.states()}\n{worker.tail()}")
            time.sleep(0.05)
        display.show(now, last=True)
        return now.at


def clear(folder: Path) -> None:
    """Remove what an earlier demo left in ``folder``, and nothing else."""
    for name in ("broker", "worker"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("source.txt", "destination.txt"):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def run(folder: Path, own: Path | None) -> None:
    """Everything; raise ``DemoError`` when the files differ."""
    begin = time.monotonic()
    clear(folder)
    source, lines, size = prepare_source(folder, own)
    target = folder / "destination.txt"
    say(f"Source      {source}  {lines:,} lines, {size / 1e6:,.1f} MB")
    broker = BarnabasBroker(folder / "broker")
    with broker:
        say(f"Broker      {broker.bootstrap}  (the development broker, log in {broker.log})")
        settings = {"consumer.auto.offset.reset": "earliest"}
        worker = BarnabasWorker(folder / "worker", broker.bootstrap, settings, connectors(source, target))
        started = time.monotonic()
        with worker:
            ready = time.monotonic() - started
            say(f"Worker      {worker.url}  (REST answered after {ready:.1f} s; properties in {worker.folder})")
            took = follow(worker, broker, target, lines, size) - started
            say("Stopping the worker …")
    if not same_bytes(source, target):
        raise DemoError(f"{source} and {target} differ")
    say(f"\nEqual: {lines:,} lines, {size:,} bytes, the same in every byte and in the same order.")
    say(f"Moved in {took:.1f} s from the worker's start: {lines / took:,.0f} records/s, {size / took / 1e6:,.1f} MB/s.")
    say(f"The whole demo took {time.monotonic() - begin:.1f} s.")


def _interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt(signal.Signals(number).name)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Stream a text file through a broker into another file.")
    parser.add_argument("file", nargs="?", type=Path, help="your own text file (default: one is generated)")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "demo-data", help="emptied, then filled; default: demo-data"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        run(options.folder.resolve(), options.file)
    except KeyboardInterrupt:
        say("\nInterrupted: everything that was started has been stopped.")
        return 130
    except (DemoError, ServiceError, OSError) as error:
        sys.stdout.flush()
        sys.stderr.write(f"\ndemo: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
