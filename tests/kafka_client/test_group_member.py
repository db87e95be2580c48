"""Members of a Connect group: leader and followers, rejoining, leaving, being given up."""

from __future__ import annotations

import asyncio
import gc
import uuid
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from barnabas.errors import ConnectError
from barnabas.kafka.group_member import GroupMember, GroupSettings, Joined
from barnabas.kafka.settings import translate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class Recorder:
    """Gives every member the list of all members' metadata."""

    def __init__(self, name: str, protocols: tuple[str, ...] = ("sessioned", "compatible")) -> None:
        self.name = name
        self.protocols = protocols
        self.joins: list[Joined] = []
        self.prepared: list[int] = []
        self.losses: list[str] = []
        self.failures: list[ConnectError] = []
        self.changed = asyncio.Event()
        self.led = 0
        self.slow = 0.0

    async def metadata(self) -> list[tuple[str, bytes]]:
        return [(protocol, self.name.encode()) for protocol in self.protocols]

    async def assign(self, leader: str, generation: int, protocol: str, members: dict[str, bytes]) -> dict[str, bytes]:
        assert leader in members
        assert generation > 0
        self.led += 1
        everybody = b",".join(sorted(members.values()))
        return dict.fromkeys(members, everybody)

    async def prepare(self, generation: int, member_id: str) -> None:
        self.prepared.append(generation)
        await asyncio.sleep(self.slow)

    def joined(self, joined: Joined) -> None:
        self.joins.append(joined)
        self.changed.set()

    def lost(self, reason: str) -> None:
        self.losses.append(reason)

    def failed(self, error: ConnectError) -> None:
        self.failures.append(error)

    async def nth(self, count: int) -> Joined:
        """The join of this number, counted from 1."""
        async with asyncio.timeout(20):
            while len(self.joins) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.joins[count - 1]

    async def until(self, assignment: bytes, seconds: float = 20) -> Joined:
        async with asyncio.timeout(seconds):
            while not self.joins or self.joins[-1].assignment != assignment:
                self.changed.clear()
                await self.changed.wait()
        return self.joins[-1]


@pytest.fixture
async def make_member(broker: Any) -> AsyncIterator[Callable[..., Any]]:
    group = f"connect-{uuid.uuid4().hex[:8]}"
    made: list[GroupMember] = []

    async def make(recorder: Recorder, **settings: int) -> GroupMember:
        java = {"bootstrap.servers": broker.bootstrap, "client.id": f"connect-{recorder.name}"}
        member = GroupMember(
            GroupSettings(group, **{"heartbeat_interval_ms": 300, "session_timeout_ms": 6000, **settings}),
            translate(java, "admin"),
            recorder,
        )
        made.append(member)
        await member.start()
        return member

    yield make
    await asyncio.gather(*(member.stop() for member in made))


async def test_alone_a_member_leads(make_member: Callable[..., Any]) -> None:
    one = Recorder("one")
    member = await make_member(one)
    joined = await one.until(b"one")
    assert joined.protocol == "sessioned"
    assert joined.member_id.startswith("connect-one-")
    assert one.prepared[0] == -1
    member.rejoin()
    assert (await one.nth(2)).generation == joined.generation + 1
    assert one.led == 2


async def test_two_members_and_the_protocol_that_both_know(make_member: Callable[..., Any]) -> None:
    one, two = Recorder("one"), Recorder("two", ("compatible",))
    await make_member(one)
    await one.until(b"one")
    second = await make_member(two)
    first_seen, second_seen = await one.until(b"one,two"), await two.until(b"one,two")
    assert first_seen.generation == second_seen.generation
    assert {first_seen.protocol, second_seen.protocol} == {"compatible"}
    await second.stop()
    assert (await one.until(b"one")).protocol == "sessioned"


async def test_a_group_of_several_settles(make_member: Callable[..., Any]) -> None:
    """The leader's own wishes must not start a generation each time one of the others is waited for."""
    recorders = [Recorder(f"m{number}") for number in range(4)]
    members = [await make_member(recorder) for recorder in recorders]
    everybody = b"m0,m1,m2,m3"
    await asyncio.gather(*(recorder.until(everybody) for recorder in recorders))
    for member in members:
        member.rejoin()
    await asyncio.sleep(3)
    generations = {recorder.joins[-1].generation for recorder in recorders}
    assert len(generations) == 1
    before = generations.pop()
    await asyncio.sleep(2)
    assert {recorder.joins[-1].generation for recorder in recorders} == {before}


async def test_preparing_may_take_longer_than_a_heartbeat(make_member: Callable[..., Any]) -> None:
    one, two = Recorder("one"), Recorder("two")
    one.slow = 2.0
    await make_member(one, session_timeout_ms=6000)
    await one.until(b"one")
    await make_member(two)
    await asyncio.gather(one.until(b"one,two"), two.until(b"one,two"))
    assert one.losses == []


async def test_a_member_that_leaves_for_now_comes_back(make_member: Callable[..., Any]) -> None:
    one = Recorder("one")
    member = await make_member(one)
    first = await one.until(b"one")
    await member.leave("reading takes too long")
    assert (await one.nth(2)).member_id != first.member_id
    assert one.prepared[-1] == -1


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("barnabas.kafka.group_member._BOOTSTRAP_MS", 500)
    settings = translate({"bootstrap.servers": "127.0.0.1:9"}, "admin")
    member = GroupMember(GroupSettings("g"), settings, Recorder("one"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # kafka-python leaves its failed attempts to the collector
        with pytest.raises(ConnectError, match="cannot become a member of group g"):
            await member.start()
        await member.stop()
        del member
        gc.collect()
