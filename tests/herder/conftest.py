from __future__ import annotations

import pytest

from barnabas.herder import StandaloneHerder
from barnabas.herder.worker_config import WorkerConfig
from barnabas.store.file import FileOffsetStore
from herder.herder_fakes import FakePlugins, FakeSupervisor, worker_props


@pytest.fixture
def supervisor():
    return FakeSupervisor()


@pytest.fixture
async def herder(tmp_path, supervisor):
    worker = WorkerConfig.standalone(worker_props(tmp_path))
    store = FileOffsetStore(worker.offsets_file)
    herder = StandaloneHerder(worker, supervisor, FakePlugins(), store, worker_id="w:1", patience=0.05)
    supervisor.listen(herder)
    await herder.start()
    herder.ready()
    yield herder
    await herder.stop()
