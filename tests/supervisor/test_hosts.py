"""Real processes, connector objects that misbehave: each costs its own process and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from barnabas.errors import ConnectError, HostDiedError, HungError
from barnabas.lease import lease_clock
from barnabas.supervisor import forkserver
from barnabas.supervisor.api import ConnectorSpec, PluginRef, RemoteError
from barnabas.supervisor.channel import WriteOffsets
from barnabas.supervisor.process import ProcessSupervisor

HOME = str(Path(__file__).parent / "homes" / "misbehaving")
SOURCE = PluginRef("MisbehavingSource", "misbehaving:MisbehavingSource", "source", home=HOME)


class Recorder:
    """A listener that remembers."""

    def __init__(self):
        self.states = []
        self.reconfigured = []
        self.offsets = {}
        self.topics = set()

    def connector_status(self, name, state, error):
        self.states.append((name, state, error))

    def task_status(self, task, state, error):
        self.states.append((task, state, error))

    def reconfiguration_requested(self, name):
        self.reconfigured.append(name)

    def topic_used(self, connector, topic, task=0):
        self.topics.add((connector, topic))

    async def read_offsets(self, connector, keys):
        return [self.offsets.get(key) for key in keys]

    async def write_offsets(self, connector, entries):
        self.offsets.update(entries)

    async def until(self, who, state, seconds=15.0, since=0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [error for name, reached, error in self.states[since:] if name == who and reached == state]
            if found:
                return found[-1]
            await asyncio.sleep(0.02)
        raise AssertionError(f"{who} did not reach {state}: {self.states}")


PROPS = {
    "connector.call.timeout.ms": "1000",
    "task.shutdown.graceful.timeout.ms": "500",
    "task.start.timeout.ms": "2000",
    "task.memory.max": "256m",
    "task.restart.enabled": "false",
}


SERVE = """
import os, socket, sys
from barnabas.supervisor.forkserver import _Server
_Server(socket.socket(fileno=int(sys.argv[1])), os.getppid()).serve()
"""


@pytest.fixture
def fork_server():
    """A fork server forked from a process that has no threads: a test run has those of brokers and clients."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-c", SERVE, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    yield forkserver.ForkServer(process.pid, ours)
    ours.close()
    process.wait(10)


@pytest.fixture
async def supervisor(fork_server):
    made = ProcessSupervisor(fork_server, PROPS, Recorder())
    await made.start()
    yield made
    await made.stop(2)


def spec(misbehave="", **props):
    return ConnectorSpec("c", SOURCE, {"name": "c", "misbehave": misbehave, **props})


async def test_a_connector_starts_answers_and_stops(supervisor):
    await supervisor.start_connector(spec())
    task_class, configs = await supervisor.task_configs("c", 3)
    assert task_class == "misbehaving:MisbehavingTask"
    assert len(configs) == 3
    pids = list(supervisor._pool.hosts)
    await supervisor.stop_connector("c")
    await gone(pids)


def alive(pid):
    """Whether a process still runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pids, seconds=2.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(alive(pid) for pid in pids):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("still there")


@pytest.mark.parametrize("how", ["sleep", "spin"])
async def test_a_hanging_start_is_cut_off(supervisor, how):
    await supervisor.config_def(SOURCE)  # what the fork server takes to begin with is no part of it
    began = time.monotonic()
    with pytest.raises(HungError, match=r"Connector\.start of c did not return within 1 s"):
        await supervisor.start_connector(spec(f"start:{how}"))
    assert time.monotonic() - began < 3
    assert (await supervisor._listener.until("c", "FAILED")).code == "BRN-5001"
    assert [state for _, state, _ in supervisor._listener.states] == ["FAILED"]


async def test_a_start_that_exits_the_interpreter(supervisor):
    with pytest.raises(HostDiedError, match="exited with code 3"):
        await supervisor.start_connector(spec("start:exit"))


async def test_a_start_that_raises_system_exit_fails_like_any_other(supervisor):
    with pytest.raises(RemoteError, match="SystemExit"):
        await supervisor.start_connector(spec("start:sysexit"))


async def test_a_start_that_allocates_without_bound(supervisor):
    with pytest.raises(ConnectError) as caught:
        await supervisor.start_connector(spec("start:allocate"))
    assert "MemoryError" in str(caught.value) or "was ended" in str(caught.value)


async def test_hanging_task_configs_and_validate(supervisor):
    await supervisor.start_connector(spec("task_configs:sleep"))
    with pytest.raises(HungError, match=r"task_configs of c"):
        await supervisor.task_configs("c", 1)
    with pytest.raises(HungError, match="Validating"):
        await supervisor.validate(SOURCE, spec("validate:sleep").props)


async def test_a_hanging_stop_is_cut_off(supervisor):
    await supervisor.start_connector(spec("stop:sleep"))
    pids = list(supervisor._pool.hosts)
    began = time.monotonic()
    await supervisor.stop_connector("c")
    assert time.monotonic() - began < 2
    await gone(pids)


async def test_a_killed_host_is_noticed_and_started_again(fork_server):
    listener = Recorder()
    made = ProcessSupervisor(
        fork_server,
        {**PROPS, "task.restart.enabled": "true", "task.restart.backoff.initial.ms": "100"},
        listener,
    )
    await made.start()
    try:
        await made.start_connector(spec())
        (pid,) = made._pool.hosts
        os.kill(pid, signal.SIGKILL)
        error = await listener.until("c", "FAILED")
        assert "signal 9" in error.message
        await listener.until("c", "RESTARTING")
        await listener.until("c", "RUNNING", since=1)
        assert [state for _, state, _ in listener.states][-1] == "RUNNING"
        assert listener.reconfigured == ["c"]
    finally:
        await made.stop(2)


async def test_no_process_outlives_its_worker(tmp_path):
    """A worker killed with -9: its fork server and hosts are gone within a second."""
    script = tmp_path / "worker.py"
    script.write_text(
        "import asyncio, sys\n"
        "from barnabas.supervisor import forkserver\n"
        "fork = forkserver.launch()\n"
        "from barnabas.supervisor.process import ProcessSupervisor\n"
        "from barnabas.supervisor.api import ConnectorSpec, PluginRef\n"
        "class L:\n"
        "    def __getattr__(self, name): return lambda *a: None\n"
        "async def main():\n"
        "    s = ProcessSupervisor(fork, {}, L())\n"
        "    await s.start()\n"
        f"    ref = PluginRef('M', 'misbehaving:MisbehavingSource', 'source', home={HOME!r})\n"
        "    await s.start_connector(ConnectorSpec('c', ref, {'name': 'c'}))\n"
        "    print(fork.pid, *s._pool.hosts, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    worker = await asyncio.create_subprocess_exec(sys.executable, str(script), stdout=asyncio.subprocess.PIPE)
    assert worker.stdout is not None
    pids = [int(pid) for pid in (await worker.stdout.readline()).split()]
    assert len(pids) == 2
    worker.kill()
    await worker.wait()
    await gone(pids, 1.0)


async def test_one_of_ours_that_cannot_be_imported_costs_itself_only(supervisor):
    missing = PluginRef("Missing", "barnabas.connectors.nowhere:Source", "source", trusted=True)
    with pytest.raises(RemoteError, match="nowhere"):
        await supervisor.start_connector(ConnectorSpec("m", missing, {"name": "m"}))
    await supervisor.start_connector(spec())


async def test_a_host_ends_with_its_lease_which_is_no_failure(supervisor):
    supervisor.pool.renew(lease_clock() + int(60e9))
    await supervisor.start_connector(spec())
    first = list(supervisor.pool.hosts)
    supervisor.pool.renew(lease_clock() - 1)
    await gone(first)
    await asyncio.sleep(0.7)
    assert not supervisor.pool.hosts  # nothing is started while the worker may be no member
    supervisor.pool.renew(lease_clock() + int(60e9))
    await supervisor._listener.until("c", "RESTARTING")
    await until_hosts(supervisor, 1)
    assert "FAILED" not in [state for _, state, _ in supervisor._listener.states]


async def test_a_fenced_host_is_gone_and_is_not_believed(supervisor):
    supervisor.pool.renew(lease_clock() + int(60e9))
    await supervisor.start_connector(spec())
    (host,) = supervisor.pool.hosts.values()
    supervisor.fence()
    await gone([host.pid])
    await supervisor._serve_offsets(host, WriteOffsets(1, "c", [(b"key", b"value")]))
    assert not supervisor._listener.offsets
    await supervisor.stop_connector("c")
    assert "FAILED" not in [state for _, state, _ in supervisor._listener.states]


async def until_hosts(supervisor, count):
    async with asyncio.timeout(10):
        while len(supervisor.pool.hosts) != count:  # noqa: ASYNC110  it is about processes
            await asyncio.sleep(0.02)
