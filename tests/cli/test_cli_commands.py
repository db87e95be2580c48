"""The command line as a user meets it: help, wrong usage, versions, plugins. Each test runs the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from barnabas.cli import main

COMMANDS = ["standalone", "distributed", "broker", "dev", "consume", "validate", "plugins", "version"]


def barnabas(*arguments, **options):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "barnabas", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_the_installed_command_is_the_same():
    command = Path(sys.executable).with_name("barnabas")
    done = subprocess.run([command, "version"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == barnabas("version").stdout
    assert done.stdout.startswith("barnabas 0.")
    assert "Apache Kafka Connect 4.3.1" in done.stdout


def test_help(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {command} " in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_examples(command, capsys):
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"usage: barnabas {command}" in text
    assert "example" in text
    assert f"  barnabas {command}" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required: COMMAND"),
        (["standalone"], "required: worker.properties"),
        (["standlone", "x"], "there is no command standlone; did you mean standalone"),
        (["broker"], "required: --data"),
        (["broker", "--data", "x", "--port", "abc"], "--port: abc is no port"),
        (["broker", "--data", "x", "--port", "99999"], "--port: 99999 is no port"),
        (["version", "--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["version", "--log-level", "loud"], "--log-level: invalid choice"),
    ],
)
def test_wrong_usage(arguments, says, capsys):
    assert main(arguments) == 1
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith("barnabas: ")
    assert says in first
    assert "--help'" in first
    assert first.endswith("(BRN-0001)")
    assert rest[0].startswith("usage: barnabas")


def test_wrong_environment():
    done = barnabas("version", env={**os.environ, "BARNABAS_LOG_FORMAT": "xml"})
    assert done.returncode == 1
    assert done.stderr == "barnabas: BARNABAS_LOG_FORMAT: Unknown log format xml. Use text or json. (BRN-0003)\n"


def test_distributed_wants_its_topics(tmp_path):
    file = tmp_path / "worker.properties"
    file.write_text("group.id=g\nkey.converter=JsonConverter\nvalue.converter=JsonConverter\n")
    done = barnabas("distributed", str(file))
    assert done.returncode == 2
    assert 'Missing required configuration "config.storage.topic"' in done.stderr
    assert done.stderr.splitlines()[-1].startswith("barnabas: ")


def test_no_traceback_unless_debugging():
    assert "Traceback" not in barnabas("plugins", "Nope").stderr
    assert "Traceback" in barnabas("plugins", "Nope", "--debug").stderr
    assert "Traceback" in barnabas("--debug", "plugins", "Nope").stderr


def test_errors_are_json_when_logs_are():
    done = barnabas("standalone", "--log-format", "json", "nowhere.properties")
    line = json.loads(done.stderr)
    assert line["level"] == "FATAL"
    assert "BRN-1010" in line["message"]


def test_nothing_heavy_is_imported_for_help():
    heavy = "{'asyncio', 'confluent_kafka', 'uvicorn'}"
    code = f"import sys, barnabas.cli as c; c.main(['--help']); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_goes_away_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m barnabas plugins --all | true",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""


def test_plugins_lists_connectors():
    done = barnabas("plugins")
    assert done.returncode == 0
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["CLASS", "TYPE", "VERSION", "HOME"]
    assert any(row.split()[:2] == ["org.apache.kafka.connect.file.FileStreamSourceConnector", "source"] for row in rows)
    assert "JsonConverter" not in done.stdout


def test_plugins_as_json():
    rows = json.loads(barnabas("plugins", "--all", "--format", "json").stdout)
    assert {"class", "type", "version", "home"} == set(rows[0])
    assert "converter" in {row["type"] for row in rows}


def test_the_reference_of_a_plugin():
    done = barnabas("plugins", "FileStreamSource")
    assert done.stdout.startswith("# FileStreamSourceConnector\n")
    assert "| `topic` | string | *required* |" in done.stdout
    keys = json.loads(barnabas("plugins", "FileStreamSource", "--format", "json").stdout)
    assert {key["name"] for key in keys} >= {"file", "topic", "batch.size"}


def test_an_unknown_plugin():
    done = barnabas("plugins", "FileStreamSorce")
    assert done.returncode == 2
    assert "Did you mean org.apache.kafka.connect.file.FileStreamSourceConnector? (BRN-4001)" in done.stderr


@pytest.fixture
def plugin_folder(tmp_path):
    """A plugin path with two homes that hold a module of the same name."""
    for number in (1, 2):
        home = tmp_path / f"home{number}"
        home.mkdir()
        (home / "same_name.py").write_text(
            dedent(f"""
            from barnabas import ConfigDef, SinkConnector, Type

            class Sink{number}Connector(SinkConnector):
                CONFIG = ConfigDef().define("target", Type.STRING, doc="Where to.")

                @classmethod
                def version(cls):
                    return "{number}.0"
            """)
        )
    return tmp_path


def test_plugins_of_a_plugin_path(plugin_folder):
    done = barnabas("plugins", "--plugin-path", plugin_folder)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["same_name.Sink1Connector", "sink", "1.0", str(plugin_folder / "home1")] in rows
    assert ["same_name.Sink2Connector", "sink", "2.0", str(plugin_folder / "home2")] in rows
    assert done.stderr == ""


def test_the_reference_of_a_plugin_of_a_home(plugin_folder):
    (plugin_folder / "worker.properties").write_text(f"plugin.path={plugin_folder}\n")
    done = barnabas("plugins", "Sink2", "--worker", plugin_folder / "worker.properties")
    assert "| `target` | string | *required* |" in done.stdout


def test_a_worker_file_that_is_not_there(tmp_path):
    done = barnabas("plugins", "--worker", tmp_path / "none.properties")
    assert done.returncode == 2
    assert "none.properties" in done.stderr
    assert done.stderr.count("\n") == 1
