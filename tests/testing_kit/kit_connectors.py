"""Connectors for the tests of the test kit: good ones, and ones with one mistake each."""

from __future__ import annotations

import time
from pathlib import Path

from barnabas import (
    ConfigDef,
    RetriableError,
    SinkConnector,
    SinkTask,
    SourceBatch,
    SourceConnector,
    SourceRecord,
    SourceTask,
    TopicPartition,
    Type,
)

SOURCE = ConfigDef().define("file", Type.STRING, doc="Where numbers are.").define("topic", Type.STRING, doc="Where to.")
SINK = ConfigDef().define("file", Type.STRING, doc="Where to.")


class LineTask(SourceTask):
    """Reads lines, one record each, with an offset each."""

    def start(self, props):
        super().start(props)
        stored = self.context.offset_storage_reader.offset({"file": props["file"]})
        self.next = stored["line"] if stored else 0

    def poll(self):
        path = Path(self.props["file"])
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        if len(lines) <= self.next:
            time.sleep(0.05)
            return None
        return self.records(lines)

    def records(self, lines):
        batch = [self.record(number, lines[number]) for number in range(self.next, min(self.next + 3, len(lines)))]
        self.next += len(batch)
        return batch

    def record(self, number, line):
        return SourceRecord(
            self.props["topic"],
            line,
            source_partition={"file": self.props["file"]},
            source_offset={"line": number + 1},
        )


class LineSource(SourceConnector):
    CONFIG = SOURCE
    TASK = LineTask


class KeepTask(SinkTask):
    """Keeps what it is given and writes it when flushed: legal, and harder to get right than writing at once."""

    def __init__(self):
        self.kept = []

    def put(self, batch):
        if not Path(self.props["file"]).parent.exists():
            raise RetriableError("gone")
        self.kept += batch.values

    def flush(self, offsets):
        if self.kept:
            with Path(self.props["file"]).open("a") as file:
                file.writelines(f"{value}\n" for value in self.kept)
            self.kept = []


class KeepSink(SinkConnector):
    CONFIG = SINK
    TASK = KeepTask


class OffsetBefore(LineTask):
    def record(self, number, line):
        return super().record(number + 1, line)  # an offset past the next record: it is skipped after a restart


class ForgetfulStart(LineTask):
    def start(self, props):
        super().start(props)
        self.next = 0


class TupleOffsets(LineTask):
    def record(self, number, line):
        return super().record(number, line).new_record(source_offset={"line": (number, 1)})


class NeedsStart(LineTask):
    def stop(self):
        del self.next


class SlowPoll(LineTask):
    def poll(self):
        records = super().poll()
        if not records:
            time.sleep(0.6)
        return records


class NoTopic(LineTask):
    def records(self, lines):
        return [record.new_record(topic="") for record in super().records(lines)]


class LosesOnPause(LineTask):
    def records(self, lines):
        self.next = max(self.next, len(lines) - 1)
        return super().records(lines)


class CommitsEarly(KeepTask):
    def flush(self, offsets):
        if len(self.kept) > 3:
            super().flush(offsets)


class HatesEmpty(KeepTask):
    def put(self, batch):
        batch.values[0]
        super().put(batch)


class ForgetsOnRetry(KeepTask):
    def put(self, batch):
        self.kept += batch.values
        if not Path(self.props["file"]).parent.exists():
            self.kept = []
            batch.values.clear()
            raise RetriableError("gone")


class NeverCommits(KeepTask):
    def pre_commit(self, offsets):
        self.flush(offsets)
        return {}


def with_task(connector, task, **more):
    return type(f"{task.__name__}{connector.__name__}", (connector,), {"TASK": task, "__module__": __name__, **more})


class Rewinder(SinkTask):
    """Uses all of the context."""

    def __init__(self):
        self.calls = []

    def open(self, partitions):
        self.calls.append(("open", sorted(partitions)))

    def close(self, partitions):
        self.calls.append(("close", sorted(partitions)))

    def put(self, batch):
        self.calls.append(("put", batch.values))
        for record in batch:
            self.act(record)

    def act(self, record):
        context = self.context
        if record.value == "pause":
            context.pause(record.original)
        elif record.value == "rewind" and "rewound" not in self.calls:
            self.calls.append("rewound")
            context.offset({record.original: 0})
        elif record.value == "bad":
            context.errant_record_reporter.report(record, ValueError("bad"))
        elif record.value == "commit":
            context.request_commit()

    def pre_commit(self, offsets):
        return {**offsets, TopicPartition("other", 9): 5}


class RewindSink(SinkConnector):
    TASK = Rewinder


class BatchTask(SourceTask):
    """Counts acknowledgements."""

    def __init__(self):
        self.acknowledged = []
        self.commits = 0
        self.polls = 0

    def poll(self):
        self.polls += 1
        if self.polls == 1:
            raise RetriableError("not yet")
        return SourceBatch("t", [1, 2, 3], source_partition={"p": None}, source_offset={"n": self.polls})

    def commit_record(self, record, metadata):
        self.acknowledged.append(record.value)

    def commit(self):
        self.commits += 1


class BatchSource(SourceConnector):
    TASK = BatchTask

    def task_configs(self, max_tasks):
        return [{**self.props, "task": str(number)} for number in range(max_tasks)]
