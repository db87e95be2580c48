"""What a worker does with connectors: one interface, and the standalone implementation of it."""

from __future__ import annotations

from barnabas.herder.standalone import StandaloneHerder

__all__ = ["StandaloneHerder"]
