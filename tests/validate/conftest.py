"""Workers over an embedded broker, started when a test wants them."""

from __future__ import annotations

import pytest
from profiles import PROFILES, ValidatingWorker

from services.worker import BarnabasBroker


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
