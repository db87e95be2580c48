from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.errors import DataError
from barnabas.store.java_hashmap import dump_map, load_map

SAMPLES = json.loads((Path(__file__).parents[1] / "vectors" / "offsets-file.json").read_text())["samples"]
BY_NAME = {sample["name"]: sample for sample in SAMPLES}


def entries_of(sample):
    decode = lambda text: None if text is None else base64.b64decode(text)  # noqa: E731
    return {decode(entry["key_base64"]): decode(entry["value_base64"]) for entry in sample["entries"]}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["name"])
def test_reads_what_the_jvm_wrote(sample):
    assert load_map(base64.b64decode(sample["file_base64"])) == entries_of(sample)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["name"])
def test_writes_the_same_bytes_for_the_same_order(sample):
    data = base64.b64decode(sample["file_base64"])
    assert dump_map(load_map(data)) == data


@given(st.dictionaries(st.binary(max_size=30), st.none() | st.binary(max_size=30), max_size=60))
def test_round_trip(entries):
    assert load_map(dump_map(entries)) == entries


@given(st.integers(min_value=1))
def test_a_cut_file_is_refused(cut):
    data = base64.b64decode(BY_NAME["tombstone"]["file_base64"])
    with pytest.raises(DataError):
        load_map(data[: -(cut % len(data)) or -1])


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_a_damaged_file_never_gives_a_bare_error(position, byte):
    data = bytearray(base64.b64decode(BY_NAME["written-by-a-standalone-worker"]["file_base64"]))
    data[position % len(data)] = byte
    try:
        load_map(bytes(data))
    except DataError as error:
        assert error.message  # noqa: PT017  either outcome is right, as long as it is one of the two


def test_arrays_shared_by_reference_and_null_keys():
    data = dump_map({b"k": None})
    split = data.index(b"ur\x00\x02[B")
    head, array = data[:split], data[split:-2]
    assert load_map(head + array + b"\x71\x00\x7e\x00\x03\x78") == {b"k": b"k"}
    assert load_map(head + b"\x70" + array + b"\x78") == {}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "ends in the middle"),
        (b"name=x", "does not start like a Java object stream"),
        (b"\xac\xed\x00\x05\x74\x00\x01a", "no object"),
        (dump_map({}).replace(b"java.util.HashMap", b"java.util.HashSet"), "java.util.HashSet, not a HashMap"),
        (dump_map({}).replace(b"threshold", b"threshol_").replace(b"I\x00\tthreshol_", b"[\x00\tthreshold"), "field"),
        (dump_map({b"k": b"v"}).replace(b"\x02[B", b"\x02[I"), "an array of [I, not of bytes"),
    ],
)
def test_says_what_is_wrong(data, says):
    with pytest.raises(DataError, match=says.replace("[", r"\[")):
        load_map(data)
