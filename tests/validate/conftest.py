"""Workers of each profile that the recordings were made with, over an embedded broker."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from services.worker import BarnabasBroker, Worker

LAUNCHER = Path(__file__).parents[1] / "services" / "validating_worker.py"
GROUP = "validating-workers"
POLICY, ALLOWLIST = (f"connector.client.config.override.{name}" for name in ("policy", "allowlist"))
PROFILES: dict[str, dict[str, str]] = {
    "default": {},
    "principal": {POLICY: "Principal"},
    "none": {POLICY: "None"},
    "allowlist": {POLICY: "Allowlist", ALLOWLIST: "acks,max.poll.records,client.id"},
    "eos": {"exactly.once.source.support": "enabled"},
}


class ValidatingWorker(Worker):
    """Our worker, validating as a distributed one."""

    name = "validating-worker"

    def own_defaults(self) -> dict[str, str]:
        return {"group.id": GROUP}

    def command(self):
        return [sys.executable, LAUNCHER, self.config]


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    with BarnabasBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def start(broker, tmp_path_factory):
    """Starts the worker of a profile, once a module."""
    running: dict[str, ValidatingWorker] = {}

    def started(profile: str) -> ValidatingWorker:
        if profile not in running:
            worker = ValidatingWorker(tmp_path_factory.mktemp(profile), broker.bootstrap, PROFILES[profile])
            worker.start()
            running[profile] = worker
        return running[profile]

    yield started
    for worker in running.values():
        worker.stop()
