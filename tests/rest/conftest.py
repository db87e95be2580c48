from __future__ import annotations

import socket
import time

import pytest
from rest_client import Client

from barnabas.herder import StandaloneHerder
from barnabas.herder.worker_config import WorkerConfig
from barnabas.rest import make_app, serve
from barnabas.store.file import FileOffsetStore
from herder.herder_fakes import FakePlugins, FakeSupervisor, worker_props


@pytest.fixture
def supervisor():
    return FakeSupervisor()


@pytest.fixture
def more_props():
    return {}


class FakeGroups:
    """Consumer groups without Kafka."""

    def __init__(self):
        self.committed = {}
        self.java = None
        self.refusal = None
        self.unreadable = None
        self.slow = 0.0

    def read(self, java, group):
        self.java = java
        if self.unreadable:
            raise self.unreadable
        return dict(self.committed.get(group, {}))

    def change(self, java, group, offsets):
        time.sleep(self.slow)
        if self.refusal:
            raise self.refusal
        known = {**self.committed.get(group, {}), **offsets}
        self.committed[group] = {place: offset for place, offset in known.items() if offset is not None}

    def delete(self, java, group):
        if self.refusal:
            raise self.refusal
        self.committed.pop(group, None)


@pytest.fixture
def groups():
    return FakeGroups()


@pytest.fixture
async def herder(tmp_path, supervisor, more_props, groups):
    worker = WorkerConfig.standalone(worker_props(tmp_path, **more_props))
    store = FileOffsetStore(worker.offsets_file)
    herder = StandaloneHerder(
        worker,
        supervisor,
        FakePlugins(),
        store,
        worker_id="w:1",
        cluster_id="kafka",
        version="4.3.1",
        groups=groups,
        patience=0.05,
    )
    supervisor.listen(herder)
    await herder.start()
    yield herder
    await herder.stop()


@pytest.fixture
async def client(herder):
    sock = socket.create_server(("127.0.0.1", 0))
    async with serve(make_app(herder), [sock]):
        herder.ready()
        yield Client(sock.getsockname()[1])
