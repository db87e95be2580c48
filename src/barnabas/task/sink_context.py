"""What a sink task is given to speak to its worker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from barnabas.connector import ErrantRecordReporter, SinkTaskContext
from barnabas.errors import IllegalWorkerStateError
from barnabas.record import TopicPartition

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = ["Partitions", "TaskContext"]


class Partitions(Protocol):
    """What the context needs of the loop."""

    @property
    def assigned(self) -> AbstractSet[TopicPartition]:
        """The partitions that the task owns."""

    def pause_partitions(self, partitions: Collection[TopicPartition]) -> None:
        """Stop reading these."""

    def resume_partitions(self, partitions: Collection[TopicPartition]) -> None:
        """Read these again."""


class TaskContext(SinkTaskContext):
    """The task's wishes, carried out by the loop.

    Args:
        loop: Knows the partitions.
        configs: Gives the task's configuration.
        reporter: Gives the errant record reporter.
    """

    def __init__(
        self,
        loop: Partitions,
        configs: Callable[[], Mapping[str, str]],
        reporter: Callable[[], ErrantRecordReporter | None],
    ) -> None:
        self._loop = loop
        self._configs = configs
        self._reporter = reporter
        self.rewinds: dict[TopicPartition, int] = {}
        self.timeout_ms = -1
        self.commit_requested = False
        self.paused: set[TopicPartition] = set()

    def configs(self) -> Mapping[str, str]:
        """The task's configuration, placeholders resolved anew."""
        return self._configs()

    def offset(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Remembered until the next poll."""
        self.rewinds.update({TopicPartition(*partition): offset for partition, offset in offsets.items()})

    def timeout(self, timeout_ms: int) -> None:
        """Remembered until the next wait."""
        self.timeout_ms = timeout_ms

    def take_timeout(self, default: float) -> float:
        """The wait that the task asked for, in seconds, once."""
        wait = self.timeout_ms / 1000 if self.timeout_ms >= 0 else default
        self.timeout_ms = -1
        return wait

    def assignment(self) -> set[TopicPartition]:
        """The partitions that the task owns."""
        return set(self._loop.assigned)

    def pause(self, *partitions: TopicPartition) -> None:
        """Stop reading these."""
        self._check(partitions, "pause")
        self.paused.update(partitions)
        self._loop.pause_partitions(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        """Read these again."""
        self._check(partitions, "resume")
        self.paused.difference_update(partitions)
        self._loop.resume_partitions(partitions)

    def request_commit(self) -> None:
        """Remembered until the next round."""
        self.commit_requested = True

    @property
    def errant_record_reporter(self) -> ErrantRecordReporter | None:
        """The reporter; who asks for it deals with bad records itself."""
        return self._reporter()

    def _check(self, partitions: Collection[TopicPartition], verb: str) -> None:
        foreign = [str(partition) for partition in partitions if partition not in self._loop.assigned]
        if foreign:
            raise IllegalWorkerStateError(
                f"SinkTasks may not {verb} partitions that are not currently assigned to them: {', '.join(foreign)}.",
                remedy="Ask context.assignment() first.",
            )
