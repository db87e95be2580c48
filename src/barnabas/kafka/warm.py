"""What the client library does once a process, done once for all hosts."""

from __future__ import annotations

from pathlib import Path

from confluent_kafka import Producer

from barnabas.errors import HostDiedError
from barnabas.kafka import _librdkafka

__all__ = ["initialise_library"]


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
    tasks = Path("/proc/self/task")
    if tasks.is_dir() and len(list(tasks.iterdir())) > 1:
        raise HostDiedError(
            "The fork server cannot start: the Kafka client library left a thread behind.",
            code="BRN-5005",
            remedy="Install the version of confluent-kafka that requirements.txt names.",
        )
