"""The page of the benchmarks says what the raw lines say, losses included."""

from __future__ import annotations

from bench.report import page

MACHINE = {"cpu": "c", "cores": 2, "memory_gb": 8, "system": "Linux", "python": "3.11", "java": "openjdk 17"}


def row(implementation, rate, cpu, complete=True):
    result = {"records_per_s": rate, "cpu_s_per_million": cpu, "complete": complete}
    return {
        "at": "2026-11-21 10:00",
        "case": "file to topic",
        "options": {"data": "String"},
        "implementation": implementation,
        "result": result,
        "machine": MACHINE,
    }


def test_medians_spread_and_ratio():
    rows = [row("jvm", 100_000, 8.0), row("barnabas", 200_000, 1.0)]
    text = page([*rows, row("barnabas", 400_000, 2.0), row("barnabas", 300_000, 3.0)])
    assert "## File to topic, String" in text
    assert "| 300,000 (200,000 to 400,000) | 100,000 | 3.0 x better |" in text
    assert "| 2 (1 to 3) | 8 | 4.0 x better |" in text
    assert "Nowhere" in text


def test_losses_are_published():
    text = page([row("jvm", 100_000, 1.0), row("barnabas", 200_000, 1.5)])
    assert "1.5 x worse" in text
    assert "- file to topic, String: CPU seconds per million records" in text


def test_runs_that_did_not_finish_count_for_nothing_but_are_named():
    text = page([row("jvm", 100_000, 1.0), row("barnabas", 1, 1.0, complete=False), row("barnabas", 200_000, 1.0)])
    assert "2.0 x better" in text
    assert "## Runs that did not finish" in text
