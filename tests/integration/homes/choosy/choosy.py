"""Connectors with bad records: a sink that reports or refuses them, and a source that makes them."""

from __future__ import annotations

from pathlib import Path

from barnabas import DataError, SinkConnector, SinkTask, SourceConnector, SourceRecord, SourceTask


class ChoosySinkTask(SinkTask):
    """Appends values to a file at once; what begins with ``bad`` is reported, or refused where ``mode=refuse``."""

    def start(self, props):
        self.file = Path(props["file"]).open("a", buffering=1)  # noqa: SIM115  closed in stop
        self.refuse = props.get("mode") == "refuse"
        self.reporter = None if self.refuse else self.context.errant_record_reporter

    def put(self, batch):
        if self.refuse and any(str(value).startswith("bad") for value in batch.values):
            raise ValueError("a bad record")
        for record in batch:
            if str(record.value).startswith("bad"):
                self.reporter.report(record, ValueError("a bad record"))
            else:
                self.file.write(f"{record.value}\n")
        self.file.flush()

    def stop(self):
        self.file.close()


class ChoosySink(SinkConnector):
    """See the task."""

    TASK = ChoosySinkTask


class MixedSourceTask(SourceTask):
    """Counts up to ``last``; every tenth value cannot be written by JsonConverter, or is huge where ``mode=huge``."""

    def start(self, props):
        self.topic = props["topic"]
        self.last = int(props["last"])
        self.huge = props.get("mode") == "huge"
        stored = self.context.offset_storage_reader.offset({"counter": "1"})
        self.next = int(stored["n"]) + 1 if stored else 1

    def poll(self):
        if self.next > self.last:
            return None
        numbers = range(self.next, min(self.next + 7, self.last + 1))
        self.next = numbers[-1] + 1
        return [
            SourceRecord(
                self.topic,
                self.value(number),
                key=str(number),
                source_partition={"counter": "1"},
                source_offset={"n": number},
            )
            for number in numbers
        ]

    def value(self, number):
        if number % 10:
            return {"n": number}
        return {"n": "x" * 2_000_000} if self.huge else {"n": {number}}


class MixedSource(SourceConnector):
    """See the task."""

    TASK = MixedSourceTask


class ReportAllSinkTask(SinkTask):
    """Reports every record."""

    def put(self, batch):
        for record in batch:
            self.context.errant_record_reporter.report(record, DataError(f"refused {record.kafka_offset}"))


class ReportAllSink(SinkConnector):
    """See the task."""

    TASK = ReportAllSinkTask
