"""The parts of JsonConverter."""

from __future__ import annotations
