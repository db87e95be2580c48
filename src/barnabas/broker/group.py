"""The state machine of one group: classic membership for any protocol type (KIP-62, 345, 394, 814).

Pure: the time is passed in, requests that must wait are opaque tokens, and answers are collected in ``answers`` for the
coordinator to deliver. The leader among the members computes assignments; here they are opaque bytes.

    Empty ── join ──► PreparingRebalance ── all joined, or time is over ──► CompletingRebalance
      ▲                    ▲    ▲                                                 │ leader syncs
      └─── last one left ──┘    └──── join with a change, leave, session ends ── Stable
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from barnabas.broker.codes import ErrorCode
from barnabas.broker.group_types import (
    Answer,
    GroupState,
    Joined,
    JoinRequest,
    Member,
    MemberInfo,
    Protocol,
    Synced,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Group"]


def _new_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4()}"


class Group:
    """One group.

    Args:
        group_id: Its name.
        initial_delay: Seconds that the first rebalance of an empty group waits for more members.
        new_id: Makes a member id from a prefix.

    Attributes:
        answers: For requests that waited; the coordinator takes them after each call.
        dirty: Something changed that must be stored before the answers are delivered.
        emptied: When the last member left, -1 before.
    """

    def __init__(self, group_id: str, *, initial_delay: float = 0.0, new_id: Callable[[str], str] = _new_id) -> None:
        self.id = group_id
        self.state: GroupState = "Empty"
        self.generation = 0
        self.protocol_type = ""
        self.protocol: str | None = None
        self.leader: str | None = None
        self.members: dict[str, Member] = {}
        self.static: dict[str, str] = {}
        self.pending: dict[str, float] = {}
        self.answers: list[Answer] = []
        self.dirty = False
        self.emptied = -1.0
        self._deadline = 0.0
        self._not_before = 0.0
        self._initial_delay = initial_delay
        self._new_id = new_id

    # Joining

    def join(self, request: JoinRequest, now: float) -> None:
        """A member wants to join, or to join again."""
        error = self._refusal(request)
        if error:
            self.answers.append(Answer(request.waiting, Joined(error, request.member_id)))
        elif not request.member_id:
            self._join_unknown(request, now)
        elif request.member_id in self.pending:
            del self.pending[request.member_id]
            self._add(request, request.member_id, now)
        else:
            self._join_known(request, self.members[request.member_id], now)

    def _refusal(self, request: JoinRequest) -> ErrorCode:
        if not request.protocols or not request.protocol_type:
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if self.members and not self._compatible(request):
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if request.member_id and request.member_id not in self.pending:
            return self._unknown(request.member_id, request.instance_id)
        return ErrorCode.NONE

    def _compatible(self, request: JoinRequest) -> bool:
        if request.protocol_type != self.protocol_type:
            return False
        replaced = request.member_id or self.static.get(request.instance_id or "")
        others = [member for member in self.members.values() if member.id != replaced]
        offered = {protocol.name for protocol in request.protocols}
        return not others or bool(offered & self._common(others))

    @staticmethod
    def _common(members: list[Member]) -> set[str]:
        """The protocols that all of ``members`` know."""
        return set.intersection(*({protocol.name for protocol in member.protocols} for member in members))

    def _unknown(self, member_id: str, instance_id: str | None) -> ErrorCode:
        """Whether a request with this identity must be refused (KIP-345)."""
        if instance_id is not None:
            current = self.static.get(instance_id)
            if current is not None and current != member_id:
                return ErrorCode.FENCED_INSTANCE_ID
        return ErrorCode.NONE if member_id in self.members else ErrorCode.UNKNOWN_MEMBER_ID

    def _join_unknown(self, request: JoinRequest, now: float) -> None:
        instance_id = request.instance_id
        if instance_id is not None and instance_id in self.static:
            self._replace_static(request, instance_id, now)
            return
        member_id = self._new_id(instance_id or request.client_id)
        if request.needs_member_id and instance_id is None:
            self.pending[member_id] = now + request.session_timeout
            self.answers.append(Answer(request.waiting, Joined(ErrorCode.MEMBER_ID_REQUIRED, member_id)))
            return
        self._add(request, member_id, now)

    def _add(self, request: JoinRequest, member_id: str, now: float) -> None:
        member = Member(
            id=member_id,
            instance_id=request.instance_id,
            client_id=request.client_id,
            client_host=request.client_host,
            session_timeout=request.session_timeout,
            rebalance_timeout=request.rebalance_timeout,
            protocols=request.protocols,
            joining=request.waiting,
        )
        if not self.members:
            self.protocol_type = request.protocol_type
        self.members[member_id] = member
        if request.instance_id is not None:
            self.static[request.instance_id] = member_id
        if self.leader is None:
            self.leader = member_id
        self._rebalance(now)

    def _join_known(self, request: JoinRequest, member: Member, now: float) -> None:
        changed = member.protocols != request.protocols
        self._update(member, request)
        if self.state == "PreparingRebalance" or changed or (self.state == "Stable" and member.id == self.leader):
            self._wait_for_join(member, request.waiting)
            self._rebalance(now)
            return
        self._touch(member, now)
        self.answers.append(Answer(request.waiting, self._joined(member)))

    def _wait_for_join(self, member: Member, waiting: Waiting) -> None:
        if member.joining is not None:  # the client gave up on an earlier attempt
            self.answers.append(Answer(member.joining, Joined(ErrorCode.UNKNOWN_MEMBER_ID, member.id)))
        member.joining = waiting

    @staticmethod
    def _update(member: Member, request: JoinRequest) -> None:
        member.protocols = request.protocols
        member.session_timeout = request.session_timeout
        member.rebalance_timeout = request.rebalance_timeout
        member.client_id = request.client_id
        member.client_host = request.client_host

    def _replace_static(self, request: JoinRequest, instance_id: str, now: float) -> None:
        """A static member was restarted: it takes over the identity, and its predecessor is fenced."""
        old = self.members.pop(self.static[instance_id])
        self._fence(old)
        new_id = self._new_id(instance_id)
        same = old.metadata(self.protocol) == next(
            (offered.metadata for offered in request.protocols if offered.name == self.protocol), None
        )
        member = msgspec.structs.replace(old, id=new_id, joining=None, syncing=None)
        self._update(member, request)
        self.members[new_id] = member
        self.static[instance_id] = new_id
        was_leader = self.leader == old.id
        if was_leader:
            self.leader = new_id
        self.dirty = True
        if self.state == "Stable" and same and self._choose_protocol() == self.protocol:
            self._touch(member, now)
            joined = self._joined(member, skip_assignment=was_leader and request.can_skip_assignment)
            if was_leader and not request.can_skip_assignment:  # an old client must not take itself for the leader
                joined = joined._replace(leader=old.id, members=())
            self.answers.append(Answer(request.waiting, joined))
            return
        member.joining = request.waiting
        self._rebalance(now)

    def _fence(self, member: Member) -> None:
        if member.joining is not None:
            self.answers.append(Answer(member.joining, Joined(ErrorCode.FENCED_INSTANCE_ID, member.id)))
        if member.syncing is not None:
            self.answers.append(Answer(member.syncing, Synced(ErrorCode.FENCED_INSTANCE_ID)))

    # Rebalancing

    def _rebalance(self, now: float) -> None:
        """Begin a rebalance, or look whether the one that goes on is complete."""
        if self.state != "PreparingRebalance":
            for member in self.members.values():
                if member.syncing is not None:
                    self.answers.append(Answer(member.syncing, Synced(ErrorCode.REBALANCE_IN_PROGRESS)))
                    member.syncing = None
                if self.state == "CompletingRebalance":
                    member.assignment = b""
                    self._touch(member, now)
            self._not_before = now + self._initial_delay if self.state == "Empty" else now
            self.state = "PreparingRebalance"
            longest = max((member.rebalance_timeout for member in self.members.values()), default=0.0)
            self._deadline = max(now + longest, self._not_before)
        if not self.members or (now >= self._not_before and self._all_joined()):
            self._complete(now)

    def _all_joined(self) -> bool:
        return not self.pending and all(member.joining is not None for member in self.members.values())

    def _complete(self, now: float) -> None:
        """All have joined, or the time is over: begin the next generation with those who are here."""
        late = [member for member in self.members.values() if member.joining is None]
        for member in late:
            if member.instance_id is None:
                self._drop(member)
        if not self.members:
            self._become_empty(now)
            return
        here = [member for member in self.members.values() if member.joining is not None]
        if not here:  # only static members that have not come back: wait until their sessions end
            self._deadline = now + max(member.rebalance_timeout for member in self.members.values())
            return
        if self.leader not in self.members or self.members[self.leader].joining is None:
            self.leader = here[0].id
        self.generation += 1
        self.protocol = self._choose_protocol()
        self.state = "CompletingRebalance"
        self._deadline = now + max(member.rebalance_timeout for member in self.members.values())
        for member in here:
            waiting, member.joining = member.joining, None
            self._touch(member, now)
            self.answers.append(Answer(waiting, self._joined(member)))

    def _become_empty(self, now: float) -> None:
        self.generation += 1
        self.state = "Empty"
        self.protocol = None
        self.leader = None
        self.emptied = now
        self.dirty = True

    def _choose_protocol(self) -> str:
        """Each member votes for the first of its protocols that all others know too."""
        members = list(self.members.values())
        common = self._common(members)
        votes = Counter(next(offer.name for offer in member.protocols if offer.name in common) for member in members)
        return votes.most_common(1)[0][0]

    def _joined(self, member: Member, *, skip_assignment: bool = False) -> Joined:
        everybody: tuple[MemberInfo, ...] = ()
        if member.id == self.leader:
            everybody = tuple(
                MemberInfo(each.id, each.instance_id, each.metadata(self.protocol)) for each in self.members.values()
            )
        return Joined(
            ErrorCode.NONE,
            member.id,
            self.generation,
            self.protocol,
            self.protocol_type,
            self.leader or "",
            everybody,
            skip_assignment,
        )

    # Syncing, heartbeats, leaving

    def check(self, member_id: str, instance_id: str | None, generation: int) -> ErrorCode:
        """Whether a member may speak for this generation."""
        error = self._unknown(member_id, instance_id)
        if not error and generation != self.generation:
            return ErrorCode.ILLEGAL_GENERATION
        return error

    def sync(
        self,
        waiting: Waiting,
        member_id: str,
        instance_id: str | None,
        generation: int,
        protocol: tuple[str | None, str | None],
        assignments: dict[str, bytes],
        now: float,
    ) -> None:
        """A member asks for its assignment; the leader brings everybody's. ``protocol`` is type and name, if given."""
        error = self.check(member_id, instance_id, generation)
        if not error and any(
            given is not None and given != own
            for given, own in zip(protocol, (self.protocol_type, self.protocol), strict=True)
        ):
            error = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if not error and self.state == "PreparingRebalance":
            error = ErrorCode.REBALANCE_IN_PROGRESS
        if error:
            self.answers.append(Answer(waiting, Synced(error)))
            return
        member = self.members[member_id]
        self._touch(member, now)
        member.syncing = waiting
        if self.state == "CompletingRebalance" and member_id == self.leader:
            for each in self.members.values():
                each.assignment = assignments.get(each.id, b"")
            self.state = "Stable"
            self.dirty = True
        if self.state == "Stable":
            self._hand_out(now)

    def _hand_out(self, now: float) -> None:
        for member in self.members.values():
            if member.syncing is not None:
                synced = Synced(ErrorCode.NONE, member.assignment, self.protocol_type, self.protocol)
                self.answers.append(Answer(member.syncing, synced))
                member.syncing = None
                self._touch(member, now)

    def heartbeat(self, member_id: str, instance_id: str | None, generation: int, now: float) -> ErrorCode:
        """A member is alive."""
        error = self.check(member_id, instance_id, generation)
        if error:
            return error
        self._touch(self.members[member_id], now)
        return ErrorCode.REBALANCE_IN_PROGRESS if self.state == "PreparingRebalance" else ErrorCode.NONE

    def leave(self, member_id: str, instance_id: str | None, now: float) -> ErrorCode:
        """A member leaves; an administrator may name a static member by its instance id only."""
        if instance_id is not None and not member_id:
            member_id = self.static.get(instance_id, "")
        if member_id in self.pending:
            del self.pending[member_id]
            if self.state == "PreparingRebalance":
                self._rebalance(now)
            return ErrorCode.NONE
        error = self._unknown(member_id, instance_id)
        if not error:
            self._remove(self.members[member_id], now)
        return error

    def may_commit(self, member_id: str, instance_id: str | None, generation: int, now: float) -> ErrorCode:
        """Whether offsets may be committed; counts as a sign of life. Generation -1 means a client without group."""
        if generation < 0 and not member_id:
            return ErrorCode.UNKNOWN_MEMBER_ID if self.members else ErrorCode.NONE
        error = self.check(member_id, instance_id, generation)
        if error:
            return error
        if self.state == "CompletingRebalance":
            return ErrorCode.REBALANCE_IN_PROGRESS
        self._touch(self.members[member_id], now)
        return ErrorCode.NONE

    @staticmethod
    def _touch(member: Member, now: float) -> None:
        member.expires = now + member.session_timeout

    def _drop(self, member: Member) -> None:
        del self.members[member.id]
        if member.instance_id is not None:
            self.static.pop(member.instance_id, None)
        if self.leader == member.id:
            self.leader = next(iter(self.members), None)
        if member.joining is not None:
            self.answers.append(Answer(member.joining, Joined(ErrorCode.UNKNOWN_MEMBER_ID, "")))
        if member.syncing is not None:
            self.answers.append(Answer(member.syncing, Synced(ErrorCode.UNKNOWN_MEMBER_ID)))

    def _remove(self, member: Member, now: float) -> None:
        self._drop(member)
        self._rebalance(now)

    # Time

    def tick(self, now: float) -> None:
        """Let deadlines that have passed take effect."""
        for member_id in [pending for pending, expires in self.pending.items() if expires <= now]:
            del self.pending[member_id]
            if self.state == "PreparingRebalance":
                self._rebalance(now)
        for member in list(self.members.values()):
            if member.joining is None and member.syncing is None and member.expires <= now:
                self._remove(member, now)
        if self.state == "PreparingRebalance" and (now >= self._deadline or now >= self._not_before):
            if now >= self._deadline:
                self._complete(now)
            else:
                self._rebalance(now)
        elif self.state == "CompletingRebalance" and now >= self._deadline:
            self._drop_silent(now)

    def _drop_silent(self, now: float) -> None:
        """Members that never asked for their assignment (a leader, perhaps) hold up all others."""
        for member in list(self.members.values()):
            if member.syncing is None:
                self._drop(member)
        self._rebalance(now)

    def next_deadline(self) -> float | None:
        """When ``tick`` should be called next."""
        times = [
            member.expires for member in self.members.values() if member.joining is None and member.syncing is None
        ]
        times += self.pending.values()
        if self.state in {"PreparingRebalance", "CompletingRebalance"}:
            times.append(self._deadline)
        if self.state == "PreparingRebalance" and not self.pending and self._all_joined():
            times.append(self._not_before)
        return min(times, default=None)

    # Storage

    def snapshot(self) -> dict[str, Any]:
        """What must survive a restart: the last generation that was complete."""
        members = [
            msgspec.to_builtins(msgspec.structs.replace(member, joining=None, syncing=None), builtin_types=(bytes,))
            for member in self.members.values()
        ]
        return {
            "generation": self.generation,
            "protocol_type": self.protocol_type,
            "protocol": self.protocol,
            "leader": self.leader,
            "members": members,
        }

    def restore(self, snapshot: dict[str, Any], now: float) -> None:
        """Continue from a snapshot; sessions begin anew."""
        self.generation = snapshot["generation"]
        self.protocol_type = snapshot["protocol_type"]
        self.protocol = snapshot["protocol"]
        self.leader = snapshot["leader"]
        for stored in snapshot["members"]:
            protocols = [Protocol(*offered) for offered in stored["protocols"]]
            member = Member(**{**stored, "protocols": protocols})
            self._touch(member, now)
            self.members[member.id] = member
            if member.instance_id is not None:
                self.static[member.instance_id] = member.id
        self.state = "Stable" if self.members else "Empty"
        self.emptied = now
