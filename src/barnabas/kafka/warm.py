"""What the client library does once a process, done once for all hosts."""

from __future__ import annotations

import time
from pathlib import Path

from confluent_kafka import Producer

from barnabas.errors import HostDiedError
from barnabas.kafka import _librdkafka

__all__ = ["await_threads", "initialise_library"]

_VANISH = 5.0  # seconds; a thread that was joined is listed by the kernel until it is reaped, later on a busy machine


def _threads() -> int:
    """How many threads the kernel lists for this process; 1 where it has no list."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 1


def initialise_library() -> None:
    """Have the library set itself up; called by the fork server, once, while it has no hosts.

    Its first client fills tables (OpenSSL's above all) that take more than half a megabyte, and the same in every
    process. The client made here connects nowhere, and its threads have ended when this returns: a process that forks
    must have none.

    Raises:
        HostDiedError: A thread is left.
    """
    _librdkafka.load()
    client = Producer({"log_level": 0})
    del client  # destroys it, which waits for its threads
    await_threads()


def await_threads() -> None:
    """Wait until this thread is the only one.

    Raises:
        HostDiedError: A thread is left.
    """
    until = time.monotonic() + _VANISH
    while _threads() > 1 and time.monotonic() < until:
        time.sleep(0.001)
    if _threads() > 1:
        raise HostDiedError(
            "The fork server cannot start: the Kafka client library left a thread behind.",
            code="BRN-5005",
            remedy="Install the version of confluent-kafka that requirements.txt names.",
        )
