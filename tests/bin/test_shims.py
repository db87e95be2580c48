"""The shell scripts take Kafka's own arguments and hand them to ``barnabas``."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from services.process import wait_for

BIN = Path(__file__).resolve().parents[2] / "bin"
MODES = ["standalone", "distributed"]


@pytest.fixture
def scripts(tmp_path):
    """A copy of the scripts with no environment beside them, and a ``barnabas`` on PATH that shows its arguments."""
    shutil.copytree(BIN, tmp_path / "home" / "bin")
    path = tmp_path / "path"
    path.mkdir()
    fake(path / "barnabas", "path")

    def run(mode, *arguments, **variables):
        environment = {"PATH": f"{path}:{os.environ['PATH']}", **variables}
        command = [tmp_path / "home" / "bin" / f"connect-{mode}.sh", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=20)

    run.home = tmp_path / "home"
    run.path = path
    return run


def fake(path: Path, name: str, then: str = "exit 5") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho {name}\nfor a in "$@"; do echo "<$a>"; done\n{then}\n')
    path.chmod(0o755)


@pytest.mark.parametrize("mode", MODES)
def test_arguments_and_exit_code_pass_through(scripts, mode):
    done = scripts(mode, "my worker.properties", "a.json")
    assert done.stdout.splitlines() == ["path", f"<{mode}>", "<my worker.properties>", "<a.json>"]
    assert done.returncode == 5
    assert done.stderr == ""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("arguments", [[], ["-daemon"]])
def test_without_a_properties_file_usage_and_exit_code_1(scripts, mode, arguments):
    done = scripts(mode, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("USAGE: ")
    assert f"[-daemon] connect-{mode}.properties" in done.stderr
    assert done.stdout == ""


def test_environment_beside_the_script_wins_over_path(scripts):
    fake(scripts.home / ".venv" / "bin" / "barnabas", "venv")
    assert scripts("standalone", "w.properties").stdout.splitlines()[0] == "venv"


def test_without_barnabas_one_line_says_what_to_do(scripts):
    (scripts.path / "barnabas").unlink()
    done = scripts("standalone", "w.properties", PATH="/usr/bin:/bin")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no barnabas command" in done.stderr


def test_jvm_variables_are_noted_once_and_ignored(scripts):
    done = scripts("standalone", "w.properties", KAFKA_HEAP_OPTS="-Xmx1g", KAFKA_LOG4J_OPTS="-Dx=y")
    assert done.stderr.count("\n") == 1
    assert "ignored: KAFKA_HEAP_OPTS KAFKA_LOG4J_OPTS" in done.stderr
    assert done.returncode == 5


def test_extra_args_of_kafkas_scripts(scripts):
    done = scripts("standalone", "w.properties", EXTRA_ARGS="-name connectStandalone -loggc")
    assert done.stdout.splitlines() == ["path", "<standalone>", "<w.properties>"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("variables", "log"),
    [({}, "connectStandalone.out"), ({"EXTRA_ARGS": "-name orders"}, "orders.out")],
)
def test_daemon_returns_at_once_and_logs_to_a_file(scripts, tmp_path, variables, log):
    fake(scripts.path / "barnabas", "path", then="sleep 1; echo done")
    start = time.monotonic()
    done = scripts("standalone", "-daemon", "w.properties", LOG_DIR=str(tmp_path / "logs"), **variables)
    assert done.returncode == 0
    assert time.monotonic() - start < 0.9
    output = tmp_path / "logs" / log
    wait_for(lambda: output.exists() and "done" in output.read_text(), 10, "the daemon's end")
    assert output.read_text().splitlines() == ["path", "<standalone>", "<w.properties>", "done"]
