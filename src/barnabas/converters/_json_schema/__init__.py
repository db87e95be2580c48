"""JSON Schema: the mapping between its schemas and Connect's, and plans for the JSON of each."""

from __future__ import annotations
