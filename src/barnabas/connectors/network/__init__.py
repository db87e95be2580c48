"""Data that is sent to a port at a fixed address: TCP, UDP or HTTP, into a topic."""

from __future__ import annotations

from barnabas.connectors.network.source import HttpSourceTask, NetworkSourceConnector, NetworkSourceTask

__all__ = ["HttpSourceTask", "NetworkSourceConnector", "NetworkSourceTask"]
