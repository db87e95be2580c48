"""Rules for new topics: which one counts, what it makes, and what a task does with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_fakes import Run, Scripted, lines

from barnabas import ConfigError
from barnabas.errors import ConnectError
from barnabas.kafka.client_settings import ClientSettings
from barnabas.kafka.faults import KafkaClientError, KafkaFault
from barnabas.supervisor.board import Board
from barnabas.task.control import TaskControl
from barnabas.task.topic_creation import TopicCreation
from barnabas.topic_rules import NewTopic, TopicRules

DEFAULT = {"topic.creation.default.replication.factor": "1", "topic.creation.default.partitions": "5"}


def rules(worker=None, default=DEFAULT, **settings):
    props = {f"topic.creation.{key.replace('__', '.')}": value for key, value in settings.items()}
    return TopicRules.of(worker or {}, {"name": "c", **default, **props})


def test_without_settings_or_where_the_worker_forbids_it_topics_are_the_brokers():
    assert TopicRules.of({}, {"name": "c", "topic": "t"}) is None
    assert rules({"topic.creation.enable": " False "}) is None
    assert rules({"topic.creation.enable": "true"}).new_topic("t") == NewTopic("default", 5, 1, {})


def test_groups_in_order_then_the_default():
    made = rules(
        groups="compacted, big",
        compacted__include="state-.*, snapshot",
        compacted__exclude="state-tmp-.*",
        compacted__partitions="-1",
        big__include=".*-(big|tmp)-.*,state.*",
        big__replication__factor="3",
        **{"compacted__cleanup.policy": "compact", "default__retention.ms": "7"},
    )
    assert made.new_topic("state-a") == NewTopic("compacted", -1, 1, {"cleanup.policy": "compact"})
    assert made.new_topic("snapshot").group == "compacted"
    assert made.new_topic("my-snapshot") == NewTopic("default", 5, 1, {"retention.ms": "7"})
    assert made.new_topic("state-tmp-a") == NewTopic("big", 5, 3, {})
    assert made.new_topic("x-big-y").group == "big"


def test_a_group_without_pattern_takes_nothing_and_the_default_needs_no_listing():
    made = rules(groups="none,default,none", none__partitions="9", default__include="x", default__exclude=".*")
    assert made.new_topic("anything").group == "default"
    assert made.new_topic("x").config == {}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"groups": "a", "default": {}}, "topic.creation.default.replication.factor"),
        ({"default": {"topic.creation.default.replication.factor": "1"}}, "topic.creation.default.partitions"),
    ],
)
def test_both_numbers_of_the_default_are_needed(settings, says):
    with pytest.raises(ConfigError) as caught:
        rules(**settings)
    assert caught.value.message == f'Missing required configuration "{says}" which has no default value.'
    assert caught.value.key == says


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"default__partitions": "0"},
            (
                "Invalid value 0 for configuration partitions: Number of partitions must be "
                "positive, or -1 to use the broker's default"
            ),
        ),
        (
            {"groups": "a", "a__replication__factor": "-2"},
            (
                "Invalid value -2 for configuration replication.factor: Replication factor must be "
                "positive and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's "
                "default"
            ),
        ),
        (
            {"default__replication__factor": "40000"},
            (
                "Invalid value 40000 for configuration topic.creation.default.replication.factor: Not a number of type "
                "SHORT"
            ),
        ),
        (
            {"default__partitions": "many"},
            "Invalid value many for configuration topic.creation.default.partitions: Not a number of type INT",
        ),
    ],
)
def test_numbers_out_of_range(settings, says):
    with pytest.raises(ConfigError) as caught:
        rules(**settings)
    assert caught.value.message == says
    assert caught.value.key == f"topic.creation.{[*settings][-1].replace('__', '.')}"
    assert rules({"topic.creation.enable": "false"}, **settings) is None


def test_patterns_are_javas():
    made = rules(groups="a", a__include=r"\p{Lower}+\d++")
    assert made.new_topic("abc123").group == "a"
    assert made.new_topic("Abc123").group == "default"
    with pytest.raises(ConfigError) as caught:
        rules(groups="a", a__exclude="x,(")
    assert caught.value.key == "topic.creation.a.exclude"
    assert caught.value.message == (
        "Invalid value [x, (] for configuration exclude: Syntax error in regular expression: Unclosed group near index "
        "1\n("
    )


NAMES = st.text("ab.-", min_size=1, max_size=4)


@given(st.lists(st.tuples(st.lists(NAMES, max_size=3), st.lists(NAMES, max_size=3)), max_size=4), NAMES)
def test_the_first_group_that_includes_and_does_not_exclude(groups, topic):
    quoted = [[[name.replace(".", r"\.") for name in names] for names in group] for group in groups]
    settings = {}
    for at, (include, exclude) in enumerate(quoted):
        settings[f"g{at}__include"] = ",".join(include)
        settings[f"g{at}__exclude"] = ",".join(exclude)
    made = rules(groups=",".join(f"g{at}" for at in range(len(groups))), **settings)
    expected = next((f"g{at}" for at, (yes, no) in enumerate(groups) if topic in yes and topic not in no), "default")
    assert made.new_topic(topic).group == expected


# ---------------------------------------------------------------------- what a task does with them
class FakeAdmin:
    """A cluster; ``faults`` are raised one after the other, a None among them lets a question pass."""

    def __init__(self, topics=(), faults=(), taken=False):
        self.topics = set(topics)
        self.faults = list(faults)
        self.taken = taken
        self.asked = 0
        self.made = []
        self.open = 0

    def connect(self, _settings):
        self.open += 1
        return self

    def close(self):
        self.open -= 1

    def _fail(self):
        name = self.faults.pop(0) if self.faults else None
        if name is not None:
            fault = KafkaFault(1, name, "the reason", retriable=name.startswith("_"))
            raise KafkaClientError.of("do it", fault)

    def topic_exists(self, name, _timeout):
        self.asked += 1
        self._fail()
        return name in self.topics

    def create_topic(self, name, partitions, replication, config, _timeout):
        self._fail()
        self.made.append((name, partitions, replication, dict(config)))
        self.topics.add(name)
        return not self.taken


def control():
    return TaskControl(Board.create(1).slot(0), paused=False, report=lambda *_: None)


def creation(admin, orders=None, **settings):
    client = ClientSettings({"bootstrap.servers": "k:9092"})
    return TopicCreation(rules(**settings), client, orders or control(), admin.connect)


def test_a_topic_is_asked_for_once_and_made_where_it_is_missing():
    admin = FakeAdmin(["there"])
    made = creation(admin, groups="a", a__include="new", **{"a__retention.ms": "9"})
    assert all(made.ready(topic) for topic in ("there", "new", "there", "new", "other", ""))
    assert admin.made == [("new", 5, 1, {"retention.ms": "9"}), ("other", 5, 1, {})]
    assert admin.asked == 3
    assert admin.open == 1
    made.rest()
    made.rest()
    assert admin.open == 0


def test_somebody_else_may_be_faster(caplog):
    caplog.set_level("INFO")
    assert creation(FakeAdmin(taken=True)).ready("t")
    assert "Somebody else created topic t" in caplog.text


def test_brokers_that_do_not_answer_are_asked_again(caplog):
    admin = FakeAdmin(faults=["_TIMED_OUT", None, "_TRANSPORT"])
    assert creation(admin).ready("t")
    assert len(admin.made) == 1
    assert caplog.text.count("cannot be looked for yet") == 1


def test_an_order_to_stop_ends_the_wait():
    admin, orders = FakeAdmin(faults=["_TIMED_OUT"] * 3), control()
    made = creation(admin, orders)
    orders.wait = lambda _: orders.stop()
    assert made.ready("t") is False
    assert admin.made == []


@pytest.mark.parametrize(
    ("faults", "message", "code", "key"),
    [
        (
            ["TOPIC_AUTHORIZATION_FAILED"],
            "Not authorized to describe topic(s) 't' on the brokers k:9092",
            "BRN-2231",
            None,
        ),
        (["TOPIC_EXCEPTION"], "Error while attempting to describe topics 't'", "BRN-2231", None),
        (
            [None, "CLUSTER_AUTHORIZATION_FAILED"],
            (
                "Task failed to create new topic (name=t, numPartitions=default, replicationFactor=1, "
                "replicasAssignments=null, configs={retention.ms=9}). Ensure that the task is authorized to create "
                "topics or that the topic exists and restart the task"
            ),
            "BRN-2230",
            None,
        ),
        (
            [None, "INVALID_REPLICATION_FACTOR"],
            "Unable to create topic(s) 't': the reason",
            "BRN-2230",
            "topic.creation.a.replication.factor",
        ),
        (
            [None, "INVALID_PARTITIONS"],
            "Error while attempting to create/find topic(s) 't'",
            "BRN-2230",
            "topic.creation.a.partitions",
        ),
        (
            [None, "INVALID_CONFIG"],
            "Unable to create topic(s) 't': the reason",
            "BRN-2230",
            None,
        ),
    ],
)
def test_what_cannot_be_made_fails_the_task(faults, message, code, key):
    made = creation(
        FakeAdmin(faults=faults), groups="a", a__include=".*", a__partitions="-1", **{"a__retention.ms": "9"}
    )
    with pytest.raises(ConnectError) as caught:
        made.ready("t")
    assert (caught.value.message, caught.value.code, caught.value.key) == (message, code, key)
    assert caught.value.remedy


class Gate:
    """Stands in for the creation of topics in a loop."""

    def __init__(self, answers):
        self.answers = answers
        self.rested = 0
        self.asked = []

    def ready(self, topic):
        self.asked.append(topic)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def rest(self):
        self.rested += 1


def looped(*answers):
    run = Run(Scripted([lines("a", to=1), None, lines("b", to=2)]))
    run.loop._creation = Gate(list(answers))
    return run


def test_a_loop_asks_before_each_send():
    run = looped(True, True).go()
    assert run.loop._creation.asked == ["t", "t"]
    assert [values for _, values, *_ in run.producer.sent] == [[b"a"], [b"b"]]
    assert run.loop._creation.rested >= 2
    assert run.topics == [("c", "t", 0)]


def test_nothing_is_sent_and_no_offset_moves_where_a_topic_is_not_ready():
    run = looped(False)
    run.task.script[1:] = []
    run.go()
    assert run.producer.sent == []
    assert run.store.offset() is None
    run = looped(True, ConnectError("no topic"))
    with pytest.raises(ConnectError, match="no topic"):
        run.go()
    assert run.store.offset() == {"p": 1}
