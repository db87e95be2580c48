"""The process from which all hosts are forked.

It is forked from the worker before that has a thread, an event loop or a Kafka client, imports what tasks need without
using it, freezes its heap, and then forks on request: a host starts in milliseconds and shares the pages of everything
imported. It is single-threaded, runs no plugin code and is the parent of all hosts: it reaps them, tells the worker how
they ended, and kills them when asked (so that a process number that was already reaped is never signalled).

No orphan: the kernel kills the fork server when the worker dies (``PR_SET_PDEATHSIG``), and each host when the fork
server dies. Where the kernel has no such thing, the end of file on the control socket and channels does it.

This module imports nothing heavy: it is the first thing a worker runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

__all__ = ["ForkServer", "launch"]

PRELOAD = (
    "encodings.idna",
    "msgspec",
    "orjson",
    "barnabas",
    "barnabas._columns.headers",
    "barnabas._columns.rows",
    "barnabas._columns.values",
    "barnabas.connectors",
    "barnabas.connectors.filestream.sink",
    "barnabas.connectors.filestream.source",
    "barnabas.converters",
    "barnabas.converters.byte_array",
    "barnabas.converters.json_converter",
    "barnabas.converters.simple_header",
    "barnabas.converters.string",
    "barnabas.kafka.connect_defaults",
    "barnabas.kafka.consumer",
    "barnabas.kafka.producer",
    "barnabas.kafka.settings",
    "barnabas.logs",
    "barnabas.supervisor.describe",
    "barnabas.supervisor.host",
    "barnabas.supervisor.pages",
    "barnabas.task.pipeline",
    "barnabas.task.sink",
    "barnabas.task.source",
    "barnabas.transforms",
)
"""What any host may need. A page that a host writes to is its own from then on, so what is imported here, and is not
imported again, is paid for once."""

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
GC_THRESHOLDS = (50_000, 20, 50)
"""Of the garbage collector in hosts: a batch's rows come and go by reference count, and need not be looked through."""

_M_ARENA_MAX = -8
_MAX_MESSAGE = 65536


class ForkServer:
    """The worker's handle: a socket to the fork server. The supervisor attaches it to the event loop.

    Requests and reports are JSON, one a packet. ``{"op": "spawn", "id", "name", "memory", "module"}`` carries two
    descriptors: the host's end of its channel, and its board. Reports: ``{"op": "spawned", "id", "pid"}`` and
    ``{"op": "exited", "pid", "status"}`` with the raw wait status.
    """

    def __init__(self, pid: int, sock: socket.socket) -> None:
        self.pid = pid
        self.socket = sock

    def spawn(self, request: int, name: str, memory: int, module: str, fds: tuple[int, int]) -> None:
        """Ask for a host.

        Args:
            request: Comes back in the report.
            name: For process lists.
            memory: Limits its private data, in bytes; 0 is unlimited.
            module: A module of ours to import before forking, so that all hosts share it; empty for none. Never a
                plugin's: whatever is imported here must not misbehave.
            fds: The host's end of its channel, and its board.
        """
        packet = json.dumps({"op": "spawn", "id": request, "name": name, "memory": memory, "module": module}).encode()
        socket.send_fds(self.socket, [packet], list(fds))

    def kill(self, pid: int) -> None:
        """End a host at once; nothing happens when it is already gone."""
        self.socket.send(json.dumps({"op": "kill", "pid": pid}).encode())

    def close(self) -> None:
        """End the fork server and with it every host."""
        self.socket.close()
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):  # gone already: what was asked for
            return


def launch() -> ForkServer:
    """Fork the fork server; call it before any thread, event loop or Kafka client exists in this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        ours.close()
        status = 1
        try:
            _Server(theirs, parent).serve()
            status = 0
        except BaseException:  # noqa: BLE001  as in a host: say it, then end
            traceback.print_exc()
        finally:
            os._exit(status)
    theirs.close()
    return ForkServer(pid, ours)


def _die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; ends it now if that has already happened."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _set_name(name: str) -> None:
    """What ``ps -o comm`` and ``top`` show; the kernel keeps 15 characters."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_NAME, name.encode()[:15] + b"\0", 0, 0, 0)


class _Server:
    """The loop of the fork server."""

    def __init__(self, sock: socket.socket, parent: int) -> None:
        _die_with_parent(parent)
        _set_name("barnabas-fork")
        # The worker decides about signals; a Ctrl-C or a service manager's SIGTERM reaches every process of the group.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.socket = sock
        self.children: dict[int, int] = {}  # pidfd → pid

    def serve(self) -> None:
        """Prepare, then answer until the worker is gone."""
        self._prepare()
        poller = select.poll()
        poller.register(self.socket, select.POLLIN)
        while True:
            for fd, _ in poller.poll():
                if fd == self.socket.fileno():
                    packet, fds, _, _ = socket.recv_fds(self.socket, _MAX_MESSAGE, 2)
                    if not packet:
                        return
                    self._answer(json.loads(packet), fds, poller)
                else:
                    self._reap(fd, poller)

    def _prepare(self) -> None:
        """Import what hosts need, bound malloc's arenas, and move everything out of the garbage collector's sight."""
        gc.disable()
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, 2)
        from barnabas.supervisor import limits, pages  # noqa: PLC0415  nothing heavy before the fork

        limits.set_stacks()
        limits.allow_files()
        pages.gather()
        importlib.import_module("barnabas.kafka.lean").import_client()
        for module in PRELOAD:
            importlib.import_module(module)
        from barnabas.kafka._librdkafka import return_memory  # noqa: PLC0415  heavy
        from barnabas.supervisor.warm import rehearse, warm_up  # noqa: PLC0415  as heavy as what they run

        pages.bring_together(rehearse)
        warm_up()
        gc.collect()
        return_memory()
        pages.fill()
        pages.share()
        gc.freeze()
        return_memory()

    def _preload(self, module: str) -> None:
        """Import a connector of ours the first time that a host wants it; the host says it if that does not work."""
        if module and module not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(module)
            gc.collect()
            sys.modules["barnabas.supervisor.pages"].fill()
            gc.freeze()

    def _answer(self, request: dict[str, Any], fds: list[int], poller: select.poll) -> None:
        if request["op"] == "kill":
            if request["pid"] in self.children.values():
                os.kill(request["pid"], signal.SIGKILL)
            return
        self._preload(request["module"])
        me = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become_host(me, request, self, fds)
        for fd in fds:
            os.close(fd)
        pidfd = os.pidfd_open(pid)
        self.children[pidfd] = pid
        poller.register(pidfd, select.POLLIN)
        self._report({"op": "spawned", "id": request["id"], "pid": pid})

    def _reap(self, pidfd: int, poller: select.poll) -> None:
        pid = self.children.pop(pidfd)
        poller.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        self._report({"op": "exited", "pid": pid, "status": status})

    def _report(self, report: dict[str, Any]) -> None:
        self.socket.send(json.dumps(report).encode())


def _become_host(parent: int, request: dict[str, Any], server: _Server, fds: list[int]) -> NoReturn:
    """The forked child: let go of the fork server's things, set limits, run the host."""
    status = 70
    try:
        server.socket.close()
        for pidfd in server.children:
            os.close(pidfd)
        _die_with_parent(parent)
        _set_name(request["name"])
        sys.modules["barnabas.supervisor.limits"].limit_memory(request["memory"])
        _prefer_for_killing()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()
        from barnabas.supervisor.host import Host  # noqa: PLC0415  preloaded; the fork server itself never uses it

        status = Host(*fds).run()
    except BaseException:  # noqa: BLE001  the last line of defence: say what it is before the process ends
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _prefer_for_killing() -> None:
    """Let the kernel take hosts before the worker when the machine itself runs out of memory."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123  one write, before anything else is imported
            file.write("500")
    except OSError:
        return  # a hint only; not every system has it
