"""Committed offsets of all groups, in one journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from barnabas.broker.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Committed", "OffsetStore", "Place"]

Place: TypeAlias = tuple[str, int]
"""Topic and partition."""


class Committed(NamedTuple):
    """A committed offset; ``leader_epoch`` is -1 when the client gave none, ``time`` is in milliseconds."""

    offset: int
    leader_epoch: int
    metadata: str
    time: int


class OffsetStore:
    """Offsets by group, topic and partition; a commit is durable when it returns.

    Args:
        path: The journal.
        sync: Wait for the disk after every commit.
    """

    def __init__(self, path: Path, *, sync: bool = False) -> None:
        self._journal = Journal(path, sync=sync)
        self._groups: dict[str, dict[Place, Committed]] = {}
        for key, value in self._journal.items():
            group, topic, partition = key.rsplit("\0", 2)
            self._groups.setdefault(group, {})[topic, int(partition)] = Committed(*value)

    @staticmethod
    def _key(group: str, place: Place) -> str:
        return f"{group}\0{place[0]}\0{place[1]}"

    def commit(self, group: str, offsets: dict[Place, Committed]) -> None:
        """Store offsets of one group."""
        self._journal.put_many([(self._key(group, place), tuple(value)) for place, value in offsets.items()])
        if offsets:
            self._groups.setdefault(group, {}).update(offsets)

    def of(self, group: str) -> dict[Place, Committed]:
        """All offsets of a group; not to be changed."""
        return self._groups.get(group, {})

    def groups(self) -> list[str]:
        """All groups that have offsets."""
        return list(self._groups)

    def delete(self, group: str, places: Iterable[Place]) -> None:
        """Forget some offsets of a group."""
        known = self._groups.get(group, {})
        gone = [place for place in places if place in known]
        self._journal.put_many([(self._key(group, place), None) for place in gone])
        for place in gone:
            del known[place]
        if not known:
            self._groups.pop(group, None)

    def delete_topic(self, topic: str) -> None:
        """Forget the offsets of all groups in a topic that is deleted."""
        for group in self.groups():
            self.delete(group, [place for place in self.of(group) if place[0] == topic])

    def close(self) -> None:
        """Bring the journal to the disk and close it."""
        self._journal.close()
