"""The first thing anybody runs has to work, to say plainly when it cannot, and to leave nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.process import wait_for

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "demo.py"


def demo(folder, *arguments):
    command = [sys.executable, SCRIPT, "--folder", folder, *arguments]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def started_in(folder):
    """Processes whose command line names ``folder``."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(str(folder) in word for word in words) and process.pid != psutil.Process().pid:
            found.append(words)
    return found


def test_a_file_of_ones_own_arrives_unchanged(tmp_path):
    text = tmp_path / "own.txt"
    text.write_text("".join(f"{number} äöü {'x' * (number % 90)}\n" for number in range(5000)))
    process = demo(tmp_path / "demo", text)
    out, err = process.communicate(timeout=90)
    assert (process.returncode, err) == (0, "")
    assert "Equal: 5,000 lines" in out
    assert "records/s" in out
    assert (tmp_path / "demo" / "destination.txt").read_bytes() == text.read_bytes()
    assert (tmp_path / "demo" / "worker" / "worker.properties").exists()
    assert started_in(tmp_path / "demo") == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [(None, "is not a file"), (b"a\r\nb\r\n", "must end its lines"), (b"a\nb", "must end its lines")],
)
def test_a_file_that_cannot_be_copied_is_refused_in_one_line(tmp_path, data, reason):
    text = tmp_path / "own.txt"
    if data is not None:
        text.write_bytes(data)
    process = demo(tmp_path / "demo", text)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert len(err.strip().splitlines()) == 1
    assert reason in err


def test_ctrl_c_stops_everything(tmp_path):
    text = tmp_path / "own.txt"
    text.write_text("".join(f"line {number}\n" for number in range(400_000)))
    process = demo(tmp_path / "demo", text)
    with process:
        for line in process.stdout:
            if line.startswith("Worker"):
                break
        assert started_in(tmp_path / "demo") != []
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=40)
    if process.returncode == 0:  # a machine so quick that the copy was over
        assert "Equal" in out
    else:
        assert (process.returncode, err) == (130, "")
        assert "has been stopped" in out
    wait_for(lambda: started_in(tmp_path / "demo") == [], 5, "the end of all processes")
