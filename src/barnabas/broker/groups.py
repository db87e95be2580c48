"""The group coordinator: runs the groups' state machines against clock, disk and waiting clients."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.group import Group
from barnabas.broker.group_types import Joined, JoinRequest, Synced, Waiting
from barnabas.broker.journal import Journal
from barnabas.broker.offsets import Committed, OffsetStore, Place
from barnabas.broker.topics import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from barnabas.broker.settings import BrokerSettings

__all__ = ["GroupCoordinator"]

_Result = TypeVar("_Result", Joined, Synced)


class GroupCoordinator:
    """All groups, whatever their protocol type.

    A group's state is stored when a generation is complete, so that members go on undisturbed after a restart.

    Args:
        data_dir: The broker's folder.
        settings: The broker's.
    """

    def __init__(self, data_dir: Path, settings: BrokerSettings) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(data_dir / "groups.journal", sync=settings.fsync_each_append)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._groups: dict[str, Group] = {}
        self.offsets = OffsetStore(data_dir / "offsets.journal", sync=settings.fsync_each_append)
        for name, snapshot in list(self._journal.items()):
            group = self._make(name)
            group.restore(snapshot, self._loop.time())
            self._arm(group)
        for name in self.offsets.groups():
            if name not in self._groups:
                self._make(name)

    def _make(self, name: str) -> Group:
        delay = self._settings.group_initial_rebalance_delay_ms / 1000
        group = self._groups[name] = Group(name, initial_delay=delay)
        return group

    def get(self, name: str) -> Group | None:
        """The group called ``name``, if there is one."""
        return self._groups.get(name)

    def all(self) -> list[Group]:
        """All groups, in order of name."""
        return [self._groups[name] for name in sorted(self._groups)]

    def _member_of(self, name: str) -> Group:
        """The group of somebody who claims to be a member."""
        if not name:
            raise ApiError(ErrorCode.INVALID_GROUP_ID, "the group id is empty")
        group = self._groups.get(name)
        if group is None:
            raise ApiError(ErrorCode.UNKNOWN_MEMBER_ID, f"group {name} has no members")
        return group

    def _settle(self, group: Group) -> None:
        """After each step of a group: store, answer, set the clock."""
        if group.dirty:
            group.dirty = False
            self._journal.put(group.id, group.snapshot())
        answers, group.answers = group.answers, []
        for waiting, value in answers:
            assert isinstance(waiting, asyncio.Future)
            if not waiting.done():  # the client may be gone
                waiting.set_result(value)
        self._arm(group)

    def _arm(self, group: Group) -> None:
        """See to it that the group's next deadline is not missed."""
        deadline = group.next_deadline()
        timer = self._timers.get(group.id)
        if deadline is None or (timer is not None and timer.when() <= deadline):
            return  # a timer that rings early only looks again
        if timer is not None:
            timer.cancel()
        self._timers[group.id] = self._loop.call_at(deadline, self._ring, group)

    def _ring(self, group: Group) -> None:
        del self._timers[group.id]
        group.tick(self._loop.time())
        self._settle(group)

    async def _ask(self, group: Group, kind: type[_Result], step: Callable[[Waiting, float], None]) -> _Result:
        """Run a step whose answer may take until other members have done theirs."""
        waiting: asyncio.Future[_Result] = self._loop.create_future()
        step(waiting, self._loop.time())
        self._settle(group)
        result = await waiting
        assert isinstance(result, kind)
        return result

    async def join(self, name: str, request: JoinRequest) -> Joined:
        """Join a group, which need not exist; ``request.waiting`` is filled in."""
        if not name:
            raise ApiError(ErrorCode.INVALID_GROUP_ID, "the group id is empty")
        low, high = self._settings.group_min_session_timeout_ms, self._settings.group_max_session_timeout_ms
        if not low <= request.session_timeout * 1000 <= high:
            raise ApiError(ErrorCode.INVALID_SESSION_TIMEOUT, f"session.timeout.ms must be from {low} to {high}")
        group = self._groups.get(name)
        if group is None:
            if request.member_id:
                raise ApiError(ErrorCode.UNKNOWN_MEMBER_ID)
            group = self._make(name)
        target = group
        return await self._ask(group, Joined, lambda waiting, now: target.join(request._replace(waiting=waiting), now))

    async def sync(
        self,
        name: str,
        member: tuple[str, str | None, int],
        protocol: tuple[str | None, str | None],
        assignments: dict[str, bytes],
    ) -> Synced:
        """Get, or bring, assignments; ``member`` is id, instance id and generation."""
        group = self._member_of(name)
        return await self._ask(
            group, Synced, lambda waiting, now: group.sync(waiting, *member, protocol, assignments, now)
        )

    def heartbeat(self, name: str, member_id: str, instance_id: str | None, generation: int) -> ErrorCode:
        """A member is alive."""
        return self._member_of(name).heartbeat(member_id, instance_id, generation, self._loop.time())

    def leave(self, name: str, member_id: str, instance_id: str | None) -> ErrorCode:
        """A member leaves."""
        group = self._member_of(name)
        error = group.leave(member_id, instance_id, self._loop.time())
        self._settle(group)
        return error

    def check_commit(self, name: str, member_id: str, instance_id: str | None, generation: int) -> None:
        """Whether offsets may be committed; raises ``ApiError`` when not."""
        group = self._groups.get(name)
        if group is None:
            error = ErrorCode.ILLEGAL_GENERATION if generation >= 0 else ErrorCode.NONE
        else:
            error = group.may_commit(member_id, instance_id, generation, self._loop.time())
        if error:
            raise ApiError(error)

    def commit(self, name: str, offsets: dict[Place, Committed]) -> None:
        """Store offsets; whether that is permitted was checked before."""
        if name not in self._groups:
            self._make(name)
        self.offsets.commit(name, offsets)

    def delete(self, name: str) -> None:
        """Delete a group that has no members, with its offsets; raises ``ApiError``."""
        group = self._groups.get(name)
        if group is None:
            raise ApiError(ErrorCode.GROUP_ID_NOT_FOUND, f"there is no group {name}")
        if group.members:
            raise ApiError(ErrorCode.NON_EMPTY_GROUP, f"group {name} has members")
        self.offsets.delete(name, list(self.offsets.of(name)))
        self._journal.put(name, None)
        del self._groups[name]
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def expire(self) -> None:
        """Forget groups that nobody has used for the retention time of offsets."""
        retention_ms = self._settings.offsets_retention_minutes * 60_000
        for group in self.all():
            if group.members or group.pending:
                continue
            newest = max((offset.time for offset in self.offsets.of(group.id).values()), default=0)
            idle = self._loop.time() - group.emptied if group.emptied >= 0 else float("inf")
            if now_ms() - newest > retention_ms and idle * 1000 > retention_ms:
                self.delete(group.id)

    def stop(self) -> None:
        """No more timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def close(self) -> None:
        """Bring the journals to the disk and close them."""
        self.stop()
        self._journal.close()
        self.offsets.close()
