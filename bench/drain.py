"""Follows a run to its end and measures it: rate, CPU, memory."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.measure import Memory, machine_cpu, tree_cpu, tree_memory

if TYPE_CHECKING:
    from collections.abc import Callable

_EVERY_S = 0.25
_STALL_S = 60.0
_MEMORY_EVERY = 4  # samples; reading smaps costs more than the rest


@dataclass(frozen=True)
class Sample:
    """One look at the run."""

    at: float
    records: int
    worker_cpu: float
    broker_cpu: float
    machine_cpu: float


class Drain:
    """Measures from its creation: make it just before the connector."""

    def __init__(self, worker: int, broker: int, progress: Callable[[], int]) -> None:
        self._worker = worker
        self._broker = broker
        self._progress = progress
        self._peak = Memory()
        self._samples = [self._sample(0)]

    def _sample(self, records: int) -> Sample:
        now = time.perf_counter()
        return Sample(now, records, tree_cpu(self._worker), tree_cpu(self._broker), machine_cpu())

    def run(self, total: int) -> dict[str, Any]:
        """Follow until ``total`` records have arrived or nothing has for a minute; the measurements."""
        moved_at, last = time.perf_counter(), -1
        while True:
            records = self._progress()
            self._samples.append(self._sample(records))
            if len(self._samples) % _MEMORY_EVERY == 0:
                now = tree_memory(self._worker)
                self._peak = max(self._peak, now, key=lambda memory: memory.pss)
            if records >= total:
                break
            if records != last:
                moved_at, last = time.perf_counter(), records
            elif time.perf_counter() - moved_at > _STALL_S:
                break
            time.sleep(_EVERY_S)
        return self._row(total)

    def _row(self, total: int) -> dict[str, Any]:
        first, end = self._samples[0], self._samples[-1]
        millions = max(end.records, 1) / 1e6
        wall = end.at - first.at
        own = end.worker_cpu - first.worker_cpu
        broker = end.broker_cpu - first.broker_cpu
        other = max(0.0, end.machine_cpu - first.machine_cpu - own - broker)
        row: dict[str, Any] = {
            "records": end.records,
            "complete": end.records >= total,
            "wall_s": round(wall, 2),
            "records_per_s": round(end.records / wall),
            "cpu_s_per_million": round(own / millions, 2),
            "broker_cpu_s_per_million": round(broker / millions, 2),
            "peak_pss_mb": round(self._peak.pss, 1),
            "other_cpu_share": round(other / wall / (os.cpu_count() or 1), 2),
        }
        return row | self._second_half(total)

    def _second_half(self, total: int) -> dict[str, Any]:
        """Rate and CPU once start and just-in-time compilation are mostly over."""
        end = self._samples[-1]
        middle = next((sample for sample in self._samples if sample.records >= total / 2), end)
        records, seconds = end.records - middle.records, end.at - middle.at
        if records < total / 10 or seconds <= 0:  # too quick for the sampling to say anything
            return {}
        cpu = end.worker_cpu - middle.worker_cpu
        return {
            "records_per_s_2nd_half": round(records / seconds),
            "cpu_s_per_million_2nd_half": round(cpu / (records / 1e6), 2),
        }
