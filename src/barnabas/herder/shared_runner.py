"""One connector on a worker that shares it with others: its connector object may run here, and some of its tasks.

What runs here is what the group has assigned; task configurations go to the leader, who writes them down for everybody.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from barnabas.herder.group.work import CONNECTOR
from barnabas.herder.lane import Lane
from barnabas.herder.runner import ConnectorRunner, Surroundings
from barnabas.supervisor.api import ErrorInfo, State, TaskId, TaskSpec

__all__ = ["Share", "SharedRunner"]

log = logging.getLogger(__name__)


class Share(Protocol):
    """What a runner needs to know of the group."""

    def assigned(self, connector: str) -> Collection[int]:
        """Numbers of the tasks of a connector that are to run here; -1 stands for the connector object."""

    async def publish(self, connector: str, configs: list[dict[str, str]]) -> None:
        """Have the leader write down new task configurations."""

    async def prepare_tasks(self, connector: str, props: Mapping[str, str]) -> None:
        """Tasks of a source connector are about to start here with this configuration, placeholders replaced."""

    @property
    def is_cut_off(self) -> bool:
        """Whether others may run what ran here: then nothing is said of it."""


class SharedRunner(ConnectorRunner):
    """The part of a connector that the group has assigned to this worker.

    Args:
        name: The connector.
        around: Stores, plugins and supervisor.
        lane: Its operations.
        share: The group.
    """

    def __init__(self, name: str, around: Surroundings, lane: Lane, share: Share) -> None:
        super().__init__(name, around, lane)
        self._share = share
        self._resting: State | None = None

    # ------------------------------------------------------------------ operations
    async def follow(self) -> None:
        """Run what is assigned, and nothing else; what runs already goes on undisturbed."""
        wanted = set(self._share.assigned(self.name))
        await self._stop_tasks(self.tasks - wanted)
        await self._start_tasks(sorted(wanted - self.tasks - {CONNECTOR}))
        if CONNECTOR not in wanted:
            await self._let_connector_go()
        elif not self.expected and self._resting is None:
            await self._start_connector()
            await self._update_tasks()

    def follows(self, wanted: Collection[int]) -> bool:
        """Whether this runs already, and nothing is under way that changes it."""
        has_connector = self.expected or self._resting is not None
        runs = self.tasks | {CONNECTOR} if has_connector else self.tasks
        return self.lane.idle and not self._owed and runs == set(wanted)

    async def reach(self) -> None:
        """The configuration has changed: whoever has the connector object starts it anew and makes tasks of it."""
        if self._owns_connector:
            await super().reach()

    async def tasks_changed(self) -> None:
        """There is another set of task configurations: no task of the old one may run on."""
        await self._stop_tasks(self.tasks)

    async def pause(self) -> None:
        """Pause what runs here."""
        await self._align_tasks()
        if self._owns_connector:
            await super().pause()

    async def resume(self) -> None:
        """Resume what is here."""
        await self._align_tasks()
        if self._owns_connector:
            self._resting = None
            await super().resume()

    async def stop(self) -> None:
        """The connector is to do nothing: its task configurations are gone already."""
        await self._stop_tasks(self.tasks)
        if self._owns_connector:
            await self._stop_connector()
            if self._exists:
                self._rest("STOPPED")

    async def give_up(self, items: Iterable[TaskId] | None = None) -> None:
        """Stop some of what runs here (everything: ``None``), because another worker is to have it."""
        numbers = {item.task for item in items} if items is not None else {CONNECTOR, *self.tasks}
        await self._stop_tasks(self.tasks & numbers)
        if CONNECTOR in numbers:
            await self._let_connector_go()

    def say_unassigned(self, number: int) -> None:
        """The worker stops: what ran here was stopped in good order, and may run elsewhere at once."""
        if not self._exists:
            return
        status = self._status("UNASSIGNED", None)
        if number == CONNECTOR:
            self._around.statuses.put_connector(self.name, status)
        else:
            self._around.statuses.put_task(TaskId(self.name, number), status)

    async def _let_connector_go(self) -> None:
        if not self.expected and self._resting is None:
            return
        self._resting = None
        await self._stop_connector()
        self._put("UNASSIGNED", None)

    # ------------------------------------------------------------------ what is said
    def task_reported(self, number: int, state: State, error: ErrorInfo | None) -> None:
        """The supervisor says what became of a task."""
        if not self._share.is_cut_off:
            super().task_reported(number, state, error)

    def _put(self, state: State, error: ErrorInfo | None) -> None:
        if not self._share.is_cut_off:
            super()._put(state, error)

    @property
    def _owns_connector(self) -> bool:
        return CONNECTOR in self._share.assigned(self.name)

    # ------------------------------------------------------------------ what differs from a worker of its own
    async def _start_connector(self) -> None:
        self._resting = None
        await super()._start_connector()

    def _rest(self, state: State) -> None:
        self._resting = state
        super()._rest(state)

    async def _replace_tasks(self, made: list[dict[str, str]]) -> None:
        """Others may run some of these tasks: they are replaced when everybody has read the new configurations."""
        if self._exists and self._around.configs.target_state(self.name) != "STOPPED":
            await self.lane.call(self._share.publish(self.name, made))
            self._applied = self._props

    async def _stop_tasks(self, numbers: Iterable[int]) -> None:
        """Stop tasks; they count as given up, not as gone."""
        ids = [TaskId(self.name, number) for number in sorted(numbers)]
        self._owed.clear()
        if not ids:
            return
        self.tasks.difference_update(task.task for task in ids)
        await self._around.supervisor.stop_tasks(ids)
        for task in ids:
            if self._exists and not self._share.is_cut_off:
                self._around.statuses.put_task(task, self._status("UNASSIGNED", None))

    async def _prepare_tasks(self, props: dict[str, str]) -> None:
        if self._plugin().kind == "source":
            await self._share.prepare_tasks(self.name, props)

    def _task_spec(self, task: TaskId, props: dict[str, str], connector: dict[str, str]) -> TaskSpec:
        """The class is what the worker with the connector object said, under the name that JVM workers know."""
        plugin = self._plugin()
        stands_in = plugin.name not in (plugin.path, plugin.path.replace(":", "."))
        self._task_class = "" if stands_in else props.get("task.class", "")
        return super()._task_spec(task, props, connector)

    async def _start_tasks(self, numbers: Iterable[int]) -> None:
        """Only those that are assigned here; the class is whatever the worker with the connector object said."""
        if self._around.configs.target_state(self.name) != "STOPPED":
            assigned = set(self._share.assigned(self.name))
            await super()._start_tasks([number for number in numbers if number in assigned])
