"""``barnabas consume`` as a person at a terminal meets it, on the embedded broker."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from barnabas.cli import main
from barnabas.cli.consume.plain import as_text
from barnabas.converters.json_schema_converter import JsonSchemaConverter
from barnabas.schema import Instant, Int8, LogicalDecimal, Schema

_names = itertools.count(1)
START = datetime(2026, 3, 1, tzinfo=UTC)


class Topic:
    """A topic of its own, and the command on it."""

    def __init__(self, bootstrap, capsys, partitions):
        self.bootstrap = bootstrap
        self.name = f"consume-{next(_names)}"
        self._capsys = capsys
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic(self.name, partitions, 1)])[self.name].result(30)
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})

    def write(self, value, key=None, partition=0, headers=None, at=START):
        stamp = int(at.timestamp() * 1000)
        self._producer.produce(self.name, value, key, partition, headers=headers, timestamp=stamp)
        self._producer.flush(30)

    def numbers(self, count, partition=0):
        for number in range(count):
            self.write(json.dumps({"n": number}), partition=partition, at=datetime.fromtimestamp(number + 1e9, UTC))

    def consume(self, *arguments, topic=None):
        code = main(["consume", topic or self.name, "-b", self.bootstrap, "--timeout", "20", *map(str, arguments)])
        out, err = self._capsys.readouterr()
        return code, out, err

    def shown(self, *arguments):
        code, out, err = self.consume(*arguments)
        assert (code, err) == (0, "")
        return out.splitlines()


@pytest.fixture
def make_topic(embedded_broker, capsys):
    return lambda partitions=1: Topic(embedded_broker.bootstrap, capsys, partitions)


@pytest.fixture
def topic(make_topic):
    return make_topic()


def test_the_last_ten_as_they_are(topic):
    topic.numbers(12)
    assert topic.shown() == [f'{{"n":{number}}}' for number in range(2, 12)]


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (["--from-beginning"], range(6)),
        (["--from-beginning", "--max", 2], range(2)),
        (["--last", 2], [4, 5]),
        (["--max", 3], [3, 4, 5]),
        (["--offset", 4], [4, 5]),
        (["--offset", -1], [5]),
        (["--offset", 100], []),
        (["--since", "2001-09-09T01:46:43Z"], [3, 4, 5]),
        (["--since", "2001-09-09T01:46:43"], [3, 4, 5]),
        (["--since", "1h"], []),
        (["--partition", 0, "--last", 1], [5]),
    ],
    ids=str,
)
def test_which_records(topic, arguments, numbers):
    topic.numbers(6)
    code, out, err = topic.consume(*arguments)
    assert code == 0
    assert [json.loads(line)["n"] for line in out.splitlines()] == [*numbers]
    assert err == ("" if numbers else "barnabas: no records there.\n")


def test_the_last_of_several_partitions_are_the_latest(make_topic):
    topic = make_topic(3)
    for number in range(12):
        topic.write(str(number), partition=number % 3, at=datetime.fromtimestamp(1e9 + number, UTC))
    assert topic.shown("--last", 4) == ["8", "9", "10", "11"]
    assert topic.shown("--partition", 1, "--from-beginning") == ["1", "4", "7", "10"]
    assert sorted(topic.shown("--from-beginning"), key=int) == [*map(str, range(12))]


def test_key_timestamp_headers_and_position(topic):
    topic.write("v\tw\n\x1b[31mred", "k", headers=[("h", b"5"), ("t", b"x")])
    assert topic.shown("--key", "--timestamp", "--headers", "--position") == topic.shown("--verbose")
    assert topic.shown("-v") == [f"{topic.name}-0@0\t2026-03-01T00:00:00.000Z\tk\th=5,t=x\tv\\tw\\n\\x1b[31mred"]


def test_json_and_json_lines(topic):
    topic.write('{"a":12345678901234567890123,"b":1.10}', "k", headers=[("h", b"text")])
    topic.write(None, "gone")
    lines = [json.loads(line) for line in topic.shown("--format", "jsonl")]
    assert lines[0] == {
        "topic": topic.name,
        "partition": 0,
        "offset": 0,
        "timestamp": "2026-03-01T00:00:00.000Z",
        "key": "k",
        "value": {"a": 1.2345678901234568e22, "b": 1.1},
        "headers": [["h", "text"]],
    }
    assert (lines[1]["key"], lines[1]["value"]) == ("gone", None)
    assert json.loads("\n".join(topic.shown("--format", "json"))) == lines
    code, out, _ = topic.consume("--format", "json", "--offset", 100)
    assert (code, json.loads(out)) == (0, [])


def test_a_table(topic):
    topic.write('{"id":1,"name":"Ann"}', "a")
    topic.write('{"id":22,"more":[1]}', "b")
    assert [line.split() for line in topic.shown("--format", "table")] == [
        ["PARTITION", "OFFSET", "TIMESTAMP", "KEY", "id", "name", "more"],
        ["0", "0", "2026-03-01T00:00:00.000Z", "a", "1", "Ann"],
        ["0", "1", "2026-03-01T00:00:00.000Z", "b", "22", "[1]"],
    ]


def test_what_cannot_be_read_is_shown_and_it_goes_on(topic):
    topic.write(b"\0\0\0\0\x2aabcdefg", "k")
    topic.write(b"\0\0\0\0\x2aabcdefg", "k")
    topic.write("fine")
    code, out, err = topic.consume("--key")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == f"{topic.name}-0@0\tk"
    assert "ERROR value: " in lines[1]
    assert "Confluent Avro, schema id 42" in lines[1]
    assert "Here, --schema-registry URL is enough." in lines[1]
    assert lines[2] == "  bytes of the value: 00 00 00 00 2a 61 62 63 64 65 66 67"
    assert "Confluent" not in lines[4], "explained once"
    assert lines[-1] == "null\tfine"
    assert err == "barnabas: 2 of 3 records could not be read completely.\n"
    record = json.loads(topic.consume("--format", "jsonl", "--max", 3)[1].splitlines()[0])
    assert record["errors"][0]["hex"] == "000000002a61626364656667"


def test_any_converter(topic):
    topic.write('{"n":7}', (7).to_bytes(4, "big"))
    plain = ["--key-converter", "Integer", "--value.converter", "Json", "-X", "value.converter.schemas.enable=false"]
    assert topic.shown("--key", *plain) == ['7\t{"n":7}']
    _, out, _ = topic.consume("--value-converter", "Json", "--key-converter", "Integer")
    assert "value.converter.schemas.enable=false" in out
    assert topic.shown("--value-converter", "ByteArray", "--key-converter", "ByteArray", "--key") == [
        '0x00000007\t{"n":7}'
    ]


def test_the_registry_says_how_values_are_read(topic):
    url = f"mock://{topic.name}"
    converter = JsonSchemaConverter()
    converter.configure({"schema.registry.url": url, "decimal.format": "NUMERIC"})
    schema = Schema.struct("Order", id=Schema.INT64, price=LogicalDecimal.schema(3))
    topic.write(converter.from_connect(topic.name, schema, {"id": 7, "price": Decimal("0.100")}), "k")
    topic.write(b"\0\0\0\0\x63{}", "k")
    topic.write("plain")
    named = topic.consume("--value-converter", "JsonSchema", "--schema-registry", url, "--key")[1].splitlines()
    guessed = topic.consume("--schema-registry", url, "--key")[1].splitlines()
    assert guessed[0] == named[0] == 'k\t{"id":7,"price":0.100}'
    assert guessed[-1] == "null\tplain"
    assert "schema id 99" in guessed[2]
    assert "BRN-1403" in guessed[2]


def test_settings_of_worker_and_connector_and_transforms(topic, tmp_path):
    topic.write('{"n":7,"secret":"x"}')
    topic.write(None)
    worker = tmp_path / "worker.properties"
    worker.write_text(
        f"bootstrap.servers={topic.bootstrap}\nkey.converter=String\nvalue.converter=Json\n"
        "value.converter.schemas.enable=true\nconfig.providers=file\n"
        "config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider\n"
    )
    secrets = tmp_path / "secrets.properties"
    secrets.write_text("enable=false\n")
    connector = tmp_path / "sink.json"
    settings = {
        "name": "sink",
        "value.converter": "Json",
        "value.converter.schemas.enable": f"${{file:{secrets}:enable}}",
        "transforms": "drop,live",
        "transforms.drop.type": "org.apache.kafka.connect.transforms.ReplaceField$Value",
        "transforms.drop.exclude": "secret",
        "transforms.live.type": "org.apache.kafka.connect.transforms.Filter",
        "transforms.live.predicate": "gone",
        "predicates": "gone",
        "predicates.gone.type": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
    }
    connector.write_text(json.dumps(settings))
    files = ["--worker", worker, "--connector", connector]
    assert topic.shown(*files) == ['{"n":7,"secret":"x"}', "null"]
    code, out, err = topic.consume(*files, "--transforms")
    assert (code, out) == (0, '{"n":7}\n')
    assert err == "barnabas: 1 were dropped by transforms.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--partition", "7"], 2, "has no partition 7. Its partitions are 0 to 0. (BRN-1461)"),
        (["--since", "soon"], 1, "--since soon is no time."),
        (["-X", "key"], 1, "--property key is not of the form KEY=VALUE."),
        (["--value-converter", "Jsn"], 2, "Class Jsn could not be found. Did you mean org.apache.kafka.connect.json."),
        (["--last", "0"], 1, "0 is no number from 1 on"),
        (["--offset", "x"], 1, "x is no offset"),
        (["--timeout", "0"], 1, "0 is no number of seconds"),
        (["--worker", "/nowhere/worker.properties"], 2, "/nowhere/worker.properties"),
        (["-X", "value.converter.decimal.format=HEX", "--value-converter", "Json"], 2, "decimal.format"),
    ],
    ids=str,
)
def test_clear_errors(topic, arguments, code, says):
    found, out, err = topic.consume(*arguments)
    assert (found, out) == (code, "")
    assert says in err.splitlines()[0]


def test_a_topic_that_is_not_there(topic):
    code, _, err = topic.consume(topic=topic.name[:-1] + "x9")
    assert code == 2
    assert err.startswith(f"barnabas: There is no topic {topic.name[:-1]}x9. Did you mean consume-")
    assert topic.consume(topic="§")[0] == 2


def test_no_broker(capsys):
    assert main(["consume", "orders", "-b", "127.0.0.1:1", "--timeout", "0.5"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Connection refused" in line


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        ("text", "text"),
        (True, "true"),
        (2**70, "1180591620717411303424"),
        (Int8(5), "5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (float("nan"), '"NaN"'),
        ([float("-inf"), 1.5], '["-Infinity",1.5]'),
        (b"abc", "abc"),
        (b"\0\xff", "0x00ff"),
        ({"b": b"\0\xff"}, '{"b":"AP8="}'),
        ({1: "a", 2: None}, '[[1,"a"],[2,null]]'),
        (date(2026, 3, 1), '"2026-03-01"'),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00.000Z"),
        ({"at": datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)}, '{"at":"2026-03-01T12:00:00.000005Z"}'),
        ([time(1, 2)], '["01:02:00"]'),
        (Instant(1 << 60), "1152921504606846976"),
        ("\ud800", "\\ud800"),
        ({"\ud800": "\ud800"}, '{"?":"?"}'),
        ("\x1b[2J\u202e", "\\x1b[2J\\u202e"),
    ],
    ids=repr,
)
def test_values_as_text(value, shown):
    assert as_text(value) == shown


def test_values_nested_too_deeply():
    deep = []
    for _ in range(2000):
        deep = [deep]
    assert as_text(deep).startswith("(cannot be shown: ")


def start(topic, *arguments):
    command = [sys.executable, "-m", "barnabas", "consume", topic.name, "-b", topic.bootstrap, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_following_until_interrupted(topic):
    topic.write("one")
    with start(topic, "--follow", "--format", "json") as process:
        assert process.stdout.readline() == "[\n"
        topic.write("two")
        seen = ""
        while '"two"' not in seen:
            line = process.stdout.readline()
            assert line
            seen += line
        process.send_signal(signal.SIGINT)
        rest, err = process.stdout.read(), process.stderr.read()
        assert process.wait(30) == 130
    assert err == ""
    assert [record["value"] for record in json.loads("[" + seen + rest)] == ["one", "two"]


def test_a_reader_that_goes_away(topic):
    for number in range(3):
        topic.write(f"{number}" * 100_000)
    with start(topic, "--from-beginning") as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(30) == 128 + signal.SIGPIPE
        assert process.stderr.read() == ""


def test_no_group_is_joined(topic, embedded_broker):
    topic.write("x")
    topic.shown()
    groups = AdminClient({"bootstrap.servers": topic.bootstrap}).list_consumer_groups().result(30).valid
    assert [group.group_id for group in groups if "consume" in group.group_id] == []
