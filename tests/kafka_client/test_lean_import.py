"""The client library without asyncio, which is there all the same for who uses it."""

from __future__ import annotations

import subprocess
import sys


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_asyncio_is_imported_when_it_is_used() -> None:
    assert (
        _run("""
import sys
from barnabas.kafka.lean import import_client
import_client()
early = "asyncio" in sys.modules
from confluent_kafka import _serde_builder as user
late = user.asyncio.sleep
import asyncio
print(early, late is asyncio.sleep, asyncio.run(asyncio.sleep(0, "done")))
""")
        == "False True done"
    )


def test_an_asyncio_that_is_there_is_left_alone() -> None:
    assert (
        _run("""
import asyncio, sys
from barnabas.kafka.lean import import_client
import_client()
print(sys.modules["asyncio"] is asyncio, "confluent_kafka" in sys.modules)
""")
        == "True True"
    )


def test_the_fork_server_does_without_an_event_loop() -> None:
    """It would be in every worker twice."""
    assert (
        _run("""
import sys
from barnabas.supervisor import forkserver
server = forkserver._Server.__new__(forkserver._Server)
server._prepare()
print("asyncio" in sys.modules)
""")
        == "False"
    )
