"""The demo's text: the same each time, and hard enough for a copy to be a proof."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "demo_text.py"


def load():
    spec = importlib.util.spec_from_file_location("demo_text", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_text(tmp_path):
    demo_text = load()
    one, other = tmp_path / "one", tmp_path / "other"
    assert demo_text.write_text(one, 30_000) == one.stat().st_size
    demo_text.write_text(other, 30_000)
    data = one.read_bytes()
    assert data == other.read_bytes()
    assert data.count(b"\n") == 30_000
    assert b"\r" not in data
    counts = Counter(data.split(b"\n")[:-1])
    empty = counts.pop(b"")
    assert empty > 300
    assert set(counts.values()) == {1}
    assert max(map(len, counts)) > 1000
    assert not data.isascii()
    assert demo_text.LINES >= 1_000_000
