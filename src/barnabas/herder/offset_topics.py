"""Offset topics that connectors have of their own (``offsets.storage.topic``), on the workers that need them.

A topic is opened for the first task that starts here, or for a user who asks, and closed when nobody has asked for
long. It may be in another cluster than the worker's: its clients are the connector's, overrides included.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from barnabas.errors import ConfigError, ConnectError
from barnabas.herder.resolving import Resolved
from barnabas.kafka.admin import Admin
from barnabas.kafka.connect_defaults import offset_topic_configs
from barnabas.kafka.internal_topics import InternalTopic, prepare_topic, topic_settings
from barnabas.kafka.settings import translate
from barnabas.kafka.topic_log import LogSettings, TopicLogs
from barnabas.overrides import check_overrides
from barnabas.store.base import OffsetStore
from barnabas.store.connector_offsets import ConnectorOffsetStore
from barnabas.store.topic_offsets import TopicOffsetStore

__all__ = ["OffsetTopics", "OwnTopic", "open_offset_topic", "own_offsets_topic"]

log = logging.getLogger(__name__)

_KEY: Final = "offsets.storage.topic"
_OVERRIDES: Final = ("producer.override.", "consumer.override.", "admin.override.")
_CREATE_TIMEOUT: Final = 30.0
_READ_TIMEOUT: Final = 60.0
_CLOSE_TIMEOUT: Final = 5.0
_IDLE: Final = 600.0

Props = Mapping[str, str | None]


def own_offsets_topic(config: Props) -> str | None:
    """The topic that a connector wants for its offsets, if any; it may hold placeholders."""
    return (config.get(_KEY) or "").strip() or None


class OwnTopic(NamedTuple):
    """An open offset topic: its offsets, started, and how to let go of it."""

    store: OffsetStore
    close: Callable[[], Awaitable[None]]


class Opener(Protocol):
    """Opens a connector's offset topic, and makes it where it is missing."""

    async def __call__(self, worker: Mapping[str, str], name: str, props: Mapping[str, str]) -> OwnTopic:
        """See :func:`open_offset_topic`."""


class _Open(msgspec.Struct):
    """A topic in use.

    Args:
        config: The part of the stored configuration that it was opened for.
        props: The same with placeholders replaced.
        store: The connector's offsets.
        topic: The topic; ``None`` where it is the worker's own.
        used: When it was last asked for, on the clock of the event loop.
    """

    config: dict[str, str | None]
    props: dict[str, str | None]
    store: OffsetStore
    topic: OwnTopic | None
    used: float


class OffsetTopics:
    """Finds the store of each connector's source offsets; used on the worker's event loop.

    Args:
        worker: The worker's properties.
        store: Offsets of connectors without a topic of their own, and copies of the others'.
        config_of: The stored configuration of a connector.
        resolve: Replaces placeholders in it.
        opener: Opens topics.
        idle: Seconds after which a topic that nobody asks for is closed.
    """

    def __init__(
        self,
        worker: Mapping[str, str],
        store: OffsetStore,
        config_of: Callable[[str], Props | None],
        resolve: Callable[[str, Props], Awaitable[Resolved]],
        *,
        opener: Opener,
        idle: float = _IDLE,
    ) -> None:
        self._worker = worker
        self._store = store
        self._config_of = config_of
        self._resolve = resolve
        self._opener = opener
        self._idle = idle
        self._open: dict[str, _Open] = {}
        self._plain: set[str] = set()  # connectors whose tasks were started here without a topic of their own
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sweeper: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ for whom
    def of(self, name: str) -> OffsetStore:
        """The offsets of a connector as it is configured now; its topic is opened by the first question."""
        return _Lazy(self, name) if own_offsets_topic(self._config_of(name) or {}) else self._store

    def for_tasks(self, name: str) -> OffsetStore:
        """The offsets of a connector as those of its tasks that run here were started with."""
        if name in self._plain:
            return self._store
        entry = self._open.get(name)
        if entry is None:
            return self.of(name)
        self._use(entry)
        return entry.store

    async def prepare(self, name: str, props: Mapping[str, str]) -> None:
        """Tasks of a source connector are about to start with this configuration, placeholders replaced.

        Raises:
            BarnabasError: Its topic cannot be used: the tasks must not start.
        """
        if not own_offsets_topic(props):
            self._plain.add(name)
            await self._close(name)
            return
        self._plain.discard(name)
        async with self._locks[name]:
            await self._opened(name, _part(self._config_of(name) or {}), props)

    async def open(self, name: str) -> OffsetStore:
        """The offsets of a connector as it is configured now."""
        async with self._locks[name]:
            config = self._config_of(name) or {}
            entry = self._open.get(name)
            if entry is not None and entry.config == _part(config):
                self._use(entry)
                return entry.store
            return await self._opened(name, _part(config), (await self._resolve(name, config)).props)

    def current(self, name: str) -> OffsetStore:
        """What :meth:`open` returned last."""
        return self._open[name].store if name in self._open else self._store

    async def close(self) -> None:
        """Let go of everything: the worker stops, and its tasks have stopped."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        await asyncio.gather(*map(self._close, list(self._open)))

    # ------------------------------------------------------------------ open topics
    @staticmethod
    def _use(entry: _Open) -> None:
        entry.used = asyncio.get_running_loop().time()

    async def _opened(self, name: str, config: dict[str, str | None], props: Mapping[str, str]) -> OffsetStore:
        """The store of these properties, opened unless it is; holds the connector's lock."""
        entry, part = self._open.get(name), _part(props)
        if entry is not None and entry.props == part:
            entry.config = config
            self._use(entry)
            return entry.store
        await self._close(name)
        store, topic = self._store, None
        if not self._is_workers(name, props):
            topic = await self._opener(self._worker, name, props)
            store = ConnectorOffsetStore(name, topic.store, self._store)
        self._open[name] = _Open(config, part, store, topic, asyncio.get_running_loop().time())
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep(), name="offset-topics")
        return store

    def _is_workers(self, name: str, props: Mapping[str, str]) -> bool:
        """Whether the connector names the worker's own topic, in the worker's cluster."""
        if own_offsets_topic(props) != self._worker.get("offset.storage.topic", "").strip():
            return False
        _, producer, _ = offset_topic_configs(self._worker, props, name)
        return _servers(producer) == _servers(self._worker)

    async def _close(self, name: str) -> None:
        entry = self._open.pop(name, None)
        if entry is None or entry.topic is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await entry.store.stop()
        except TimeoutError:
            log.warning("Copies of the offsets of %s in the worker's topic could not be written in time.", name)
        await entry.topic.close()

    async def _sweep(self) -> None:
        while self._open:
            await asyncio.sleep(self._idle / 2)
            since = asyncio.get_running_loop().time() - self._idle
            for name in [name for name, entry in self._open.items() if entry.used < since]:
                async with self._locks[name]:
                    entry = self._open.get(name)
                    if entry is not None and entry.used < since:
                        await self._close(name)


class _Lazy(OffsetStore):
    """The offsets of one connector; its topic is opened when they are asked for."""

    def __init__(self, topics: OffsetTopics, name: str) -> None:
        self._topics = topics
        self._name = name

    async def start(self) -> None:
        await self._topics.open(self._name)

    async def stop(self) -> None:
        """Nothing to do: the topic is closed when nobody asks for it."""

    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return await (await self._topics.open(self._name)).get(keys)

    async def set(self, entries: Mapping[bytes, bytes | None]) -> None:
        await (await self._topics.open(self._name)).set(entries)

    async def refresh(self) -> None:
        await (await self._topics.open(self._name)).refresh()

    def partitions(self, connector: str) -> list[tuple[dict[str, Any], bytes]]:
        return self._topics.current(self._name).partitions(connector)


def _part(config: Props) -> dict[str, str | None]:
    """What of a configuration decides about the topic."""
    return {key: value for key, value in config.items() if key == _KEY or key.startswith(_OVERRIDES)}


def _servers(props: Mapping[str, str]) -> set[str]:
    return {server.strip() for server in props.get("bootstrap.servers", "localhost:9092").split(",")}


# ---------------------------------------------------------------------- Kafka
async def open_offset_topic(worker: Mapping[str, str], name: str, props: Mapping[str, str]) -> OwnTopic:
    """Open a connector's offset topic and read it; made where it is missing, compacted, as the worker's would be.

    Args:
        worker: The worker's properties.
        name: The connector.
        props: Its configuration, placeholders replaced.

    Raises:
        ConfigError: The topic would lose offsets, or a setting of the clients is wrong or not allowed.
        ConnectError: It cannot be made or read.
    """
    topic = own_offsets_topic(props) or ""
    try:
        logs = await asyncio.to_thread(_prepared, worker, name, props, topic)
        await logs.start()
    except ConfigError:
        raise
    except ConnectError as error:
        raise _unusable(name, topic, error.message) from error
    store = TopicOffsetStore(logs, topic)
    try:
        async with asyncio.timeout(_READ_TIMEOUT):
            await store.start()
    except TimeoutError:
        await logs.stop()
        raise _unusable(name, topic, f"it was not read within {_READ_TIMEOUT:.0f} s") from None
    except BaseException as error:
        await logs.stop()
        if isinstance(error, ConnectError):
            raise _unusable(name, topic, error.message) from error
        raise
    log.info("The offsets of %s are in topic %s.", name, topic)
    return OwnTopic(store, logs.stop)


def _prepared(worker: Mapping[str, str], name: str, props: Mapping[str, str], topic: str) -> TopicLogs:
    """Make or check the topic; blocks."""
    check_overrides("source", worker, props)
    consumer, producer, admin = offset_topic_configs(worker, props, name)
    settings = LogSettings(translate(consumer, "consumer"), translate(producer, "producer"), translate(admin, "admin"))
    made = InternalTopic(
        topic,
        _KEY,
        int(worker.get("offset.storage.partitions", "25")),
        int(worker.get("offset.storage.replication.factor", "3")),
        topic_settings(worker, "offset"),
    )
    with Admin(settings.admin) as client:
        prepare_topic(client, made, _CREATE_TIMEOUT)
    return TopicLogs(settings)


def _unusable(name: str, topic: str, why: str) -> ConnectError:
    return ConnectError(
        f"The offsets of connector {name} cannot be kept in topic {topic}: {why}",
        code="BRN-3170",
        key=_KEY,
        remedy="Give the connector's clients the rights to create, read and write it, or remove the setting.",
    )
