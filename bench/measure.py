"""CPU and memory of process trees, from ``/proc``. Linux only."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICKS = os.sysconf("SC_CLK_TCK")
_FIELDS = ("Rss", "Pss", "Private_Clean", "Private_Dirty", "Private_Hugetlb")


@dataclass(frozen=True)
class Memory:
    """Memory in MB (10^6 bytes).

    ``private`` is what no other process shares. ``pss`` shares each page evenly among those that map it, so that the
    sum over a process tree counts a page once that only this tree has: the honest figure for forked processes.
    ``rss`` counts every page in each process.
    """

    private: float = 0.0
    pss: float = 0.0
    rss: float = 0.0

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.private + other.private, self.pss + other.pss, self.rss + other.rss)


def memory(pid: int) -> Memory:
    """Memory of one process; zeros when it is gone."""
    values = dict.fromkeys(_FIELDS, 0)
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
            name, amount, *_ = line.split()
            if (key := name.rstrip(":")) in values:
                values[key] = int(amount) * 1024
    except (FileNotFoundError, ProcessLookupError):
        return Memory()
    private = values["Private_Clean"] + values["Private_Dirty"] + values["Private_Hugetlb"]
    return Memory(private / 1e6, values["Pss"] / 1e6, values["Rss"] / 1e6)


def tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants; empty when it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def tree_memory(pid: int) -> Memory:
    """Summed memory of a process tree."""
    return sum((memory(process.pid) for process in tree(pid)), Memory())


def tree_cpu(pid: int) -> float:
    """User and system seconds of a process tree, ended children included as soon as their parent has reaped them."""
    total = 0.0
    for process in tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def machine_cpu() -> float:
    """Busy seconds of the whole machine since it started, all cores together."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    values = [int(field) for field in fields]
    return (sum(values[:3]) + sum(values[5:8])) / _TICKS


def leaves(pid: int) -> list[psutil.Process]:
    """Descendants without children: in a worker's tree, its connector and task hosts."""
    result = []
    for process in tree(pid)[1:]:
        with contextlib.suppress(psutil.NoSuchProcess):
            if not process.children():
                result.append(process)
    return result
