from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.rest_replay import Answer, Replay, compare
from services.worker import BarnabasWorker

HERE = Path(__file__).parent
DISTRIBUTED = {
    "group.id": "replay",
    "config.storage.topic": "replay-configs",
    "offset.storage.topic": "replay-offsets",
    "status.storage.topic": "replay-status",
    "offset.storage.partitions": "5",
    "scheduled.rebalance.max.delay.ms": "0",
}


def load(name):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_every_recorded_answer_is_given(kafka_server, tmp_path):
    scenario = load("scenario.json")
    folder = tmp_path / "files"
    folder.mkdir()
    with BarnabasWorker(tmp_path / "worker", kafka_server.bootstrap, DISTRIBUTED, mode="distributed") as worker:
        outcomes = list(Replay(worker.url, folder, "replay").run(scenario, load("recorded.json")))
    assert [f"{outcome.name}: {'; '.join(outcome.differences)}" for outcome in outcomes if outcome.differences] == []
    assert len(outcomes) == len(scenario["steps"])


RECORDED = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"a": [1, 2], "version": "4"}}
HEADERS = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ({}, Answer(201, HEADERS, {"a": [1, 2], "version": "9"})),
        ({}, Answer(200, {"content-type": "text/html"}, {"a": [1, 2], "version": "9"})),
        ({}, Answer(200, HEADERS, {"a": [2, 1], "version": "9"})),
        ({}, Answer(200, HEADERS, {"a": [1], "version": "9"})),
        ({}, Answer(200, HEADERS, {"a": [1, True], "version": "9"})),
        ({}, Answer(200, HEADERS, {"a": [1, 2]})),
        ({}, Answer(200, HEADERS, {"a": [1, 2], "version": None})),
        ({}, Answer(200, HEADERS, {"a": [1, 2], "version": "4", "b": 1})),
        ({"compare": "subset"}, Answer(200, HEADERS, {"a": [1, 3], "version": "4"})),
        ({"compare": "status"}, Answer(404)),
    ],
)
def test_a_difference_is_seen(step, answer):
    assert list(compare(step, RECORDED, answer))


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ({}, Answer(200, HEADERS, {"a": [1, 2], "version": "other"})),
        ({"sort": True}, Answer(200, HEADERS, {"a": [2, 1], "version": "9"})),
        ({"compare": "subset"}, Answer(200, HEADERS, {"a": [3, 2, 1], "version": "9", "b": 1})),
        ({"compare": "status"}, Answer(200, HEADERS, [])),
        ({"accept_status": [204]}, Answer(204)),
    ],
)
def test_what_may_differ_is_let_pass(step, answer):
    assert list(compare(step, RECORDED, answer)) == []
