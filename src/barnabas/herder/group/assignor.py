"""Who does what: how the leader shares out connectors and tasks. Pure functions: state in, assignment and state out.

The cooperative assignor follows Kafka Connect's rules (KIP-415), so that a group behaves the same whoever leads it:
members keep what they have, only new or freed work is handed out, a member that disappears keeps its claim for
``scheduled.rebalance.max.delay.ms``, and a member that has more than its share gives up the surplus first and sees it
handed out in the next round. Beyond that:

* when the delay is over, lost work goes to whoever has least, which is the worker that came back with nothing;
* work that a leaving worker gave up in good order (``released``) is handed out at once;
* tasks of one connector are spread over as many workers as there are;
* the result depends on nothing but its input: items and members are taken in sorted order.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from barnabas.herder.group.work import CONNECTOR
from barnabas.supervisor.api import TaskId

__all__ = ["AssignorState", "Outcome", "assign_cooperatively", "assign_eagerly"]

_BACK_OFF_BASE: Final = 40
"""Milliseconds; the n-th revocation in a row waits this to the power of n."""

Held = Mapping[str, Collection[TaskId]]


class AssignorState(msgspec.Struct, frozen=True):
    """What a leader remembers from round to round; a new leader starts with an empty one.

    Args:
        generation: Of the group, when the last round was computed.
        members: Who was there.
        assigned: What was assigned to anybody, after that round.
        revoking: What members were asked to stop in that round.
        revoked_last: Whether the last round revoked surplus.
        revocations: How many rounds in a row did.
        due_ms: When the running delay ends; 0: none is running.
        delay_ms: How long members were told to wait.
        moved: What was taken over from members that are gone: where others have to give something up for a newcomer,
            such as one that was only restarted, it is not this.
        balanced: Whether members gave something up since.
    """

    generation: int = -1
    members: frozenset[str] = frozenset()
    assigned: frozenset[TaskId] = frozenset()
    revoking: frozenset[TaskId] = frozenset()
    revoked_last: bool = False
    revocations: int = 0
    due_ms: float = 0
    delay_ms: int = 0
    moved: frozenset[TaskId] = frozenset()
    balanced: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """The result of a round.

    Args:
        assigned: New work by member; every member has an entry.
        revoked: Work to stop by member; every member has an entry.
        delay_ms: After how long all of them are to join again; 0: no need.
        state: For the next round.
    """

    assigned: dict[str, list[TaskId]]
    revoked: dict[str, list[TaskId]]
    delay_ms: int
    state: AssignorState


def assign_eagerly(configured: Iterable[TaskId], members: Iterable[str]) -> dict[str, list[TaskId]]:
    """Everything anew: connectors round-robin over the members, then tasks, going on where the connectors ended."""
    circle = sorted(members)
    work: dict[str, list[TaskId]] = {member: [] for member in circle}
    ordered = sorted(configured, key=lambda item: (item.task != CONNECTOR, item))
    for at, item in enumerate(ordered):
        work[circle[at % len(circle)]].append(item)
    return work


def assign_cooperatively(
    state: AssignorState,
    held: Held,
    configured: Collection[TaskId],
    *,
    now_ms: float,
    max_delay_ms: int,
    last_generation: int,
    generation: int,
    released: Collection[TaskId] = (),
) -> Outcome:
    """One round of the cooperative protocol.

    Args:
        state: From the last round of this leader.
        held: What each member says it holds; all members have an entry.
        configured: All connectors and tasks there should be.
        now_ms: On any clock that does not go backwards.
        max_delay_ms: ``scheduled.rebalance.max.delay.ms``.
        last_generation: The last one whose assignment this leader got itself.
        generation: The one being formed.
        released: Work that its last holder stopped in good order and gave up.
    """
    return _Round(state, held, configured, now_ms, max_delay_ms, last_generation, generation, released).run()


def _back_off(revocations: int, max_delay_ms: int) -> int:
    if max_delay_ms <= 1:
        return max_delay_ms
    delay: int = _BACK_OFF_BASE ** min(revocations, 20)  # far beyond any delay that can be configured
    return min(delay, max_delay_ms)


class _Round:
    def __init__(
        self,
        state: AssignorState,
        held: Held,
        configured: Collection[TaskId],
        now_ms: float,
        max_delay_ms: int,
        last_generation: int,
        generation: int,
        released: Collection[TaskId],
    ) -> None:
        self._old = state
        self._members = sorted(held)
        self._load = {member: set(held[member]) for member in self._members}
        self._configured = set(configured)
        self._now = now_ms
        self._max_delay = max_delay_ms
        self._generation = generation
        self._released = frozenset(released)
        self._previous = set(state.assigned) if state.generation == last_generation else set()
        self._revoked: dict[str, set[TaskId]] = {member: set() for member in self._members}
        self._assigned: dict[str, list[TaskId]] = {member: [] for member in self._members}
        self._delay, self._due = state.delay_ms, state.due_ms
        self._revoked_last, self._revocations = state.revoked_last, state.revocations
        self._moved, self._balanced = state.moved, state.balanced

    def run(self) -> Outcome:
        active, duplicated = self._active()
        if self._old.revoking & active:  # somebody did not get that order: what is held now is what counts
            self._previous = set(active)
        deleted = self._previous - self._configured
        lost = self._previous - active - deleted
        created = self._configured - self._previous - active
        for member, load in self._load.items():
            self._revoked[member] |= load & (duplicated | (load - self._configured))
        freed = self._freed(lost)
        waiting = lost - freed
        self._take_over(freed if self._previous else created if active else set())
        if self._delay == 0:
            self._balance(active)
        else:
            self._revoked_last = False
        self._hand_out(created | (freed & self._configured))
        revoked: set[TaskId] = set().union(*self._revoked.values())
        now_active = active.union(*self._assigned.values())
        state = AssignorState(
            generation=self._generation,
            members=frozenset(self._members),
            assigned=frozenset((now_active - revoked) | waiting),
            revoking=frozenset(revoked),
            revoked_last=self._revoked_last,
            revocations=self._revocations,
            due_ms=self._due,
            delay_ms=self._delay,
            moved=self._moved,
            balanced=self._balanced,
        )
        return Outcome(
            self._assigned, {member: sorted(items) for member, items in self._revoked.items()}, self._delay, state
        )

    def _take_over(self, items: Collection[TaskId]) -> None:
        """Remember what moves because its member is gone; a leader that is new takes what nobody holds for that."""
        if items:
            before = frozenset() if self._balanced else self._moved
            self._moved, self._balanced = before | frozenset(items), False

    def _active(self) -> tuple[set[TaskId], set[TaskId]]:
        """What anybody holds, and what more than one holds."""
        active: set[TaskId] = set()
        duplicated: set[TaskId] = set()
        for load in self._load.values():
            duplicated |= active & load
            active |= load
        return active, duplicated

    # ------------------------------------------------------------------ work of members that are gone
    def _freed(self, lost: set[TaskId]) -> set[TaskId]:
        """Of the lost work, what may be handed out in this round; the delay is set for what may not."""
        handed_over = lost & self._released
        lost = lost - handed_over
        if not lost:
            self._go_on_waiting()
            return handed_over
        everybody_is_here = self._old.members <= self._load.keys()
        if self._max_delay == 0 or (self._due <= 0 and everybody_is_here):
            return handed_over | lost
        if self._due > 0 and self._now >= self._due:
            self._reset_delay()
            self._revoked_last = False
            return handed_over | lost
        if self._due <= 0:
            self._delay = self._max_delay
        else:
            self._delay = max(1, min(self._max_delay, round(self._due - self._now)))
        self._due = self._now + self._delay
        return handed_over

    def _go_on_waiting(self) -> None:
        """Nothing is lost: only a delay between revocations may still be running."""
        if not self._revoked_last:
            self._reset_delay()
        elif self._due > 0 and self._now >= self._due:
            self._reset_delay()
            self._revoked_last = False
        elif self._due > 0:
            self._delay = max(1, round(self._due - self._now))

    def _reset_delay(self) -> None:
        self._delay, self._due = 0, 0

    # ------------------------------------------------------------------ balance
    def _balance(self, active: set[TaskId]) -> None:
        """Take surplus from members that have more than their share, unless it was done only just now."""
        surplus = self._surplus() if active and self._configured else {}
        if self._revoked_last and surplus:
            self._revocations += 1
            self._delay = _back_off(self._revocations, self._max_delay)
            if self._delay:
                self._due = self._now + self._delay
                return
            self._revoke(surplus)
        elif surplus:
            self._revoke(surplus)
            self._revoked_last = True
        elif self._revoked_last:
            self._revoked_last, self._revocations = False, 0

    def _revoke(self, surplus: Mapping[str, list[TaskId]]) -> None:
        self._balanced = True
        for member, items in surplus.items():
            self._revoked[member].update(items)

    def _surplus(self) -> dict[str, list[TaskId]]:
        surplus: dict[str, list[TaskId]] = {}
        for connectors in (True, False):
            total = sum(1 for item in self._configured if (item.task == CONNECTOR) == connectors)
            for member, items in self._beyond_share(total, connectors=connectors):
                surplus.setdefault(member, []).extend(items)
        return surplus

    def _beyond_share(self, total: int, *, connectors: bool) -> Iterable[tuple[str, list[TaskId]]]:
        """Members above ``total / members``; the first few of them may keep one more, if it does not divide evenly."""
        share, may_keep_more = divmod(total, len(self._members))
        for member in self._members:
            mine = [
                item
                for item in self._load[member]
                if (item.task == CONNECTOR) == connectors and item not in self._revoked[member]
            ]
            excess = len(mine) - share
            if excess > 0 and may_keep_more:
                may_keep_more -= 1
                excess -= 1
            if excess > 0:
                stays = [item for item in mine if item in self._moved]
                free = [item for item in mine if item not in self._moved]
                given = _most_crowded(free, min(excess, len(free)))
                yield member, [*given, *_most_crowded(stays, excess - len(given))]

    # ------------------------------------------------------------------ handing out
    def _hand_out(self, items: Iterable[TaskId]) -> None:
        left = sorted(items)
        kept = {
            member: [item for item in self._load[member] if item not in self._revoked[member]]
            for member in self._members
        }
        self._fill([item for item in left if item.task == CONNECTOR], kept, connectors=True)
        self._fill([item for item in left if item.task != CONNECTOR], kept, connectors=False)

    def _fill(self, items: list[TaskId], kept: Mapping[str, list[TaskId]], *, connectors: bool) -> None:
        """Each item to a member with the least load, and of those to one with the fewest of the same connector."""
        if not items:
            return
        of_connector: dict[str, dict[str, int]] = {}
        wanted = {item.connector for item in items}
        loads: list[tuple[int, str]] = []
        for member in self._members:
            mine = [item for item in kept[member] if (item.task == CONNECTOR) == connectors]
            loads.append((len(mine), member))
            for item in mine:
                if item.connector in wanted:
                    counts = of_connector.setdefault(item.connector, {})
                    counts[member] = counts.get(member, 0) + 1
        heapq.heapify(loads)
        for item in items:
            counts = of_connector.setdefault(item.connector, {})
            load, member = _least(loads, counts)
            self._assigned[member].append(item)
            counts[member] = counts.get(member, 0) + 1
            heapq.heappush(loads, (load + 1, member))


def _least(loads: list[tuple[int, str]], counts: Mapping[str, int]) -> tuple[int, str]:
    """Take the member with the least load out of the heap; among equals, one with the fewest of this connector."""
    best = heapq.heappop(loads)
    passed: list[tuple[int, str]] = []
    while counts.get(best[1], 0) and loads and loads[0][0] == best[0]:
        other = heapq.heappop(loads)
        if counts.get(other[1], 0) < counts[best[1]]:
            best, other = other, best
        passed.append(other)
    for entry in passed:
        heapq.heappush(loads, entry)
    return best


def _most_crowded(items: list[TaskId], count: int) -> list[TaskId]:
    """``count`` items to give up: always one of the connector that has most here, so that the rest stays spread."""
    by_connector: dict[str, list[TaskId]] = {}
    for item in sorted(items):
        by_connector.setdefault(item.connector, []).append(item)
    heap = [(-len(found), name) for name, found in by_connector.items()]
    heapq.heapify(heap)
    given: list[TaskId] = []
    while len(given) < count:
        size, name = heapq.heappop(heap)
        given.append(by_connector[name].pop())
        if size + 1:
            heapq.heappush(heap, (size + 1, name))
    return given
