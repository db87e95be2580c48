"""A standalone worker's life: what is made in which order, and undone in reverse.

What fails before the herder starts ends with exit code 2, what fails from then on with 3: see ``barnabas.cli.exits``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

from barnabas import logs
from barnabas.cli.cluster import cluster_id_on_thread
from barnabas.cli.exits import BEFORE_START, BROKEN, OK, STARTING, FatalError
from barnabas.cli.listen import bind_all
from barnabas.cli.version import KAFKA_VERSION, installed_version, startup_line
from barnabas.cli.worker_file import resolve_worker
from barnabas.config_providers import ProviderHungError
from barnabas.errors import BarnabasError, ConfigError, HostDiedError, HungError
from barnabas.herder.connector_file import load_connector_file
from barnabas.herder.listeners import HttpListener
from barnabas.herder.resolving import Resolver
from barnabas.herder.standalone import StandaloneHerder
from barnabas.herder.worker_config import WorkerConfig, check_converters
from barnabas.plugins import Plugins
from barnabas.rest import open_rest
from barnabas.store.file import FileOffsetStore
from barnabas.supervisor.process import ProcessSupervisor
from barnabas.supervisor.providers import Providers

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
    from typing import Any

    from barnabas.herder.connector_file import ConnectorFile
    from barnabas.herder.running import RunningHerder
    from barnabas.supervisor.forkserver import ForkServer

__all__ = ["failing_as", "run_until_stopped", "run_worker", "say_addresses", "stop"]

log = logging.getLogger(__name__)

_CREATE_PATIENCE = 10.0
"""Seconds in which a connector of the command line must have failed for the worker to end with it; one that fails later
is FAILED, like one that was made by REST."""

_CONTAINED = frozenset({HungError.code, HostDiedError.code, ProviderHungError.code})
"""A connector that hangs or takes its process down costs itself only: the others, and the worker, run on."""


def run_worker(
    fork: ForkServer,
    props: Mapping[str, str],
    files: Sequence[str],
    started: Callable[[str], None] | None = None,
) -> int:
    """Run a standalone worker until SIGTERM or SIGINT.

    Args:
        fork: The fork server, launched before anything else.
        props: The worker's properties, placeholders unresolved.
        files: Connector files to create connectors from.
        started: Called with the address of REST once everything is up.

    Raises:
        FatalError: With the exit code and the reason.
    """
    return run_until_stopped(
        fork,
        props,
        WorkerConfig.standalone,
        lambda config, sockets: _run(fork, config, sockets, files, started),
    )


def run_until_stopped(
    fork: ForkServer,
    props: Mapping[str, str],
    check: Callable[[Mapping[str, str]], WorkerConfig],
    work: Callable[[WorkerConfig, list[socket.socket]], Coroutine[Any, Any, None]],
) -> int:
    """Run a worker of either mode until SIGTERM or SIGINT.

    Args:
        fork: The fork server, launched before anything else.
        props: The worker's properties, placeholders unresolved.
        check: Makes a configuration of them.
        work: The worker's life, given its configuration and the listening sockets of REST.

    Raises:
        FatalError: With the exit code and the reason.
    """
    logs.mind_own_business()
    log.info("%s", startup_line())
    with failing_as(BEFORE_START):
        config = check(resolve_worker(fork, props))
        for warning in config.warnings:
            log.warning("%s", warning)
        sockets = bind_all([*config.listeners, *(config.admin_listeners or ())])
    return asyncio.run(_until_stopped(work(config, sockets)))


async def _until_stopped(work: Coroutine[Any, Any, None]) -> int:
    """Run the worker as a task, which the first signal cancels: whatever it is doing, it then undoes what it made."""
    task = asyncio.create_task(work)
    stopping = False

    def stop(number: signal.Signals) -> None:
        nonlocal stopping
        if stopping:
            log.warning("Stopping at once, on a second %s.", number.name)
            os._exit(128 + number)
        stopping = True
        log.info("Stopping, on %s; a second one stops at once.", number.name)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        log.info("Stopped.")
    return OK


async def _run(
    fork: ForkServer,
    config: WorkerConfig,
    sockets: list[socket.socket],
    files: Sequence[str],
    started: Callable[[str], None] | None,
) -> None:
    """Start everything, then wait to be cancelled."""
    began = time.monotonic()
    cluster = asyncio.create_task(cluster_id_on_thread(config.props))
    supervisor = ProcessSupervisor(fork, config.props)
    with failing_as(BEFORE_START):
        providers = Providers(config.props, lambda: supervisor.pool)
    plugins = Plugins(config.values["plugin.path"], supervisor.scan)
    host, port = config.advertised(sockets[0].getsockname()[1])
    herder = StandaloneHerder(
        config,
        supervisor,
        plugins,
        FileOffsetStore(config.offsets_file),
        worker_id=f"{host}:{port}",
        cluster_id=lambda: cluster,
        version=KAFKA_VERSION,
        commit=f"barnabas-{installed_version()}",
        resolver=Resolver(providers.sources, providers.close),
    )
    supervisor.listen(herder, herder.renewed)
    with failing_as(BEFORE_START):
        log.info("Kafka cluster ID: %s", await cluster)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(stop, herder)
        with failing_as(STARTING):
            await herder.start()
        with failing_as(BEFORE_START):  # what is wrong here is a setting: nothing was begun that others would see
            await undo.enter_async_context(open_rest(herder, config, sockets))
        address = say_addresses(config, sockets, f"{host}:{port}")
        with failing_as(STARTING):
            await plugins.discover()
        with failing_as(BEFORE_START):  # a wrong converter is a wrong setting, though only the plugins can tell
            check_converters(config, plugins)
        with failing_as(STARTING):
            await _create_all(herder, files)
        herder.ready()
        log.info("Kafka Connect started (in %.2f s)", time.monotonic() - began)
        if started is not None:
            started(address)
        with failing_as(BROKEN):
            await supervisor.broken()


async def stop(herder: RunningHerder) -> None:
    """Stop all work; what fails then is no reason to start the worker anew, but the exit code tells."""
    with failing_as(BROKEN):
        await herder.stop()


def say_addresses(config: WorkerConfig, sockets: Sequence[socket.socket], advertised: str) -> str:
    """Log where REST listens; the first address, as a person would type it."""
    listeners = [*config.listeners, *(config.admin_listeners or ())]
    addresses = [_address(*each) for each in zip(listeners, sockets, strict=True)]
    log.info("REST server listening at %s, advertised as %s", ", ".join(addresses), advertised)
    return addresses[0]


@contextmanager
def failing_as(code: int) -> Iterator[None]:
    """What fails inside ends the program with this exit code."""
    try:
        yield
    except Exception as error:
        raise FatalError(code, error) from error


async def _create_all(herder: StandaloneHerder, files: Sequence[str]) -> None:
    """Create the connectors of the command line, all at the same time: one that is slow does not hold up the others."""
    connectors = [load_connector_file(file) for file in files]
    try:
        async with asyncio.TaskGroup() as group:
            for file, connector in zip(files, connectors, strict=True):
                group.create_task(_create(herder, file, connector))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _create(herder: StandaloneHerder, file: str, connector: ConnectorFile) -> None:
    with logs.context(f"{connector.name}|worker"):
        try:
            await herder.put_connector(
                connector.name,
                connector.config,
                target=connector.target,
                replace=False,
                answer_after=_CREATE_PATIENCE,
            )
        except BarnabasError as error:
            if error.code in _CONTAINED:
                log.error("The connector of %s does not run: %s", file, error.describe())  # noqa: TRY400  says it all
                return
            raise ConfigError(
                f"{file}: {error.message}", code=error.code, key=error.key, remedy=error.remedy
            ) from error
        log.info("Created connector %s", connector.name)


def _address(listener: HttpListener, sock: socket.socket) -> str:
    host = "localhost" if listener.host in {"", "::", "0.0.0.0"} else listener.host  # noqa: S104  compared, not bound
    return str(HttpListener(listener.scheme, host, sock.getsockname()[1]))
