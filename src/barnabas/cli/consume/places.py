"""Where to begin: the options that choose partitions and offsets."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from barnabas.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barnabas.kafka.topic_reader import TopicReader, Window

__all__ = ["Start", "chosen", "parse_since", "starts"]

_SPAN: Final = re.compile(r"(\d+)\s*(ms|s|m|h|d)")
_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Start(NamedTuple):
    """Which records are asked for; without any of these, all.

    Args:
        offset: In each partition from here on; negative: so many before its end.
        last: The last so many of all chosen partitions together.
        since: Those not older than this, in milliseconds since 1970.
    """

    offset: int | None = None
    last: int | None = None
    since: int | None = None


def parse_since(text: str, now: datetime) -> int:
    """``15m`` (before now), or a date or time of ISO 8601 (UTC where it does not say), in milliseconds since 1970.

    Raises:
        UsageError: It is neither.
    """
    span = _SPAN.fullmatch(text.strip())
    if span:
        return int(now.timestamp() * 1000) - int(span[1]) * _UNITS[span[2]]
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"--since {text} is no time.", remedy="Write 15m, 2h or 1d for so long ago, or 2026-03-01T12:00:00Z."
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def chosen(topic: str, there: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The partitions to read.

    Raises:
        ConfigError: The topic has no such partition.
    """
    for number in wanted:
        if number not in there:
            raise ConfigError(
                f"Topic {topic} has no partition {number}.",
                code="BRN-1461",
                remedy=f"Its partitions are 0 to {max(there)}." if there else "It has none.",
            )
    return sorted(set(wanted)) or [*there]


def starts(
    reader: TopicReader, topic: str, partitions: list[int], start: Start
) -> tuple[dict[int, int], dict[int, Window]]:
    """From which offset to read each partition, and what each holds now."""
    windows = {number: reader.window(topic, number) for number in partitions}
    if start.since is not None:
        found = reader.offsets_at(topic, partitions, start.since)
        at = {number: windows[number].high if offset is None else offset for number, offset in found.items()}
    elif start.offset is not None:
        offset = start.offset
        at = {number: offset if offset >= 0 else windows[number].high + offset for number in partitions}
    else:
        back = start.last
        at = {number: window.low if back is None else window.high - back for number, window in windows.items()}
    return {number: max(windows[number].low, min(offset, windows[number].high)) for number, offset in at.items()}, (
        windows
    )
