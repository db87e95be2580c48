"""Real processes for tests and campaigns: started in a session of their own, logged to a file, never left behind."""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

HOST = "127.0.0.1"
TAIL_LINES = 25

# Runs between fork and exec of the service, in a fresh interpreter: the service dies with the process that started it,
# even if that one is killed with -9. (A function run after fork in this process could deadlock: tests have threads.)
_GUARD = """
import os, sys
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the process that started this service is gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""

_running: set[Service] = set()


class ServiceError(Exception):
    """A service did not start or ended early; the message carries the end of its log."""


_FIRST_PORT = 16_000
_PORTS = 2_000
_RANGES = 8
_given: set[int] = set()


def free_port() -> int:
    """A loopback port nobody listens on now, outside the range that outgoing connections are given.

    Services are restarted on the same port: one from the ephemeral range may meanwhile belong to a client's connection.
    Processes that run tests at the same time choose from ranges of their own.
    """
    first = _FIRST_PORT + _PORTS * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _RANGES)
    for _ in range(_PORTS):
        port = random.randrange(first, first + _PORTS)
        if port in _given:  # to a service that may not have been started yet
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            _given.add(port)
            return port
    raise ServiceError(f"no free loopback port from {first} to {first + _PORTS - 1}")


def wait_for(condition: Callable[[], bool], timeout: float = 30.0, what: str = "", every: float = 0.05) -> float:
    """Poll ``condition`` until true; return the seconds it took, or raise ``TimeoutError`` naming ``what``."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > timeout:
            raise TimeoutError(f"{what or condition} did not come true within {timeout:g} s")
        time.sleep(every)
    return time.monotonic() - start


def accepts(port: int, host: str = HOST) -> bool:
    """Whether something listens on ``port``."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


class Service:
    """One process of a service. Sub-classes give the command and say when it is ready.

    ``start`` may be called again after ``stop`` or ``kill``: ports and data stay the same. A context manager.
    """

    name = "service"
    ready_timeout = 60.0
    guarded = True  # dies with this process; costs the start of an interpreter, so that measurements do without

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str | Path]:
        """The program and its arguments."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """The environment of the process."""
        return os.environ

    def is_ready(self) -> bool:
        """Whether the running process can be used."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        """Process id; raises when it was never started."""
        if self._process is None:
            raise ServiceError(f"{self.name} was not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Exit code of the ended process, ``None`` while it runs."""
        return None if self._process is None else self._process.poll()

    def spawn(self) -> None:
        """Start the process without waiting for it to be ready."""
        if self.alive:
            raise ServiceError(f"{self.name} runs already")
        guard = [sys.executable, "-I", "-S", "-c", _GUARD, str(os.getpid())] if self.guarded else []
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*guard, *map(str, self.command())],
                cwd=self.folder,
                env=dict(self.environment()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _running.add(self)

    def start(self) -> Self:
        """Start the process and wait until it is ready; raise ``ServiceError`` with its log otherwise."""
        self.spawn()
        self.wait_ready()
        return self

    def wait_ready(self, every: float = 0.05) -> float:
        """Wait until ready, looking ``every`` so many seconds; the seconds waited."""
        try:
            return wait_for(self._ready_or_dead, self.ready_timeout, f"{self.name} ready", every)
        except BaseException:
            self.kill()
            raise

    def _ready_or_dead(self) -> bool:
        if not self.alive:
            raise ServiceError(f"{self.name} ended with exit code {self.exit_code}; end of its log:\n{self.tail()}")
        return self.is_ready()

    def wait_exit(self, timeout: float = 30.0) -> int:
        """Wait for the process to end by itself; its exit code."""
        if self._process is None:
            raise ServiceError(f"{self.name} was not started")
        return self._process.wait(timeout)

    def stop(self, timeout: float = 20.0) -> None:
        """Ask the process to end (SIGTERM); kill what is left of its session after ``timeout`` seconds."""
        if self._process is not None and self.alive:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """``kill -9`` the process and whatever it left in its session."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        _running.discard(self)

    def kill_leader(self) -> None:
        """``kill -9`` the process alone: what becomes of its children is up to them."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The end of the log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


@atexit.register
def _kill_leftovers() -> None:
    for service in list(_running):
        service.kill()
