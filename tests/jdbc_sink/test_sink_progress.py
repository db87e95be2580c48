"""Which records are new to a database that keeps offsets itself."""

from __future__ import annotations

from typing import Any

from barnabas import SinkBatch, SinkRecord, TopicPartition
from barnabas.connectors.jdbc.sink_progress import Progress

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


class Table:
    def __init__(self, **stored: int) -> None:
        self.stored = {A: stored.get("a", -1), B: stored.get("b", -1)}

    def read(self, connection: Any, partitions: Any) -> dict[TopicPartition, int]:
        del connection
        return {partition: self.stored[partition] for partition in partitions}

    def move(self, expected: dict[TopicPartition, int], following: dict[TopicPartition, int]) -> str:
        return ",".join(f"{where}:{expected[where]}>{after}" for where, after in following.items())


class Context:
    def __init__(self) -> None:
        self.rewinds: list[dict[TopicPartition, int]] = []

    def offset(self, offsets: dict[TopicPartition, int]) -> None:
        self.rewinds.append(offsets)


def batch(where: TopicPartition, *offsets: int) -> SinkBatch:
    return SinkBatch.of([SinkRecord(*where, offset, offset) for offset in offsets])


def opened(table: Table) -> tuple[Progress, Context]:
    context = Context()
    progress = Progress(table, context)  # type: ignore[arg-type] # as much of both as is used
    progress.open(None, [A, B])
    return progress, context


def fresh(progress: Progress, found: SinkBatch) -> list[int]:
    return progress.fresh(found, lambda: None).offsets


def test_reading_goes_where_the_table_says() -> None:
    progress, context = opened(Table(a=7))
    assert context.rewinds == [{A: 7}]
    assert fresh(progress, batch(A, 5, 6, 7, 8)) == [7, 8]
    assert fresh(progress, batch(A, 8, 9)) == [9]
    assert fresh(progress, batch(B, 3)) == [3]


def test_what_was_read_before_reading_went_back_is_left_out_once() -> None:
    progress, context = opened(Table(a=7))
    assert fresh(progress, batch(A, 20, 21)) == []
    assert context.rewinds == [{A: 7}, {A: 7}]
    assert fresh(progress, batch(A, 20, 21)) == [20, 21]  # there is a gap in the topic: compaction, say


def test_offsets_move_from_what_the_table_has() -> None:
    progress, _ = opened(Table(a=7))
    first = progress.fresh(batch(A, 7, 8), lambda: None)
    assert progress.statement([first]) == "t-0:7>9"
    progress.done([first])
    assert progress.statement([batch(A, 9), batch(B, 0)]) == "t-0:9>10,t-1:-1>1"
    assert progress.statement([]) == ""


def test_after_a_loss_the_table_is_asked() -> None:
    table = Table(a=7)
    progress, _ = opened(table)
    work = [progress.fresh(batch(A, 7, 8), lambda: None)]
    assert not progress.was_done(None, work)
    table.stored[A] = 9
    assert progress.was_done(None, work)
    progress.lost()
    assert fresh(progress, batch(A, 7, 8, 9)) == [9]


def test_partitions_that_leave_are_forgotten() -> None:
    progress, _ = opened(Table(a=7, b=3))
    progress.close([A])
    assert fresh(progress, batch(B, 2, 3)) == [3]
