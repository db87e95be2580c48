"""Long runs that hunt for lost records and measure memory. Each is one command; see CONTRIBUTING.md."""

from __future__ import annotations

import sys
from pathlib import Path

# The helpers that start real brokers and workers are shared with the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
