"""Whatever fails wherever: the pipelines give what going through the records one by one would give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sink_fakes import Message

from barnabas import DataError, SourceBatch, SourceRecord, Transformation
from barnabas.converters.string import StringConverter
from barnabas.kafka import messages
from barnabas.task.failures import Operator
from barnabas.task.policy import ErrorPolicy
from barnabas.task.sink_pipeline import SinkPipeline
from barnabas.task.source_pipeline import SourcePipeline
from barnabas.transforms.chain import Step

KINDS = ("good", "bad-key", "bad-value", "bad-first", "bad-second", "drop-first", "drop-second")
ROWS = st.lists(st.sampled_from(KINDS), max_size=80)
MOSTLY_GOOD = st.lists(st.sampled_from((*["good"] * 20, *KINDS)), max_size=200)


class Refusing(StringConverter):
    """Refuses one word."""

    def __init__(self, word):
        super().__init__()
        self.configure({})
        self.word = word

    def to_connect(self, topic, payload):
        self.check(payload.decode())
        return super().to_connect(topic, payload)

    def to_connect_column(self, topic, payloads):
        return None, [self.to_connect(topic, payload).value for payload in payloads]

    def from_connect(self, topic, schema, value):
        self.check(value)
        return super().from_connect(topic, schema, value)

    def from_connect_column(self, topic, schema, values):
        return [self.from_connect(topic, schema, value) for value in values]

    def check(self, text):
        if text.startswith(self.word):
            raise DataError("refused")


class First(Transformation):
    """Works record by record, and counts."""

    def __init__(self):
        self.seen = []

    def apply(self, record):
        self.seen.append(record.value)
        if record.value.startswith("bad-first"):
            raise ValueError
        return None if record.value.startswith("drop-first") else record.new_record(headers=None)


class Second(Transformation):
    """Works on columns."""

    def apply(self, record):
        made, kept = self.apply_batch(type_of(record).of([record]))
        return made[0] if kept is None else None

    def apply_batch(self, batch):
        if any(value.startswith("bad-second") for value in batch.values):
            raise ValueError
        kept = [at for at, value in enumerate(batch.values) if not value.startswith("drop-second")]
        return batch.take(kept), None if len(kept) == len(batch) else kept


def type_of(record):
    from barnabas import SinkBatch  # noqa: PLC0415  one of two

    return SourceBatch if isinstance(record, SourceRecord) else SinkBatch


STAGES = {
    "bad-key": "KEY_CONVERTER",
    "bad-value": "VALUE_CONVERTER",
    "bad-first": "TRANSFORMATION",
    "bad-second": "TRANSFORMATION",
}


def expected(kinds, *, tolerant):
    """Kept positions, failures as (position, stage), and the fatal one."""
    kept, failed = [], []
    for at, kind in enumerate(kinds):
        if kind in STAGES:
            if not tolerant:
                return kept, [], (at, STAGES[kind])
            failed.append((at, STAGES[kind]))
        elif kind == "good":
            kept.append(at)
    return kept, failed, None


@pytest.fixture(scope="module", autouse=True)
def _columns_of_fakes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "Message", Message)
        yield


def told(failures):
    return [(failure.at, failure.stage) for failure in failures]


@given(ROWS | MOSTLY_GOOD, st.booleans())
def test_a_sinks_poll(kinds, tolerant):
    first = First()
    steps = [Step("a", "A", first), Step("b", "B", Second())]
    pipeline = SinkPipeline(
        steps, Refusing("bad-key"), Refusing("bad-value"), StringConverter(), Operator(ErrorPolicy(tolerant=tolerant))
    )
    rows = [
        Message(100 + at, f"{kind} {at}".encode(), at % 3, f"t{at % 2}", key=kind.encode())
        for at, kind in enumerate(kinds)
    ]
    read = pipeline.read(rows)
    kept, failed, fatal = expected(kinds, tolerant=tolerant)
    assert (told(read.skipped), told([read.fatal] if read.fatal else [])) == (failed, [fatal] if fatal else [])
    assert len(first.seen) == len(set(first.seen)), "nobody twice"
    if fatal is None:
        places = [(record.value, record.kafka_offset, record.original) for record in read.batch]
        assert places == [(f"{kinds[at]} {at}", 100 + at, (f"t{at % 2}", at % 3)) for at in kept]


@given(ROWS | MOSTLY_GOOD, st.booleans())
def test_a_sources_poll(kinds, tolerant):
    first = First()
    steps = [Step("a", "A", first), Step("b", "B", Second())]
    pipeline = SourcePipeline(
        steps, Refusing("bad-key"), Refusing("bad-value"), StringConverter(), Operator(ErrorPolicy(tolerant=tolerant))
    )
    polled = SourceBatch.of(
        SourceRecord(f"t{at // 5 % 2}", f"{kind} {at}", key=kind, source_partition={"p": 1}, source_offset={"o": at})
        for at, kind in enumerate(kinds)
    )
    sieve = pipeline.sieve()
    transformed = pipeline.transform(polled, sieve)
    sent, at_end = [], 0
    for run in pipeline.convert(transformed, sieve):
        for index in range(len(run.values)):
            row = run.row(index)
            sent.append((row, run.values[index].decode()))
            assert run.batch.topic == f"t{row // 5 % 2}"
            assert run.batch[index].source_offset == {"o": row}
        assert run.end > at_end
        at_end = run.end
    kept, failed, fatal = expected(kinds, tolerant=tolerant)
    assert sent == [(at, f"{kinds[at]} {at}") for at in kept]
    assert told(sieve.take()) == failed
    assert told([sieve.fatal] if sieve.fatal else []) == ([fatal] if fatal else [])
    assert len(first.seen) == len(set(first.seen)), "nobody twice"
