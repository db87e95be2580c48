"""A group of workers on a virtual clock: joins, crashes, departures in good order, connectors that come and go.

    python -m campaigns.group_simulation [--members 1000] [--connectors 5000] [--tasks 20] [--steps 200] [--seed 1]

Members here are what the group protocol sees of a worker: they hold work, stop what is revoked, join when told to.
After each step the group settles; then all work has to be assigned exactly once and evenly. Printed are the time of an
assignment and how many tasks moved that did not have to.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence

from barnabas.herder.group.assignor import AssignorState, Outcome, assign_cooperatively
from barnabas.herder.group.work import CONNECTOR
from barnabas.supervisor.api import TaskId

__all__ = ["SimulatedGroup"]

_ROUNDS = 100


class SimulatedGroup:
    """Workers and their leader.

    Args:
        max_delay_ms: ``scheduled.rebalance.max.delay.ms``.

    Attributes:
        held: What each member runs.
        configured: What should run.
        now_ms: The virtual clock.
        moved: Items that a running member was asked to stop although they were still wanted.
        longest: Seconds of the slowest assignment.
    """

    def __init__(self, max_delay_ms: int = 300_000) -> None:
        self.held: dict[str, set[TaskId]] = {}
        self.configured: set[TaskId] = set()
        self.now_ms = 0.0
        self.moved = 0
        self.longest = 0.0
        self.rounds = 0
        self._max_delay = max_delay_ms
        self._state = AssignorState()
        self._leader = ""
        self._generation = 0
        self._released: set[TaskId] = set()
        self._names = 0

    def join(self) -> str:
        """A new worker starts."""
        self._names += 1
        name = f"worker-{self._names:05}"
        self.held[name] = set()
        return name

    def crash(self, member: str) -> None:
        """A worker is gone without a word."""
        del self.held[member]

    def leave(self, member: str) -> None:
        """A worker stops its work in good order and leaves."""
        self._released |= self.held.pop(member)

    def create(self, connector: str, tasks: int) -> None:
        """A connector with its tasks."""
        self.configured |= {TaskId(connector, number) for number in range(-1, tasks)}

    def delete(self, connector: str) -> None:
        """A connector is deleted."""
        self.configured = {item for item in self.configured if item.connector != connector}

    def round(self) -> Outcome:
        """Everybody joins; the leader assigns; members obey."""
        self.rounds += 1
        self._generation += 1
        leader = self._leader if self._leader in self.held else min(self.held)
        if leader != self._leader:
            self._leader, self._state = leader, AssignorState()
        began = time.perf_counter()
        outcome = assign_cooperatively(
            self._state,
            self.held,
            self.configured,
            now_ms=self.now_ms,
            max_delay_ms=self._max_delay,
            last_generation=self._generation - 1,
            generation=self._generation,
            released=self._released,
        )
        self.longest = max(self.longest, time.perf_counter() - began)
        self._state = outcome.state
        for member, items in outcome.revoked.items():
            self.moved += sum(1 for item in items if item in self.configured)
            self.held[member] -= set(items)
        for member, items in outcome.assigned.items():
            self.held[member] |= set(items)
            self._released -= set(items)
        return outcome

    def settle(self, *, wait: bool = True) -> int:
        """Rounds until nobody has to join again; waits for delays on the virtual clock. Returns how many it took."""
        for done in range(1, _ROUNDS + 1):
            outcome = self.round()
            if outcome.delay_ms and wait:
                self.now_ms += outcome.delay_ms
                continue
            if not any(outcome.revoked.values()):
                return done
        raise AssertionError(f"not settled after {_ROUNDS} rounds")

    def check(self, *, settled: bool = True) -> None:
        """Nothing runs twice, nothing runs that should not; when settled, everything runs, evenly."""
        running = [item for items in self.held.values() for item in items]
        assert len(running) == len(set(running)), "something runs twice"
        if not settled:
            return
        assert set(running) == self.configured, "not all work is assigned"
        for connectors in (True, False):
            loads = [sum(1 for item in items if (item.task == CONNECTOR) == connectors) for items in self.held.values()]
            assert max(loads) - min(loads) <= 1, f"uneven: {min(loads)} to {max(loads)}"


def _steps(group: SimulatedGroup, chance: random.Random, tasks: int) -> dict[str, Callable[[], object]]:
    def member() -> str:
        return chance.choice(sorted(group.held))

    def connector() -> str:
        return chance.choice(sorted({item.connector for item in group.configured}))

    def crash_and_return() -> None:
        group.crash(member())
        group.join()

    return {
        "join": group.join,
        "crash": lambda: group.crash(member()),
        "leave": lambda: group.leave(member()),
        "crash and return": crash_and_return,
        "create": lambda: group.create(f"new-{chance.random()}", tasks),
        "delete": lambda: group.delete(connector()),
    }


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Simulate a large group of workers.")
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--connectors", type=int, default=5000)
    parser.add_argument("--tasks", type=int, default=20, help="of each connector")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    group, chance = SimulatedGroup(), random.Random(options.seed)
    for _ in range(options.members):
        group.join()
    for number in range(options.connectors):
        group.create(f"connector-{number}", options.tasks)
    group.settle()
    group.check()
    print(f"{options.members} members, {len(group.configured)} items: first assignment in {group.longest:.2f} s")
    moves: dict[str, list[int]] = {}
    for _ in range(options.steps):
        steps = _steps(group, chance, options.tasks)
        name = chance.choice(sorted(steps))
        steps[name]()
        before = group.moved
        group.settle()
        group.check()
        moves.setdefault(name, []).append(group.moved - before)
    print(f"{group.rounds} rounds, slowest assignment {group.longest:.2f} s; all work assigned exactly once, evenly")
    for name, counts in sorted(moves.items()):
        print(
            f"{name:18} {len(counts):4} times, items moved between workers: {sum(counts) / len(counts):.1f} on average"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
