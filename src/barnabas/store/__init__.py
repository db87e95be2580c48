"""Where configurations, source offsets and statuses are kept: an interface each, in memory, in a file, or in topics."""

from __future__ import annotations
