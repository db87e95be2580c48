"""kafka-python behind our interface leaves no open socket where nobody listens."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from barnabas.kafka.python_client import connection
from barnabas.kafka.settings import translate
from services.process import free_port


def test_attempts_to_connect_leave_nothing_open():
    settings = translate({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, "admin")
    gc.collect()
    gc.disable()  # what is left for the collector stays to be seen
    try:
        with connection(settings) as given:
            client = KafkaNetClient(**given, reconnect_backoff_ms=1, reconnect_backoff_max_ms=1)
            before = len([*Path("/proc/self/fd").iterdir()])
            client._net.start()
            try:
                with pytest.raises(KafkaError):
                    client._manager.bootstrap(1000)
                assert len([*Path("/proc/self/fd").iterdir()]) <= before + 1
            finally:
                client.close()
                client._net.stop(1000)
    finally:
        gc.enable()
