"""FileStreamSource: following a file through everything that happens to files."""

from __future__ import annotations

import logging
import os
import time

import pytest

from barnabas import ConfigError, ConnectError, ExactlyOnceSupport, Schema
from barnabas.connectors.filestream import FileStreamSourceConnector, FileStreamSourceTask
from barnabas.connectors.filestream import follow as follow_module
from barnabas.connectors.filestream import source as source_module
from barnabas.connectors.filestream.follow import InputFollower
from barnabas.testing import SourceHarness

WAIT = source_module._WAIT_SECONDS


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(source_module, "_WAIT_SECONDS", 0.1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "in.txt"


@pytest.fixture
def harness(path):
    made = []

    def make(position=None, **props):
        offsets = [] if position is None else [({"filename": str(path)}, {"position": position})]
        one = SourceHarness(FileStreamSourceConnector, {"file": str(path), "topic": "t", **props}, offsets)
        made.append(one)
        return one.start()

    yield make
    for one in made:
        one.stop()


def position(harness):
    (offset,) = harness.offsets.values()
    return offset["position"]


def append(path, text):
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)


def test_records_look_like_the_jvms(path, harness):
    path.write_bytes("one\nzwei ü\n".encode())
    before = time.time_ns() // 1_000_000
    batch = harness().poll_batch()
    assert batch.values == ["one", "zwei ü"]
    assert (batch.topic, batch.keys, batch.key_schema, batch.value_schema) == ("t", None, None, Schema.STRING)
    assert batch.source_partition == {"filename": str(path)}
    assert batch.source_offset == {"position": 4 + 8}
    assert all(before <= stamp <= time.time_ns() // 1_000_000 for stamp in batch.timestamps)


def test_batch_size_is_kept_and_positions_fit(path, harness):
    path.write_bytes("äö\n".encode() * 10)
    one = harness(**{"batch.size": "4"})
    assert [len(one.poll_batch()) for _ in range(3)] == [4, 4, 2]
    one.commit()
    assert position(one) == 50


def test_a_partial_line_waits_for_its_end(path, harness):
    path.write_bytes(b"whole\npart")
    one = harness()
    assert one.values(2, timeout=0.3) == ["whole"]
    one.commit()
    assert position(one) == 6
    append(path, "ial\n")
    assert one.values(1) == ["partial"]


def test_a_partial_line_is_read_again_after_a_restart(path, harness):
    path.write_bytes(b"whole\npart")
    one = harness()
    assert one.values(1) == ["whole"]
    one.commit()
    one.restart()
    append(path, "ial\n")
    assert one.values(1) == ["partial"]


def test_a_character_torn_between_two_writes_is_whole(path, harness):
    path.write_bytes(b"\xc3")
    one = harness()
    assert one.values(1, timeout=0.1) == []
    append(path, b"\xa4\r")
    assert one.values(1, timeout=0.1) == []
    append(path, b"\n\xff\n")
    assert one.values(2) == ["ä", "�"]


def test_a_missing_file_is_waited_for_and_mentioned_once(path, harness, caplog):
    one = harness()
    assert not one.poll_batch()
    assert not one.poll_batch()
    assert [record.levelname for record in caplog.records if "does not exist" in record.message] == ["WARNING"]
    path.write_bytes(b"here\n")
    assert one.values(1) == ["here"]


def test_a_folder_or_a_forbidden_file_is_an_error(tmp_path):
    with SourceHarness(FileStreamSourceConnector, {"file": str(tmp_path), "topic": "t"}) as one:
        with pytest.raises(ConnectError, match="cannot be read: Is a directory") as caught:
            one.poll_batch()
        assert caught.value.key == "file"
        assert caught.value.remedy


def test_truncation_starts_over(path, harness, caplog):
    caplog.set_level(logging.INFO)
    path.write_bytes(b"one\ntwo\n")
    one = harness()
    assert one.values(2) == ["one", "two"]
    path.write_bytes(b"new\n")
    assert one.values(1) == ["new"]
    one.commit()
    assert position(one) == 4
    assert "truncated from 8 to 4 bytes" in caplog.text


def test_truncation_keeps_the_line_that_had_no_end(path, harness):
    path.write_bytes(b"one\nunended")
    one = harness()
    assert one.values(1) == ["one"]
    path.write_bytes(b"new\n")
    assert one.values(2) == ["unended", "new"]


def test_a_file_that_shrank_while_the_task_was_down_is_read_from_its_start(path, harness, caplog):
    path.write_bytes(b"new\n")
    assert harness(position=100).values(1) == ["new"]
    assert "fewer than the 100 read before" in caplog.text


def test_resumes_at_any_position_even_within_a_line(path, harness):
    path.write_bytes(b"abc\ndef\n")
    assert harness(position=2).values(2) == ["c", "def"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_rotation_finishes_the_old_file_first(path, tmp_path, harness, monkeypatch, end):
    monkeypatch.setattr(follow_module, "_GRACE_SECONDS", 0.3)
    path.write_bytes(b"one\n")
    one = harness()
    assert one.values(1) == ["one"]
    old = tmp_path / "in.txt.1"
    path.rename(old)
    append(old, b"two\n")
    assert one.values(1) == ["two"]
    path.write_bytes(b"first\nsecond\nthird\n")
    append(old, b"three" + end)
    assert one.values(4) == ["three", "first", "second", "third"]
    one.commit()
    assert position(one) == len(b"first\nsecond\nthird\n")


def test_after_rotation_the_offset_belongs_to_the_new_file(path, tmp_path, harness, monkeypatch):
    monkeypatch.setattr(follow_module, "_GRACE_SECONDS", 0.0)
    path.write_bytes(b"one\nlast")
    one = harness()
    assert one.values(1) == ["one"]
    path.rename(tmp_path / "old")
    path.write_bytes(b"a\nb\n")
    assert one.values(1) == ["last"]
    one.commit()
    assert position(one) == 0
    one.restart()
    assert one.values(2) == ["a", "b"]


def test_long_lines_are_taken_whole_in_linear_time(path, harness):
    long = "x" * 20_000_000
    path.write_text(f"{long}\nshort\n")
    started = time.process_time()
    assert harness().values(2) == [long, "short"]
    assert time.process_time() - started < 3


def test_a_line_without_end_fails_before_memory_does(path, harness, monkeypatch):
    monkeypatch.setattr(source_module, "_LONGEST_LINE", 1 << 20)
    path.write_bytes(b"x" * (3 << 20))
    with pytest.raises(ConnectError, match=r"has a line of more than 1 MiB") as caught:
        harness().poll_batch()
    assert caught.value.code == "BRN-7103"


def test_a_named_pipe_gives_lines_but_no_offsets(path, harness):
    os.mkfifo(path)
    one = harness()
    assert not one.poll_batch()
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.write(writer, b"a\nb\n")
    assert one.values(2) == ["a", "b"]
    one.commit()
    os.close(writer)
    assert one.offsets == {}
    assert not one.poll_batch()


def test_standard_input(monkeypatch):
    reader, writer = os.pipe()
    monkeypatch.setattr(source_module, "InputFollower", lambda: InputFollower(reader))
    with SourceHarness(FileStreamSourceConnector, {"topic": "t"}) as one:
        assert not one.poll_batch()
        os.write(writer, b"a\nb\nlast")
        assert one.values(2) == ["a", "b"]
        os.close(writer)
        assert one.values(1) == ["last"]
        assert not one.poll_batch()
        one.commit()
        assert one.offsets == {}
    os.close(reader)


def test_a_stored_offset_of_another_shape_is_an_error(path):
    with pytest.raises(ConnectError, match="expected to be a Long value"):
        SourceHarness(
            FileStreamSourceConnector,
            {"file": str(path), "topic": "t"},
            [({"filename": str(path)}, {"position": "x"})],
        ).start()


def test_exactly_once_needs_a_file():
    connector = FileStreamSourceConnector()
    assert connector.exactly_once_support({"file": "f"}) is ExactlyOnceSupport.SUPPORTED
    assert connector.exactly_once_support({}) is ExactlyOnceSupport.UNSUPPORTED


def test_configuration_is_that_of_kafka():
    keys = FileStreamSourceConnector.CONFIG.keys
    assert [(key.name, key.type.value, key.required, key.importance.value) for key in keys.values()] == [
        ("file", "STRING", False, "HIGH"),
        ("topic", "STRING", True, "HIGH"),
        ("batch.size", "INT", False, "LOW"),
    ]
    with pytest.raises(ConfigError, match="topic"):
        FileStreamSourceConnector.CONFIG.parse({"topic": ""})


@pytest.mark.parametrize(
    ("partition", "offset", "refusal"),
    [
        ({"filename": "/f"}, {"position": 4}, None),
        ({"filename": "/elsewhere"}, None, None),
        ({"filename": 5}, {"position": 0}, None),
        (None, {"position": 1}, "Partition objects cannot be null"),
        ({}, {"position": 1}, "Partition objects should contain the key 'filename'"),
        ({"file": "x"}, {"position": 1}, "Partition objects should contain the key 'filename'"),
        ({"filename": "/f"}, {}, "Offset objects should either be null or contain the key 'position'"),
        ({"filename": "/f"}, {"pos": 1}, "Offset objects should either be null or contain the key 'position'"),
        (
            {"filename": "/f"},
            {"position": "x"},
            "The value for the 'position' key in the offset is expected to be a Long",
        ),
        (
            {"filename": "/f"},
            {"position": 1.5},
            "The value for the 'position' key in the offset is expected to be a Long",
        ),
        (
            {"filename": "/f"},
            {"position": True},
            "The value for the 'position' key in the offset is expected to be a Long",
        ),
        (
            {"filename": "/f"},
            {"position": -5},
            "The value for the 'position' key in the offset should be a non-negative",
        ),
    ],
)
def test_altered_offsets_are_checked_like_on_the_jvm(partition, offset, refusal):
    offsets = {partition if partition is None else tuple(partition.items()): offset}
    connector = FileStreamSourceConnector()
    if refusal is None:
        assert connector.alter_offsets({"file": "/f"}, offsets) is True
    else:
        with pytest.raises(ConnectError, match=refusal):
            connector.alter_offsets({"file": "/f"}, offsets)


def test_offsets_of_standard_input_cannot_be_altered():
    with pytest.raises(ConnectError, match="'file' configuration is unspecified"):
        FileStreamSourceConnector().alter_offsets({}, {})


def test_poll_returns_within_about_a_second_when_there_is_nothing(path, harness, monkeypatch):
    monkeypatch.setattr(source_module, "_WAIT_SECONDS", WAIT)
    path.touch()
    one = harness()
    started = time.monotonic()
    assert not one.poll_batch()
    assert 0.8 < time.monotonic() - started < 1.5


def test_the_task_is_importable_by_its_java_named_class():
    assert FileStreamSourceConnector().task_class() is FileStreamSourceTask
