"""What every source connector is put through."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import SkipTest

from barnabas._testing.conformance import Conformance
from barnabas._testing.source_harness import SourceHarness
from barnabas._testing.victim import answers
from barnabas.schema import validate_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas._testing.contexts import Offset, Partition
    from barnabas.connector import SourceConnector

__all__ = ["SourceConformance"]

_HALF, _MANY = 5, 200


class SourceConformance(Conformance):
    r"""The tests for a source.

    Subclass it in a pytest file, say what to test and how to feed it::

    class TestLines(SourceConformance):
        connector_class = FileStreamSourceConnector

        def props(self):
            return {"file": str(self.folder / "in.txt"), "topic": "lines"}

        def make_input(self, n):
            lines = [f"line {number}" for number in range(n)]
            with open(self.folder / "in.txt", "a") as file:
                file.writelines(line + "\\n" for line in lines)
            return lines
    """

    connector_class: ClassVar[type[SourceConnector]]

    keeps_offsets: ClassVar[bool] = True
    """Whether it goes on where it was; ``False`` for sources whose input cannot be read twice."""

    endless: ClassVar[bool] = False
    """Whether there is always more; ``make_input`` then only says what comes next."""

    timeout: ClassVar[float] = 10.0
    """Seconds in which input is expected to arrive."""

    harness: SourceHarness | None = None
    """The running harness, for a :meth:`make_input` that needs to know the task's address, say."""

    @abstractmethod
    def make_input(self, n: int) -> list[Any]:
        """Make ``n`` more records available, and say which values they will have, in order.

        Called when the task is running, and, where the source keeps offsets, also before.
        """

    def teardown_method(self) -> None:
        """Stops what a failed test left running."""
        if self.harness is not None:
            self.harness.stop()
        super().teardown_method()

    def run(self, offsets: Mapping[Partition, Offset] | None = None) -> SourceHarness:
        """A running harness; stopped after the test if not before."""
        self.harness = SourceHarness(self.connector_class, self.props(), offsets or {})
        return self.harness.start()

    def _only_with_offsets(self) -> None:
        if not self.keeps_offsets:
            raise SkipTest("the source keeps no offsets")

    def test_delivers_everything_in_order(self) -> None:
        """What is made available arrives, once, and in order."""
        harness = self.run()
        expected = self.make_input(2 * _HALF)
        assert harness.values(len(expected), self.timeout) == expected
        harness.commit()

    def test_records_name_a_topic_and_keep_to_their_schema(self) -> None:
        """A record without topic cannot be sent; a value without its schema's type cannot be converted."""
        harness = self.run()
        self.make_input(1)
        (record,) = harness.poll(1, self.timeout)
        assert record.topic
        if record.value_schema is not None:
            validate_value(record.value_schema, record.value)
        harness.commit()

    def test_starts_again_after_a_stop(self) -> None:
        """A connector lives many lives in one process: nothing may be left over from the last one."""
        for _ in range(3):
            self.run().stop()
        harness = self.run()
        expected = self.make_input(_HALF)
        assert harness.values(len(expected), self.timeout) == expected

    def test_says_nothing_when_there_is_nothing(self) -> None:
        """After everything was read, ``poll`` returns nothing within a second or so, again and again."""
        if self.endless:
            raise SkipTest("the source never runs out")
        harness = self.run()
        expected = self.make_input(_HALF)
        assert harness.values(len(expected), self.timeout) == expected
        harness.commit()
        started = time.monotonic()
        assert not harness.poll_batch()
        assert time.monotonic() - started < 3.0  # noqa: PLR2004  a stop or a pause waits for it

    def test_goes_on_after_a_pause(self) -> None:
        """A paused task is not called at all; what comes meanwhile is there afterwards."""
        harness = self.run()
        first = self.make_input(_HALF)
        assert harness.values(len(first), self.timeout) == first
        harness.commit()
        second = self.make_input(_HALF)
        time.sleep(1.2)
        assert harness.values(len(second), self.timeout) == second
        harness.commit()

    def test_stops_promptly(self) -> None:
        """A stop comes after the ``poll`` that is under way: both are quick, with and without input."""
        self.run()
        self._stops_promptly(self._poll_and_stop)
        self.run()
        self.make_input(_HALF)
        self._stops_promptly(self._poll_and_stop)

    def _poll_and_stop(self) -> None:
        assert self.harness is not None
        self.harness.poll_batch()
        self.harness.stop()

    def test_a_second_stop_does_no_harm(self) -> None:
        """A worker that is in trouble may stop twice."""
        harness = self.run()
        task = harness.task
        harness.stop()
        task.stop()

    def test_resumes_after_what_was_committed(self) -> None:
        """A restart gives the rest: nothing lost, and after a clean stop nothing twice."""
        self._only_with_offsets()
        harness = self.run()
        expected = self.make_input(2 * _HALF)
        assert harness.values(_HALF, self.timeout) == expected[:_HALF]
        harness.commit()
        harness.restart()
        (first,) = harness.values(1, self.timeout)
        goes_on = expected.index(first)
        assert goes_on <= _HALF, f"{expected[_HALF:goes_on]} were lost"
        rest = expected[goes_on + 1 :]
        assert harness.values(len(rest), self.timeout) == rest
        harness.commit()
        harness.restart()
        expected = self.make_input(_HALF)
        assert harness.values(_HALF, self.timeout) == expected, "what was committed came again"

    def test_uncommitted_records_come_again(self) -> None:
        """What Kafka never acknowledged is read again."""
        self._only_with_offsets()
        harness = self.run()
        expected = self.make_input(_HALF)
        assert harness.values(_HALF, self.timeout) == expected
        harness.restart()
        assert harness.values(_HALF, self.timeout) == expected

    def test_rewinds_to_older_offsets(self) -> None:
        """Offsets that a user put back are obeyed (KIP-875)."""
        self._only_with_offsets()
        harness = self.run()
        first = self.make_input(_HALF)
        assert harness.values(_HALF, self.timeout) == first
        harness.commit()
        older = harness.offsets
        second = self.make_input(_HALF)
        assert harness.values(_HALF, self.timeout) == second
        harness.commit()
        harness.stop()
        harness = self.run(older)
        again: list[Any] = []
        while again[-_HALF:] != second and len(again) < 2 * _HALF:  # where a batch has one offset, some of the first
            more = harness.values(1, self.timeout)
            assert more, f"after {again} nothing came"
            again += more
        assert again[-_HALF:] == second

    def test_its_own_offsets_may_be_altered(self) -> None:
        """A connector accepts the offsets that its tasks store, and their removal (KIP-875)."""
        self._only_with_offsets()
        harness = self.run()
        self.make_input(_HALF)
        harness.poll(_HALF, self.timeout)
        harness.commit()
        connector = self.connector_class()
        offsets = harness.offsets
        assert isinstance(connector.alter_offsets(self.props(), offsets), bool)
        assert isinstance(connector.alter_offsets(self.props(), dict.fromkeys(offsets)), bool)

    def test_killed_it_loses_nothing(self) -> None:
        """Its process is killed with SIGKILL between commits; what was not committed is read again."""
        self._only_with_offsets()
        expected = [repr(value) for value in self.make_input(_MANY)]
        order = {"kind": "source", "props": dict(self.props()), "step": _MANY // 10}
        offsets: dict[Partition, Offset] = {}
        seen: list[str] = []
        with answers(self.connector_class, order, 3 * self.timeout) as commits:
            for answer in commits:
                offsets = {tuple(sorted(dict(key).items())): offset for key, offset in answer["offsets"]}
                seen += answer["values"]
                if len(seen) >= _MANY // 3:
                    break
        assert seen, "the process committed nothing before it was to be killed"
        harness = self.run(offsets)
        deadline = time.monotonic() + self.timeout
        while not set(expected) <= set(seen) and time.monotonic() < deadline:
            seen += map(repr, harness.values(1, 1.0))
        assert sorted(set(expected) - set(seen)) == []
