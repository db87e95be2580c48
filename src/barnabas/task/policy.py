"""What a connector wants done about errors: the ``errors.*`` settings, and how long to wait before trying again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import msgspec

from barnabas.config import Type, parse_value

__all__ = ["FIRST_DELAY", "ErrorPolicy", "next_delay"]

FIRST_DELAY: Final = 0.3
"""Seconds before the first retry; doubled for each further one."""

_MOST_DOUBLINGS: Final = 40


class ErrorPolicy(msgspec.Struct, frozen=True):
    """The ``errors.*`` settings of one connector; times in seconds.

    Args:
        tolerant: ``errors.tolerance=all``: bad records are skipped instead of failing the task.
        retry_timeout: ``errors.retry.timeout``: for how long one operation on one record is tried; ``None``: for ever.
        retry_delay_max: ``errors.retry.delay.max.ms``: above it a random wait below it is taken.
        log: ``errors.log.enable``.
        log_content: ``errors.log.include.messages``: key, value and headers too.
        topic: ``errors.deadletterqueue.topic.name``; empty: no dead letters.
        replication: ``errors.deadletterqueue.topic.replication.factor``.
        context_headers: ``errors.deadletterqueue.context.headers.enable``.
        bisect: ``errors.put.bisect``: a batch that ``put`` refuses is split until the bad records are found.
    """

    tolerant: bool = False
    retry_timeout: float | None = 0.0
    retry_delay_max: float = 60.0
    log: bool = False
    log_content: bool = False
    topic: str = ""
    replication: int = 3
    context_headers: bool = False
    bisect: bool = False

    @classmethod
    def of(cls, props: Mapping[str, str]) -> Self:
        """Read them from a connector's configuration.

        Raises:
            ConfigError: One is malformed; names the key.
        """

        def read(key: str, kind: Type, default: str) -> Any:
            return parse_value(f"errors.{key}", props.get(f"errors.{key}", default), kind)

        timeout = read("retry.timeout", Type.LONG, "0")
        return cls(
            tolerant=read("tolerance", Type.STRING, "none").strip().lower() == "all",
            retry_timeout=None if timeout < 0 else timeout / 1000,
            retry_delay_max=read("retry.delay.max.ms", Type.LONG, "60000") / 1000,
            log=read("log.enable", Type.BOOLEAN, "false"),
            log_content=read("log.include.messages", Type.BOOLEAN, "false"),
            topic=read("deadletterqueue.topic.name", Type.STRING, "").strip(),
            replication=read("deadletterqueue.topic.replication.factor", Type.SHORT, "3"),
            context_headers=read("deadletterqueue.context.headers.enable", Type.BOOLEAN, "false"),
            bisect=read("put.bisect", Type.BOOLEAN, "false"),
        )

    @property
    def reports(self) -> bool:
        """Whether anybody hears of a bad record: a dead letter topic or the log."""
        return self.log or bool(self.topic)


def next_delay(attempt: int, longest: float, left: float | None, random: Callable[[], float]) -> float:
    """How many seconds to wait after a failed attempt, by Kafka Connect's rule.

    Args:
        attempt: How many attempts were made, 1 or more.
        longest: The most to wait: where doubling exceeds it, a random time below it is taken, so that many tasks that
            wait for one system do not all come back at once.
        left: What remains of the time for retries; never waited beyond. ``None``: there is no end.
        random: Gives a number in [0, 1).
    """
    delay = FIRST_DELAY * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
    if delay > longest:
        delay = longest * random()
    return delay if left is None else max(0.0, min(delay, left))
