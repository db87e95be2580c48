from __future__ import annotations

import asyncio
import random

import pytest

from barnabas.rest.openapi import document
from campaigns.rest_fuzz import send
from campaigns.rest_requests import Case, Judge, Requests

CASES = 400


async def test_hostile_requests_are_answered_as_documented(client, tmp_path):
    await client(
        "POST", "/connectors", {"name": "alive", "config": {"connector.class": "FileStreamSource", "topic": "t"}}
    )
    requests = Requests(document(), random.Random(42), str(tmp_path), ["alive", "nobody"])
    judge = Judge(document())
    for _ in range(CASES):
        case = requests.draw()
        status, headers, body = await asyncio.to_thread(send, client.port, case)
        assert judge.faults(case, status, headers, body) == [], str(case)
    assert (await client("GET", "/health")).status == 200


ERROR = b'{"error_code": 404, "message": "no"}'
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("case", "status", "headers", "body"),
    [
        (Case("GET", "/connectors"), 418, JSON, ERROR),
        (Case("GET", "/connectors/x"), 404, JSON, b'{"error_code": 500, "message": "no"}'),
        (Case("GET", "/connectors/x"), 404, JSON, b"<html>"),
        (Case("GET", "/connectors/x"), 404, {"content-type": "text/html"}, ERROR),
        (
            Case("GET", "/connectors/x"),
            500,
            JSON,
            b'{"error_code": 500, "message": "Traceback (most recent call last)"}',
        ),
        (Case("GET", "/nowhere"), 200, JSON, b"{}"),
        (Case("PUT", "/connectors"), 404, JSON, ERROR),
    ],
)
def test_the_judge_sees_what_is_wrong(case, status, headers, body):
    assert Judge(document()).faults(case, status, headers, body)


def test_the_judge_lets_pass_what_is_right():
    judge = Judge(document())
    assert judge.faults(Case("GET", "/connectors/x/?a=b"), 404, JSON, ERROR) == []
    assert judge.faults(Case("HEAD", "/connectors"), 200, JSON, b"") == []
    assert judge.faults(Case("OPTIONS", "/health"), 200, {}, b"") == []
    assert judge.faults(Case("PROPFIND", "/health"), 405, JSON, ERROR.replace(b"404", b"405")) == []


def test_the_same_seed_draws_the_same_requests():
    def first(seed):
        requests = Requests(document(), random.Random(seed), "/tmp/x", ["a"])
        return [str(requests.draw()) for _ in range(50)]

    assert first(1) == first(1) != first(2)
