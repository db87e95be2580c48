"""MirrorMaker's connectors: heartbeats are written; the two that replicate can be validated, not run."""

from __future__ import annotations

from barnabas.connectors.mirror.checkpoint import MirrorCheckpointConnector
from barnabas.connectors.mirror.heartbeat import MirrorHeartbeatConnector, MirrorHeartbeatTask
from barnabas.connectors.mirror.source import MirrorSourceConnector

__all__ = [
    "MirrorCheckpointConnector",
    "MirrorHeartbeatConnector",
    "MirrorHeartbeatTask",
    "MirrorSourceConnector",
]
