"""The worker's part in its group: joins, takes over and gives up work, and shares it out while it leads.

Everything happens on the worker's event loop. What is held changes the moment an assignment arrives; stopping, reading
and starting follow in order, one assignment after the other, while heartbeats and joins go on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from barnabas.errors import BarnabasError, ConnectError
from barnabas.herder.base import RequestError
from barnabas.herder.group.assignor import AssignorState, assign_cooperatively, assign_eagerly
from barnabas.herder.group.protocol import (
    CONFIG_MISMATCH,
    PROTOCOLS,
    Assignment,
    ConnectProtocol,
    MemberState,
    decode_assignment,
    decode_member,
    encode_assignment,
    encode_member,
    offered_protocols,
)
from barnabas.herder.group.roll import Roll
from barnabas.herder.group.signing import is_outdated, make_key
from barnabas.herder.group.work import CONNECTOR, connector_item
from barnabas.store.base import Status
from barnabas.store.config_records import SessionKey
from barnabas.store.config_state import ConfigState
from barnabas.supervisor.api import TaskId

__all__ = ["ConfigTopic", "Director", "GroupRules", "JoinedGroup", "Membership", "Workshop", "no_leader"]

log = logging.getLogger(__name__)

_EAGER: Final = "default"
_SESSIONED: Final = "sessioned"
_NO_LEADER: Final = (
    "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway."
)
_RETRY: Final = 0.25
_ATTEMPTS: Final = 5
"""How often reading the config topic is tried before the worker leaves the group for a while."""
_STATUS_TIMEOUT: Final = 2.0


class GroupRules(msgspec.Struct, frozen=True):
    """Settings of the worker that concern the group; times in seconds unless their names say otherwise."""

    protocol: ConnectProtocol = "sessioned"
    max_delay_ms: int = 300_000
    sync_timeout: float = 3.0
    unsync_backoff: float = 300.0
    key_algorithm: str = "HmacSHA256"
    key_size: int | None = None
    key_ttl_ms: int = 3_600_000


class JoinedGroup(Protocol):
    """What a membership says of a completed join; see :class:`barnabas.kafka.group_member.Joined`."""

    @property
    def generation(self) -> int: ...  # noqa: D102
    @property
    def member_id(self) -> str: ...  # noqa: D102
    @property
    def protocol(self) -> str: ...  # noqa: D102
    @property
    def assignment(self) -> bytes: ...  # noqa: D102


class Membership(Protocol):
    """The membership in the group; see :class:`barnabas.kafka.group_member.GroupMember`."""

    def rejoin(self) -> None:
        """Join again as soon as no join is under way."""

    def hasten(self) -> None:
        """Others may be about to join again: find out soon."""

    async def leave(self, reason: str) -> None:
        """Leave for now, and join again."""


class ConfigTopic(Protocol):
    """The config topic; see :class:`barnabas.store.topic_configs.TopicConfigStore`."""

    state: ConfigState

    async def refresh(self) -> None:
        """Read what is in the topic now."""

    async def put_session_key(self, key: SessionKey) -> None:
        """Have all workers sign with another key."""


class StatusTopic(Protocol):
    """The status topic; see :class:`barnabas.store.topic_statuses.TopicStatusStore`."""

    async def refresh(self) -> None:
        """Read what is in the topic now."""

    def connector(self, name: str) -> Status | None:
        """The status of a connector object."""

    def task(self, task: TaskId) -> Status | None:
        """The status of a task."""


class Workshop(Protocol):
    """What runs on this worker."""

    def follow(self, connectors: Iterable[str]) -> None:
        """Bring these connectors to what is assigned; returns at once."""

    async def give_up(self, items: Iterable[TaskId]) -> None:
        """Stop these; returns when they have stopped."""

    async def give_up_all(self) -> None:
        """Stop everything; returns when nothing runs any more."""

    def cut_off(self, items: Iterable[TaskId]) -> None:
        """Others may run these by now: end everything at once, and say nothing of it. Returns at once."""

    async def say_given_up(self) -> None:
        """Say of what was cut off that it is free, unless somebody has taken it over; returns when that is written."""

    def assigned_generation(self, generation: int) -> None:
        """The worker is a member again: statuses are of this generation from now on."""

    def failed(self, error: ConnectError) -> None:
        """The worker cannot be a member of its group."""


def no_leader() -> RequestError:
    """The refusal of a request while it is not known who leads, or who runs something."""
    return RequestError(_NO_LEADER, status=409, code="BRN-3125")


class Director:
    """One worker in its group; the events of its membership (:class:`~barnabas.kafka.group_member.MemberEvents`).

    Args:
        url: This worker's REST address, ending in ``/``.
        rules: Settings.
        configs: The config topic.
        statuses: To see what a worker that has left gave up in good order.
        workshop: What runs here.
        clock: Seconds, never going backwards.
        wall: Seconds since the epoch.

    Attributes:
        held: What this worker is to run; replaced, never changed.
        generation: Of the group.
        is_leader: Whether this worker leads.
        leader_url: Where the leader is; empty while nobody is known to lead.
        urls: While leading: the address of each member.
        roll: While leading: who is missed.
        owners: While leading: the address of whoever runs an item.
    """

    def __init__(
        self,
        url: str,
        rules: GroupRules,
        configs: ConfigTopic,
        statuses: StatusTopic,
        workshop: Workshop,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.held: dict[TaskId, None] = {}
        self.generation = -1
        self.is_leader = False
        self.leader_url = ""
        self.urls: dict[str, str] = {}
        self.roll = Roll(wall)
        self.owners: dict[TaskId, str] = {}
        self._url = url
        self._rules = rules
        self._configs = configs
        self._statuses = statuses
        self._workshop = workshop
        self._clock = clock
        self._wall = wall
        self._member: Membership | None = None
        self._settled = asyncio.Event()
        self._inbox: asyncio.Queue[tuple[Assignment, dict[TaskId, None]]] = asyncio.Queue()
        self._loads: dict[str, tuple[TaskId, ...]] = {}
        self._indexed: dict[TaskId, None] | None = None
        self._numbers: dict[str, frozenset[int]] = {}
        self._leaving: dict[TaskId, None] = {}  # revoked, and perhaps still running
        self._dropping: asyncio.Task[None] | None = None
        self._last: Assignment | None = None
        self._protocol = ""
        self._state = AssignorState()
        self._timer: asyncio.TimerHandle | None = None
        self._following: asyncio.Task[None] | None = None
        self._key_lock = asyncio.Lock()

    # ------------------------------------------------------------------ life
    def start(self, member: Membership) -> None:
        """Begin to carry out assignments."""
        self._member = member
        self._following = asyncio.create_task(self._follow_all(), name="assignments")

    async def stop(self) -> None:
        """Carry out no more assignments."""
        self._settled.clear()
        self._cancel_timer()
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    @property
    def is_settled(self) -> bool:
        """Whether this worker is in a group and no join is under way."""
        return self._settled.is_set()

    @property
    def verifies(self) -> bool:
        """Whether requests between workers have to be signed."""
        return self._protocol == _SESSIONED

    async def until_settled(self, seconds: float) -> None:
        """Wait until it is known who leads.

        Raises:
            RequestError: 409: it is not known for too long.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        except TimeoutError:
            raise no_leader() from None

    def rejoin(self) -> None:
        """What there is to do has changed: share it out anew."""
        if self._member is not None:
            self._member.rejoin()

    def held_of(self, connector: str) -> frozenset[int]:
        """Numbers of what this worker is to run of a connector; -1 stands for the connector object."""
        if self._indexed is not self.held:
            numbers: dict[str, set[int]] = {}
            for item in self.held:
                numbers.setdefault(item.connector, set()).add(item.task)
            self._numbers = {name: frozenset(found) for name, found in numbers.items()}
            self._indexed = self.held
        return self._numbers.get(connector, frozenset())

    def given_up(self, worker_id: str) -> None:
        """Another worker has stopped something, so that it will join again or leave."""
        if self._member is not None and worker_id not in self._url:
            self._member.hasten()

    def loads(self) -> dict[str, tuple[str, tuple[TaskId, ...]]]:
        """While leading: address and work of each member."""
        return {member: (self.urls[member], self._loads.get(member, ())) for member in self.urls}

    # ------------------------------------------------------------------ what the membership asks
    async def metadata(self) -> Sequence[tuple[str, bytes]]:
        """What this worker says when it joins."""
        allocation = None
        if self._last is not None:
            running = tuple({**self.held, **self._leaving})
            allocation = msgspec.structs.replace(self._last, assigned=running, revoked=(), delay_ms=0)
        state = MemberState(self._url, self._configs.state.offset, allocation)
        names = offered_protocols(self._rules.protocol)
        return [(name, encode_member(state, PROTOCOLS[name])) for name in names]

    async def prepare(self, generation: int, member_id: str) -> None:
        """A join begins: from now on nobody is known to lead."""
        del member_id
        self._settled.clear()
        self._cancel_timer()
        if generation < 0 and (self.held or self._leaving):
            log.warning("The group has given this worker up: everything is ended before another may run it.")
            self._cut_off()
        elif self._protocol == _EAGER and self.held:
            await self._drop_all()
        if self._dropping is not None:
            await self._dropping
        await self._workshop.say_given_up()

    def lost(self, reason: str) -> None:
        """The group may have given this worker up: what runs here may run elsewhere."""
        self._settled.clear()
        if self.held or self._leaving:
            log.error("Everything is ended: %s.", reason)
            self._cut_off()

    def _cut_off(self) -> None:
        items = {**self.held, **self._leaving}
        self.held, self._leaving, self._last = {}, {}, None
        self._workshop.cut_off(items)
        self._dropping = asyncio.create_task(self._drop_all(), name="drop")

    def failed(self, error: ConnectError) -> None:
        """The worker cannot be a member."""
        self._workshop.failed(error)

    async def _drop_all(self) -> None:
        self.held, self._leaving, self._last = {}, {}, None
        await self._workshop.give_up_all()

    # ------------------------------------------------------------------ following
    def joined(self, joined: JoinedGroup) -> None:
        """An assignment has arrived."""
        assignment = decode_assignment(joined.assignment)
        self.generation, self._protocol = joined.generation, joined.protocol
        self._workshop.assigned_generation(joined.generation)
        self.is_leader = joined.member_id == assignment.leader
        self.leader_url = assignment.leader_url
        log.info(
            "Joined group at generation %d with protocol %s, %s.",
            joined.generation,
            joined.protocol,
            "leading" if self.is_leader else f"led by {assignment.leader_url}",
        )
        revoked: dict[TaskId, None] = {}
        if assignment.error == 0:
            if self._protocol == _EAGER:
                self.held = dict.fromkeys(assignment.assigned)
            else:
                # What is already being given up was known to be held when this join began; another follows anyway.
                revoked = dict.fromkeys(item for item in assignment.revoked if item in self.held)
                kept = [item for item in self.held if item not in revoked]
                self.held = dict.fromkeys([*kept, *assignment.assigned])
                self._leaving.update(revoked)
            self._last = assignment
        self._inbox.put_nowait((assignment, revoked))

    async def _follow_all(self) -> None:
        while True:
            assignment, revoked = await self._inbox.get()
            try:
                await self._follow(assignment, revoked)
            except BarnabasError as error:
                log.error("An assignment could not be carried out, joining again: %s", error.describe())  # noqa: TRY400
                await asyncio.sleep(_RETRY)
                self.rejoin()

    async def _follow(self, assignment: Assignment, revoked: Mapping[TaskId, None]) -> None:
        if assignment.error == CONFIG_MISMATCH:
            log.info("The leader has not read the config topic as far as others: joining again.")
            await self._catch_up(assignment.offset)
            await asyncio.sleep(_RETRY)
            self.rejoin()
            return
        if revoked:
            await self._workshop.give_up(revoked)
            for item in revoked:
                self._leaving.pop(item, None)
            self.rejoin()
        if not await self._catch_up(assignment.offset):
            return
        if assignment.delay_ms and self._inbox.empty():
            self._cancel_timer()
            self._timer = asyncio.get_running_loop().call_later(assignment.delay_ms / 1000, self.rejoin)
        if self._inbox.empty():
            self._settled.set()
        self._workshop.follow(dict.fromkeys(item.connector for item in self.held))
        if self.is_leader:
            await self.renew_key()

    async def _catch_up(self, offset: int) -> bool:
        """Read the config topic as far as the leader had; false if it could not be, and another join follows.

        What runs goes on meanwhile, as does membership. Having read further is no harm: whatever is new makes everybody
        join again if it has to.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            if self._configs.state.offset >= offset:
                return True
            reason = await self._read_configs()
            if self._configs.state.offset >= offset:
                return True
            log.warning(
                "The config topic was read to %d, by the leader to %d (attempt %d of %d): %s",
                self._configs.state.offset,
                offset,
                attempt,
                _ATTEMPTS,
                reason,
            )
            if not self._inbox.empty():
                return False  # there is a newer assignment
            await asyncio.sleep(_RETRY)
        await self._step_back()
        return False

    async def _read_configs(self) -> str:
        """Read the config topic to its end; why that did not work, or how far it is."""
        try:
            async with asyncio.timeout(self._rules.sync_timeout):
                await self._configs.refresh()
        except TimeoutError:
            return f"reading took longer than {self._rules.sync_timeout:g} s (worker.sync.timeout.ms)."
        except BarnabasError as error:
            return error.describe()
        return "it ends there."

    async def _step_back(self) -> None:
        """Have others do the work: a worker that cannot read what there is to do is of no use to its group."""
        wait = self._rules.unsync_backoff
        log.error("The config topic cannot be read: leaving the group for %g s (worker.unsync.backoff.ms).", wait)
        await self._drop_all()
        if self._member is not None:
            await self._member.leave("taking too long to read the log")
        await asyncio.sleep(wait)
        self.rejoin()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ------------------------------------------------------------------ leading
    async def assign(self, leader: str, generation: int, protocol: str, members: dict[str, bytes]) -> dict[str, bytes]:
        """Share out the work among the members."""
        states = {member: decode_member(data) for member, data in members.items()}
        version = PROTOCOLS[protocol]
        furthest = max(state.offset for state in states.values())
        if self._configs.state.offset < furthest:
            reason = await self._read_configs()
            if self._configs.state.offset < furthest:
                log.warning("The config topic could not be read up to %d: %s", furthest, reason)
        offset = self._configs.state.offset
        mine = states[leader].url
        if offset < furthest:
            mismatch = Assignment(leader, mine, furthest, error=CONFIG_MISMATCH)
            return dict.fromkeys(members, encode_assignment(mismatch, version))
        self.urls = {member: state.url for member, state in states.items()}
        if protocol == _EAGER:
            given: Mapping[str, Sequence[TaskId]] = assign_eagerly(self._configured(), states)
            revoked: Mapping[str, Sequence[TaskId]] = {}
            delay = 0
            self._loads = {member: tuple(items) for member, items in given.items()}
        else:
            given, revoked, delay = await self._share_out(states, generation)
        self.owners = {item: self.urls[member] for member, items in self._loads.items() for item in items}
        self.roll.call(dict(self.loads().values()), self._is_unassigned)
        return {
            member: encode_assignment(
                Assignment(leader, mine, offset, tuple(given[member]), tuple(revoked.get(member, ())), delay), version
            )
            for member in states
        }

    async def _share_out(self, states: Mapping[str, MemberState], generation: int) -> tuple[Any, Any, int]:
        held = {member: set(state.held) for member, state in states.items()}
        if not self.is_leader:  # somebody else led in between: what is remembered from before means nothing
            self._state = AssignorState()
        outcome = assign_cooperatively(
            self._state,
            held,
            self._configured(),
            now_ms=self._clock() * 1000,
            max_delay_ms=self._rules.max_delay_ms,
            last_generation=self.generation,
            generation=generation,
            released=await self._released(held),
        )
        self._state = outcome.state
        self._loads = {
            member: tuple(sorted((held[member] - set(outcome.revoked[member])) | set(outcome.assigned[member])))
            for member in states
        }
        return outcome.assigned, outcome.revoked, outcome.delay_ms

    def _configured(self) -> list[TaskId]:
        state = self._configs.state
        return [*(connector_item(name) for name in state.connectors), *state.items()]

    async def _released(self, held: Mapping[str, set[TaskId]]) -> set[TaskId]:
        """Work that nobody holds and whose last status says that it was given up: its worker has left in good order."""
        active = set().union(*held.values()) if held else set()
        missing = self._state.assigned - active
        if missing:
            try:
                async with asyncio.timeout(_STATUS_TIMEOUT):
                    await self._statuses.refresh()
            except (TimeoutError, BarnabasError) as error:
                log.warning("What a worker said when it left could not be read: %s", error or "it took too long")
        return {item for item in missing if self._is_unassigned(item)}

    def _is_unassigned(self, item: TaskId) -> bool:
        status = self._statuses.connector(item.connector) if item.task == CONNECTOR else self._statuses.task(item)
        return status is not None and status.state == "UNASSIGNED"

    async def renew_key(self) -> None:
        """While leading: see to it that there is a session key that is not too old."""
        async with self._key_lock:
            rules, state = self._rules, self._configs.state
            now_ms = self._wall() * 1000
            if not self.is_leader or not self.verifies:
                return
            if is_outdated(state.session_key, rules.key_algorithm, rules.key_size, rules.key_ttl_ms, now_ms):
                log.info("Writing a new session key for requests between workers.")
                await self._configs.put_session_key(make_key(rules.key_algorithm, rules.key_size, int(now_ms)))
