"""A consumer that does what a test says, a sink task that remembers, and a loop that runs both."""

from __future__ import annotations

from barnabas import SinkTask, TopicPartition
from barnabas.converters.string import StringConverter
from barnabas.supervisor.api import PluginRef, TaskId, TaskSpec
from barnabas.supervisor.board import Board
from barnabas.task.control import TaskControl
from barnabas.task.failures import Operator, Tally
from barnabas.task.policy import ErrorPolicy
from barnabas.task.sink import SinkLoop, SinkLoopSettings
from barnabas.task.sink_errors import SinkErrors
from barnabas.task.sink_pipeline import SinkPipeline
from barnabas.transforms.chain import Step

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)
SPEC = TaskSpec(TaskId("c", 0), PluginRef("X", "m:X", "sink"), "m:T", {"name": "c"}, {}, {})


class Message:
    """What the client library delivers."""

    def __init__(self, offset, value=b"x", partition=0, topic="t", key=None, headers=None, stamp=(1, 1000)):
        self._fields = (topic, partition, offset, key, value)
        self._headers = headers
        self._stamp = stamp

    def __len__(self):
        return len(self._fields[4] or b"")

    def topic(self):
        return self._fields[0]

    def partition(self):
        return self._fields[1]

    def offset(self):
        return self._fields[2]

    def key(self):
        return self._fields[3]

    def value(self):
        return self._fields[4]

    def headers(self):
        return self._headers

    def timestamp(self):
        return self._stamp


class FakeConsumer:
    """Plays a script: each entry is a list of messages, or a function that is called while polling."""

    def __init__(self, script, control):
        self.script = list(script)
        self.control = control
        self.log = []
        self.paused = set()
        self.refuse = None

    def fetch(self, _most, _wait):
        if not self.script:
            self.control.stop()
            return []
        step = self.script.pop(0)
        if callable(step):
            return step() or []
        return step

    def pause(self, partitions):
        self.paused |= set(partitions)

    def resume(self, partitions):
        self.paused -= set(partitions)

    def seek(self, partition, offset):
        self.log.append(("seek", partition, offset))

    def commit_sync(self, offsets):
        if self.refuse:
            raise self.refuse
        self.log.append(("commit_sync", dict(offsets)))

    def commit_async(self, offsets, done):
        self.log.append(("commit", dict(offsets)))
        done(self.refuse)

    def close(self):
        self.log.append(("close",))


class Recording(SinkTask):
    """Remembers what it is told."""

    def __init__(self):
        self.calls = []
        self.fail = []

    def start(self, props):
        self.calls.append("start")

    def open(self, partitions):
        self.calls.append(("open", sorted(partitions)))

    def close(self, partitions):
        self.calls.append(("close", sorted(partitions)))

    def put(self, batch):
        if len(batch) and self.fail:
            raise self.fail.pop(0)
        if len(batch):
            self.calls.append(("put", [record.value for record in batch]))

    def pre_commit(self, offsets):
        self.calls.append(("pre_commit", dict(offsets)))
        return offsets

    def stop(self):
        self.calls.append("stop")


class Run:
    """A loop, its task, its consumer and what was reported."""

    def __init__(
        self,
        script,
        task=None,
        interval=1e9,
        transforms=(),
        assigned=(P0,),
        paused=False,
        policy=None,
        letters=None,
        value=None,
        key=None,
    ):
        self.reports = []
        self.slot = Board.create(1).slot(0)
        self.control = TaskControl(self.slot, paused=paused, report=lambda *report: self.reports.append(report))
        self.task = task or Recording()
        self.consumer = FakeConsumer(script, self.control)
        self.topics = []
        converter = StringConverter()
        converter.configure({})
        operator = Operator(policy or ErrorPolicy(), Tally(self.slot.words))
        steps = [Step("x", "X", transform) for transform in transforms]
        pipeline = SinkPipeline(steps, key or converter, value or converter, converter, operator)

        def subscribe(_consumer, loop):
            loop.on_assign(list(assigned))

        settings = SinkLoopSettings(interval, 5, 500)
        self.loop = SinkLoop(
            SPEC,
            self.control,
            self.task,
            pipeline,
            SinkErrors(SPEC.id, operator, pipeline, letters and (lambda: letters(operator.tally))),
            lambda: self.consumer,
            subscribe,
            settings,
            lambda *used: self.topics.append(used),
        )

    def go(self):
        self.loop.run()
        return self
