"""Plugins: which classes there are, under which names, and how a host loads one.

In the worker, :class:`Plugins` finds and lists them without running any of their code. In a host, :func:`load` imports
one class, and :func:`scan_home` everything in one home.
"""

from __future__ import annotations

from barnabas.plugins.loading import load
from barnabas.plugins.registry import Plugins
from barnabas.plugins.scan import scan_home

__all__ = ["Plugins", "load", "scan_home"]
