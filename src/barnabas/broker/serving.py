"""Running the broker as a program: until a signal says stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from barnabas.broker.server import Broker
from barnabas.broker.settings import BrokerSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["serve"]


async def serve(
    data_dir: Path,
    host: str,
    port: int,
    *,
    announce: Callable[[str], None] | None = None,
    allow_remote: bool = False,
) -> None:
    """Run a broker until SIGTERM or SIGINT; the main coroutine of ``barnabas broker``.

    Args:
        data_dir: The broker's folder.
        host: The address to listen on.
        port: The port; 0 for any that is free.
        announce: Called with one line for people once clients can connect, which names the address.
        allow_remote: Permit addresses other than loopback.

    Raises:
        ConfigError: The host, the port or the folder cannot be used; names the option and the remedy.
    """
    broker = Broker(data_dir, host, port, settings=BrokerSettings(allow_remote=allow_remote))
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await broker.start()
        if announce is not None:
            announce(
                f"development broker on {broker.bootstrap}, data in {data_dir} "
                "(for development and tests; in production use Apache Kafka)"
            )
        await stop.wait()
    finally:
        await broker.stop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
