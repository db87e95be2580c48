"""The herder of a worker in a group: configurations, offsets and statuses in topics, work shared with other workers."""

# ruff: noqa: D102  the contracts are on the interfaces Herder, Listener and Workshop
from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from barnabas.errors import AlreadyExistsError, BarnabasError, NotFoundError
from barnabas.herder.base import (
    ANSWER_AFTER,
    ConnectorInfo,
    ConnectorStatus,
    Created,
    ElsewhereError,
    RequestedOffsets,
    RequestError,
    WorkerInfo,
    WorkerRole,
    Workers,
)
from barnabas.herder.checks import refuse_errors
from barnabas.herder.group.director import no_leader
from barnabas.herder.group.signing import verify
from barnabas.herder.group.work import CONNECTOR, connector_item
from barnabas.herder.working import SETTLE, WorkingHerder
from barnabas.store.config_records import RestartRequest
from barnabas.supervisor.api import TargetState, TaskId

__all__ = ["DistributedHerder"]

log = logging.getLogger(__name__)

_UNKNOWN_CONNECTOR: Final = "Unknown connector: {}"


class DistributedHerder(WorkingHerder):
    """One worker of a group, as REST sees it: see :class:`~barnabas.herder.working.WorkingHerder` for its arguments.

    What only the leader may do, or the worker that runs something, is refused with the address of whoever may.
    """

    # ------------------------------------------------------------------ who may do what
    async def _leading(self) -> None:
        """Go on only on the leader.

        Raises:
            ElsewhereError: Another worker leads: send the request there.
            RequestError: 409: nobody is known to lead.
        """
        await self.director.until_settled(SETTLE)
        if not self.director.is_leader:
            raise ElsewhereError(self.director.leader_url)

    async def _owning(self, item: TaskId) -> None:
        """Go on only on the worker that runs something; asked on the leader.

        Raises:
            ElsewhereError: Another worker runs it.
            RequestError: 409: nobody does.
        """
        if item in self.director.held:
            return
        await self._leading()
        owner = self.director.owners.get(item)
        if owner is None:
            raise no_leader()
        raise ElsewhereError(owner)

    # ------------------------------------------------------------------ configurations
    async def put_connector(
        self,
        name: str,
        config: Mapping[str, str | None],
        *,
        target: TargetState | None = None,
        replace: bool = True,
        answer_after: float = ANSWER_AFTER,
    ) -> Created:
        del answer_after  # what happens after it is stored is the owner's business, and seen in the status
        try:
            refuse_errors(await self._validated(name, config))
        except BarnabasError:
            self._forget_unknown(name)
            raise
        await self._leading()
        async with self._deciding:  # of two requests to make the same connector only one does
            created = self._configs.connector_config(name) is None
            if not created and not replace:
                raise AlreadyExistsError(f"Connector {name} already exists")
            with self._stages.during(f"writing a config for connector {name} to the config topic"):
                await self._configs.put_connector(name, config, target)
        return Created(created, self._info(name, config))

    async def delete_connector(self, name: str) -> None:
        await self._leading()
        async with self._deciding:
            self.connector_config(name)
            with self._stages.during(f"removing the config for connector {name} from the config topic"):
                await self._configs.remove_connector(name)

    async def patch_config(self, name: str, patch: Mapping[str, str | None]) -> ConnectorInfo:
        await self._leading()
        return await super().patch_config(name, patch)

    # ------------------------------------------------------------------ target states
    def _must_exist(self, name: str, text: str = "Unknown connector {}") -> None:
        if self._configs.connector_config(name) is None:
            raise NotFoundError(text.format(name))

    async def pause(self, name: str) -> None:
        self._must_exist(name)
        await self._configs.put_target_state(name, "PAUSED")

    async def resume(self, name: str) -> None:
        self._must_exist(name)
        await self._configs.put_target_state(name, "STARTED")

    async def stop_connector(self, name: str) -> None:
        await self._leading()
        async with self._deciding:
            self._must_exist(name)
            stage = f"writing the STOPPED target stage for connector {name} to the config topic"
            with self._stages.during(stage):
                await self._configs.put_task_configs(name, [])
                await self._configs.put_target_state(name, "STOPPED")

    # ------------------------------------------------------------------ restarts
    async def restart_connector(self, name: str) -> None:
        await self.director.until_settled(SETTLE)
        self._must_exist(name, _UNKNOWN_CONNECTOR)
        await self._owning(connector_item(name))
        runner = self._runner(name)
        await self._settle(self._do(runner, lambda: runner.restart(connector=True, tasks=())))

    async def restart(self, name: str, *, only_failed: bool, include_tasks: bool) -> ConnectorStatus:
        await self._leading()
        self._must_exist(name, _UNKNOWN_CONNECTOR)
        plan, connector, tasks = self._restart_plan(name, only_failed=only_failed, include_tasks=include_tasks)
        if connector or tasks:
            with self._stages.during(f"writing restart request for connector {name} to the config topic"):
                await self._configs.put_restart(RestartRequest(name, only_failed, include_tasks))
        return plan

    async def restart_task(self, task: TaskId) -> None:
        await self.director.until_settled(SETTLE)
        self._must_exist(task.connector, _UNKNOWN_CONNECTOR)
        if task.task < 0 or task not in self.director.held:  # a negative number stands for the connector object
            await self._leading()
            known = self._configs.state.generations.get(task.connector, -1) >= 0
            if not known or task.task < 0 or task.task > self._configs.state.highest_task(task.connector):
                raise NotFoundError(f"Unknown task: {task}")
        await self._owning(task)
        runner = self._runner(task.connector)
        operation = self._do(runner, lambda: runner.restart(connector=False, tasks=[task.task]), supersedes=False)
        await self._settle(operation)

    # ------------------------------------------------------------------ between workers
    async def put_task_configs(
        self, name: str, configs: Sequence[Mapping[str, str]], headers: Mapping[str, str], body: bytes
    ) -> None:
        """Task configurations from the worker that has the connector object; it has to be a worker."""
        self._verify(headers, body)
        await self._leading()
        await self._write_task_configs(name, configs)

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if self.director.verifies:
            key, allowed = self._configs.state.session_key, self._worker.values["inter.worker.verification.algorithms"]
            verify(key, headers, body, allowed)

    async def fence_zombies(self, name: str, headers: Mapping[str, str], body: bytes) -> None:
        self._verify(headers, body)
        await self._leading()
        if self._configs.connector_config(name) is None:
            raise NotFoundError(f"Connector {name} not found")
        raise RequestError(
            f"Zombie tasks of {name} cannot be fenced by this worker, which leads: it delivers at least once only.",
            code="BRN-3138",
            remedy="Let a worker lead that supports exactly-once, or set exactly.once.source.support=disabled.",
        )

    async def forward(
        self, url: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        return await self._forwarder.send(url, method, path, body, headers)

    # ------------------------------------------------------------------ offsets and logging
    async def alter_offsets(self, name: str, wanted: RequestedOffsets | None) -> str:
        await self._leading()
        with self._stages.during("reading to the end of the config topic"):
            await self._configs.refresh()  # another worker may just have stopped the connector
        return await super().alter_offsets(name, wanted)

    async def set_cluster_logger(self, name: str, level: str) -> None:
        await self._configs.put_logger_level(name, level)

    # ------------------------------------------------------------------ the group
    async def workers(self) -> Workers:
        await self._leading()
        found = []
        for url, items in self.director.loads().values():
            connectors = sorted(item.connector for item in items if item.task == CONNECTOR)
            tasks = [str(item) for item in sorted(items) if item.task != CONNECTOR]
            role: WorkerRole = "LEADER" if url == self.director.leader_url else "MEMBER"
            found.append(WorkerInfo(_worker_id(url), role, url, connectors, tasks))
        present = {worker.worker_id for worker in found}
        lost = {
            _worker_id(each.url): WorkerInfo(_worker_id(each.url), "LOST", each.url, since=each.since)
            for each in self.director.roll.lost()
        }
        for status in self._stores.statuses.everything():  # also of workers that were lost before this one led
            if status.state not in ("UNASSIGNED", "DESTROYED") and status.worker_id not in present:
                lost.setdefault(status.worker_id, WorkerInfo(status.worker_id, "LOST"))
        return Workers.of(sorted([*found, *lost.values()], key=lambda worker: worker.worker_id))


def _worker_id(url: str) -> str:
    return url.partition("://")[2].rstrip("/")
