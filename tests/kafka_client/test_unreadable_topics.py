"""A worker that may not read a topic it needs says so instead of waiting for ever."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from barnabas.kafka.faults import KafkaClientError
from barnabas.kafka.settings import translate
from barnabas.kafka.topic_log import LogSettings, TopicLogs
from services.kafka_tls import USER

if TYPE_CHECKING:
    from services.kafka import KafkaServer

pytestmark = pytest.mark.kafka


async def test_a_topic_that_may_be_described_but_not_read(secure_kafka: KafkaServer) -> None:
    topic = f"secret-{uuid.uuid4().hex[:8]}"
    admin = AdminClient(secure_kafka.client_settings())
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    described = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{USER[0]}",
        "*",
        AclOperation.DESCRIBE,
        AclPermissionType.ALLOW,
    )
    written = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{USER[0]}",
        "*",
        AclOperation.WRITE,
        AclPermissionType.ALLOW,
    )
    for future in admin.create_acls([described, written]).values():
        future.result(20)
    java = {"bootstrap.servers": secure_kafka.bootstrap, **secure_kafka.security.client}
    logs = TopicLogs(LogSettings(*(translate(java, kind) for kind in ("consumer", "producer", "admin"))))
    await logs.start()
    try:
        await logs.send(topic, b"key", b"value")
        async with asyncio.timeout(20):
            with pytest.raises(KafkaClientError, match=f"Kafka did not let topic {topic} be read: .*uthorization"):
                await logs.follow({topic: lambda _: None})
    finally:
        await logs.stop()
