"""Asking Kafka who it is, at the start: a wrong address or password ends the worker with one clear line."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

from barnabas.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ask_cluster_id", "cluster_id_on_thread"]

log = logging.getLogger(__name__)

_DEFAULT_TIMEOUT_MS = 60_000
_TELL_AFTER = 3.0
_KEYS = {
    "_AUTHENTICATION": "sasl.jaas.config",
    "SASL_AUTHENTICATION_FAILED": "sasl.jaas.config",
    "_SSL": "ssl.truststore.location",
}


def ask_cluster_id(props: Mapping[str, str]) -> str:
    """Blocks until Kafka answers, for ``default.api.timeout.ms`` at most.

    Raises:
        ConfigError: A client setting is wrong.
        ConnectError: Kafka cannot be reached, or refuses us.
    """
    # On this thread, because importing a Kafka client takes time in which the worker can do other things.
    from barnabas.kafka.admin import cluster_id  # noqa: PLC0415
    from barnabas.kafka.connect_defaults import admin_config  # noqa: PLC0415
    from barnabas.kafka.faults import KafkaClientError  # noqa: PLC0415
    from barnabas.kafka.settings import translate  # noqa: PLC0415

    java = admin_config(props)
    settings = translate(java, "admin")
    for warning in settings.warnings:
        log.warning("%s", warning)
    try:
        return cluster_id(settings, int(java.get("default.api.timeout.ms", _DEFAULT_TIMEOUT_MS)) / 1000)
    except KafkaClientError as error:
        name = error.fault.name if error.fault else ""
        key = _KEYS.get(name, "bootstrap.servers")
        raise ConnectError(
            "Failed to connect to and describe Kafka cluster. Check worker's broker connection and security "
            f"properties. {error.message.rstrip('.')}.",
            code="BRN-1051",
            key=key,
            remedy=error.remedy or (None if key in error.message else _remedy(key, props)),
        ) from error


def _remedy(key: str, props: Mapping[str, str]) -> str:
    if key != "bootstrap.servers":
        return f"Correct {key}."
    servers = props.get(key, "localhost:9092")
    return f"Start Kafka at {servers}, or correct bootstrap.servers; 'barnabas dev' brings a broker of its own."


async def cluster_id_on_thread(props: Mapping[str, str]) -> str:
    """The same without blocking the event loop; after a while it says what is being waited for.

    The thread is one that nobody waits for when the worker is stopped meanwhile, unlike those of an executor.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[str] = loop.create_future()

    def settle(value: Any, error: Exception | None) -> None:
        if future.done():  # cancelled
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)

    def work() -> None:
        value, failure = "", None
        try:
            value = ask_cluster_id(props)
        except Exception as error:  # noqa: BLE001  raised again where it is awaited
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=work, name="cluster-id", daemon=True).start()
    try:
        await asyncio.wait_for(asyncio.shield(future), _TELL_AFTER)
    except TimeoutError:
        log.warning("Kafka at %s has not answered yet.", props.get("bootstrap.servers", "localhost:9092"))
    return await future
