"""The connectors that come with Barnabas: one folder a system, each importing nothing but the public API."""

from __future__ import annotations
