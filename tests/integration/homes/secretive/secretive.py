"""Connectors and a configuration provider that say more than they should; a plugin home for tests."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

from barnabas import ConfigDef, ConnectError, SourceConnector, SourceRecord, SourceTask, Type
from barnabas.extension import ConfigData, ConfigProvider

log = logging.getLogger(__name__)

CONFIG = (
    ConfigDef()
    .define("topic", Type.STRING, doc="The topic.")
    .define("db.password", Type.PASSWORD, default="", doc="Told to everybody.")
    .define("pin", Type.PASSWORD, default="", doc="The same.")
    .define("url", Type.STRING, default="", doc="The same.")
    .define("fail", Type.STRING, default="", doc="start, task_configs, task_start or poll.")
)


def tell(props, where):
    """Say every secret in the ways that people's code does."""
    secret, pin, url = (str(props.get(key, "")) for key in ("db.password", "pin", "url"))
    log.info("%s: connecting with %s to %s, pin %s", where, secret, url, pin)
    log.warning("all of it: %r", dict(props))
    if props.get("fail") == where:
        raise RuntimeError(f"cannot connect with {secret} and {pin} to {url}")


class LeakyTask(SourceTask):
    def start(self, props):
        self.props = props
        tell(props, "task_start")
        self.sent = False

    def poll(self):
        tell(self.props, "poll")
        expected = self.props.get("expected")
        if props_file := self.props.get("write.configs.to"):
            Path(props_file).write_text(self.context.configs()["db.password"])
        if expected and Path(expected).read_text() != self.props["db.password"]:
            raise ConnectError("the password was changed")
        time.sleep(0.1)
        if self.sent:
            return []
        self.sent = True
        return [SourceRecord(self.props["topic"], self.props.get("shown", "x"))]

    def stop(self):
        pass


class LeakySource(SourceConnector):
    CONFIG = CONFIG
    TASK = LeakyTask

    def start(self, props):
        super().start(props)
        self.props = props
        tell(props, "start")

    def task_configs(self, max_tasks):
        tell(self.props, "task_configs")
        secret = str(self.props.get("db.password", ""))
        return [{**self.props, "derived": f"jdbc://joe:{secret}@db", "copied": self.props.get("pin", "")}]


class Lease(ConfigProvider):
    """Values of the file ``folder/path``, which hold for ``ttl`` milliseconds; ``hang`` and ``fail`` do as they say."""

    def configure(self, props):
        self.folder = Path(props["folder"])
        self.token = props["token"]
        self.ttl = int(props.get("ttl", "200"))
        (self.folder / "configured").open("a").write(f"{os.getpid()}\n")

    def get(self, path, keys=None):
        if path == "hang":
            threading.Event().wait()
        if path == "exit":
            os._exit(9)
        text = (self.folder / path).read_text().strip()
        if path == "fail":
            raise RuntimeError(f"cannot log in with {self.token}")
        return ConfigData(dict.fromkeys(keys or (), text), self.ttl)

    def close(self):
        (self.folder / "closed").touch()
