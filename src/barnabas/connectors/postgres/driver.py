"""psycopg, loaded when a connector is really used: a worker without it starts and runs everything else."""

from __future__ import annotations

import importlib
from typing import Any

from barnabas.errors import PluginError

__all__ = ["load"]


def load(module: str = "psycopg") -> Any:
    """The driver, or one of its modules (``psycopg.pq``, ``psycopg.sql``).

    Raises:
        PluginError: It is not installed, or finds no libpq.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise PluginError(
            "The connectors for PostgreSQL need psycopg, which cannot be loaded.",
            code="BRN-6100",
            key="connector.class",
            remedy=f"Install it: pip install 'barnabas[postgres]'. (Python says: {error}.)",
        ) from error
