"""The configuration providers of a worker: ours on threads here, those of users in a host each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from barnabas.config_providers import Source, ThreadedSource, built_in, provider_specs
from barnabas.config_providers.names import ProviderSpec
from barnabas.errors import ConfigError, HostDiedError, HungError
from barnabas.extension import ConfigData
from barnabas.plugins.homes import list_homes, split_plugin_path
from barnabas.plugins.scan import import_root
from barnabas.plugins.static import find_class, split_path
from barnabas.supervisor.channel import Provide, ToWorker
from barnabas.supervisor.hosts import Host, HostPool
from barnabas.supervisor.settings import Limits

__all__ = ["HostedSource", "Providers"]

_CLOSING = 2.0  # seconds that ConfigProvider.close may take


class HostedSource:
    """One provider of a user's.

    A question that hangs ends the host, and with it the provider object: the questions of others that were under way
    there are asked again, once, in a new one.

    Args:
        pool: Makes processes.
        spec: The provider.
        home: The plugin home that has its class; ``None`` for the worker's own environment.
        memory: Limits the process, in bytes.
        deadline: Seconds that a question may take.
    """

    def __init__(
        self, pool: Callable[[], HostPool], spec: ProviderSpec, home: str | None, *, memory: int, deadline: float
    ) -> None:
        self._pool = pool
        self._spec = spec
        self._home = home
        self._memory = memory
        self._deadline = deadline
        self._host: Host | None = None
        self._making = asyncio.Lock()

    async def get(self, path: str, keys: Iterable[str]) -> ConfigData:
        """See :meth:`barnabas.extension.ConfigProvider.get`.

        Raises:
            RemoteError: What the provider raised.
            HungError: The deadline passed.
            HostDiedError: Its process ended, twice.
        """
        wanted = list(keys)
        try:
            return await self._ask(path, wanted)
        except (HungError, HostDiedError) as error:
            if self._what(path) in error.message:  # it is this question that hangs
                raise
            return await self._ask(path, wanted)

    def _what(self, path: str) -> str:
        return f"Configuration provider {self._spec.name}, asked for {path or 'values'},"

    async def _ask(self, path: str, keys: list[str]) -> ConfigData:
        host = await self._running()
        data, ttl = await host.ask(
            lambda number: Provide(number, self._spec, self._home, path, keys), self._what(path), self._deadline
        )
        return ConfigData(data, ttl)

    async def _running(self) -> Host:
        async with self._making:
            if self._host is None or self._host.ended is not None:
                host = Host(self._pool(), f"provider {self._spec.name}", 1, _ignore, _ignore)
                await host.open(self._memory)
                self._host = host
            return self._host

    async def close(self) -> None:
        """Have the provider closed, within two seconds, and its process ended."""
        host = self._host
        if host is None or host.ended is not None:
            return
        host.quit()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(host.gone.wait(), _CLOSING)
        host.kill()


class Providers:
    """All providers that a worker's properties declare.

    Args:
        props: The properties.
        pool: Gives what makes processes, once one is needed.

    Raises:
        ConfigError: A class cannot be found, or a setting of one of ours is wrong.
    """

    def __init__(self, props: Mapping[str, str], pool: Callable[[], HostPool]) -> None:
        limits = Limits.of(props)
        self.sources: dict[str, Source] = {}
        self._hosted: list[HostedSource] = []
        for name, spec in provider_specs(props).items():
            if spec.trusted:
                self.sources[name] = ThreadedSource(name, built_in(spec), limits.connector_call)
                continue
            home = _home_of(spec, props.get("plugin.path"))
            hosted = HostedSource(pool, spec, home, memory=limits.memory, deadline=limits.connector_call)
            self.sources[name] = hosted
            self._hosted.append(hosted)

    async def close(self) -> None:
        """Close those that run in hosts."""
        await asyncio.gather(*(hosted.close() for hosted in self._hosted))


def _home_of(spec: ProviderSpec, plugin_path: str | None) -> str | None:
    """Where a user's class is, told from source text alone."""
    parts = split_path(spec.path)
    for home in _places(plugin_path) if parts else ():
        found = find_class(*parts, home) if parts else None
        if found is not None and found.defined:
            return home
    key = f"config.providers.{spec.name}.class"
    raise ConfigError(
        f"Invalid value {spec.path} for configuration {key}: Class {spec.path} could not be found.",
        key=key,
        remedy="Check the spelling; install its package beside barnabas, or put it into a folder on plugin.path.",
        code="BRN-1084",
    )


def _places(plugin_path: str | None) -> Iterator[str | None]:
    yield None
    yield str(Path.cwd())
    yield from dict.fromkeys(import_root(home) for home in list_homes(split_plugin_path(plugin_path)))


def _ignore(host: Host, message: ToWorker | HostDiedError) -> None:
    """A provider's host says nothing of its own accord; of its end, those are told who asked."""
