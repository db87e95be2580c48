"""What a worker does with connectors: one interface, and the standalone implementation of it."""

from __future__ import annotations
