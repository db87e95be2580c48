"""FileStreamSink: text, files, and what goes wrong with them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from barnabas import ConfigError, ConnectError, Schema, SinkBatch, SinkRecord
from barnabas.connectors.filestream import FileStreamSinkConnector, FileStreamSinkTask
from barnabas.connectors.filestream.sink import _text
from barnabas.testing import SinkHarness

STRUCT = Schema.struct("s", a=Schema.INT32, b=Schema.OPTIONAL_STRING, c=Schema.array(Schema.BOOLEAN))


@pytest.mark.parametrize(
    ("value", "schema", "text"),
    [
        ("as is", None, "as is"),
        (None, None, "null"),
        (True, None, "true"),
        (False, Schema.BOOLEAN, "false"),
        (7, None, "7"),
        (1.0, None, "1.0"),
        (0.001, None, "0.001"),
        (1e7, None, "1.0E7"),
        (1.5e-5, None, "1.5E-5"),
        (123456789.125, None, "1.23456789125E8"),
        (-1e300, None, "-1.0E300"),
        (float("nan"), None, "NaN"),
        (float("-inf"), None, "-Infinity"),
        (0.0, None, "0.0"),
        (b"bytes \xff", None, "bytes �"),
        (Decimal("1.50"), None, "1.50"),
        ({"a": 1, "b": [1, None, {"c": True}]}, None, "{a=1, b=[1, null, {c=true}]}"),
        ({}, None, "{}"),
        ({"a": 1, "c": [True]}, STRUCT, "Struct{a=1,c=[true]}"),
        ({"a": 1, "b": "x", "c": []}, STRUCT, "Struct{a=1,b=x,c=[]}"),
        ({"k": {"a": 1, "c": []}}, Schema.map(Schema.STRING, STRUCT), "{k=Struct{a=1,c=[]}}"),
        (date(1970, 1, 1), None, "Thu Jan 01 00:00:00 UTC 1970"),
        (datetime(2026, 11, 8, 3, 4, 5, tzinfo=UTC), None, "Sun Nov 08 03:04:05 UTC 2026"),
    ],
)
def test_text_is_javas(value, schema, text):
    assert _text(schema, value) == text


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.txt"


def test_lines_are_appended(path):
    path.write_text("before\n")
    with SinkHarness(FileStreamSinkConnector, {"file": str(path)}) as sink:
        sink.put(["a", "ü", ""])
        sink.put([None, 1, {"x": True}])
    assert path.read_text() == "before\na\nü\n\nnull\n1\n{x=true}\n"


def test_a_batch_of_several_schemas(path):
    records = [
        SinkRecord("t", 0, 0, {"a": 1, "c": []}, value_schema=STRUCT),
        SinkRecord("t", 0, 1, {"a": 1}, value_schema=None),
        SinkRecord("t", 0, 2, "text", value_schema=Schema.STRING),
    ]
    task = FileStreamSinkTask()
    task.start({"file": str(path)})
    task.put(SinkBatch.of(records))
    task.stop()
    assert path.read_text() == "Struct{a=1,c=[]}\n{a=1}\ntext\n"


def test_half_a_line_left_by_a_killed_task_swallows_nothing(path):
    path.write_text("whole\nhal")
    with SinkHarness(FileStreamSinkConnector, {"file": str(path)}) as sink:
        sink.put(["next"])
    assert path.read_text().splitlines() == ["whole", "hal", "next"]


@pytest.mark.parametrize(("name", "reason"), [("no/folder/out.txt", "No such file"), ("", "Is a directory")])
def test_a_file_that_cannot_be_made_is_one_clear_error(tmp_path, name, reason):
    with pytest.raises(ConnectError, match=reason) as caught:
        SinkHarness(FileStreamSinkConnector, {"file": str(tmp_path / name)}).start()
    assert caught.value.key == "file"
    assert "folder that exists" in caught.value.remedy


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_fails_the_task_and_says_what_to_do():
    task = FileStreamSinkTask()
    task.start({"file": "/dev/full"})
    with pytest.raises(ConnectError, match="No space left") as caught:
        task.put(SinkBatch("t", ["x"], partitions=[0], offsets=[0]))
    assert "Make room" in caught.value.remedy
    task.stop()


def test_every_byte_is_written_even_if_the_system_takes_a_few_at_a_time(path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data[:3])))
    with SinkHarness(FileStreamSinkConnector, {"file": str(path)}) as sink:
        sink.put(["hello", "world"])
    assert path.read_text() == "hello\nworld\n"


def test_flush_reaches_the_disk(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with SinkHarness(FileStreamSinkConnector, {"file": str(path)}) as sink:
        sink.put(["x"])
        assert not synced
        sink.flush()
        assert len(synced) == 1


def test_standard_output(tmp_path):
    code = (
        "from barnabas.connectors.filestream import FileStreamSinkConnector as C\n"
        "from barnabas.testing import SinkHarness\n"
        "with SinkHarness(C, {}) as sink:\n"
        "    sink.put(['to', 'stdout'])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout == b"to\nstdout\n"


def test_lone_surrogates_do_not_stop_the_task(path):
    with SinkHarness(FileStreamSinkConnector, {"file": str(path)}) as sink:
        sink.put(["\ud800x"])
    assert path.read_text() == "?x\n"


def test_as_many_tasks_as_wanted_all_alike():
    connector = FileStreamSinkConnector()
    connector.start({"file": "f"})
    assert connector.task_configs(3) == [{"file": "f"}] * 3
    assert connector.alter_offsets({}, {}) is True


def test_values_as_json(path):
    with SinkHarness(FileStreamSinkConnector, {"file": str(path), "format": "json"}) as sink:
        sink.put([{"a": [1.5, "x"]}, None, "y", b"\0", Decimal("1.50"), date(2026, 1, 2)])
        sink.put([{"a": 1 << 70}, "\ud800", datetime(2026, 11, 8, 3, 4, 5, tzinfo=UTC)])
    assert path.read_text().splitlines() == [
        *('{"a":[1.5,"x"]}', "null", '"y"', '"AA=="', '"1.50"', '"2026-01-02"'),
        *('{"a": 1180591620717411303424}', '"?"', '"2026-11-08T03:04:05+00:00"'),
    ]


def test_an_unknown_format_is_refused(path):
    with pytest.raises(ConfigError, match="format"):
        FileStreamSinkTask().start({"file": str(path), "format": "yaml"})
