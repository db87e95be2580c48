"""Thousands of hostile requests to a real worker: none may show a traceback, hang, be answered in an undocumented way.

    python -m campaigns.rest_fuzz [--cases 5000] [--seed N] [--mode standalone|distributed]

Starts the development broker and a worker as processes of their own. Exit code 0 only if every answer was right and the
worker lives and works at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from campaigns.rest_requests import BROKEN_HTTP, Case, Judge, Requests
from services.process import HOST, wait_for
from services.worker import FILE_SOURCE, BarnabasBroker, BarnabasWorker, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_S = 5.0
CLEAN_EVERY = 250
SHOWN = 20
SETTINGS = {f"{kind}.storage.partitions": "1" for kind in ("offset", "status")} | {
    "scheduled.rebalance.max.delay.ms": "0"
}


@dataclass
class Report:
    """What came of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    slowest_case: str = ""


class Fuzz:
    """One worker under fire."""

    def __init__(self, worker: Worker, seed: int) -> None:
        self._worker = worker
        self._random = random.Random(seed)
        _, document = worker.request("GET", "/openapi.json")
        self._judge = Judge(document)
        files = worker.folder / "files"
        files.mkdir(exist_ok=True)
        self._requests = Requests(document, self._random, str(files), ["alive", "stopped", "nobody"])
        self.report = Report()

    def prepare(self) -> None:
        """Two connectors to be shot at: one runs, one is stopped."""
        for name in ("alive", "stopped"):
            config = {"connector.class": FILE_SOURCE, "file": str(self._worker.folder / name), "topic": name}
            self._worker.request("PUT", f"/connectors/{name}/config", config)
        self._worker.request("PUT", "/connectors/alive/resume")
        self._worker.request("PUT", "/connectors/stopped/stop")

    def clean(self) -> None:
        """Remove what came to life by accident."""
        _, names = self._worker.request("GET", "/connectors")
        for name in names:
            if name not in {"alive", "stopped"}:
                self._worker.request("DELETE", f"/connectors/{quote(name, safe='')}")
        self.prepare()

    def fire(self) -> None:
        """One request, and a look at its answer."""
        case = self._requests.draw()
        began = time.monotonic()
        try:
            status, headers, body = send(self._worker.port, case)
        except OSError as error:
            self.report.faults.append(f"no answer ({type(error).__name__}: {error}) to {case}")
            return
        took = time.monotonic() - began
        if took > self.report.slowest:
            self.report.slowest, self.report.slowest_case = took, str(case)[:200]
        self.report.statuses[status] += 1
        self.report.faults += [
            f"{fault}; the request was {case}" for fault in self._judge.faults(case, status, headers, body)
        ]

    def fire_broken(self) -> None:
        """What is no HTTP at all: refused, or the connection closed; quickly."""
        data = self._random.choice(BROKEN_HTTP)
        began = time.monotonic()
        with socket.create_connection((HOST, self._worker.port), timeout=LIMIT_S) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                answer = b""
                while part := connection.recv(65536):
                    answer += part
            except ConnectionError:
                return  # closed on us: right
            except TimeoutError:
                self.report.faults.append(f"no end of {data[:80]!r} after {time.monotonic() - began:.1f} s")
                return
        if b"Traceback" in answer:
            self.report.faults.append(f"a traceback in answer to {data[:80]!r}")
        self.report.statuses[int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0] += 1

    def is_well(self) -> bool:
        """Whether the worker still does its work."""
        if not self._worker.alive or self._worker.request("GET", "/health")[0] != http.client.OK:
            return False
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: self._worker.states().get("alive") == ["RUNNING", "RUNNING"], 20)
            return True
        return False


def send(port: int, case: Case) -> tuple[int, dict[str, str], bytes]:
    """Send a request as it is; the answer's status, headers by lower-case name, and body."""
    connection = http.client.HTTPConnection(HOST, port, timeout=LIMIT_S)
    try:
        line = f"{case.method} {case.path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
        body = case.body or b""
        headers = {**case.headers, "Content-Length": str(len(body))}
        connection.connect()
        head = line.encode("latin-1", "replace") + b"".join(
            f"{name}: {value}\r\n".encode("latin-1") for name, value in headers.items()
        )
        connection.sock.sendall(head + b"\r\n" + body)
        answer = http.client.HTTPResponse(connection.sock, method=case.method)
        answer.begin()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def run(folder: Path, cases: int, seed: int, mode: str) -> Report:
    """Run the campaign; its report."""
    with (
        BarnabasBroker(folder / "broker") as broker,
        BarnabasWorker(
            folder / "worker", broker.bootstrap, SETTINGS if mode == "distributed" else {}, mode=mode
        ) as worker,
    ):
        fuzz = Fuzz(worker, seed)
        fuzz.prepare()
        for number in range(1, cases + 1):
            fuzz.fire()
            if number % 50 == 0:
                fuzz.fire_broken()
            if number % CLEAN_EVERY == 0:
                fuzz.clean()
                if not worker.alive:
                    break
        if worker.alive:
            fuzz.clean()
        if not fuzz.is_well():
            fuzz.report.faults.append(f"the worker is not well any more:\n{worker.tail()}")
        log = worker.log.read_text(errors="replace")
        fuzz.report.faults += [
            f"in the log: {text}" for text in ("failed unexpectedly", "should not have happened") if text in log
        ]
        return fuzz.report


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--mode", choices=("standalone", "distributed"), default="distributed")
    parser.add_argument("--folder", type=Path, help="keep the worker's files and log there")
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    with contextlib.ExitStack() as undo:
        folder = arguments.folder or Path(undo.enter_context(tempfile.TemporaryDirectory()))
        report = run(folder, arguments.cases, arguments.seed, arguments.mode)
    took = time.monotonic() - began
    print(f"{sum(report.statuses.values())} hostile requests in {took:.0f} s, seed {arguments.seed}, {arguments.mode}")
    print("  " + ", ".join(f"{count} x {status or 'closed'}" for status, count in sorted(report.statuses.items())))
    print(f"  slowest answer {report.slowest:.2f} s: {report.slowest_case}")
    for fault in report.faults[:SHOWN]:
        print(f"WRONG {fault}")
    print(f"{len(report.faults)} wrong")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
