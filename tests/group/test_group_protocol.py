"""The bytes of the group protocol: as a JVM worker sends them, and there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.herder.group.protocol import (
    Assignment,
    GroupProtocolError,
    MemberState,
    decode_assignment,
    decode_member,
    encode_assignment,
    encode_member,
    offered_protocols,
)
from barnabas.supervisor.api import TaskId

LEADER = "connect-127.0.0.1:28083-2e0b0f5f-0000-0000-0000-000000000000"
URL = "http://127.0.0.1:28083/"


def text(value: str) -> str:
    return f"{len(value):04x}{value.encode().hex()}"


def test_the_metadata_of_a_jvm_worker() -> None:
    """What a 4.3.1 worker sent that held two connectors and a task, config offset 16."""
    allocation = (
        f"00020000{text(LEADER)}{text(URL)}000000000000000c"
        "00000002" + text("snk") + "00000001ffffffff" + text("src") + "00000002ffffffff00000000"
        "0000000000000000"
    )
    raw = f"0002{text(URL)}0000000000000010{len(allocation) // 2:08x}{allocation}"
    state = decode_member(bytes.fromhex(raw))
    assert (state.url, state.offset) == (URL, 16)
    assert state.held == (TaskId("snk", -1), TaskId("src", -1), TaskId("src", 0))
    assert state.allocation is not None
    assert (state.allocation.offset, state.allocation.delay_ms) == (12, 0)
    assert encode_member(state, 2).hex() == raw


def test_an_assignment_of_two_tasks() -> None:
    head = f"00020000{text(LEADER)}{text(URL)}0000000000000010"
    raw = f"{head}00000001{text('snk')}0000000200000000000000010000000000000000"
    found = decode_assignment(bytes.fromhex(raw))
    assert found == Assignment(LEADER, URL, 16, (TaskId("snk", 0), TaskId("snk", 1)))
    assert encode_assignment(found, 2).hex() == raw


def test_eager_layouts_end_early() -> None:
    assert encode_member(MemberState(URL, 1), 0).hex() == f"0000{text(URL)}0000000000000001"
    given_ = Assignment(LEADER, URL, 9, (TaskId("c", -1), TaskId("c", 0)))
    raw = encode_assignment(given_, 0)
    assert raw.hex() == f"00000000{text(LEADER)}{text(URL)}000000000000000900000001{text('c')}00000002ffffffff00000000"
    assert decode_assignment(raw) == given_
    assert decode_member(encode_member(MemberState(URL, 1), 0)) == MemberState(URL, 1)


def test_null_arrays_are_read_and_never_written() -> None:
    raw = f"00020000{text(LEADER)}{text(URL)}0000000000000009ffffffffffffffff00000005"
    assert decode_assignment(bytes.fromhex(raw)) == Assignment(LEADER, URL, 9, delay_ms=5)
    assert b"\xff\xff\xff\xff" not in encode_assignment(Assignment(LEADER, URL, 9), 2)


def test_protocols_on_offer() -> None:
    assert offered_protocols("sessioned") == ("sessioned", "compatible", "default")
    assert offered_protocols("eager") == ("default",)


names = st.text(min_size=1, max_size=20)
items = st.lists(st.builds(TaskId, names, st.integers(-1, 500)), unique=True, max_size=20)
assignments = st.builds(
    Assignment,
    leader=names,
    leader_url=names,
    offset=st.integers(-1, 2**62),
    # Elements of one connector stand together on the wire.
    assigned=items.map(lambda found: tuple(sorted(found))),
    revoked=items.map(lambda found: tuple(sorted(found))),
    delay_ms=st.integers(0, 2**31 - 1),
    error=st.integers(0, 1),
)


@given(assignments, st.sampled_from([1, 2]))
def test_there_and_back(assignment: Assignment, version: int) -> None:
    assert decode_assignment(encode_assignment(assignment, version)) == assignment
    state = MemberState(URL, 7, assignment)
    assert decode_member(encode_member(state, version)) == state
    assert decode_member(encode_member(MemberState(URL, 7), version)) == MemberState(URL, 7)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_or_read(data: bytes) -> None:
    for decode in (decode_member, decode_assignment):
        try:
            decode(data)
        except GroupProtocolError:
            continue


def test_cut_short() -> None:
    with pytest.raises(GroupProtocolError, match="too early"):
        decode_member(b"\0\2\0\5ab")
