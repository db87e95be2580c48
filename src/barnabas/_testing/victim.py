"""Runs a harness in a process of its own, to be killed; it takes its order on standard input.

The order is one line of JSON; each line of the answer is one commit: the offsets that are safe now and, for sources,
the values whose offsets those cover. Whoever ordered it kills the process between or within any of them.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from barnabas._testing.sink_harness import SinkHarness
from barnabas._testing.source_harness import SourceHarness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barnabas.record import TopicPartition

__all__ = ["answers", "main"]


@contextlib.contextmanager
def answers(connector_class: type[Any], order: Mapping[str, Any], timeout: float) -> Iterator[Iterator[dict[str, Any]]]:
    """Start a victim and read its commits; on leaving, it is killed with SIGKILL wherever it is.

    Args:
        connector_class: Must be importable by its module's name.
        order: Goes to :func:`main`.
        timeout: Seconds until the iterator ends, at the latest.
    """
    where = {"module": connector_class.__module__, "name": connector_class.__qualname__, "path": sys.path}
    with subprocess.Popen(  # noqa: S603  this module, in this interpreter
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({**where, **order}) + "\n")
        process.stdin.flush()
        try:
            yield _lines(process, time.monotonic() + timeout)
        finally:
            process.kill()


def _lines(process: subprocess.Popen[str], deadline: float) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    while select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
        line = process.stdout.readline()
        if not line:
            return
        yield json.loads(line)


def main() -> None:
    """Take the order, do the work, and tell about every commit."""
    order = json.loads(sys.stdin.readline())
    sys.path[:] = order["path"]
    connector_class: Any = importlib.import_module(order["module"])
    for name in order["name"].split("."):
        connector_class = getattr(connector_class, name)
    work = _source if order["kind"] == "source" else _sink
    for answer in work(connector_class, order):
        sys.stdout.write(json.dumps(answer, default=repr) + "\n")
        sys.stdout.flush()


def _source(connector_class: type[Any], order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    with SourceHarness(connector_class, order["props"]) as harness:
        while True:
            values = [repr(value) for value in harness.values(order["step"], timeout=1.5)]
            harness.commit()
            yield {"values": values, "offsets": [[dict(key), offset] for key, offset in harness.offsets.items()]}


def _sink(connector_class: type[Any], order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    with SinkHarness(connector_class, order["props"]) as harness:
        for step, value in enumerate(order["values"]):
            harness.put([value])
            if step % order["step"] == 0:
                yield {"committed": _positions(harness.flush())}
        time.sleep(60)  # it never stops by itself: that would be no kill


def _positions(committed: Mapping[TopicPartition, int]) -> list[tuple[str, int, int]]:
    return [(partition.topic, partition.partition, offset) for partition, offset in committed.items()]


if __name__ == "__main__":
    main()
