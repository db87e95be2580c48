"""The placeholders in a worker's own properties: replaced before anything is started.

Providers of ours answer in this process. A user's runs in a host, as always: the fork server is there already, and the
hosts made here are gone when this is done; the worker makes its own later.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from barnabas import secrets
from barnabas.config_providers import has_placeholder, transform
from barnabas.supervisor.hosts import HostPool
from barnabas.supervisor.providers import Providers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.supervisor.forkserver import ForkServer

__all__ = ["resolve_worker"]

log = logging.getLogger(__name__)

_ENDING = 10.0


def resolve_worker(fork: ForkServer, props: Mapping[str, str]) -> dict[str, str]:
    """The properties with their values; whatever is secret in them is hidden from now on.

    Call it where no event loop runs.

    Raises:
        BarnabasError: A provider is declared wrongly, failed, or did not answer in time.
    """
    secrets.register(secrets.WORKER, secrets.secrets_in(props))
    if not any(map(has_placeholder, props.values())):
        return dict(props)
    return asyncio.run(_resolved(fork, props))


async def _resolved(fork: ForkServer, props: Mapping[str, str]) -> dict[str, str]:
    pool = HostPool(fork)
    pool.attach()
    providers = Providers(props, lambda: pool)
    try:
        result = await transform(props, providers.sources)
    finally:
        await providers.close()
        await pool.end_all(_ENDING)
        pool.release()
    values = {key: value for key, value in result.props.items() if value is not None}
    secrets.register(secrets.WORKER, result.secrets | secrets.secrets_in(values))
    for key, placeholder, why in result.unresolved:
        log.warning("%s: %s stays as it is, because %s.", key, placeholder, why)
    return values
