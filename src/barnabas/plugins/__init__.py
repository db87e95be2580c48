"""Plugins: which classes there are, under which names, and how a host loads one.

In the worker, :class:`Plugins` finds and lists them without running any of their code. In a host, :func:`load` imports
one class, and :func:`scan_home` everything in one home.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barnabas.plugins.loading import load
from barnabas.plugins.scan import scan_home

if TYPE_CHECKING:
    from barnabas.plugins.registry import Plugins

__all__ = ["Plugins", "load", "scan_home"]


def __getattr__(name: str) -> Any:
    """The registry, once it is wanted: hosts load classes, and have neither a list of all of them nor an event loop."""
    if name != "Plugins":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from barnabas.plugins.registry import Plugins  # noqa: PLC0415  as said above

    return Plugins
