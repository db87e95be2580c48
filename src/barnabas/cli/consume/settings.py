"""Options and files of ``barnabas consume`` into the settings that a sink task would have."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from barnabas import secrets
from barnabas.cli.consume.guess import GUESS
from barnabas.config_providers import has_placeholder, transform
from barnabas.errors import UsageError
from barnabas.herder.connector_file import load_connector_file
from barnabas.properties import load_properties
from barnabas.supervisor.api import PluginRef, TaskId, TaskSpec

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

__all__ = ["task_spec"]

_CONVERTERS: Final = ("key.converter", "value.converter", "header.converter")
_REGISTRY: Final = "schema.registry.url"
_ENDING: Final = 10.0

Props = dict[str, str]


def task_spec(arguments: Namespace) -> TaskSpec:
    """What a task that reads the topic would be made of: converters, transforms and client settings.

    Options win over the connector's file, that over the worker's. Placeholders are resolved by the worker's providers.

    Raises:
        UsageError: An option makes no sense.
        BarnabasError: A file cannot be read, or a provider failed.
    """
    worker = load_properties(arguments.worker) if arguments.worker else {}
    connector: dict[str, str | None] = {}
    if arguments.connector:
        connector.update(load_connector_file(arguments.connector).config)
    given = {key: value for key, value in connector.items() if value is not None}
    if any(map(has_placeholder, [*worker.values(), *given.values()])):
        worker, given = _resolve(worker, given)
    secrets.register(secrets.WORKER, secrets.secrets_in({**worker, **given}))
    _lay_over(arguments, worker, given)
    worker.setdefault("bootstrap.servers", "localhost:9092")
    name = given.get("name", "consume")
    plugin = PluginRef(name=name, path="", kind="sink")
    return TaskSpec(TaskId(name, 0), plugin, "", {}, given, worker)


def _lay_over(arguments: Namespace, worker: Props, connector: Props) -> None:
    """Options into the two configurations; a converter that is named brings all of its settings."""
    options = _properties(arguments.property)
    guess = getattr(arguments, "guess", True)
    if arguments.bootstrap_server:
        worker["bootstrap.servers"] = arguments.bootstrap_server
    for key in _CONVERTERS:
        named = getattr(arguments, key.replace(".", "_"), None) or options.pop(key, None)
        if named:
            for old in [name for name in connector if name == key or name.startswith(f"{key}.")]:
                del connector[old]
            connector[key] = named
        elif guess and key not in connector and key not in worker and key != "header.converter":
            connector[key] = GUESS
        target = connector if connector.get(key) else worker
        if getattr(arguments, "schema_registry", None):
            target.setdefault(f"{key}.{_REGISTRY}", arguments.schema_registry)
        for name in [name for name in options if name.startswith(f"{key}.")]:
            target[name] = options.pop(name)
    for name, value in options.items():
        of_connector = name.startswith(("transforms", "predicates", "consumer.override.")) or name == "data.strict"
        (connector if of_connector else worker)[name] = value


def _properties(pairs: list[str]) -> Props:
    made: Props = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--property {pair} is not of the form KEY=VALUE.", remedy="Write, say, -X a.key=value.")
        made[key.strip()] = value.strip()
    return made


def _resolve(worker: Props, connector: Props) -> tuple[Props, Props]:
    """Both without placeholders; providers of users answer from processes of their own, as for a worker."""
    from barnabas.supervisor import forkserver  # noqa: PLC0415  most configurations have no placeholders

    fork = forkserver.launch()
    try:
        return asyncio.run(_resolved(fork, worker, connector))
    finally:
        fork.close()


async def _resolved(fork: Any, worker: Props, connector: Props) -> tuple[Props, Props]:
    from barnabas.supervisor.hosts import HostPool  # noqa: PLC0415  as above
    from barnabas.supervisor.providers import Providers  # noqa: PLC0415

    pool = HostPool(fork)
    pool.attach()
    providers = Providers(worker, lambda: pool)
    try:
        results = [await transform(props, providers.sources) for props in (worker, connector)]
    finally:
        await providers.close()
        await pool.end_all(_ENDING)
        pool.release()
    for result in results:
        secrets.register(secrets.WORKER, result.secrets)
    return _set(results[0].props), _set(results[1].props)


def _set(props: Mapping[str, str | None]) -> Props:
    return {key: value for key, value in props.items() if value is not None}
