"""What is behind :mod:`barnabas.testing`."""

from __future__ import annotations
