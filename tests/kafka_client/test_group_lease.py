"""Signs of membership: what a member's lease is made of."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from barnabas.kafka.group_member import GroupMember, GroupSettings
from barnabas.kafka.settings import translate
from barnabas.lease import lease_clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from barnabas.errors import ConnectError
    from barnabas.kafka.group_member import Joined

SESSION_MS = 6000


class Events:
    def __init__(self) -> None:
        self.joins: list[Joined] = []
        self.slow = 0.0
        self.until = 0
        self.losses: list[str] = []

    async def metadata(self) -> list[tuple[str, bytes]]:
        return [("sessioned", str(id(self)).encode())]

    async def assign(self, leader: str, generation: int, protocol: str, members: dict[str, bytes]) -> dict[str, bytes]:
        return dict.fromkeys(members, b"".join(sorted(members.values())))

    async def prepare(self, generation: int, member_id: str) -> None:
        await asyncio.sleep(self.slow)

    def joined(self, joined: Joined) -> None:
        self.joins.append(joined)

    def lost(self, reason: str) -> None:
        self.losses.append(reason)

    def failed(self, error: ConnectError) -> None:
        raise AssertionError(error)

    def renew(self, until: int) -> None:
        assert until > self.until
        self.until = until

    def left(self) -> float:
        return (self.until - lease_clock()) / 1e9


@pytest.fixture
async def make(broker: Any) -> AsyncIterator[Callable[..., Any]]:
    group = f"lease-{uuid.uuid4().hex[:8]}"
    made: list[GroupMember] = []

    async def make(events: Events) -> GroupMember:
        settings = GroupSettings(group, heartbeat_interval_ms=300, session_timeout_ms=SESSION_MS)
        client = translate({"bootstrap.servers": broker.bootstrap, "client.id": "lease"}, "admin")
        made.append(GroupMember(settings, client, events, events.renew))
        await made[-1].start()
        return made[-1]

    yield make
    await asyncio.gather(*(member.stop() for member in made))


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  it is about many things at once
            await asyncio.sleep(0.01)


async def test_a_join_that_others_hold_up_does_not_end_the_lease(make: Callable[..., Any]) -> None:
    """The coordinator answers no heartbeat on a connection where it owes the answer to a join."""
    one, two = Events(), Events()
    first = await make(one)
    await until(lambda: len(one.joins) == 1)
    assert 4.5 < one.left() < SESSION_MS / 1000
    await make(two)
    await until(lambda: len(two.joins) == 1 and one.joins[-1].generation == two.joins[-1].generation)
    two.slow = 4.0
    joins = len(one.joins)
    first.rejoin()
    await asyncio.sleep(3.5)
    assert len(one.joins) == joins  # it still waits for the other
    assert one.left() > 4
    await until(lambda: len(one.joins) > joins)
    assert not one.losses
    assert not two.losses
