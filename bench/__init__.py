"""Comparison of Barnabas with the JVM's Connect worker, side by side. ``make bench`` runs it; see ``__main__``."""

from __future__ import annotations

import sys
from pathlib import Path

# The helpers that start real brokers and workers are shared with the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
