"""The group state machine on a clock of its own."""

from __future__ import annotations

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from barnabas.broker.codes import ErrorCode
from barnabas.broker.group import Group
from barnabas.broker.group_types import Joined, JoinRequest, Protocol, Synced


class Bench:
    """A group with a clock, and members that are named by the test."""

    def __init__(self, **options):
        numbers = count(1)
        self.group = Group("g", new_id=lambda prefix: f"{prefix}#{next(numbers)}", **options)
        self.now = 0.0
        self.answers = {}
        self.tokens = count(1)

    def _take(self):
        answers, self.group.answers = self.group.answers, []
        for token, value in answers:
            assert token not in self.answers, "answered twice"
            self.answers[token] = value

    def join(self, member_id="", instance=None, client="c", protocols=(("p", b"m"),), needs_id=False, skip=False):
        token = next(self.tokens)
        offered = [Protocol(*each) for each in protocols]
        request = JoinRequest(
            token, member_id, instance, client, "/h", 10.0, 30.0, "connect", offered, needs_id, can_skip_assignment=skip
        )
        self.group.join(request, self.now)
        self._take()
        return token

    def sync(self, member_id, generation, assignments=None, instance=None, protocol=(None, None)):
        token = next(self.tokens)
        self.group.sync(token, member_id, instance, generation, protocol, assignments or {}, self.now)
        self._take()
        return token

    def heartbeat(self, member_id, generation, instance=None):
        error = self.group.heartbeat(member_id, instance, generation, self.now)
        self._take()
        return error

    def leave(self, member_id, instance=None):
        error = self.group.leave(member_id, instance, self.now)
        self._take()
        return error

    def wait(self, seconds):
        end = self.now + seconds
        while (deadline := self.group.next_deadline()) is not None and deadline <= end:
            self.now = max(deadline, self.now)
            self.group.tick(self.now)
            self._take()
            assert self.group.next_deadline() is None or self.group.next_deadline() > self.now, "a busy loop"
        self.now = end

    def pair(self):
        """Two members in a stable group; the first leads."""
        first = self.answers[self.join(client="a")]
        waiting = self.join(client="b")
        again = self.join(first.member_id)
        leader, follower = self.answers[again], self.answers[waiting]
        ids = leader.member_id, follower.member_id
        rest = self.sync(ids[1], 2)
        self.sync(ids[0], 2, {ids[0]: b"A", ids[1]: b"B"})
        assert self.answers[rest].assignment == b"B"
        assert self.group.state == "Stable"
        return ids


def test_first_member_leads_at_once():
    bench = Bench()
    joined = bench.answers[bench.join()]
    assert joined == Joined(ErrorCode.NONE, "c#1", 1, "p", "connect", "c#1", joined.members, skip_assignment=False)
    assert [member.metadata for member in joined.members] == [b"m"]
    synced = bench.answers[bench.sync("c#1", 1, {"c#1": b"mine"}, protocol=("connect", "p"))]
    assert synced == Synced(ErrorCode.NONE, b"mine", "connect", "p")
    assert bench.heartbeat("c#1", 1) == ErrorCode.NONE


def test_a_dynamic_member_gets_its_id_first():
    bench = Bench()
    joined = bench.answers[bench.join(needs_id=True)]
    assert joined.error == ErrorCode.MEMBER_ID_REQUIRED
    assert bench.answers[bench.join(joined.member_id, needs_id=True)].generation == 1
    forgotten = bench.answers[bench.join(needs_id=True)].member_id
    bench.group.heartbeat("c#1", None, 1, bench.now)
    bench.wait(9)
    bench.heartbeat("c#1", 1)
    bench.wait(2)
    assert bench.answers[bench.join(forgotten)].error == ErrorCode.UNKNOWN_MEMBER_ID


def test_second_member_makes_the_first_join_again():
    bench = Bench()
    bench.pair()
    assert bench.group.generation == 2


def test_rebalance_is_announced_by_heartbeats_and_late_members_are_dropped():
    bench = Bench()
    first, second = bench.pair()
    third = bench.join(client="z")
    assert bench.heartbeat(first, 2) == ErrorCode.REBALANCE_IN_PROGRESS
    bench.join(first)
    for _ in range(6):
        bench.wait(5)
        bench.heartbeat(second, 2)
    assert bench.answers[third].generation == 3
    assert second not in bench.group.members
    assert bench.heartbeat(second, 2) == ErrorCode.UNKNOWN_MEMBER_ID


def test_session_ends_without_heartbeats():
    bench = Bench()
    first, second = bench.pair()
    for _ in range(3):
        bench.wait(4)
        bench.heartbeat(first, 2)
    assert second not in bench.group.members
    assert bench.heartbeat(first, 2) == ErrorCode.REBALANCE_IN_PROGRESS
    assert bench.answers[bench.join(first)].generation == 3
    bench.wait(100)
    assert bench.group.state == "Empty"
    assert bench.group.generation == 4


def test_a_silent_leader_does_not_hold_up_the_others():
    bench = Bench()
    first = bench.answers[bench.join(client="a")].member_id
    waiting = bench.join(client="b")
    bench.join(first)
    second = bench.answers[waiting].member_id
    sync = bench.sync(second, 2)
    for _ in range(4):
        bench.heartbeat(first, 2)  # alive, but it never brings the assignment
        bench.wait(9)
    assert bench.answers[sync].error == ErrorCode.REBALANCE_IN_PROGRESS
    again = bench.answers[bench.join(second)]
    assert again.leader == second
    assert first not in bench.group.members


def test_leave_starts_a_rebalance_and_the_last_one_empties():
    bench = Bench()
    first, second = bench.pair()
    assert bench.leave(second) == ErrorCode.NONE
    assert bench.leave(second) == ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.heartbeat(first, 2) == ErrorCode.REBALANCE_IN_PROGRESS
    assert bench.leave(first) == ErrorCode.NONE
    assert (bench.group.state, bench.group.members) == ("Empty", {})


def test_static_member_returns_without_rebalance_and_fences_its_predecessor():
    bench = Bench()
    old = bench.answers[bench.join(instance="i1")].member_id
    bench.sync(old, 1, {old: b"A"}, instance="i1")
    joined = bench.answers[bench.join(instance="i1", skip=True)]
    assert joined.generation == 1
    assert joined.member_id != old
    assert joined.skip_assignment
    assert bench.answers[bench.sync(joined.member_id, 1, instance="i1")].assignment == b"A"
    assert bench.heartbeat(old, 1, instance="i1") == ErrorCode.FENCED_INSTANCE_ID
    assert bench.answers[bench.join(old, instance="i1")].error == ErrorCode.FENCED_INSTANCE_ID
    old_client = bench.answers[bench.join(instance="i1")]
    assert old_client.leader == joined.member_id
    assert old_client.members == ()
    changed = bench.answers[bench.join(instance="i1", protocols=(("p", b"other"),))]
    assert changed.generation == 2


def test_static_member_is_removed_by_its_instance_id():
    bench = Bench()
    bench.join(instance="i1")
    assert bench.leave("", instance="i1") == ErrorCode.NONE
    assert bench.group.static == {}


def test_fenced_while_waiting():
    bench = Bench()
    first = bench.answers[bench.join(client="a")].member_id
    bench.sync(first, 1, {})
    waiting = bench.join(instance="i1")
    again = bench.join(instance="i1")
    assert bench.answers[waiting].error == ErrorCode.FENCED_INSTANCE_ID
    bench.join(first)
    assert bench.answers[again].generation == 2


def test_protocols_are_voted_for():
    bench = Bench()
    bench.join(client="a", protocols=(("x", b""), ("y", b"")))
    refused = bench.answers[bench.join(client="b", protocols=(("z", b""),))]
    assert refused.error == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    bench.join(client="b", protocols=(("y", b""), ("x", b"")))
    third = bench.join(client="c", protocols=(("y", b""),))
    bench.join("a#1", protocols=(("x", b""), ("y", b"")))
    assert bench.answers[third].protocol == "y"


def test_initial_delay_collects_members():
    bench = Bench(initial_delay=3.0)
    tokens = [bench.join(client=name) for name in "abc"]
    assert not bench.answers
    bench.wait(3.5)
    assert {bench.answers[token].generation for token in tokens} == {1}


def test_commits_are_checked():
    bench = Bench()
    group = bench.group
    assert group.may_commit("", None, -1, 0) == ErrorCode.NONE
    first, _ = bench.pair()
    assert group.may_commit("", None, -1, 0) == ErrorCode.UNKNOWN_MEMBER_ID
    assert group.may_commit(first, None, 1, 0) == ErrorCode.ILLEGAL_GENERATION
    assert group.may_commit("who", None, 2, 0) == ErrorCode.UNKNOWN_MEMBER_ID
    assert group.may_commit(first, None, 2, 0) == ErrorCode.NONE
    bench.join(client="z")
    assert group.may_commit(first, None, 2, 0) == ErrorCode.NONE


def test_snapshot_restores_a_stable_group():
    bench = Bench()
    first, second = bench.pair()
    again = Group("g")
    again.restore(bench.group.snapshot(), 100.0)
    assert again.snapshot()["generation"] == 2
    assert again.heartbeat(second, None, 2, 101.0) == ErrorCode.NONE
    assert again.members[first].assignment == b"A"
    assert again.next_deadline() == 110.0


class RandomGroup(RuleBasedStateMachine):
    """Members do anything at any time."""

    def __init__(self):
        super().__init__()
        self.bench = Bench()
        self.waiting = {}
        self.seen = 0

    def known(self, index):
        ids = [*self.bench.group.members, *self.bench.group.pending, "nobody"]
        return ids[index % len(ids)]

    @rule(instance=st.sampled_from([None, None, "i1", "i2"]), needs_id=st.booleans())
    def newcomer(self, instance, needs_id):
        self.bench.join(instance=instance, needs_id=needs_id)

    @rule(index=st.integers(0, 5), metadata=st.sampled_from([b"m", b"n"]))
    def rejoin(self, index, metadata):
        member_id = self.known(index)
        member = self.bench.group.members.get(member_id)
        self.bench.join(member_id, instance=member.instance_id if member else None, protocols=(("p", metadata),))

    @rule(index=st.integers(0, 5), stale=st.booleans())
    def sync(self, index, stale):
        group = self.bench.group
        assignments = {member: member.encode() for member in group.members}
        self.bench.sync(self.known(index), group.generation - stale, assignments)

    @rule(index=st.integers(0, 5))
    def heartbeat(self, index):
        self.bench.heartbeat(self.known(index), self.bench.group.generation)

    @rule(index=st.integers(0, 5))
    def leave(self, index):
        self.bench.leave(self.known(index))

    @rule(seconds=st.sampled_from([0.5, 5.0, 11.0, 31.0]))
    def wait(self, seconds):
        self.bench.wait(seconds)

    @rule()
    def restart(self):
        if self.bench.group.state in {"Stable", "Empty"} and not self.bench.group.pending:
            group = Group("g", new_id=self.bench.group._new_id)
            group.restore(self.bench.group.snapshot(), self.bench.now)
            self.bench.group = group

    @invariant()
    def holds(self):
        group = self.bench.group
        assert group.generation >= self.seen
        self.seen = group.generation
        assert set(group.static.values()) <= set(group.members)
        assert (group.state == "Empty") == (not group.members)
        if group.members:
            assert group.leader in group.members
        if group.state == "Stable":
            assert all(member.joining is None and member.syncing is None for member in group.members.values())
        for member in group.members.values():
            assert member.joining is None or group.state == "PreparingRebalance"
            assert member.syncing is None or group.state == "CompletingRebalance"

    def teardown(self):
        """Left alone, every group becomes empty, and everybody who waited was answered."""
        self.bench.wait(10_000)
        assert self.bench.group.state == "Empty"
        assert not self.bench.group.pending


RandomGroup.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestRandomGroup = RandomGroup.TestCase
