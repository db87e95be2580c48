"""The chain: made from a configuration, and steps applied to batches with predicates."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import ConfigDef, Headers, Predicate, Schema, SinkRecord, SourceRecord, Transformation
from barnabas.errors import ConfigError, PluginError
from barnabas.predicates.record_is_tombstone import RecordIsTombstone
from barnabas.predicates.topic_name_matches import TopicNameMatches
from barnabas.record import SinkBatch, SourceBatch
from barnabas.transforms.chain import Step, apply_record, apply_step, make_steps
from barnabas.transforms.filter import Filter
from barnabas.transforms.regex_router import RegexRouter

JAVA = "org.apache.kafka.connect.transforms."


class Odd(Predicate):
    def test(self, record):
        return record.value % 2 == 1


class Change(Transformation):
    """Every third is dropped; the others get a text, another topic, another schema, a partition and a header."""

    def apply(self, record):
        if record.value % 3 == 0:
            return None
        headers = Headers(record.headers or ()).add("h", record.value)
        return record.new_record(
            topic=f"{record.topic}-{record.value % 2}",
            value=str(record.value),
            value_schema=Schema.STRING,
            kafka_partition=7,
            headers=headers,
        )


def source(value):
    return SourceRecord(f"t{value % 2}", value, value_schema=Schema.INT64, source_offset={"at": value})


def sink(value):
    return SinkRecord(f"t{value % 2}", value % 4, value, value, key="k" if value % 5 else None, timestamp=value)


def fields(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}


@given(
    st.lists(st.integers(0, 9), max_size=12),
    st.sampled_from([(source, SourceBatch), (sink, SinkBatch)]),
    st.sampled_from([None, False, True]),
)
def test_a_batch_and_its_records_agree(values, kind, negate):
    make, batch_class = kind
    step = Step("a", "x", Change(), None if negate is None else Odd(), bool(negate))
    rows = [make(value) for value in values]
    batch, kept = apply_step(step, batch_class.of(rows))
    alone = [(at, apply_record(step, row)) for at, row in enumerate(rows)]
    want = [(at, row) for at, row in alone if row is not None]
    assert ([*range(len(rows))] if kept is None else kept) == [at for at, _ in want]
    got = [*batch]
    assert len(got) == len(want)
    for ours, (_, row) in zip(got, want, strict=True):
        both = [fields(ours), fields(row)]
        if isinstance(row, SinkRecord):
            assert (ours.original, ours.kafka_offset) == (row.original, row.kafka_offset)
            for each in both:
                del each["original_topic"], each["original_partition"]
        assert both[0] == both[1]


def test_a_predicate_that_matches_all_or_none_costs_no_copy():
    batch = SourceBatch("orders", ["a", "b"])
    step = Step("a", "x", Filter(), predicate("users"))
    assert apply_step(step, batch) == (batch, None)
    kept = apply_step(step._replace(negate=True), batch)
    assert (len(kept[0]), kept[1]) == (0, [])
    assert apply_step(step._replace(predicate=predicate("orders")), batch)[1] == []


def predicate(pattern):
    found = TopicNameMatches()
    found.configure({"pattern": pattern})
    return found


def test_a_filter_in_the_middle_keeps_the_order():
    step = Step("a", "x", Filter(), RecordIsTombstone())
    batch, kept = apply_step(step, SourceBatch("t", [1, None, 3, None], keys=[*"abcd"]))
    assert (batch.values, batch.keys, kept) == ([1, 3], ["a", "c"], [0, 2])


def test_columns_that_a_transform_leaves_alone_stay():
    router = RegexRouter()
    router.configure({"regex": "t(.)", "replacement": "u$1"})
    values = [1, 2, 3]
    batch, kept = apply_step(
        Step("a", "x", router, predicate("t1")), SourceBatch("", values, topics=["t1", "t2", "t1"])
    )
    assert kept is None
    assert batch.topics == ["u1", "t2", "u1"]
    assert batch.values is values


def test_only_transforms_of_single_records_are_applied_one_by_one():
    assert Step("a", "x", Change()).one_by_one
    assert not Step("a", "x", Filter()).one_by_one


# ---------------------------------------------------------------------- made from a configuration
def test_a_chain_as_configured():
    steps = make_steps(
        {
            "transforms": " a , b ",
            "transforms.a.type": "RegexRouter",
            "transforms.a.regex": "t",
            "transforms.a.replacement": "u",
            "transforms.b.type": JAVA + "Filter",
            "transforms.b.predicate": "p",
            "transforms.b.negate": "TRUE",
            "predicates": "p",
            "predicates.p.type": "TopicNameMatches",
            "predicates.p.pattern": "u",
        },
        None,
    )
    assert [(step.alias, step.name, step.negate) for step in steps] == [
        ("a", JAVA + "RegexRouter", False),
        ("b", JAVA + "Filter", True),
    ]
    assert steps[0].predicate is None
    assert isinstance(steps[1].predicate, TopicNameMatches)


def test_no_chain():
    assert make_steps({"name": "x"}, None) == []
    assert make_steps({"transforms": " "}, None) == []


NO_PREDICATE = "Config 'transforms.a.negate' was provided but there is no config"
WRONG = [
    (
        {"transforms": "a,a"},
        "Invalid value [a, a] for configuration transforms: Duplicate alias provided.",
        "transforms",
    ),
    ({}, 'Missing required configuration "transforms.a.type" which has no default value.', "transforms.a.type"),
    (
        {"transforms.a.type": "no.such.X"},
        "Invalid value no.such.X for configuration transforms.a.type: Class no.such.X could not be found.",
        "transforms.a.type",
    ),
    (
        {"transforms.a.type": "Cast$Value"},
        "Invalid value Cast$Value for configuration transforms.a.type: Class Cast$Value could not be found.",
        "transforms.a.type",
    ),
    (
        {"transforms.a.type": "barnabas.converters.string:StringConverter"},
        "Class class org.apache.kafka.connect.storage.StringConverter does not implement the Transformation interface",
        "transforms.a.type",
    ),
    (
        {"transforms.a.type": "Filter", "transforms.a.negate": "false"},
        f"{NO_PREDICATE} 'transforms.a.predicate' defining a predicate to be negated.",
        "transforms.a.negate",
    ),
    (
        {"transforms.a.type": "Filter", "transforms.a.predicate": "p", "transforms.a.negate": "maybe"},
        "Invalid value maybe for configuration transforms.a.negate: Expected value to be either true or false",
        "transforms.a.negate",
    ),
    (
        {"transforms.a.type": "Filter", "transforms.a.predicate": "q", "predicates": "p"},
        "Unknown configuration 'predicates.q.type'",
        "transforms.a.predicate",
    ),
    (
        {"transforms.a.type": "Filter", "transforms.a.predicate": "p", "predicates": "p"},
        'Missing required configuration "predicates.p.type" which has no default value.',
        "predicates.p.type",
    ),
    (
        {
            "transforms.a.type": "Filter",
            "transforms.a.predicate": "p",
            "predicates": "p",
            "predicates.p.type": "TopicNameMatches",
        },
        'Missing required configuration "pattern" which has no default value.',
        "predicates.p.pattern",
    ),
]


@pytest.mark.parametrize(("props", "message", "key"), WRONG)
def test_wrong_configurations(props, message, key):
    with pytest.raises(ConfigError) as caught:
        make_steps({"transforms": "a", **props}, None)
    assert (caught.value.message, caught.value.key) == (message, key)


@pytest.mark.parametrize(
    ("name", "near"),
    [("RegexRuter", "RegexRouter"), (JAVA + "Cast$Valu", JAVA + "Cast$Value"), ("Casts", "module:Class")],
)
def test_a_wrong_name_names_the_nearest(name, near):
    with pytest.raises(ConfigError) as caught:
        make_steps({"transforms": "a", "transforms.a.type": name}, None)
    assert near in caught.value.remedy


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A plugin home with a transform and a predicate, and one that cannot be imported."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "acme_steps.py").write_text(
        "from barnabas import Transformation, Predicate\n"
        "class Upper(Transformation):\n"
        "    def configure(self, props): self.props = dict(props)\n"
        "    def apply(self, record): return record.new_record(value=record.value.upper())\n"
        "class Short(Predicate):\n"
        "    def test(self, record): return len(record.value) < 3\n"
    )
    (tmp_path / "broken_steps.py").write_text("# barnabas\nraise OSError('no disk')\n")
    yield str(tmp_path)
    for name in ("acme_steps", "broken_steps"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["acme_steps:Upper", "acme_steps.Upper", "Upper"])
def test_classes_of_others(home, name):
    props = {
        "transforms": "a",
        "transforms.a.type": name,
        "transforms.a.more": "1",
        "transforms.a.predicate": "p",
        "transforms.a.plugin.version": "1",
        "predicates": "p",
        "predicates.p.type": "acme_steps:Short",
        "data.strict": "true",
    }
    (step,) = make_steps(props, home)
    assert step.name == "acme_steps.Upper"
    assert step.transformation.props == {"more": "1", "strict": "true"}
    assert apply_step(step, SourceBatch("t", ["ab", "abc"]))[0].values == ["AB", "abc"]


def test_what_was_made_is_closed_when_a_later_one_fails(home, monkeypatch):
    make_steps({"transforms": "a", "transforms.a.type": "acme_steps.Upper"}, home)
    closed = []
    monkeypatch.setattr(sys.modules["acme_steps"].Upper, "close", lambda _: closed.append(1))
    with pytest.raises(ConfigError):
        make_steps({"transforms": "a,b", "transforms.a.type": "acme_steps.Upper", "transforms.b.type": "Nope"}, home)
    assert len(closed) == 1


def test_an_abstract_class_says_what_is_missing():
    with pytest.raises(ConfigError, match="abstract") as caught:
        make_steps({"transforms": "a", "transforms.a.type": "barnabas.transforms.base:Transformation"}, None)
    assert caught.value.remedy == "Define in it: apply."


def test_a_class_on_plugin_path_but_not_in_the_connectors_home(home):
    assert make_steps({"transforms": "a", "transforms.a.type": "acme_steps.Upper"}, None, home)


def test_a_module_that_fails(home):
    with pytest.raises(PluginError) as caught:
        make_steps({"transforms": "a", "transforms.a.type": "broken_steps.X"}, home)
    assert (caught.value.code, caught.value.key) == ("BRN-4005", "transforms.a.type")


def test_strict_of_the_transform_goes_before_that_of_the_connector(home):
    props = {"transforms": "a", "transforms.a.type": "acme_steps.Upper", "transforms.a.strict": "false"}
    (step,) = make_steps({**props, "data.strict": "true"}, home)
    assert step.transformation.props == {"strict": "false"}


def test_the_definitions_of_transforms_without_settings():
    assert Filter().config().keys == ConfigDef().keys
