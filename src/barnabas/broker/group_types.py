"""The vocabulary of the group state machine: members, requests, answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec

from barnabas.broker.codes import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Answer", "GroupState", "JoinRequest", "Joined", "Member", "MemberInfo", "Protocol", "Synced", "Waiting"]

GroupState: TypeAlias = Literal["Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"]
Waiting: TypeAlias = "Hashable"
"""Whatever identifies a request that waits for its answer; the state machine only hands it back."""


class Protocol(NamedTuple):
    """A protocol that a member offers, with the member's metadata for it."""

    name: str
    metadata: bytes


class Member(msgspec.Struct, kw_only=True):
    """A member of a group. Times are seconds on the coordinator's clock.

    Attributes:
        expires: When its session ends unless it is heard from; it never ends while the member waits for an answer.
        joining: The JoinGroup request that waits, if any.
        syncing: The SyncGroup request that waits, if any.
    """

    id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout: float
    rebalance_timeout: float
    protocols: list[Protocol]
    assignment: bytes = b""
    expires: float = 0.0
    joining: Waiting | None = None
    syncing: Waiting | None = None

    def metadata(self, protocol: str | None) -> bytes:
        """Its metadata for a protocol."""
        return next((offered.metadata for offered in self.protocols if offered.name == protocol), b"")


class JoinRequest(NamedTuple):
    """JoinGroup, as the state machine wants it."""

    waiting: Waiting
    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout: float
    rebalance_timeout: float
    protocol_type: str
    protocols: list[Protocol]
    needs_member_id: bool  # KIP-394: the first join of a dynamic member only gives it an id
    can_skip_assignment: bool = False  # KIP-814: a static leader may be told not to assign


class MemberInfo(NamedTuple):
    """A member as its group's leader sees it."""

    id: str
    instance_id: str | None
    metadata: bytes


class Joined(NamedTuple):
    """The answer to JoinGroup."""

    error: ErrorCode
    member_id: str
    generation: int = -1
    protocol: str | None = None
    protocol_type: str | None = None
    leader: str = ""
    members: tuple[MemberInfo, ...] = ()
    skip_assignment: bool = False


class Synced(NamedTuple):
    """The answer to SyncGroup."""

    error: ErrorCode
    assignment: bytes = b""
    protocol_type: str | None = None
    protocol: str | None = None


class Answer(NamedTuple):
    """An answer for a request that waits."""

    waiting: Waiting
    value: Joined | Synced
