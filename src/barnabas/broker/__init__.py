"""The embedded development broker: the Kafka wire protocol in one Python process.

It is for development and tests, where a JVM is too much; production is Apache Kafka. It works with real clients:
librdkafka, kafka-python, Kafka's Java clients and console tools. There is one node, no replication, no
authentication and no TLS. Acknowledged records survive the death of the process (not of the machine, unless
``BrokerSettings.fsync_each_append`` is set).

Where things are:

* ``server`` (life cycle), ``connection`` (frames), ``dispatch`` (requests), ``apis`` (one module per API key);
* ``wire``, ``schema``, ``schema_codec`` (the protocol's encodings);
* ``log``, ``segment``, ``log_*``, ``records``, ``producers`` (records on disk), ``topics``, ``topic_config``;
* ``groups``, ``group``, ``group_types``, ``offsets`` (consumer groups), ``transactions``, ``compaction``;
* ``journal``, ``files``, ``crc32c``, ``compression`` (tools); ``faults``, ``embedded``, ``serving`` (running it).
"""

from __future__ import annotations

from barnabas.broker.codes import ErrorCode
from barnabas.broker.embedded import EmbeddedBroker
from barnabas.broker.faults import Faults
from barnabas.broker.server import Broker
from barnabas.broker.serving import serve
from barnabas.broker.settings import BrokerSettings

__all__ = ["Broker", "BrokerSettings", "EmbeddedBroker", "ErrorCode", "Faults", "serve"]
