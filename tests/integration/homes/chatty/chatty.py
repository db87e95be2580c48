"""A source that says a lot to whoever wants to hear it, and makes no records."""

from __future__ import annotations

import logging
import time

from barnabas import ConfigDef, SourceConnector, SourceTask

log = logging.getLogger("chatty.poll")


class ChattySourceTask(SourceTask):
    def poll(self):
        log.debug("still nothing")
        time.sleep(0.05)


class ChattySourceConnector(SourceConnector):
    CONFIG = ConfigDef()
    TASK = ChattySourceTask
