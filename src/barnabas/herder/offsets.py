"""Offsets of connectors, read and changed on a user's request (KIP-875).

Those of a source are in the worker's own store, those of a sink are its consumer group's. Both modes use this; who may
ask, and on which worker, is the herder's business.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from barnabas.errors import BarnabasError, ConnectError, RetriableError
from barnabas.herder.base import BadRequestError, RequestedOffsets, RequestError
from barnabas.herder.json_body import BodyError
from barnabas.herder.runner import Surroundings
from barnabas.kafka.connect_defaults import admin_config, sink_consumer_config
from barnabas.record import TopicPartition
from barnabas.store.base import OffsetStore
from barnabas.store.offset_keys import double_text, offset_value, parse_offset, partition_key
from barnabas.supervisor.api import PluginRef

__all__ = ["GroupOffsets", "OffsetDesk", "requested_offsets"]

log = logging.getLogger(__name__)

PATIENCE: Final = 90.0
"""Seconds that one step of a change may take."""

_TOPIC, _PARTITION, _OFFSET = "kafka_topic", "kafka_partition", "kafka_offset"
_INT: Final = re.compile(r"[+-]?\d+")
_INT_BITS, _LONG_BITS = 31, 63
_LONGEST: Final = 64  # with leading zeros; what is longer is not even looked at
_T = TypeVar("_T")

Partition = dict[str, Any] | None
Offset = dict[str, Any] | None


class GroupOffsets(Protocol):
    """Offsets of consumer groups; see :class:`barnabas.kafka.group_offsets.GroupOffsets`. All methods block."""

    def read(self, java: Mapping[str, str], group: str) -> dict[TopicPartition, int]:
        """What a group has committed."""

    def change(self, java: Mapping[str, str], group: str, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Commit in its place; ``None`` forgets."""

    def delete(self, java: Mapping[str, str], group: str) -> None:
        """Forget the group."""


def requested_offsets(value: Any) -> RequestedOffsets:
    """The body of ``PATCH …/offsets``, parsed with numbers as numbers.

    Raises:
        BodyError: It has another shape.
        BadRequestError: It names no offset.
    """
    if not isinstance(value, dict):
        raise BodyError("The offsets to be changed are an object with the member 'offsets'.")
    _refuse_unknown(value, ("offsets",))
    entries = value.get("offsets")
    if entries is not None and not isinstance(entries, list):
        raise BodyError("The member 'offsets' is a list.")
    if not entries:
        raise BadRequestError(
            "Partitions / offsets need to be provided for an alter offsets request", key="offsets", code="BRN-3131"
        )
    return [_entry(entry) for entry in entries]


def _entry(entry: Any) -> tuple[Partition, Offset]:
    if not isinstance(entry, dict):
        raise BodyError("Each element of 'offsets' is an object with the members 'partition' and 'offset'.")
    _refuse_unknown(entry, ("partition", "offset"))
    for name in ("partition", "offset"):
        if not isinstance(entry.get(name), dict | None):
            raise BodyError(f"The member '{name}' of an element of 'offsets' is an object or null.")
    return entry.get("partition"), entry.get("offset")


def _refuse_unknown(value: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in value:
        if name not in known:
            raise BodyError(f'Unrecognized field "{name}", not marked as ignorable (known: {", ".join(known)}).')


class OffsetDesk:
    """Reads and changes offsets of connectors; used on the worker's event loop.

    Args:
        around: Plugins, supervisor and the worker's properties.
        store_of: Finds what keeps the offsets of a source.
        groups: Those of sinks.
    """

    def __init__(self, around: Surroundings, store_of: Callable[[str], OffsetStore], groups: GroupOffsets) -> None:
        self._around = around
        self._store_of = store_of
        self._groups = groups

    # ------------------------------------------------------------------ reading
    async def read(self, name: str, config: Mapping[str, str | None]) -> list[dict[str, Any]]:
        """``{"partition", "offset"}`` of each partition that has one."""
        if self._around.classes.kind(config) == "sink":
            props = (await self._around.resolver.resolve(name, config)).props
            try:
                found = await self._committed(name, props)
            except ConnectError as error:
                log.warning("%s", error.describe())
                raise RequestError(
                    f"Failed to retrieve consumer group offsets for sink connector {name}", code="BRN-3136"
                ) from error
            return [
                {"partition": {_TOPIC: topic, _PARTITION: partition}, "offset": {_OFFSET: offset}}
                for (topic, partition), offset in sorted(found.items())
            ]
        store = self._store_of(name)
        await store.refresh()
        stored = store.partitions(name)
        return [{"partition": partition, "offset": parse_offset(value)} for partition, value in stored]

    # ------------------------------------------------------------------ changing
    async def change(self, name: str, config: Mapping[str, str | None], wanted: RequestedOffsets | None) -> str:
        """Ask the connector, then store.

        Args:
            name: The connector; nothing of it may run.
            config: Its configuration.
            wanted: The new offsets, in order: the last of equal partitions counts; ``None``: delete them all.

        Returns:
            What the user is told.

        Raises:
            RequestError: The request is wrong, or Kafka refused.
            ConnectError: The connector refused, or the store failed.
        """
        plugin = self._around.classes.find(config)
        props = (await self._around.resolver.resolve(name, config)).props
        what = "reset" if wanted is None else "altered"
        change = self._change_group if plugin.kind == "sink" else self._change_source
        if await change(plugin, name, {**props, "name": name}, wanted):
            return f"The offsets for this connector have been {what} successfully"
        return (
            f"The Connect framework-managed offsets for this connector have been {what} successfully. However, if this "
            f"connector manages offsets externally, they will need to be manually {what} in the system that the "
            "connector uses."
        )

    async def _change_source(
        self, plugin: PluginRef, name: str, props: Mapping[str, str], wanted: RequestedOffsets | None
    ) -> bool:
        store = self._store_of(name)
        await store.refresh()
        pairs = [(partition, None) for partition, _ in store.partitions(name)] if wanted is None else wanted
        entries: dict[bytes | None, tuple[Partition, Offset]] = {
            partition_key(name, partition) if partition is not None else None: (partition, offset)
            for partition, offset in pairs
        }
        values = {key: offset_value(offset) for key, (_, offset) in entries.items()}
        dealt_with = await self._around.supervisor.alter_offsets(plugin, props, list(entries.values()))
        if values.get(None) is not None:
            raise RequestError(f"Failed to modify offsets for source connector {name}", code="BRN-3134")
        written = {key: value for key, value in values.items() if key is not None}
        if written:
            await _in_time(store.set(written), f"Timed out while attempting to write offsets of connector {name}")
        return dealt_with

    async def _change_group(
        self, plugin: PluginRef, name: str, props: Mapping[str, str], wanted: RequestedOffsets | None
    ) -> bool:
        if wanted is None:
            try:
                offsets: dict[TopicPartition, int | None] = dict.fromkeys(await self._committed(name, props))
            except ConnectError as error:
                raise _failed(name, "reset", error) from error
        else:
            offsets = dict(map(_of_sink, wanted))
        pairs = [([place.topic, place.partition], offset) for place, offset in offsets.items()]
        dealt_with = await self._around.supervisor.alter_offsets(plugin, props, pairs)
        if any(offset is not None and offset < 0 for offset in offsets.values()):
            raise RequestError(f"Failed to modify offsets for sink connector {name}", code="BRN-3134")
        java, group = admin_config(self._around.worker_props, props, name), self._group(name, props)
        try:
            if wanted is None:
                await self._with_groups(name, lambda: self._groups.delete(java, group))
            else:
                await self._with_groups(name, lambda: self._groups.change(java, group, offsets))
        except ConnectError as error:
            raise _failed(name, "reset" if wanted is None else "alter", error) from error
        return dealt_with

    # ------------------------------------------------------------------ the group of a sink
    def _group(self, name: str, props: Mapping[str, str]) -> str:
        return sink_consumer_config(self._around.worker_props, props, name, 0)["group.id"]

    async def _committed(self, name: str, props: Mapping[str, str]) -> dict[TopicPartition, int]:
        java, group = admin_config(self._around.worker_props, props, name), self._group(name, props)
        return await self._with_groups(name, lambda: self._groups.read(java, group))

    @staticmethod
    async def _with_groups(name: str, request: Callable[[], _T]) -> _T:
        """Ask Kafka, in a thread; one that never returns is left behind."""
        return await _in_time(
            asyncio.to_thread(request), f"Timed out while asking Kafka about the consumer group of connector {name}"
        )


async def _in_time(work: Awaitable[_T], late: str) -> _T:
    try:
        return await asyncio.wait_for(work, PATIENCE)
    except TimeoutError:
        raise RetriableError(late, code="BRN-3137", remedy="Check that the brokers are up, then try again.") from None


def _failed(name: str, doing: str, error: BarnabasError) -> RequestError:
    """The text that clients know; what Kafka said is logged."""
    log.warning("The offsets of %s could not be changed: %s", name, error.describe())
    message = f"Failed to {doing} consumer group offsets for connector {name}"
    if error.code != _BUSY:
        return RequestError(message, code="BRN-3136")
    return RequestError(
        f"{message} either because its tasks haven't stopped completely yet or the connector was resumed before the "
        f"request to {doing} its offsets could be successfully completed. If the connector is in a stopped state, this "
        "operation can be safely retried. If it doesn't eventually succeed, the Connect cluster may need to be "
        "restarted to get rid of the zombie sink tasks.",
        code=_BUSY,
    )


_BUSY: Final = "BRN-3135"


# ---------------------------------------------------------------------- offsets of sinks
def _of_sink(entry: tuple[Partition, Offset]) -> tuple[TopicPartition, int | None]:
    partition, offset = entry
    if partition is None:
        raise _wrong("The partition for a sink connector offset cannot be null or missing", "partition")
    if _TOPIC not in partition or _PARTITION not in partition:
        raise _wrong(
            f"The partition for a sink connector offset must contain the keys '{_TOPIC}' and '{_PARTITION}'",
            "partition",
        )
    if partition[_TOPIC] is None:
        raise _wrong("Kafka topic names must be valid strings and may not be null", _TOPIC)
    if partition[_PARTITION] is None:
        raise _wrong("Kafka partitions must be valid numbers and may not be null", _PARTITION)
    number = _number(partition[_PARTITION], _INT_BITS, "partition", "Partition")
    place = TopicPartition(_java_text(partition[_TOPIC]), number)
    if offset is None:
        return place, None
    if _OFFSET not in offset:
        raise _wrong(f"The offset for a sink connector should either be null or contain the key '{_OFFSET}'", "offset")
    return place, _number(offset[_OFFSET], _LONG_BITS, "offset", "Offset")


def _number(value: Any, bits: int, what: str, title: str) -> int:
    """A number, or the text of one, as Java reads it."""
    text = _java_text(value)
    number = int(text) if len(text) < _LONGEST and _INT.fullmatch(text) else None
    if number is None or not -(1 << bits) <= number < 1 << bits:
        raise _wrong(
            f"Failed to parse the following Kafka {what} value in the provided offsets: '{text}'. {title} values for "
            "sink connectors need to be integers.",
            f"kafka_{what}",
        )
    return number


def _java_text(value: Any) -> str:
    """``String.valueOf`` of a JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return double_text(value).strip('"')
        case list():
            return f"[{', '.join(map(_java_text, value))}]"
        case dict():
            return "{" + ", ".join(f"{key}={_java_text(item)}" for key, item in value.items()) + "}"
    return str(value)


def _wrong(message: str, key: str) -> BadRequestError:
    return BadRequestError(message, key=key, code="BRN-3132")
