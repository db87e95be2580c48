"""What is behind ``barnabas.values``: import from there."""

from __future__ import annotations
