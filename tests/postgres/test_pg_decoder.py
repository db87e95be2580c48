from __future__ import annotations

from typing import Any

import pytest
import wire_messages as w
from hypothesis import given
from hypothesis import strategies as st

from barnabas import DataError
from barnabas.connectors.postgres.batch import Context, Origin, assemble
from barnabas.connectors.postgres.catalog import Column, PgType, TableId
from barnabas.connectors.postgres.codecs import binary_codec
from barnabas.connectors.postgres.decoder import Decoder
from barnabas.connectors.postgres.modes import Modes
from barnabas.connectors.postgres.position import Place, place_of
from barnabas.connectors.postgres.table import Table, plan_columns
from barnabas.connectors.postgres.wire import Relation, quick_cells, read_cells, read_message

INT8, TEXT = 20, 25
TYPES = {INT8: PgType("int8"), TEXT: PgType("text")}
CONTEXT = Context(
    Origin("1", "p", "db"), None, True, frozenset("t"), False, {"server": "p"}, "p.message", binary_codec(Modes())
)
COLUMNS = [("id", INT8, True), ("v", TEXT, False)]


class Tables:
    """Tables as the stream describes them, all captured, the first column the key."""

    def follow(self, relation: Relation) -> Table | None:
        columns = [Column(each.name, TYPES[each.type], -1, each.key, None, int(each.key)) for each in relation.columns]
        plans = plan_columns(columns, Modes(), lambda _: True)
        name = TableId(relation.schema, relation.name)
        keys = [column.name for column in columns if column.position]
        return Table(name, relation.oid, "p", f"p.{name}", plans, len(columns), keys)


def events(decoder: Decoder, messages: list[bytes], context: Context = CONTEXT) -> list[tuple[Any, ...]]:
    batch = assemble(decoder.take(messages), decoder.messages, context, decoder.place.offset())
    return [
        (record.topic, None, record.key, None, None)
        if record.value is None
        else (record.topic, record.value["op"], record.key, record.value["before"], record.value["after"])
        for record in batch
    ]


CELL = st.one_of(
    st.none(),
    st.just(w.KEPT),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["t", "tt", "", "t" * 116, "n", "x" * 255, "x" * 256, "t" * 300]),
)


@given(st.lists(CELL, min_size=1, max_size=6))
def test_the_quick_way_reads_what_the_careful_way_reads(values: list[object]) -> None:
    data = w.tuple_of(values)
    careful, end = read_cells(data, 0)
    assert end == len(data)
    found = [None if cell is None else cell[1:].decode() if isinstance(cell, bytes) else w.KEPT for cell in careful[1:]]
    assert found == values
    quick = quick_cells(data[2:], len(values))
    if quick is not None:
        assert quick == careful
    elif all(isinstance(value, str) and len(value.encode()) < 256 for value in values):
        pytest.fail("short texts are read the quick way")


@given(st.binary(max_size=60))
def test_nonsense_is_refused_and_nothing_else_is_raised(data: bytes) -> None:
    message = w.wal(data or b"?")
    try:
        read_message(message)
        read_cells(data, 0)
    except DataError:
        pass


def test_operations_and_tombstones() -> None:
    decoder = Decoder(Tables(), Place(0))
    found = events(
        decoder,
        [
            w.begin(90, 7),
            w.relation(1, "t", COLUMNS),
            w.insert(1, [1, "a"], 10),
            w.update(1, [1, "b"], 20),
            w.update(1, [2, "b"], 30, old=[1, None]),
            w.delete(1, [2, None], 40),
            w.commit(90, 100),
        ],
    )
    topic = "p.public.t"
    assert found == [
        (topic, "c", {"id": 1}, None, {"id": 1, "v": "a"}),
        (topic, "u", {"id": 1}, None, {"id": 1, "v": "b"}),
        (topic, "d", {"id": 1}, {"id": 1, "v": None}, None),
        (topic, None, {"id": 1}, None, None),
        (topic, "c", {"id": 2}, None, {"id": 2, "v": "b"}),
        (topic, "d", {"id": 2}, {"id": 2, "v": None}, None),
        (topic, None, {"id": 2}, None, None),
    ]
    assert decoder.place == Place(100, xid=7, micros=w.EPOCH_2000)


def test_large_values_that_did_not_change() -> None:
    decoder = Decoder(Tables(), Place(0))
    start = [w.begin(90, 7), w.relation(1, "t", COLUMNS)]
    found = events(
        decoder,
        [
            *start,
            w.update(1, [1, w.KEPT], 10),
            w.update(1, [1, w.KEPT], 20, old=[1, "the old one"], kind=b"O"),
            w.commit(90, 100),
        ],
    )
    assert [after["v"] for *_, after in found] == ["__debezium_unavailable_value", "the old one"]


def test_a_changed_table_is_decoded_as_it_was_when_it_changed() -> None:
    decoder = Decoder(Tables(), Place(0))
    found = events(
        decoder,
        [
            w.begin(90, 7),
            w.relation(1, "t", COLUMNS),
            w.insert(1, [1, "a"], 10),
            w.relation(1, "t", [*COLUMNS, ("more", TEXT, False)]),
            w.insert(1, [2, "b", "c"], 20),
            w.commit(90, 100),
        ],
    )
    assert [after for *_, after in found] == [{"id": 1, "v": "a"}, {"id": 2, "v": "b", "more": "c"}]


def test_the_order_among_tables_is_kept_where_it_matters() -> None:
    messages = [w.begin(90, 7), w.relation(1, "t", COLUMNS), w.relation(2, "u", COLUMNS)]
    messages += [w.insert(1 + number % 2, [number, "x"], 10 + number) for number in range(6)]
    found = events(Decoder(Tables(), Place(0)), [*messages, w.commit(90, 100)], CONTEXT._replace(in_order=True))
    assert [key["id"] for _, _, key, _, _ in found] == [*range(6)]
    grouped = events(Decoder(Tables(), Place(0)), [*messages, w.commit(90, 100)])
    assert [key["id"] for _, _, key, _, _ in grouped] == [0, 2, 4, 1, 3, 5]


# Transactions as (number of events, how many of them share a position with the one before).
WORK = st.lists(st.lists(st.booleans(), min_size=0, max_size=6), min_size=1, max_size=6)


@given(WORK, st.lists(st.integers(1, 9), min_size=1, max_size=30), st.integers(0, 40))
def test_a_stream_that_is_resumed_anywhere_gives_every_event_once(
    work: list[list[bool]], cuts: list[int], stop: int
) -> None:
    stream: list[bytes] = []
    lsn, expected = 1000, []
    ends = []
    for xid, changes in enumerate(work, 1):
        body = []
        for same in changes:
            lsn += 0 if same and body else 10
            body.append(w.insert(1, [len(expected), "x"], lsn))
            expected.append(len(expected))
        lsn += 10
        stream.append(w.begin(lsn, xid))
        stream += [w.relation(1, "t", COLUMNS)] if xid == 1 else []
        stream += [*body, w.commit(lsn, lsn + 5), w.keepalive(lsn + 5)]
        ends.append((lsn, len(stream)))
        lsn += 5

    def batches(place: Place, messages: list[bytes]) -> list[tuple[list[int], Place]]:
        decoder, at, made = Decoder(Tables(), place), 0, []
        sizes = iter(cuts * (len(messages) + 1))
        while at < len(messages):
            part = messages[at : at + next(sizes)]
            at += len(part)
            made.append(([key["id"] for _, _, key, _, _ in events(decoder, part)], decoder.place))
        return made

    first = batches(Place(0), stream)[:stop]
    got = [number for numbers, _ in first for number in numbers]
    place = place_of(first[-1][1].offset()) if first else Place(0)
    assert place is not None
    # The server sends transactions that commit at or after the position, from their beginning.
    cut = next((end for lsn, end in reversed(ends) if lsn < place.done), 0)
    again = stream[cut:]
    if cut:
        again.insert(min(1, len(again)), w.relation(1, "t", COLUMNS))
    got += [number for numbers, _ in batches(place, again) for number in numbers]
    assert got == expected
