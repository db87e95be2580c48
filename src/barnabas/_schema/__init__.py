"""What is behind ``barnabas.schema``: import from there."""

from __future__ import annotations
