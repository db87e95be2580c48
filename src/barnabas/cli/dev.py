"""``barnabas dev``: the development broker and a worker in one command.

The broker is a process of its own, in a session of its own so that Ctrl-C stops the worker first. It reads from a pipe
whose other end this process holds, and stops when that ends: no broker is left behind, however this process ends.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from barnabas.cli.exits import BEFORE_START, STARTING, FatalError
from barnabas.errors import BarnabasError, ConfigError
from barnabas.properties import load_properties
from barnabas.supervisor import forkserver

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]

log = logging.getLogger(__name__)

_STOP_SECONDS = 30


def run(arguments: Namespace) -> int:
    """Run both until stopped."""
    data = Path(arguments.data)
    try:
        overrides = load_properties(arguments.worker) if arguments.worker else {}
        data.mkdir(parents=True, exist_ok=True)
    except (BarnabasError, OSError) as error:
        raise FatalError(BEFORE_START, error) from error
    fork = forkserver.launch()
    try:
        with _Broker(data / "broker", arguments.port) as broker:
            from barnabas.cli.worker import run_worker  # noqa: PLC0415  only now: the fork server must not inherit it

            props = {**_defaults(data, broker.bootstrap, arguments.rest_port), **overrides}
            code = run_worker(fork, props, arguments.connectors, lambda url: _say_where(url, data, props))
            return STARTING if broker.lost else code
    finally:
        fork.close()


def _defaults(data: Path, bootstrap: str, rest_port: int) -> dict[str, str]:
    return {
        "bootstrap.servers": bootstrap,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "offset.storage.file.filename": str(data / "connect.offsets"),
        "offset.flush.interval.ms": "1000",
        "listeners": f"http://127.0.0.1:{rest_port}",
    }


def _say_where(url: str, data: Path, props: dict[str, str]) -> None:
    sys.stderr.write(
        "\n"
        f"  Kafka    {props['bootstrap.servers']}  (the development broker; data in {data / 'broker'})\n"
        f"  REST     {url}  (try: curl -s {url}/connectors?expand=status)\n"
        f"  offsets  {props['offset.storage.file.filename']}\n"
        "  Ctrl-C stops both; what is in the folder is there again next time.\n\n"
    )
    sys.stderr.flush()


class _Broker:
    """The broker's process, as a context."""

    def __init__(self, data: Path, port: int) -> None:
        self.lost = False
        self._stopping = False
        command = [sys.executable, "-m", "barnabas", "broker", "--data", str(data), "--port", str(port)]
        self._process = subprocess.Popen(  # noqa: S603  our own command
            [*command, "--stop-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.bootstrap = ""

    def __enter__(self) -> Self:
        found = re.search(r"broker on (\S+?),", _first_line(self._process.stdout))
        if found is None:
            code = self._process.wait()
            raise FatalError(
                STARTING,
                ConfigError(
                    f"The development broker did not start (exit code {code}).",
                    code="BRN-0005",
                    remedy="See the line above; --port 0 takes a free port, --data another folder.",
                ),
            )
        self.bootstrap = found[1]
        threading.Thread(target=self._watch, name="broker-watch", daemon=True).start()
        return self

    def _watch(self) -> None:
        code = self._process.wait()
        if not self._stopping:
            self.lost = True
            log.error("The development broker ended by itself, with exit code %d: the worker stops, too.", code)
            os.kill(os.getpid(), signal.SIGTERM)

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("The development broker did not stop within %d s: it is ended.", _STOP_SECONDS)
            self._process.kill()
            self._process.wait()


def _first_line(stream: IO[bytes] | None) -> str:
    return stream.readline().decode(errors="replace") if stream is not None else ""
