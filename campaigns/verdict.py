"""Judges what arrived: nothing lost, nothing torn, in order, and repeated only where it may be.

Pure: lists in, counts out. A line carries its number and a pattern that follows from it, so that half of one line glued
to another is told from a whole line.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINE_BYTES = 100


def line(number: int) -> bytes:
    """The line of this number, exactly ``LINE_BYTES`` bytes with its line end."""
    mark = b"%08x" % (number * 2_654_435_761 % (1 << 32))
    return b"%09d " % number + (mark * 12)[: LINE_BYTES - 11] + b"\n"


def number_of(text: bytes) -> int | None:
    """The number of a whole line (without its end), or ``None`` for anything else."""
    if not text[:9].isdigit():
        return None
    number = int(text[:9])
    return number if text + b"\n" == line(number) else None


@dataclass(frozen=True)
class Kill:
    """What was committed just before a kill, and how far its consequences may reach.

    Attributes:
        kind: What was killed.
        written: Lines in the source file when it had been recovered from; 0 until then.
        source_committed: Lines before the committed source offset.
        sink_committed: The committed offset of the sink's consumer group.
    """

    kind: str
    written: int
    source_committed: int
    sink_committed: int


@dataclass
class Verdict:
    """Counts over a whole run. Everything but the repeats and the total has to be zero."""

    total: int
    lost_in_topic: int = 0
    lost: int = 0
    torn: int = 0
    out_of_order: int = 0
    source_repeats: int = 0
    sink_repeats: int = 0
    outside_window: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the promise was kept."""
        return not (self.lost_in_topic or self.lost or self.torn or self.out_of_order or self.outside_window)


def judge(total: int, topic: Sequence[tuple[int, bytes]], target: Iterable[bytes], kills: Sequence[Kill]) -> Verdict:
    """Compare ``total`` source lines with the topic (offset, value) and the lines of the destination file.

    A line may be repeated in the topic if it lay beyond the committed source offset at some kill and was written before
    that was recovered from; it may be repeated in the destination beyond that if its record lay beyond the sink's
    committed offset.
    """
    verdict = Verdict(total)
    offsets: dict[int, list[int]] = {}
    newest = -1
    for offset, value in topic:
        number = number_of(value)
        if number is None:
            verdict.torn += 1
        elif number in offsets:
            offsets[number].append(offset)
            verdict.source_repeats += 1
            if not any(kill.source_committed <= number < kill.written for kill in kills):
                verdict.outside_window += 1
                verdict.examples.append(f"line {number} again in the topic, at offset {offset}")
        else:
            offsets[number] = [offset]
            verdict.out_of_order += number < newest
            newest = max(newest, number)
    verdict.lost_in_topic = total - len(offsets)
    arrived: Counter[int] = Counter()
    for text in target:
        number = number_of(text)
        if number is None:
            verdict.torn += 1
        else:
            arrived[number] += 1
    verdict.lost = total - len(arrived)
    for number, count in arrived.items():
        extra = count - len(offsets.get(number, ()))
        if extra > 0:
            verdict.sink_repeats += extra
            places = offsets.get(number, [-1])
            allowed = any(kill.sink_committed <= max(places) and number < kill.written for kill in kills)
            if not allowed:
                verdict.outside_window += extra
                verdict.examples.append(f"line {number}, at offset {max(places)}, {extra} x too often in the file")
    return verdict
