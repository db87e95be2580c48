"""``scripts/fetch-kafka`` with a Maven that only pretends: never half a folder, one fetch for many callers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fetch-kafka"
MAVEN = """#!/bin/sh
echo run >> "$CALLS"
sleep 0.3
for argument in "$@"; do
  case $argument in
    -DoutputDirectory=*)
      out=${argument#*=}
      mkdir -p "$out" && touch "$out/connect-file-1.jar" "$out/connect-mirror-1.jar"
      ;;
  esac
done
[ -z "$FAIL" ] || { echo "could not find artifact moon"; exit 1; }
"""


@pytest.fixture
def fetch(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("mvn", MAVEN), ("java", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)

    def start(*arguments, path=f"{tools}:{os.environ['PATH']}", **variables):
        environment = {"PATH": path, "BARNABAS_CACHE": str(tmp_path / "cache"), "CALLS": str(tmp_path / "calls")}
        return subprocess.Popen(
            [SCRIPT, *arguments],
            env=environment | variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    start.cache = tmp_path / "cache"
    start.calls = tmp_path / "calls"
    return start


def ended(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out.strip(), err.strip()


def test_many_callers_one_fetch(fetch):
    results = [ended(process) for process in [fetch() for _ in range(4)]]
    folder = fetch.cache / "kafka-4.3.1"
    assert {code for code, _, _ in results} == {0}
    assert {out for _, out, _ in results} == {str(folder)}
    assert len(fetch.calls.read_text().splitlines()) == 2  # the class path, and the extra jar
    assert (folder / "plugins" / "file" / "connect-file-1.jar").exists()
    assert (folder / "plugins" / "mirror" / "connect-mirror-1.jar").exists()


def test_a_failed_fetch_leaves_nothing_and_says_why(fetch):
    code, out, err = ended(fetch(FAIL="yes"))
    assert (code, out) == (1, "")
    assert "could not find artifact moon" in err
    assert [path.name for path in fetch.cache.iterdir()] == [".kafka-4.3.1.lock"]
    assert ended(fetch())[0] == 0


def test_an_unfinished_or_outdated_folder_is_replaced(fetch):
    old = fetch.cache / "kafka-4.3.1" / "lib" / "old.jar"
    old.parent.mkdir(parents=True)
    old.touch()
    assert ended(fetch("--check"))[0] == 1
    assert ended(fetch())[0] == 0
    assert not old.exists()
    assert ended(fetch("--check"))[0] == 0


def test_missing_tools_are_named_with_the_remedy(fetch, tmp_path):
    python = tmp_path / "only-python"
    python.mkdir()
    (python / "python3").symlink_to(Path(sys.executable).resolve())
    (python / "env").symlink_to(shutil.which("env"))
    code, _, err = ended(fetch(path=str(python)))
    assert code == 3
    assert "java and mvn" in err
    assert "apt-get install" in err
