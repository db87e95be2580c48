"""What is behind ``barnabas.config``: import from there."""

from __future__ import annotations
