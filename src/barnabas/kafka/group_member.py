"""Membership of a group that is not one of consumers: joining, heartbeats, assignments, leaving.

librdkafka offers this for its consumers only; kafka-python has the protocol as a base class. Its work is done by a
thread of its own; this module carries what happens there to the event loop and back, and keeps its traps shut:

* a join under way is never asked for a second time (the leader would start another generation each time);
* a wish to join again that comes while a join is under way is kept until that is over;
* the thread is told that we live on, so that it does not leave the group by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

import msgspec
from kafka.coordinator.base import BaseCoordinator
from kafka.errors import KafkaError, RebalanceInProgressError
from kafka.future import Future as KafkaFuture
from kafka.net.compat import KafkaNetClient
from kafka.protocol.consumer import HeartbeatRequest

from barnabas.errors import ConnectError
from barnabas.kafka.client_settings import ClientSettings
from barnabas.kafka.python_client import connection
from barnabas.lease import lease_clock, lease_end

__all__ = ["GroupMember", "GroupSettings", "Joined", "MemberEvents"]

log = logging.getLogger(__name__)

_TICK: Final = 0.5
_HASTE: Final = (0.05, 0.15, 0.35, 0.75, 1.5)
"""Seconds after a hint, at which a member asks whether others join again instead of waiting for its next heartbeat."""
_BOOTSTRAP_MS: Final = 30_000


class GroupSettings(msgspec.Struct, frozen=True):
    """How to be a member; times in milliseconds.

    Args:
        group: ``group.id``.
        protocol_type: What the members of the group have in common: ``connect``.
        session_timeout_ms: After so long without a heartbeat the coordinator gives a member up.
        rebalance_timeout_ms: So long members have to join again when a rebalance begins.
        heartbeat_interval_ms: Between heartbeats.
        retry_backoff_ms: Before a request is tried again.
        request_timeout_ms: For an answer.
    """

    group: str
    protocol_type: str = "connect"
    session_timeout_ms: int = 10_000
    rebalance_timeout_ms: int = 60_000
    heartbeat_interval_ms: int = 3_000
    retry_backoff_ms: int = 100
    request_timeout_ms: int = 40_000


class Joined(msgspec.Struct, frozen=True):
    """The member is in a new generation, with this assignment."""

    generation: int
    member_id: str
    protocol: str
    assignment: bytes


class MemberEvents(Protocol):
    """What a member asks and tells its owner; all of it on the event loop."""

    async def metadata(self) -> Sequence[tuple[str, bytes]]:
        """The protocols on offer, best first, each with what this member has to say. Must be quick."""

    async def assign(self, leader: str, generation: int, protocol: str, members: dict[str, bytes]) -> dict[str, bytes]:
        """This member leads: share out the work. Must return well within the rebalance time-out."""

    async def prepare(self, generation: int, member_id: str) -> None:
        """A join begins; it waits until this returns. The generation is -1 if the group has given us up."""

    def joined(self, joined: Joined) -> None:
        """A join is complete."""

    def lost(self, reason: str) -> None:
        """We may no longer be taken for a member: stop what nobody else may run at the same time."""

    def failed(self, error: ConnectError) -> None:
        """Membership is impossible, and trying again does not help."""


class _Coordinator(BaseCoordinator):  # type: ignore[misc]  # kafka-python has no type information
    """Runs on kafka-python's thread; waits there for what the event loop has to say."""

    def __init__(
        self, client: Any, settings: GroupSettings, bridge: _Bridge, alive: Callable[[int], None], **configs: Any
    ) -> None:
        self._settings = settings
        self._bridge = bridge
        self._alive = alive
        self._attempt: object | None = None
        super().__init__(client, **configs)

    def protocol_type(self) -> str:
        return self._settings.protocol_type

    def group_protocols(self) -> list[tuple[str, bytes]]:
        return list(self._bridge.ask(self._bridge.metadata()))

    def _perform_assignment(self, leader_id: str, protocol: str, members: Any) -> dict[str, bytes]:
        found = {member.member_id: bytes(member.metadata) for member in members}
        generation = self._generation.generation_id
        answers: dict[str, bytes] = self._bridge.ask(self._bridge.events.assign(leader_id, generation, protocol, found))
        return answers

    async def _on_join_prepare_async(self, generation: int, member_id: str, timeout_ms: int | None = None) -> None:
        del timeout_ms
        await self._bridge.ask_without_blocking(self._net, self._bridge.events.prepare(generation, member_id))

    async def _on_join_complete_async(
        self, generation: int, member_id: str, protocol: str, member_assignment_bytes: bytes
    ) -> None:
        joined = Joined(generation, member_id, protocol, bytes(member_assignment_bytes))
        self._bridge.tell(self._bridge.events.joined, joined)

    # What the coordinator answers proves that we were a member when it was asked.
    async def _send_heartbeat_request(self) -> None:
        sent = lease_clock()
        try:
            await super()._send_heartbeat_request()
        except RebalanceInProgressError:
            self._alive(sent)
            raise
        self._alive(sent)

    def _process_join_group_response(self, response: Any, send_time: float) -> Any:
        joined = super()._process_join_group_response(response, send_time)
        self._alive(_on_lease_clock(send_time))
        return joined

    def _process_sync_group_response(self, response: Any, send_time: float) -> Any:
        assignment = super()._process_sync_group_response(response, send_time)
        self._alive(_on_lease_clock(send_time))
        return assignment

    async def _do_join_and_sync_async(self) -> Any:
        """One attempt to join; others may keep it waiting for much longer than a session lasts."""
        attempt = self._attempt = object()
        self._net.call_soon(self._beat_while_joining(attempt))
        try:
            return await super()._do_join_and_sync_async()
        finally:
            self._attempt = None

    async def _beat_while_joining(self, attempt: object) -> None:
        """Heartbeats, which stop while a join is answered, go on: over a connection of their own."""
        while True:
            await self._net.sleep(self._settings.heartbeat_interval_ms / 1000)
            if self._attempt is not attempt:
                return
            sent = lease_clock()
            request = HeartbeatRequest(
                group_id=self.group_id,
                generation_id=self._generation.generation_id,
                member_id=self._generation.member_id,
                group_instance_id=None,
            )
            _, _, node = str(self.coordinator_id).rpartition("-")  # it answers nothing else where it owes an answer
            try:
                response = await self._manager.send(request, node_id=int(node))
            except (KafkaError, ValueError):
                continue  # the join itself finds out what is wrong
            if response.error_code in (0, RebalanceInProgressError.errno):
                self._alive(sent)

    def stop_beating(self) -> None:
        """No heartbeat is sent any more, and no connection made for one."""
        self._attempt = None
        self._close_heartbeat()

    def beat_now(self) -> None:
        """On the thread: the next heartbeat is due."""
        due = time.monotonic() - self._settings.heartbeat_interval_ms / 1000
        self.heartbeat.last_send = self.heartbeat.last_reset = due
        self._heartbeat_wakeup.notify()

    def request_rejoin(self) -> None:
        super().request_rejoin()
        self._bridge.wake()

    def reset_generation(self, *arguments: Any, **more: Any) -> None:
        super().reset_generation(*arguments, **more)
        self.rejoining = False  # a join under way begins anew, so that its owner hears that it is no member any more
        self._bridge.wake()

    def coordinator_dead(self, error: Any) -> None:
        super().coordinator_dead(error)
        self._bridge.wake()


def _on_lease_clock(moment: float) -> int:
    return lease_clock() - int((time.monotonic() - moment) * 1e9)


class _Bridge:
    """Between kafka-python's thread and the event loop."""

    def __init__(self, events: MemberEvents, wake: Callable[[], None], joins: Callable[[], None]) -> None:
        self.events = events
        self._loop = asyncio.get_running_loop()
        self._wake = wake
        self._joins = joins

    async def metadata(self) -> Sequence[tuple[str, bytes]]:
        """On the loop: what the member has to say in the request to join that is sent now."""
        self._joins()
        return await self.events.metadata()

    def ask(self, question: Coroutine[Any, Any, Any]) -> Any:
        """From the thread: an answer of the event loop."""
        return asyncio.run_coroutine_threadsafe(question, self._loop).result()

    async def ask_without_blocking(self, net: Any, question: Coroutine[Any, Any, Any]) -> None:
        """From the thread, for what may take long: heartbeats go on meanwhile."""
        done = KafkaFuture()
        asked = asyncio.run_coroutine_threadsafe(question, self._loop)
        asked.add_done_callback(lambda _: net.call_soon_threadsafe(lambda: done.success(None)))
        await done
        asked.result()

    def tell(self, listener: Callable[..., None], *arguments: Any) -> None:
        """From any thread: something happened."""
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody is interested any more
            self._loop.call_soon_threadsafe(listener, *arguments)

    def wake(self) -> None:
        """From any thread: look at the state again."""
        self.tell(self._wake)


class GroupMember:
    """One membership; used on the event loop it is started on.

    Args:
        settings: How to be a member.
        client: How to reach the cluster; its ``client.id`` is what the member id begins with.
        events: Asked and told.
        renew: Told, on any thread, until when membership is certain, on the clock of :mod:`barnabas.lease`.
    """

    def __init__(
        self,
        settings: GroupSettings,
        client: ClientSettings,
        events: MemberEvents,
        renew: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._renew = renew
        self._until = 0
        self._searching = True
        self._client_settings = client
        self._events = events
        self._awake = asyncio.Event()
        self._wish = False
        self._beats: list[float] = []
        self._client: Any = None
        self._coordinator: Any = None
        self._driver: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ life
    async def start(self) -> None:
        """Connect and begin to join; :meth:`MemberEvents.joined` says when that is done.

        Raises:
            ConnectError: Kafka cannot be reached that way.
        """
        _quieten()
        bridge = _Bridge(self._events, self._awake.set, self._wish_granted)
        try:
            self._client, self._coordinator = await asyncio.to_thread(self._connect, bridge)
        except (KafkaError, OSError, ValueError) as error:
            raise _failure(self._settings.group, error) from error
        self._driver = asyncio.create_task(self._drive(), name="group member")
        self._driver.add_done_callback(self._ended)

    def _connect(self, bridge: _Bridge) -> tuple[Any, Any]:
        settings = self._settings
        with connection(self._client_settings) as arguments:
            client = KafkaNetClient(
                **arguments,
                request_timeout_ms=settings.request_timeout_ms,
                retry_backoff_ms=settings.retry_backoff_ms,
            )
            client._net.start()  # noqa: SLF001  kafka-python's own clients do the same
            try:
                client._manager.bootstrap(_BOOTSTRAP_MS)  # noqa: SLF001
            except BaseException:
                client.close()
                client._net.stop(_TICK * 1000)  # noqa: SLF001
                raise
        coordinator = _Coordinator(
            client,
            settings,
            bridge,
            self._alive,
            group_id=settings.group,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            max_poll_interval_ms=settings.rebalance_timeout_ms,
            request_timeout_ms=settings.request_timeout_ms,
            retry_backoff_ms=settings.retry_backoff_ms,
            api_version=client._manager.broker_version,  # noqa: SLF001
        )
        return client, coordinator

    async def stop(self, timeout_s: float = 5.0, reason: str = "the worker is stopping") -> None:
        """Leave the group, so that others are told at once, and disconnect."""
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)
        client, coordinator = self._client, self._coordinator
        self._client = self._coordinator = None
        if coordinator is not None:
            await asyncio.to_thread(self._leave, client, coordinator, reason, int(timeout_s * 1000))

    def _leave(self, client: Any, coordinator: Any, reason: str, timeout_ms: int) -> None:
        try:
            coordinator.stop_beating()
            coordinator.maybe_leave_group(reason, timeout_ms)
            client.close()
            client._net.stop(timeout_ms)  # noqa: SLF001
        except (KafkaError, OSError, RuntimeError) as error:
            log.warning("Leaving group %s failed; its members notice when the session ends: %s", self._group, error)

    @property
    def _group(self) -> str:
        return self._settings.group

    def rejoin(self) -> None:
        """Join again as soon as no join is under way."""
        self._wish = True
        self._awake.set()

    def hasten(self) -> None:
        """Others may be about to join again: find out sooner than the next heartbeat would."""
        now = time.monotonic()
        self._beats = [now + seconds for seconds in _HASTE]
        self._awake.set()

    def _wish_granted(self) -> None:
        """A request to join tells what is known now: a second one would make all others wait for nothing."""
        self._wish = False

    async def leave(self, reason: str) -> None:
        """Leave the group for now; a join follows at the next :meth:`rejoin`, or by itself after a moment."""
        await asyncio.to_thread(self._coordinator.maybe_leave_group, reason, self._settings.request_timeout_ms)

    def _ended(self, driver: asyncio.Task[None]) -> None:
        """Without its driver a worker would be a member for good, and hear of nothing."""
        error = None if driver.cancelled() else driver.exception()
        if error is not None:
            self._events.failed(_failure(self._group, error))

    # ------------------------------------------------------------------ the driver
    async def _drive(self) -> None:
        """One join at a time, for ever; in between, tell the heartbeat that we live."""
        joining: asyncio.Future[Any] | None = None
        while True:
            self._beat()
            self._watch()
            if joining is not None and joining.done():
                if not self._finish(joining):
                    return
                if joining.exception() is not None:
                    await asyncio.sleep(self._settings.retry_backoff_ms / 1000)
                joining = None
            if joining is None and (self._wish or self._coordinator.need_rejoin()):
                if self._wish:
                    self._wish = False
                    self._coordinator.rejoin_needed = True
                joining = self._join()
                joining.add_done_callback(lambda _: self._awake.set())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(
                    self._until_due(is_joining=joining is not None)
                ):  # not wait_for: Python 3.11's can swallow a cancellation
                    await self._awake.wait()
            self._awake.clear()

    def _until_due(self, *, is_joining: bool) -> float:
        """Seconds until there is something to do; a heartbeat that is due is sent."""
        now = time.monotonic()
        if self._beats and self._beats[0] <= now:
            self._beats = [due for due in self._beats if due > now]
            if not is_joining:
                self._client._net.call_soon_threadsafe(self._coordinator.beat_now)  # noqa: SLF001  its only way in
        return min([_TICK, *(due - now for due in self._beats[:1])])

    def _join(self) -> asyncio.Future[Any]:
        """Begin to join; the future is done when that is over, however it went."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def settle(future: Any) -> None:
            if done.done():
                return
            if future.failed():
                done.set_exception(future.exception)
                done.exception()  # whoever waits for it may be gone
            else:
                done.set_result(None)

        def over(future: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(settle, future)

        future = self._client._manager.call_soon(self._coordinator.ensure_active_group_async)  # noqa: SLF001
        future.add_both(lambda _: over(future))
        return done

    def _finish(self, joining: asyncio.Future[Any]) -> bool:
        """Look at the outcome of a join; false if there is no point in going on."""
        error = joining.exception()
        if error is None:
            self.hasten()
            return True
        if isinstance(error, KafkaError) and not error.retriable:
            self._events.failed(_failure(self._group, error))
            return False
        log.warning("Joining group %s failed and is tried again: %s", self._group, error)
        return True

    def _beat(self) -> None:
        try:
            self._coordinator.poll_heartbeat()
        except KafkaError as error:
            log.warning("The heartbeat of group %s failed: %s", self._group, error)

    def _alive(self, sent: int) -> None:
        """The coordinator took us for a member when this was sent; on kafka-python's thread."""
        until = lease_end(sent, self._settings.session_timeout_ms)
        if until > self._until:
            self._until = until
            self._renew(until)

    def _watch(self) -> None:
        """Say so when the coordinator may have given us up, and join again with what is left: nothing."""
        if self._coordinator.coordinator_unknown() != self._searching:
            self._searching = not self._searching
            if self._searching and self._until:
                log.warning("The coordinator of group %s is out of reach; it is searched for.", self._group)
        until = self._until
        if until and lease_clock() > until:
            self._until = 0
            self._wish = True
            self._events.lost("there was no word from the group's coordinator for the time of a session")


def _quieten() -> None:
    """Each attempt to reach a broker that is down is an error to the library; what matters of it is said here."""
    logger = logging.getLogger("kafka")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)


def _failure(group: str, error: BaseException) -> ConnectError:
    return ConnectError(
        f"The worker cannot become a member of group {group}: {type(error).__name__}: {error}",
        code="BRN-2204",
        key="group.id",
        remedy="Check that the brokers are up and that the worker has the right to read this group.",
    )
