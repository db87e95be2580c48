"""A user's function in a real worker: found in its folder, applied both ways, its failures tolerated or named."""

from __future__ import annotations

import textwrap
import uuid

import pytest

from services.process import wait_for
from services.worker import FILE_SOURCE, BarnabasWorker


@pytest.fixture
def run(tmp_path, embedded_broker):
    """Starts a worker whose folder has a file of functions, with a source and a sink between two files."""
    made = []

    def start(source, sink):
        name = f"t-{uuid.uuid4().hex[:8]}"
        (tmp_path / "in.txt").write_text("one\n\ntwo\nbad\nthree\n")
        folder = tmp_path / "worker"
        folder.mkdir()
        (folder / "line_steps.py").write_text(
            textwrap.dedent("""
                from barnabas import Schema, SinkBatch

                def named(record, *, prefix: str):
                    if record.value == "bad":
                        raise ValueError(f"this is {record.value}")
                    return record.new_record(value=prefix + record.value) if record.value else None

                def upper(batch: SinkBatch) -> SinkBatch:
                    return batch.replace(values=[value.upper() for value in batch.values])
            """)
        )
        connectors = (
            {
                "name": f"{name}-in",
                "connector.class": FILE_SOURCE,
                "file": tmp_path / "in.txt",
                "topic": name,
                **source,
            },
            {
                "name": f"{name}-out",
                "connector.class": "FileStreamSink",
                "file": tmp_path / "out.txt",
                "topics": name,
                "transforms": "u",
                "transforms.u.type": "Python",
                "transforms.u.function": "line_steps:upper",
                **sink,
            },
        )
        worker = BarnabasWorker(folder, embedded_broker.bootstrap, None, connectors)
        made.append(worker)
        return worker.start(), name

    yield start
    for each in made:
        each.stop()


NAMED = {
    "transforms": "n",
    "transforms.n.type": "python",
    "transforms.n.function": "line_steps:named",
    "transforms.n.prefix": "line ",
}


def test_functions_beside_the_worker(run, tmp_path):
    run({**NAMED, "errors.tolerance": "all"}, {})
    out, want = tmp_path / "out.txt", "LINE ONE\nLINE TWO\nLINE THREE\n"
    wait_for(lambda: out.exists() and len(out.read_text()) >= len(want), 40, "the lines")
    assert out.read_text() == want


def test_a_failure_without_tolerance_names_the_function(run):
    worker, name = run(NAMED, {})
    status = f"/connectors/{name}-in/status"

    def failed():
        _, answer = worker.request("GET", status)
        return [task["trace"] for task in answer.get("tasks", ()) if task["state"] == "FAILED"]

    wait_for(failed, 40, "the task to fail")
    (trace,) = failed()
    assert "line_steps.named failed with ValueError: this is bad" in trace
    assert "line_steps.py, line 6" in trace
