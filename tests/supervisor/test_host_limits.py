"""Limits of hosts: what they allow to one unit, to many, and to a runaway among them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_LIMITED = """
import sys, threading
from barnabas.supervisor import limits

limits.set_stacks()
limits.limit_memory(256 << 20)
memory = limits.MemoryLimit()
"""


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED + code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_one_unit_has_what_is_configured() -> None:
    assert (
        _run("""
memory.hold(1)
try:
    block = bytearray(300 << 20)
except MemoryError:
    print("refused")
""")
        == "refused"
    )


def test_a_hundred_units_have_room_for_their_threads() -> None:
    assert (
        _run("""
leave = threading.Event()
threads = [threading.Thread(target=leave.wait) for _ in range(100)]
for number, thread in enumerate(threads):
    memory.hold(number + 1)
    thread.start()
leave.set()
print(len(threads))
""")
        == "100"
    )


def test_a_runaway_among_many_is_stopped() -> None:
    assert (
        _run("""
for units in range(1, 51):
    memory.hold(units)
memory.hold(3)  # units that left take nothing away from those that stay
blocks = []
try:
    while len(blocks) < 4096:
        blocks.append(bytearray(1 << 20))
except MemoryError:
    print(200 <= len(blocks) <= 256 + 50 * 12)
""")
        == "True"
    )


def test_no_limit_stays_none() -> None:
    code = """
import resource
from barnabas.supervisor import limits
limits.limit_memory(0)
limits.MemoryLimit().hold(10)
print(resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "True"


@pytest.mark.skipif(
    not hasattr(os, "confstr") or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""), reason="glibc"
)
def test_threads_of_libraries_have_small_stacks() -> None:
    """A Kafka client makes threads of its own, each of which would take eight megabytes of the limit."""
    assert (
        _run("""
from pathlib import Path
from confluent_kafka import Producer

def data():
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmData" in line)

Producer({"log_level": 0})
before = data()
clients = [Producer({"log_level": 0}) for _ in range(10)]
print((data() - before) / 10 < 6 * 1024)
""")
        == "True"
    )
