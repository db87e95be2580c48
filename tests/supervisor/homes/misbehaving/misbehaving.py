"""Connectors that misbehave on request: ``misbehave=<call>:<how>``, with how = sleep, exit, allocate or raise."""

from __future__ import annotations

import os
import sys
import time

from barnabas import ConfigDef, RetriableError, SinkConnector, SinkTask, SourceConnector, SourceRecord, SourceTask, Type

CONFIG = (
    ConfigDef()
    .define("topic", Type.STRING, default="misbehaving", doc="The topic.")
    .define("misbehave", Type.STRING, default="", doc="Which call, and how.")
)


def misbehave(props, call):
    wanted, _, how = props.get("misbehave", "").partition(":")
    if wanted != call:
        return
    if how == "sleep":
        time.sleep(3600)
    elif how == "spin":
        while True:
            pass
    elif how == "exit":
        os._exit(3)
    elif how == "sysexit":
        sys.exit(4)
    elif how == "allocate":
        hoard = []
        while True:
            hoard.append(bytearray(16 << 20))
    elif how == "retry":
        raise RetriableError("not now")
    else:
        raise ValueError(f"{call} was told to fail")


class MisbehavingTask(SourceTask):
    def start(self, props):
        self.props = props
        misbehave(props, "task_start")

    def poll(self):
        misbehave(self.props, "poll")
        time.sleep(0.1)
        return [SourceRecord(self.props.get("topic", "misbehaving"), "x")]

    def stop(self):
        misbehave(self.props, "task_stop")


class MisbehavingSource(SourceConnector):
    CONFIG = CONFIG
    TASK = MisbehavingTask

    def start(self, props):
        super().start(props)
        misbehave(props, "start")

    def task_configs(self, max_tasks):
        misbehave(self.props, "task_configs")
        return [dict(self.props) for _ in range(max_tasks)]

    def validate(self, props):
        misbehave(props, "validate")
        return super().validate(props)

    def stop(self):
        misbehave(getattr(self, "props", {}), "stop")


class MisbehavingSinkTask(SinkTask):
    def start(self, props):
        self.props = props
        misbehave(props, "task_start")

    def put(self, batch):
        if len(batch):
            misbehave(self.props, "put")

    def stop(self):
        misbehave(self.props, "task_stop")


class MisbehavingSink(SinkConnector):
    CONFIG = CONFIG
    TASK = MisbehavingSinkTask
