from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time

import pytest

from barnabas.herder import StandaloneHerder
from barnabas.herder.worker_config import WorkerConfig
from barnabas.rest import make_app, serve
from barnabas.store.file import FileOffsetStore
from herder.herder_fakes import FakePlugins, FakeSupervisor, worker_props


class Client:
    """Real HTTP, from a thread: paths go out exactly as given."""

    def __init__(self, port):
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    async def __call__(self, method, path, body=None, *, raw=None, headers=None):
        return await asyncio.to_thread(self._send, method, path, body, raw, headers or {})

    def _send(self, method, path, body, raw, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None:
            headers = {"Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
            return Answer(answer.status, dict(answer.getheaders()), json.loads(text) if text else None)
        finally:
            connection.close()


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body


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
