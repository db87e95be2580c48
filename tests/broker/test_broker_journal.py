"""The durable dictionary."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker import journal as module
from barnabas.broker.journal import Journal

CHANGES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(-(1 << 63), 1 << 63) | st.text()), max_size=40
)


@settings(max_examples=50, deadline=None)
@given(CHANGES, st.integers(0, 30))
def test_is_a_dictionary_that_survives(changes, torn):
    expected = {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        journal = Journal(path)
        for key, value in changes:
            journal.put(key, value)
            if value is None:
                expected.pop(key, None)
            else:
                expected[key] = value
        assert dict(journal.items()) == expected
        journal.close()
        with path.open("ab") as file:
            file.write(b"\0\0\0\x20half an entry"[:torn])
        again = Journal(path)
        assert dict(again.items()) == expected
        again.put("after", 1)
        again.close()
        last = Journal(path)
        assert dict(last.items()) == {**expected, "after": 1}
        last.close()


def test_is_rewritten_when_mostly_history(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SLACK", 1000)
    journal = Journal(tmp_path / "j")
    for index in range(2000):
        journal.put("key", index)
    assert (tmp_path / "j").stat().st_size < 2000
    journal.put_many([("a", [1, 2]), ("b", {"x": b"y"})])
    journal.close()
    again = Journal(tmp_path / "j", sync=True)
    assert dict(again.items()) == {"key": 1999, "a": [1, 2], "b": {"x": b"y"}}
    again.put("key", None)
    assert again.get("key") is None
    again.close()


@pytest.mark.parametrize("damage", range(1, 12))
def test_a_torn_end_is_cut_off(tmp_path, damage):
    journal = Journal(tmp_path / "j")
    journal.put("first", 1)
    whole = (tmp_path / "j").stat().st_size
    journal.put("second", 2)
    journal.close()
    data = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(data[:-damage])
    again = Journal(tmp_path / "j")
    assert dict(again.items()) == {"first": 1}
    assert (tmp_path / "j").stat().st_size == whole
    again.close()
