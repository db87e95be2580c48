"""Distributed workers of each profile over an embedded broker, started when a test wants them."""

from __future__ import annotations

import pytest
from profiles import GROUP, PROFILES

from services.worker import BarnabasBroker, BarnabasWorker


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    with BarnabasBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def start(broker, tmp_path_factory):
    """Starts the worker of a profile; one runs at a time, for all are the same group's."""
    running: dict[str, BarnabasWorker] = {}

    def started(profile: str) -> BarnabasWorker:
        if profile not in running:
            for name in list(running):
                running.pop(name).stop()
            settings = {"group.id": GROUP, **PROFILES[profile]}
            folder = tmp_path_factory.mktemp(profile)
            running[profile] = BarnabasWorker(folder, broker.bootstrap, settings, mode="distributed")
            running[profile].start()
        return running[profile]

    yield started
    for worker in running.values():
        worker.stop()
