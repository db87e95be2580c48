from __future__ import annotations

import asyncio
import base64
import json
import os
import stat
from pathlib import Path

import pytest

from barnabas.errors import ConfigError, ConnectError
from barnabas.store import file as file_module
from barnabas.store.file import FileOffsetStore
from barnabas.store.java_hashmap import dump_map, load_map
from barnabas.store.offset_keys import partition_key

SAMPLES = json.loads((Path(__file__).parents[1] / "vectors" / "offsets-file.json").read_text())["samples"]
KEY = partition_key("c", {"a": 1, "b": 2})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "connect.offsets"


async def opened(path):
    store = FileOffsetStore(path)
    await store.start()
    return store


async def test_a_missing_and_an_empty_file_are_an_empty_store(path):
    assert await (await opened(path)).get([KEY]) == [None]
    path.touch()
    assert await (await opened(path)).get([KEY]) == [None]


async def test_what_was_set_is_in_the_file_and_read_again(path):
    store = await opened(path)
    await store.set({KEY: b'{"o":1}', partition_key("d", {}): b"{}"})
    assert load_map(path.read_bytes())[KEY] == b'{"o":1}'
    again = await opened(path)
    assert await again.get([partition_key("d", {}), KEY, b"?"]) == [b"{}", b'{"o":1}', None]
    assert again.partitions("c") == [({"a": 1, "b": 2}, b'{"o":1}')]


async def test_keys_written_by_java_in_another_order_are_found_and_kept(path):
    java_key = b'["c",{"b":2,"a":1}]'
    path.write_bytes(dump_map({java_key: b'{"o":1}'}))
    store = await opened(path)
    assert await store.get([KEY]) == [b'{"o":1}']
    await store.set({KEY: b'{"o":2}'})
    assert load_map(path.read_bytes()) == {java_key: b'{"o":2}'}
    await store.set({KEY: None})
    assert load_map(path.read_bytes()) == {}
    assert await store.get([KEY]) == [None]


async def test_goes_on_with_a_file_of_the_jvm(path):
    sample = next(s for s in SAMPLES if s["name"] == "written-by-a-standalone-worker")
    path.write_bytes(base64.b64decode(sample["file_base64"]))
    store = await opened(path)
    assert store.partitions("local-file-a") == [({"filename": "a.txt"}, b'{"position":9}')]
    await store.set({partition_key("local-file-b", {"filename": "b.txt"}): b'{"position":8}'})
    assert len(load_map(path.read_bytes())) == len(sample["entries"])


async def test_tombstones_of_the_jvm_are_no_partitions(path):
    path.write_bytes(dump_map({KEY: None}))
    store = await opened(path)
    assert store.partitions("c") == []
    assert await store.get([KEY]) == [None]


async def test_mode_and_symbolic_link_are_kept_and_nothing_else_is_left(path, tmp_path):
    real = tmp_path / "real"
    real.touch()
    real.chmod(0o640)
    path.symlink_to(real)
    store = await opened(path)
    await store.set({KEY: b"{}"})
    assert path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["connect.offsets", "real"]


async def test_a_new_file_gets_the_mode_of_the_umask(path):
    old = os.umask(0o027)
    try:
        store = await opened(path)
        await store.set({KEY: b"{}"})
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


async def test_writers_that_wait_share_a_write(path, monkeypatch):
    writes = []
    real = file_module._replace

    def slow(*args):
        writes.append(args)
        real(*args)

    monkeypatch.setattr(file_module, "_replace", slow)
    store = await opened(path)
    await asyncio.gather(*(store.set({partition_key("c", {"n": n}): b"{}"}) for n in range(50)))
    assert len(writes) <= 3
    assert len((await opened(path)).partitions("c")) == 50


async def test_a_failed_write_tells_everybody_and_changes_nothing(path, monkeypatch):
    store = await opened(path)
    await store.set({KEY: b"1"})

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(file_module, "_replace", full)
        results = await asyncio.gather(store.set({KEY: b"2"}), store.set({b"x": b"y"}), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectError, ConnectError]
    assert "No space left on device" in str(results[0])
    assert await store.get([KEY, b"x"]) == [b"1", None]
    await store.set({KEY: b"3"})
    assert await (await opened(path)).get([KEY]) == [b"3"]


async def test_a_crash_between_write_and_rename_leaves_the_old_content(path, monkeypatch):
    store = await opened(path)
    await store.set({KEY: b"1"})

    def crash(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(ConnectError):
        await store.set({KEY: b"2"})
    monkeypatch.undo()
    assert await (await opened(path)).get([KEY]) == [b"1"]
    assert list(path.parent.iterdir()) == [path]


async def test_stop_waits_for_the_write(path):
    store = await opened(path)
    writing = asyncio.create_task(store.set({KEY: b"1"}))
    await asyncio.sleep(0)
    await store.stop()
    assert load_map(path.read_bytes()) == {KEY: b"1"}
    await writing


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda p: p.write_text("offsets"), "does not start like a Java object stream"),
        (lambda p: p.mkdir(), "Is a directory"),
        (lambda p: p.symlink_to(p.parent / "gone" / "x"), "does not exist"),
        (lambda p: p.symlink_to(p), "cannot be read"),
    ],
)
async def test_unusable_files_are_config_errors(path, prepare, says):
    prepare(path)
    with pytest.raises(ConfigError, match=says) as caught:
        await FileOffsetStore(path).start()
    assert caught.value.key == "offset.storage.file.filename"
    assert caught.value.remedy


async def test_unwritable_places_are_config_errors(path, monkeypatch):
    path.touch()
    for denied, says in ((path.parent, "folder .* is not writable"), (path, "is read-only")):
        monkeypatch.setattr(os, "access", lambda p, _, denied=denied: Path(p) != denied)
        with pytest.raises(ConfigError, match=says):
            await FileOffsetStore(path).start()
