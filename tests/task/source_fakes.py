"""A producer that acknowledges when a test says, a store, source tasks that follow a script, and a loop for them."""

from __future__ import annotations

import json
from concurrent.futures import Future

from barnabas import SourceBatch, SourceTask
from barnabas.converters.string import StringConverter
from barnabas.errors import ConnectError
from barnabas.kafka.tickets import TicketBook
from barnabas.supervisor.api import PluginRef, TaskId, TaskSpec
from barnabas.supervisor.board import Board
from barnabas.task.control import TaskControl
from barnabas.task.failures import Operator, Tally
from barnabas.task.policy import ErrorPolicy
from barnabas.task.source import SourceLoop, SourceLoopSettings
from barnabas.task.source_errors import SourceErrors
from barnabas.task.source_pipeline import SourcePipeline
from barnabas.transforms.chain import Step

SPEC = TaskSpec(TaskId("c", 0), PluginRef("X", "m:X", "source"), "m:T", {"name": "c"}, {}, {})
FILE = {"f": "a"}


class FakeProducer:
    """Keeps what is sent; ``acks`` says for each ticket whether and when it is acknowledged."""

    def __init__(self, acknowledge=True):
        self.sent = []
        self.tickets = []
        self.acknowledge = acknowledge
        self.book = TicketBook(want_metadata=True)
        self.closed = None

    def send(self, topic, values, **columns):
        ticket = self.book.open(topic)
        self.book.add(ticket, len(values), 1)
        self.book.close()
        self.sent.append((topic, list(values), columns["keys"], columns["timestamps"]))
        self.tickets.append(ticket)
        if self.acknowledge:
            self.ack(ticket)
        return ticket

    def ack(self, ticket, count=None):
        for index in range(ticket.total if count is None else count):
            self.book.acknowledge_one(ticket.base + index, 0, 100 + index)

    @property
    def in_flight(self):
        return self.book.in_flight

    def poll(self, _seconds):
        return 0

    def flush(self, _seconds):
        return not self.in_flight

    def close(self, seconds):
        self.closed = seconds


class FakeStore:
    def __init__(self, fail=0):
        self.stored = {}
        self.writes = []
        self.fail = fail

    def read_offsets(self, _connector, keys):
        return [self.stored.get(key) for key in keys]

    def write_offsets(self, _connector, entries):
        future = Future()
        self.writes.append(dict(entries))
        if self.fail:
            self.fail -= 1
            future.set_exception(ConnectError("disk full"))
        else:
            self.stored.update(entries)
            future.set_result(None)
        return future

    def offset(self, partition=None):
        key = json.dumps(["c", partition or FILE], separators=(",", ":")).encode()
        return json.loads(self.stored[key]) if key in self.stored else None


class Scripted(SourceTask):
    """Each entry of the script is what a poll returns, or an exception it raises, or a function it calls."""

    def __init__(self, script):
        self.script = list(script)
        self.commits = 0
        self.stopped = 0

    def start(self, props):
        self.reader = self.context.offset_storage_reader

    def poll(self):
        if not self.script:
            self.control.stop()
            return None
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step() if callable(step) else step

    def commit(self):
        self.commits += 1

    def stop(self):
        self.stopped += 1


class Acknowledged(Scripted):
    """Also wants to hear of each record."""

    def __init__(self, script):
        super().__init__(script)
        self.told = []

    def commit_record(self, record, metadata):
        self.told.append((record.value, metadata))


class Run:
    def __init__(
        self,
        task,
        *,
        store=None,
        producer=None,
        interval=0,
        transforms=(),
        paused=False,
        converter=None,
        policy=None,
        letters=None,
    ):
        self.slot = Board.create(1).slot(0)
        self.reports = []
        self.control = TaskControl(self.slot, paused=paused, report=lambda *report: self.reports.append(report))
        self.task = task
        task.control = self.control
        self.store = store or FakeStore()
        self.producer = producer or FakeProducer()
        self.topics = []
        text = converter or StringConverter()
        text.configure({})
        plain = StringConverter()
        plain.configure({})
        self.wanted = []

        def open_producer(want_metadata):
            self.wanted.append(want_metadata)
            return self.producer

        operator = Operator(policy or ErrorPolicy(), Tally(self.slot.words))
        steps = [Step("x", "X", transform) for transform in transforms]
        pipeline = SourcePipeline(steps, plain, text, plain, operator)
        self.loop = SourceLoop(
            SPEC,
            self.control,
            task,
            pipeline,
            SourceErrors(SPEC.id, operator, pipeline, letters and (lambda: letters(operator.tally))),
            open_producer,
            self.store,
            SourceLoopSettings(interval, 0.1),
            lambda *used: self.topics.append(used),
        )

    def go(self):
        self.loop.run()
        return self


def lines(*values, to):
    return SourceBatch("t", list(values), source_partition=FILE, source_offset={"p": to})
