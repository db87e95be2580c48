"""Bytes that workers of a group exchange through Kafka's group coordinator: what a member says, what a leader answers.

The layouts are those of Kafka Connect's three protocols: ``default`` (version 0, eager), ``compatible`` (1) and
``sessioned`` (2), so that JVM workers and ours share a group. Pure functions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from barnabas.errors import ConnectError
from barnabas.supervisor.api import TaskId

__all__ = [
    "CONFIG_MISMATCH",
    "NO_ERROR",
    "PROTOCOLS",
    "Assignment",
    "GroupProtocolError",
    "MemberState",
    "decode_assignment",
    "decode_member",
    "encode_assignment",
    "encode_member",
    "offered_protocols",
]

ConnectProtocol = Literal["eager", "compatible", "sessioned"]

PROTOCOLS: Final[dict[str, int]] = {"default": 0, "compatible": 1, "sessioned": 2}
"""Name in JoinGroup → version in the bytes."""

NO_ERROR: Final = 0
CONFIG_MISMATCH: Final = 1
"""The leader has not read as much of the config topic as some member: everybody joins again."""

_OFFERS: Final[dict[ConnectProtocol, tuple[str, ...]]] = {
    "eager": ("default",),
    "compatible": ("compatible", "default"),
    "sessioned": ("sessioned", "compatible", "default"),
}
_EAGER: Final = 0
_SHORT, _INT, _LONG = struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">q")


class GroupProtocolError(ConnectError):
    """A member of the group sent bytes that are none of the known layouts."""

    code = "BRN-3101"


class Assignment(msgspec.Struct, frozen=True):
    """What the leader answers to one member.

    Args:
        leader: Member id of the leader.
        leader_url: Its REST address.
        offset: The config topic was read up to here (exclusive) when the work was shared out.
        assigned: New work (cooperative), or all work (eager).
        revoked: Work to stop.
        delay_ms: Join again after so many milliseconds; 0: no need.
        error: :data:`NO_ERROR` or :data:`CONFIG_MISMATCH`.
    """

    leader: str = ""
    leader_url: str = ""
    offset: int = -1
    assigned: tuple[TaskId, ...] = ()
    revoked: tuple[TaskId, ...] = ()
    delay_ms: int = 0
    error: int = NO_ERROR


class MemberState(msgspec.Struct, frozen=True):
    """What a member says when it joins.

    Args:
        url: Its REST address, ending in ``/``.
        offset: How far it has read the config topic (exclusive).
        allocation: What it holds; ``None``: it has never been assigned anything.
    """

    url: str
    offset: int
    allocation: Assignment | None = None

    @property
    def held(self) -> tuple[TaskId, ...]:
        """The work that it holds."""
        return self.allocation.assigned if self.allocation else ()


def offered_protocols(setting: ConnectProtocol) -> tuple[str, ...]:
    """Protocol names to offer for a value of ``connect.protocol``, best first."""
    return _OFFERS[setting]


def encode_member(state: MemberState, version: int) -> bytes:
    """A member's metadata in the layout of this version."""
    head = _SHORT.pack(version) + _string(state.url) + _LONG.pack(state.offset)
    if version == _EAGER:
        return head
    if state.allocation is None:
        return head + _INT.pack(-1)
    allocation = encode_assignment(state.allocation, version)
    return head + _INT.pack(len(allocation)) + allocation


def decode_member(data: bytes) -> MemberState:
    """A member's metadata, in any version.

    Raises:
        GroupProtocolError: It is cut short or malformed.
    """
    reader = _Reader(data)
    reader.short()
    url, offset = reader.string(), reader.long()
    if not reader.left:
        return MemberState(url, offset)
    size = reader.integer()
    return MemberState(url, offset, decode_assignment(reader.take(size)) if size >= 0 else None)


def encode_assignment(assignment: Assignment, version: int) -> bytes:
    """An assignment in the layout of this version. Arrays are never null: a JVM follower dies of that."""
    head = (
        _SHORT.pack(version)
        + _SHORT.pack(assignment.error)
        + _string(assignment.leader)
        + _string(assignment.leader_url)
        + _LONG.pack(assignment.offset)
        + _items(assignment.assigned)
    )
    if version == _EAGER:
        return head
    return head + _items(assignment.revoked) + _INT.pack(assignment.delay_ms)


def decode_assignment(data: bytes) -> Assignment:
    """An assignment, in any version: what an older layout lacks is empty.

    Raises:
        GroupProtocolError: It is cut short or malformed.
    """
    reader = _Reader(data)
    reader.short()
    error = reader.short()
    leader, leader_url, offset = reader.string(), reader.string(), reader.long()
    assigned = reader.items() if reader.left else ()
    revoked = reader.items() if reader.left else ()
    delay = reader.integer() if reader.left else 0
    return Assignment(leader, leader_url, offset, assigned, revoked, delay, error)


def _string(text: str) -> bytes:
    data = text.encode()
    return _SHORT.pack(len(data)) + data


def _items(items: Iterable[TaskId]) -> bytes:
    by_connector: dict[str, list[int]] = {}
    for connector, number in items:
        by_connector.setdefault(connector, []).append(number)
    parts = [_INT.pack(len(by_connector))]
    for connector, numbers in by_connector.items():
        parts += [_string(connector), struct.pack(f">i{len(numbers)}i", len(numbers), *numbers)]
    return b"".join(parts)


class _Reader:
    """Reads from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size < 0 or size > self.left:
            raise GroupProtocolError(
                f"A member of the group sent {len(self._data)} bytes that end too early.",
                remedy="Check that only Kafka Connect workers use this group.id.",
            )
        self._at += size
        return self._data[self._at - size : self._at]

    def short(self) -> int:
        value: int = _SHORT.unpack(self.take(2))[0]
        return value

    def integer(self) -> int:
        value: int = _INT.unpack(self.take(4))[0]
        return value

    def long(self) -> int:
        value: int = _LONG.unpack(self.take(8))[0]
        return value

    def string(self) -> str:
        try:
            return self.take(self.short()).decode()
        except UnicodeDecodeError as error:
            raise GroupProtocolError(
                "A member of the group sent text that is no UTF-8.",
                remedy="Check that only Kafka Connect workers use this group.id.",
            ) from error

    def items(self) -> tuple[TaskId, ...]:
        found: list[TaskId] = []
        for _ in range(self.integer()):  # -1: a null array
            connector = self.string()
            count = max(0, self.integer())
            found += [TaskId(connector, number) for number in struct.unpack(f">{count}i", self.take(4 * count))]
        return tuple(found)
