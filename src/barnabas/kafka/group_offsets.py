"""Offsets that a consumer group has committed: read, changed and forgotten on a user's request.

Everything here blocks, so it is for threads. Changes are refused by Kafka while the group has members.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from barnabas.errors import ConnectError
from barnabas.kafka.admin import Admin
from barnabas.kafka.client_settings import ClientSettings
from barnabas.kafka.faults import KafkaClientError
from barnabas.kafka.settings import translate
from barnabas.record import TopicPartition

__all__ = ["GroupBusyError", "GroupOffsets"]

_BUSY: Final = frozenset({"UNKNOWN_MEMBER_ID", "GROUP_SUBSCRIBED_TO_TOPIC", "NON_EMPTY_GROUP"})
_PASSING: Final = frozenset(
    {"COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR", "REBALANCE_IN_PROGRESS"}
)
_RETRY: Final = 0.1
_T = TypeVar("_T")
_NO_GROUP: Final = "GROUP_ID_NOT_FOUND"


class GroupBusyError(ConnectError):
    """The group has members: only they may change its offsets."""

    code = "BRN-3135"


class GroupOffsets:
    """The offsets of consumer groups.

    Args:
        timeout_s: How long each request may take.
        busy_s: How long to wait for members that are about to leave: who asks has just stopped them.
    """

    def __init__(self, timeout_s: float = 90.0, busy_s: float = 4.0) -> None:
        self._timeout = timeout_s
        self._busy = busy_s

    def read(self, java: Mapping[str, str], group: str) -> dict[TopicPartition, int]:
        """What a group has committed; empty for one that does not exist.

        Args:
            java: Settings of an admin client, by Java name.
            group: The group.

        Raises:
            KafkaClientError: Kafka refused, or did not answer.
        """
        from barnabas.kafka.membership import committed_offsets  # noqa: PLC0415  imports a second Kafka client

        settings = translate(java, "admin")
        return _patiently(lambda: committed_offsets(settings, group, self._timeout), self._timeout)

    def change(self, java: Mapping[str, str], group: str, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Commit offsets in the place of a group that has no members; ``None`` forgets that of a partition.

        Raises:
            GroupBusyError: It has members.
            KafkaClientError: Kafka refused, or did not answer.
        """
        settings = translate(java, "admin")
        until = time.monotonic() + self._timeout
        values = {place: offset for place, offset in offsets.items() if offset is not None}
        if values:
            with Admin(settings) as admin:
                self._change(group, lambda: admin.alter_group_offsets(group, values, self._timeout))
        if gone := offsets.keys() - values.keys():
            self._forget(settings, group, gone, max(1.0, until - time.monotonic()))

    def delete(self, java: Mapping[str, str], group: str) -> None:
        """Forget a group that has no members, with all its offsets; one that does not exist is fine.

        Raises:
            GroupBusyError: It has members.
            KafkaClientError: Kafka refused, or did not answer.
        """
        with Admin(translate(java, "admin")) as admin:
            try:
                self._change(group, lambda: admin.delete_group(group, self._timeout))
            except KafkaClientError as error:
                if _name(error) != _NO_GROUP:
                    raise

    def _forget(
        self, settings: ClientSettings, group: str, places: Collection[TopicPartition], timeout_s: float
    ) -> None:
        from barnabas.kafka.membership import forget_offsets  # noqa: PLC0415  imports a second Kafka client

        self._change(group, lambda: forget_offsets(settings, group, places, timeout_s))

    def _change(self, group: str, request: Callable[[], None]) -> None:
        """Make a request; the refusal of a group that has members becomes an error of its own."""
        until = time.monotonic() + self._busy
        while True:
            try:
                _patiently(request, self._timeout)
            except KafkaClientError as error:
                name = _name(error)
                if name in _BUSY and time.monotonic() < until:
                    time.sleep(_RETRY)
                    continue
                if name in _BUSY:
                    raise GroupBusyError(f"Group {group} has members.", remedy="Stop them first.") from error
                raise
            return


def _patiently(request: Callable[[], _T], seconds: float) -> _T:
    """Ask again while the group's coordinator is not ready: the client library leaves that to us."""
    until = time.monotonic() + seconds
    while True:
        try:
            return request()
        except KafkaClientError as error:
            if _name(error) not in _PASSING or time.monotonic() + _RETRY > until:
                raise
        time.sleep(_RETRY)


def _name(error: KafkaClientError) -> str:
    return error.fault.name if error.fault else ""
