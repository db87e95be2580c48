"""A worker that has lost its fork server ends, so that whoever keeps it running can start another."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from services.worker import BarnabasWorker


def test_a_worker_without_its_fork_server_ends_with_1(embedded_broker, tmp_path):
    with BarnabasWorker(tmp_path / "w", embedded_broker.bootstrap) as worker:
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        assert len(children) == 1
        os.kill(int(children[0]), signal.SIGKILL)
        assert worker.wait_exit(15) == 1
        assert "BRN-5004" in worker.tail()
