"""Turns the raw lines of ``bench/results.jsonl`` into ``docs/benchmarks.md``: medians, spread, and who loses where."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Rows = list[dict[str, Any]]
# What is shown: key, label, and whether less is better.
METRICS = (
    ("records_per_s", "records/s, from the REST call to the last record", False),
    ("records_per_s_2nd_half", "records/s, second half", False),
    ("cpu_s_per_million", "CPU seconds per million records", True),
    ("cpu_s_per_million_2nd_half", "CPU seconds per million, second half", True),
    ("broker_cpu_s_per_million", "broker's CPU seconds per million", True),
    ("peak_pss_mb", "peak memory (PSS), MB", True),
    ("rest_ready_s", "start to REST ready, s", True),
    ("idle_pss_mb", "idle memory (PSS), MB", True),
    ("idle_private_mb", "idle memory (private), MB", True),
    ("idle_cpu_percent", "idle CPU, % of a core", True),
    ("task_running_s", "REST call to running task, s", True),
    ("one_task_growth_pss_mb", "growth with one task (PSS), MB", True),
    ("one_task_private_mb", "private memory of a task's process, MB", True),
    ("all_running_s", "all running after the first POST, s", True),
    ("many_pss_mb", "memory with all of them (PSS), MB", True),
    ("each_pss_mb", "memory for each (PSS), MB", True),
    ("threads", "threads", True),
    ("rest_all_p50_ms", "GET /connectors?expand=status&expand=info, median, ms", True),
    ("rest_all_p99_ms", "the same, 99th percentile, ms", True),
    ("rest_one_p50_ms", "GET /connectors/{name}/status, median, ms", True),
    ("rest_one_p99_ms", "the same, 99th percentile, ms", True),
    ("arrived_per_s", "records that arrived each second", False),
    ("age_p50_ms", "age on arrival, median, ms", True),
    ("age_p99_ms", "age on arrival, 99th percentile, ms", True),
    ("latency_cpu_percent", "CPU meanwhile, % of a core", True),
    ("after_sigterm_s", "SIGTERM of a worker until all runs elsewhere, s", True),
    ("after_join_s", "start of a worker until it has its share, s", True),
    ("after_kill_s", "kill -9 of a worker until all runs elsewhere, s", True),
)
INTRODUCTION = """\
# Benchmarks

Written by `make bench` from the raw lines in `bench/results.jsonl`; do not edit. Each figure is the median of all runs,
with the lowest and the highest behind it.

Both sides get the same worker and connector properties, REST calls and input, in turns, on the same broker (Apache
Kafka 4.3.1, one node). *Default* means no tuning on either side, *tuned* the same tuning on both. The JVM runs with the
flags of Kafka's own start scripts. CPU seconds count the worker's whole process tree and are the sturdiest figure on a
machine that does other things as well."""
OURS, THEIRS = "barnabas", "jvm"


def read(path: Path) -> Rows:
    """The raw rows; none if there is no file."""
    if not path.exists():
        return []
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def title(case: str, options: Mapping[str, str]) -> str:
    """What a case is called."""
    return ", ".join([case, *options.values()])


def group(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Rows]]:
    """Rows by case, then by implementation. Runs that did not finish are left out here and named by the page."""
    cases: dict[str, dict[str, Rows]] = {}
    for row in rows:
        if row["result"].get("complete", True):
            cases.setdefault(title(row["case"], row["options"]), {}).setdefault(row["implementation"], []).append(
                row["result"]
            )
    return cases


def _cell(values: list[float]) -> str:
    def text(value: float) -> str:
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"

    if not values:
        return "-"
    spread = f" ({text(min(values))} to {text(max(values))})" if len(values) > 1 else ""
    return f"{text(statistics.median(values))}{spread}"


def _values(rows: Rows, key: str) -> list[float]:
    return [row[key] for row in rows if row.get(key) is not None]


def table(sides: dict[str, Rows]) -> tuple[list[str], list[str]]:
    """A Markdown table for one case, and the labels of what we lose."""
    lines = ["| | Barnabas | Kafka Connect (JVM) | |", "|---|---:|---:|---|"]
    losses = []
    for key, label, less in METRICS:
        ours, theirs = _values(sides.get(OURS, []), key), _values(sides.get(THEIRS, []), key)
        if not ours and not theirs:
            continue
        verdict = ""
        if ours and theirs and min(statistics.median(ours), statistics.median(theirs)) > 0:
            ratio = statistics.median(theirs) / statistics.median(ours)
            ratio = ratio if less else 1 / ratio
            verdict = f"{ratio:.1f} x better" if ratio >= 1 else f"{1 / ratio:.1f} x worse"
            if ratio < 1:
                losses.append(label)
        lines.append(f"| {label} | {_cell(ours)} | {_cell(theirs)} | {verdict} |")
    return lines, losses


def page(rows: Rows) -> str:
    """The whole page."""
    about, at = rows[-1]["machine"], rows[-1]["at"]
    hardware = f"{about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB"
    software = f"{about['system']}, Python {about['python']}, {about['java']}"
    parts = [INTRODUCTION, f"Machine: {hardware}; {software}. Last run {at}."]
    losses = []
    for name, sides in group(rows).items():
        lines, lost = table(sides)
        count = min((len(found) for found in sides.values()), default=0)
        parts += [f"## {name[0].upper()}{name[1:]}", "\n".join(lines), f"{count} runs a side."]
        losses += [f"- {name}: {label}" for label in lost]
    parts += ["## Where Barnabas is behind", "\n".join(losses) or "Nowhere, where both sides were measured."]
    short = [row for row in rows if not row["result"].get("complete", True)]
    if short:
        parts += ["## Runs that did not finish"]
        parts += [
            "\n".join(f"- {row['at']} {row['implementation']}: {title(row['case'], row['options'])}" for row in short)
        ]
    return "\n\n".join(parts) + "\n"
