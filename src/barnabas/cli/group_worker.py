"""The life of a distributed worker: shared topics, REST, plugins, membership, and everything undone in reverse."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from barnabas.cli.cluster import cluster_id_on_thread
from barnabas.cli.exits import BEFORE_START, BROKEN, STARTING
from barnabas.cli.version import KAFKA_VERSION, installed_version
from barnabas.cli.worker import failing_as, run_until_stopped, say_addresses, stop
from barnabas.errors import ConnectError
from barnabas.herder.distributed import DistributedHerder
from barnabas.herder.group.forwarding import Forwarder
from barnabas.herder.resolving import Resolver
from barnabas.herder.running import WorkerIdentity
from barnabas.herder.worker_config import WorkerConfig, check_converters
from barnabas.herder.working import GroupStores
from barnabas.kafka.admin import Admin
from barnabas.kafka.connect_defaults import admin_config, internal_topic_configs
from barnabas.kafka.group_member import GroupMember, GroupSettings
from barnabas.kafka.internal_topics import InternalTopic, prepare_topic, topic_settings
from barnabas.kafka.settings import translate
from barnabas.kafka.topic_log import LogSettings, TopicLogs
from barnabas.plugins import Plugins
from barnabas.rest import client_context, open_rest
from barnabas.store.topic_configs import TopicConfigStore
from barnabas.store.topic_offsets import TopicOffsetStore
from barnabas.store.topic_statuses import TopicStatusStore
from barnabas.supervisor.process import ProcessSupervisor
from barnabas.supervisor.providers import Providers

if TYPE_CHECKING:
    import socket

    from barnabas.herder.group.director import Director
    from barnabas.supervisor.forkserver import ForkServer

__all__ = ["run_group_worker"]

log = logging.getLogger(__name__)

_CREATE_TIMEOUT = 60.0


def run_group_worker(fork: ForkServer, props: Mapping[str, str]) -> int:
    """Run a distributed worker until SIGTERM or SIGINT.

    Args:
        fork: The fork server, launched before anything else.
        props: The worker's properties, placeholders unresolved.

    Raises:
        FatalError: With the exit code and the reason.
    """
    # A file that served a standalone worker before: its offsets are not ours, and tell hosts of another mode.
    props = {key: value for key, value in props.items() if key != "offset.storage.file.filename"}
    return run_until_stopped(fork, props, WorkerConfig.distributed, lambda config, sockets: _run(fork, config, sockets))


async def _run(fork: ForkServer, config: WorkerConfig, sockets: list[socket.socket]) -> None:
    """Start everything, then wait to be cancelled."""
    began = time.monotonic()
    fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    cluster = asyncio.create_task(cluster_id_on_thread(config.props))
    supervisor = ProcessSupervisor(fork, config.props)
    with failing_as(BEFORE_START):
        providers = Providers(config.props, lambda: supervisor.pool)
        logs = TopicLogs(_log_settings(config.props))
        tls = client_context(config.props) if config.advertised_scheme == "https" else None
    plugins = Plugins(config.values["plugin.path"], supervisor.scan)
    host, port = config.advertised(sockets[0].getsockname()[1])

    def broken(error: ConnectError) -> None:
        if not fatal.done():
            fatal.set_exception(error)

    identity = WorkerIdentity(KAFKA_VERSION, f"barnabas-{installed_version()}")
    herder = DistributedHerder(
        config,
        supervisor,
        plugins,
        _stores(config, logs),
        url=f"{config.advertised_scheme}://{host}:{port}/",
        worker_id=f"{host}:{port}",
        make_member=lambda director: _member(config, f"{host}:{port}", director, supervisor.pool.renew),
        forwarder=Forwarder(tls),
        identity=identity,
        resolver=Resolver(providers.sources, providers.close),
        on_fatal=broken,
    )
    supervisor.listen(herder, herder.renewed)
    with failing_as(BEFORE_START):
        identity.info.kafka_cluster_id = await cluster
        log.info("Kafka cluster ID: %s", identity.info.kafka_cluster_id)
        await asyncio.to_thread(_prepare, config)
    async with AsyncExitStack() as undo:
        await logs.start()
        undo.push_async_callback(logs.stop)
        undo.push_async_callback(stop, herder)
        with failing_as(BEFORE_START):  # what is wrong here is a setting: nothing was begun that others would see
            await undo.enter_async_context(open_rest(herder, config, sockets))
        say_addresses(config, sockets, f"{host}:{port}")
        with failing_as(STARTING):
            await plugins.discover()
        with failing_as(BEFORE_START):  # a wrong converter is a wrong setting, though only the plugins can tell
            check_converters(config, plugins)
        with failing_as(STARTING):
            await herder.start()
        log.info("Kafka Connect started (in %.2f s)", time.monotonic() - began)
        with failing_as(BROKEN):
            await _first(supervisor.broken(), fatal)


async def _first(*waiting: Awaitable[None]) -> None:
    """Wait for whatever ends first, and raise what it raises."""
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def _log_settings(props: Mapping[str, str]) -> LogSettings:
    consumer, producer = internal_topic_configs(props)
    return LogSettings(
        translate(consumer, "consumer"), translate(producer, "producer"), translate(admin_config(props), "admin")
    )


def _stores(config: WorkerConfig, logs: TopicLogs) -> GroupStores:
    values = config.values
    return GroupStores(
        configs=TopicConfigStore(logs, values["config.storage.topic"]),
        statuses=TopicStatusStore(logs, values["status.storage.topic"]),
        offsets=TopicOffsetStore(logs, values["offset.storage.topic"]),
    )


def _member(config: WorkerConfig, worker_id: str, director: Director, renew: Callable[[int], None]) -> GroupMember:
    values = config.values
    settings = GroupSettings(
        group=values["group.id"],
        session_timeout_ms=values["session.timeout.ms"],
        rebalance_timeout_ms=values["rebalance.timeout.ms"],
        heartbeat_interval_ms=values["heartbeat.interval.ms"],
        retry_backoff_ms=int(config.props.get("retry.backoff.ms", "100")),
        request_timeout_ms=int(config.props.get("request.timeout.ms", "40000")),
    )
    client_id = config.props.get("client.id") or f"connect-{worker_id}"
    java = {**admin_config(config.props), "client.id": client_id}
    return GroupMember(settings, translate(java, "admin"), director, renew)


def _prepare(config: WorkerConfig) -> None:
    """Make the shared topics, or check those that are there; blocks."""
    values, props = config.values, config.props
    with Admin(translate(admin_config(props), "admin")) as admin:
        for what in ("status", "offset", "config"):
            prefix = f"{what}.storage."
            if f"{prefix}cleanup.policy" in props:
                log.warning("%scleanup.policy is ignored: the topic is always compacted.", prefix)
            topic = InternalTopic(
                values[f"{prefix}topic"],
                f"{prefix}topic",
                1 if what == "config" else values[f"{prefix}partitions"],
                values[f"{prefix}replication.factor"],
                topic_settings(props, what),
                exact=what == "config",
            )
            prepare_topic(admin, topic, _CREATE_TIMEOUT)
