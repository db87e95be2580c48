"""Log levels set by REST hold in the processes of plugins, also in those that are started later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from services.process import wait_for
from services.worker import BarnabasWorker

HOME = Path(__file__).with_name("homes") / "chatty"


@pytest.fixture
def worker(embedded_broker, tmp_path):
    connector = {"name": "chat", "connector.class": "ChattySourceConnector"}
    with BarnabasWorker(tmp_path, embedded_broker.bootstrap, {"plugin.path": HOME}, [connector]) as worker:
        worker.wait_running(1)
        yield worker


def test_a_connector_is_heard_when_somebody_asks(worker):
    def heard():
        return worker.log.read_text().count("DEBUG [chat|task-0] still nothing (chatty.poll)")

    assert heard() == 0
    status, answer = worker.request("PUT", "/admin/loggers/chatty", {"level": "debug"})
    assert (status, answer) == (200, ["chatty"])
    wait_for(lambda: heard() > 3, 10, "debug lines of the task")
    worker.request("POST", "/connectors/chat/restart?includeTasks=true")
    wait_for(lambda: worker.states()["chat"] == ["RUNNING", "RUNNING"], 20, "the restart")
    before = heard()
    wait_for(lambda: heard() > before + 3, 10, "debug lines of the restarted task")
    worker.request("PUT", "/admin/loggers/root?scope=cluster", {"level": "INFO"})
    wait_for(lambda: _quiet(heard), 10, "silence")
    assert worker.request("GET", "/admin/loggers/chatty")[1]["level"] == "INFO"


def _quiet(heard):

    before = heard()
    time.sleep(0.4)
    return heard() == before
