"""The harnesses behave like a worker."""

from __future__ import annotations

import pytest
from kit_connectors import BatchSource, KeepSink, LineSource, RewindSink, TupleOffsets, with_task

from barnabas import (
    ConnectError,
    DataError,
    IllegalWorkerStateError,
    RetriableError,
    Schema,
    SinkRecord,
    TopicPartition,
)
from barnabas.testing import (
    MemoryConnectorContext,
    MemoryOffsets,
    MemorySourceTaskContext,
    MemoryTransactionContext,
    SinkHarness,
    SourceHarness,
)

A, B = TopicPartition("a", 0), TopicPartition("b", 1)


def test_an_offset_of_a_batch_counts_once_its_last_record_was_returned():
    with SourceHarness(BatchSource, {}) as harness:
        assert harness.values(2) == [1, 2]
        harness.commit()
        assert harness.offsets == {}
        assert harness.values(1) == [3]
        harness.commit()
        assert harness.offsets == {(("p", None),): {"n": 2}}
        assert harness.task.acknowledged == [1, 2, 3]
        assert (harness.task.commits, harness.retries) == (2, 1)


def test_a_raw_poll_is_returned_as_a_whole():
    with SourceHarness(BatchSource, {}) as harness:
        assert len(harness.poll_batch()) == 0
        assert harness.poll_batch().values == [1, 2, 3]
        harness.commit()
        assert harness.offsets == {(("p", None),): {"n": 2}}


def test_any_of_several_tasks_can_be_run():
    with SourceHarness(BatchSource, {}, max_tasks=3, task=2, transactions=True) as harness:
        assert harness.task.context.configs()["task"] == "2"
        assert isinstance(harness.task.context.transaction_context, MemoryTransactionContext)
    with pytest.raises(IllegalWorkerStateError, match="There are 1 tasks"):
        SourceHarness(BatchSource, {}, task=1).start()


def test_polling_gives_up_in_time(tmp_path):
    with SourceHarness(LineSource, {"file": str(tmp_path / "f"), "topic": "t"}) as harness:
        assert harness.poll(1, timeout=0.2) == []


def test_a_harness_that_does_not_run_says_so(tmp_path):
    source = SourceHarness(BatchSource, {})
    source.stop()
    with pytest.raises(IllegalWorkerStateError, match="not running"):
        source.poll()
    with source, pytest.raises(IllegalWorkerStateError, match="running already"):
        source.start()
    sink = SinkHarness(KeepSink, {"file": str(tmp_path / "f")})
    sink.stop()
    with pytest.raises(IllegalWorkerStateError, match="not running"):
        sink.put()
    with sink, pytest.raises(IllegalWorkerStateError, match="running already"):
        sink.start()


def test_a_connector_of_the_wrong_kind_is_refused():
    with pytest.raises(IllegalWorkerStateError, match="is not a SourceTask"):
        SourceHarness(RewindSink, {}).start()
    with pytest.raises(IllegalWorkerStateError, match="is not a SinkTask"):
        SinkHarness(BatchSource, {}).start()


def test_offsets_that_a_worker_could_not_store_are_refused(tmp_path):
    (tmp_path / "f").write_text("a\n")
    connector = with_task(LineSource, TupleOffsets)
    with SourceHarness(connector, {"file": str(tmp_path / "f"), "topic": "t"}) as harness:
        harness.poll(1)
        with pytest.raises(DataError, match="which a worker cannot store"):
            harness.commit()


def test_offsets_are_kept_by_partition_whatever_the_order_of_its_keys():
    offsets = MemoryOffsets([({"b": 1, "a": 2}, {"n": 1})])
    assert offsets.offset({"a": 2, "b": 1}) == {"n": 1}
    assert MemoryOffsets(offsets.all()).all() == offsets.all()
    offsets.put({"a": 2, "b": 1}, None)
    assert offsets.offsets([{"a": 2, "b": 1}]) == [None]


def test_the_other_contexts_remember():
    connector = MemoryConnectorContext()
    connector.request_task_reconfiguration()
    connector.raise_error(ValueError())
    assert (connector.reconfigurations, len(connector.errors)) == (1, 1)
    assert connector.offset_storage_reader.all() == {}
    transactions = MemoryTransactionContext()
    transactions.commit_transaction()
    transactions.abort_transaction()
    assert transactions.requests == [("commit", None), ("abort", None)]
    assert MemorySourceTaskContext({}, MemoryOffsets()).transaction_context is None


def rewinder(**more):
    return SinkHarness(RewindSink, {}, [A, B], **more)


def test_the_order_of_calls():
    sink = rewinder().start()
    task = sink.task
    sink.put(["x"])
    sink.stop()
    assert task.calls == [("open", [A, B]), ("put", ["x"]), ("close", [A, B])]


def test_a_rewind_is_followed():
    with rewinder() as sink:
        sink.put(["x", "rewind"])
        sink.deliver()
        assert [call for call in sink.task.calls if call[0] == "put"] == [("put", ["x", "rewind"])] * 2
        assert sink.rewinds == [{A: 0}]


def test_paused_partitions_are_not_delivered():
    with rewinder() as sink:
        sink.put(["pause"])
        sink.put(["held"])
        sink.put(["other"], partition=B)
        assert sink.context.paused == {A}
        sink.context.resume(A)
        sink.deliver()
        assert [call[1] for call in sink.task.calls if call[0] == "put"] == [["pause"], [], ["other"], ["held"]]
        with pytest.raises(IllegalWorkerStateError, match="does not own c-3"):
            sink.context.pause(TopicPartition("c", 3))


def test_only_what_was_consumed_and_is_assigned_gets_committed():
    with rewinder(committed={B: 7}) as sink:
        sink.put(["x", "commit"])
        assert sink.flush() == {A: 2, B: 7}
        assert sink.context.commits_requested == 1


def test_bad_records():
    with rewinder() as sink:
        sink.put(["bad"])
        ((record, error),) = sink.errant
        assert (record.value, str(error)) == ("bad", "bad")
    with rewinder(errors="fail") as sink, pytest.raises(ConnectError, match=r"errors\.tolerance is none"):
        sink.put(["bad"])
    with rewinder(errors=None) as sink:
        assert sink.context.errant_record_reporter is None
        assert sink.errant == []


def test_records_keep_what_they_have_and_get_a_place():
    with rewinder() as sink:
        (record,) = sink.send([SinkRecord("any", 9, 9, "v", key="k", value_schema=Schema.STRING)], partition=B)
    assert (record.topic, record.kafka_partition, record.kafka_offset, record.key) == ("b", 1, 0, "k")
    assert record.original == B


def test_a_retriable_error_brings_the_same_batch_again(tmp_path):
    folder = tmp_path / "later"
    with SinkHarness(KeepSink, {"file": str(folder / "f")}) as sink:
        with pytest.raises(RetriableError):
            sink.put(["a"], retries=2)
        assert sink.retries == 3
        sink.send(["b"])
        folder.mkdir()
        sink.deliver()
        sink.deliver()
        assert sink.batches == [1, 1]
        assert sink.task.kept == ["a", "b"]


def test_after_a_failed_commit_delivery_goes_back(tmp_path):
    with SinkHarness(KeepSink, {"file": str(tmp_path)}) as sink:
        sink.put(["a"])
        with pytest.raises(IsADirectoryError):
            sink.flush()
        assert sink.committed == {}
        sink.task.kept.clear()
        sink.deliver()
        assert sink.task.kept == ["a"]
        sink.task.kept.clear()


def test_a_failed_start_stops_what_was_made():
    stopped = []

    class Fails(BatchSource.TASK):
        def start(self, props):
            raise ValueError("no")

        def stop(self):
            stopped.append("task")

    class FailingConnector(BatchSource):
        TASK = Fails

        def stop(self):
            stopped.append("connector")

    with pytest.raises(ValueError, match="no"):
        SourceHarness(FailingConnector, {}).start()
    assert stopped == ["task", "connector"]
