"""What every sink connector is put through."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import SkipTest

from barnabas._testing.conformance import Conformance, eventually
from barnabas._testing.sink_harness import SinkHarness
from barnabas._testing.victim import answers
from barnabas.errors import RetriableError
from barnabas.record import TopicPartition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barnabas.connector import SinkConnector
    from barnabas.schema import Schema

__all__ = ["SinkConformance"]

_FEW, _MANY = 5, 120
_A, _B = TopicPartition("test", 0), TopicPartition("test", 1)


class SinkConformance(Conformance):
    """The tests for a sink.

    Subclass it in a pytest file, say what to test and how to look at the outcome::

    class TestLines(SinkConformance):
        connector_class = FileStreamSinkConnector

        def props(self):
            return {"file": str(self.folder / "out.txt")}

        def read_output(self):
            return (self.folder / "out.txt").read_text().splitlines()
    """

    connector_class: ClassVar[type[SinkConnector]]

    value_schema: ClassVar[Schema | None] = None
    """Describes the values of :meth:`make_values`."""

    timeout: ClassVar[float] = 10.0
    """Seconds in which output is expected to show."""

    harness: SinkHarness | None = None

    def make_values(self, n: int, start: int = 0) -> list[Any]:
        """``n`` different values to write, the ones from number ``start`` on; JSON types, for the test that kills."""
        return [f"value {number}" for number in range(start, start + n)]

    @abstractmethod
    def read_output(self) -> list[Any]:
        """Everything the outside system has now, in order where it keeps one, in the form of :meth:`make_values`."""

    def break_target(self) -> None:
        """Make the outside system fail in a way that heals: ``put`` or ``flush`` is to raise RetriableError.

        Override it together with :meth:`mend_target`; where neither is, the test is skipped.
        """
        raise SkipTest("break_target is not overridden")

    def mend_target(self) -> None:
        """Undo :meth:`break_target`."""

    def teardown_method(self) -> None:
        """Stops what a failed test left running."""
        harness, self.harness = self.harness, None
        try:
            if harness is not None:
                harness.stop()
        finally:
            super().teardown_method()

    def run(
        self,
        partitions: Iterable[tuple[str, int]] = (_A,),
        committed: Mapping[TopicPartition, int] | None = None,
    ) -> SinkHarness:
        """A running harness; stopped after the test if not before."""
        self.harness = SinkHarness(self.connector_class, self.props(), partitions, committed=committed)
        return self.harness.start()

    def _arrives(self, expected: list[Any]) -> None:
        eventually(lambda: self.read_output() == expected, self.timeout)
        assert self.read_output() == expected

    def _has(self, expected: Iterable[Any]) -> None:
        wanted = list(expected)
        eventually(lambda: not self._missing(wanted), self.timeout)
        assert self._missing(wanted) == []

    def _missing(self, wanted: list[Any]) -> list[Any]:
        output = self.read_output()
        return [value for value in wanted if value not in output]

    def test_writes_everything_in_order(self) -> None:
        """After a flush the outside system has it all."""
        harness = self.run()
        values = self.make_values(2 * _FEW)
        harness.put(values[:_FEW], value_schema=self.value_schema)
        harness.put(values[_FEW:], value_schema=self.value_schema)
        harness.flush()
        self._arrives(values)

    def test_everything_written_can_be_committed(self) -> None:
        """Offsets move up to what was put, at the latest when the task stops."""
        harness = self.run()
        harness.put(self.make_values(_FEW), value_schema=self.value_schema)
        harness.flush()
        harness.stop()
        assert harness.committed.get(_A) == _FEW

    def test_what_may_be_committed_is_written(self) -> None:
        """Offsets move only past what the outside system has, however little that is: the task may die any moment."""
        harness = self.run()
        for number in range(_FEW):
            harness.put(self.make_values(1, number), value_schema=self.value_schema)
            self._has(self.make_values(harness.flush().get(_A, 0)))

    def test_an_empty_batch_does_no_harm(self) -> None:
        """A worker puts an empty batch when all records were filtered, or none came."""
        harness = self.run()
        harness.put([])
        harness.put(self.make_values(_FEW), value_schema=self.value_schema)
        harness.put([])
        harness.flush()
        self._arrives(self.make_values(_FEW))

    def test_a_flush_without_records_does_no_harm(self) -> None:
        """Offsets are committed at intervals, also when nothing came."""
        harness = self.run()
        harness.flush()
        harness.flush()

    def test_starts_again_after_a_stop(self) -> None:
        """What a life wrote stays, and the next one goes on."""
        for life in range(3):
            harness = self.run(committed={_A: 0})
            harness.put(self.make_values(_FEW, life * _FEW), value_schema=self.value_schema)
            harness.stop()
        self._has(self.make_values(3 * _FEW))

    def test_redelivered_records_are_not_lost(self) -> None:
        """After a rewind, the same records come again: at least once each is there, in place or anew."""
        harness = self.run()
        values = self.make_values(2 * _FEW)
        harness.put(values, value_schema=self.value_schema)
        harness.flush()
        harness.seek({_A: _FEW})
        harness.deliver()
        harness.flush()
        self._has(values)

    def test_partitions_come_and_go(self) -> None:
        """Opened later, closed earlier: what the task still owns goes on being written."""
        harness = self.run([_A, _B])
        harness.put(self.make_values(_FEW), partition=_A, value_schema=self.value_schema)
        harness.flush()
        harness.task.close([_B])
        harness.task.open([_B])
        harness.put(self.make_values(_FEW, _FEW), partition=_B, value_schema=self.value_schema)
        harness.flush()
        self._has(self.make_values(2 * _FEW))

    def test_goes_on_after_a_pause(self) -> None:
        """While paused, offsets are still committed but nothing is put; afterwards the rest arrives."""
        harness = self.run()
        harness.put(self.make_values(_FEW), value_schema=self.value_schema)
        harness.flush()
        harness.send(self.make_values(_FEW, _FEW), value_schema=self.value_schema)
        for _ in range(3):
            harness.flush()
        harness.deliver()
        harness.flush()
        self._has(self.make_values(2 * _FEW))

    def test_a_failed_target_is_tried_again_with_the_same_batch(self) -> None:
        """RetriableError means that nothing of the batch counts as taken; once the target is back, all is written."""
        harness = self.run()
        self.break_target()
        harness.send(self.make_values(_FEW), value_schema=self.value_schema)
        try:
            harness.deliver(retries=2)
            harness.flush()
        except RetriableError:
            pass
        else:
            raise AssertionError("the target is broken, and neither put nor flush said so")
        finally:
            self.mend_target()
        harness.deliver()
        harness.flush()
        self._has(self.make_values(_FEW))

    def test_stops_promptly(self) -> None:
        """With records that were not flushed yet, too."""
        self._stops_promptly(self.run().stop)
        harness = self.run()
        harness.put(self.make_values(_FEW), value_schema=self.value_schema)
        self._stops_promptly(harness.stop)

    def test_a_second_stop_does_no_harm(self) -> None:
        """A worker that is in trouble may stop twice."""
        harness = self.run()
        task = harness.task
        harness.stop()
        task.stop()

    def test_killed_it_loses_nothing(self) -> None:
        """Its process is killed with SIGKILL; what was not committed comes again, so that everything is there."""
        if self.value_schema is not None:
            raise SkipTest("values with a schema are not passed to another process")
        values = self.make_values(_MANY)
        order = {"kind": "sink", "props": dict(self.props()), "step": 7, "values": values}
        committed: dict[TopicPartition, int] = {}
        with answers(self.connector_class, order, 3 * self.timeout) as commits:
            for answer in commits:
                committed = {TopicPartition(topic, part): offset for topic, part, offset in answer["committed"]}
                if committed.get(_A, 0) >= _MANY // 3:
                    break
        harness = self.run(committed=committed)
        harness.put(values, value_schema=self.value_schema)
        harness.flush()
        self._has(values)
