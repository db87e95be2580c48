"""Imports the client library without the event loop that only its asynchronous classes need."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

__all__ = ["import_client"]


def import_client() -> None:
    """Import confluent_kafka; called by the fork server, before anything else that needs it.

    The library imports asyncio, and with it TLS, subprocesses and thirty modules more, which no host of ours uses:
    three megabytes of every worker. Here it gets a stand-in that imports the real one when it is first used. Who
    imports asyncio afterwards gets the real one at once.
    """
    if "asyncio" in sys.modules:
        importlib.import_module("confluent_kafka")
        return
    stand_in = ModuleType("asyncio", "Stands in for asyncio until it is used.")
    stand_in.__dict__["__getattr__"] = _real
    sys.modules["asyncio"] = stand_in
    try:
        importlib.import_module("confluent_kafka")
    finally:
        if sys.modules.get("asyncio") is stand_in:
            del sys.modules["asyncio"]


def _real(name: str) -> Any:
    """An attribute of the real module; after the import above, :mod:`asyncio` is no longer the stand-in."""
    return getattr(importlib.import_module("asyncio"), name)
