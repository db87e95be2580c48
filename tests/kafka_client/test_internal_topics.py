"""Topics that workers share: created as they should be, refused when they would lose data."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from barnabas.errors import ConfigError
from barnabas.kafka.admin import Admin
from barnabas.kafka.internal_topics import InternalTopic, prepare_topic
from barnabas.kafka.settings import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def admin(broker: Any) -> Iterator[Admin]:
    with Admin(translate({"bootstrap.servers": broker.bootstrap}, "admin")) as made:
        yield made


def topic(name: str, partitions: int = 1, *, exact: bool = True, **config: str) -> InternalTopic:
    return InternalTopic(name, "config.storage.topic", partitions, 1, config, exact)


def test_it_is_created_compacted_and_found_again(admin: Admin) -> None:
    name = f"connect-{uuid.uuid4().hex[:8]}"
    prepare_topic(admin, topic(name, **{"segment.ms": "600000"}), 30)
    config = admin.topic_config(name)
    assert (config["cleanup.policy"], config["segment.ms"]) == ("compact", "600000")
    assert admin.partitions(name) == 1
    prepare_topic(admin, topic(name), 30)
    prepare_topic(admin, topic(name, 25, exact=False), 30)


def test_a_topic_that_forgets_is_refused(admin: Admin, make_topic: Callable[..., str]) -> None:
    name = make_topic(1, cleanup_policy="delete")
    with pytest.raises(ConfigError, match=f"Topic '{name}' supplied via the 'config.storage.topic' .*=delete"):
        prepare_topic(admin, topic(name), 30)


def test_a_config_topic_with_several_partitions_is_refused(admin: Admin, make_topic: Callable[..., str]) -> None:
    name = make_topic(3, cleanup_policy="compact")
    with pytest.raises(ConfigError, match=r"single partition .* but found 3 partitions"):
        prepare_topic(admin, topic(name), 30)
    prepare_topic(admin, topic(name, exact=False), 30)
