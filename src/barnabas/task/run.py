"""Puts a task together from its specification: class, converters, transforms, Kafka client, loop.

Runs on the task's thread in its host: whatever fails here fails the task, with an error that names the key.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from barnabas.connector import Connector, SinkTask, SourceTask
from barnabas.errors import ConfigError, PluginError
from barnabas.overrides import check_overrides
from barnabas.plugins.loading import import_class, load, use_home
from barnabas.task.control import TaskControl
from barnabas.task.failures import Operator, Tally
from barnabas.task.policy import ErrorPolicy

if TYPE_CHECKING:
    from barnabas.converters.base import Converter, HeaderConverter
    from barnabas.kafka.consumer import SinkConsumer
    from barnabas.kafka.faults import KafkaFault
    from barnabas.kafka.producer import Producer
    from barnabas.supervisor.api import TaskSpec
    from barnabas.task.dead_letters import DeadLetters
    from barnabas.task.link import Link
    from barnabas.task.sink import SinkLoop
    from barnabas.task.source import SourceLoop
    from barnabas.task.topic_creation import TopicCreation
    from barnabas.transforms.chain import Step

__all__ = ["make_converters", "make_task_runner", "make_transforms"]

log = logging.getLogger(__name__)

_STRICT = "data.strict"
_LONGEST_POLL = 86_400_000  # milliseconds: the most that the client library takes
_SIMPLE_HEADER = "org.apache.kafka.connect.storage.SimpleHeaderConverter"


def make_task_runner(spec: TaskSpec, control: TaskControl, link: Link) -> SourceLoop | SinkLoop:
    """Build the loop of a task; its ``run`` is the task's life."""
    _warn_of_missing(spec.connector_props)
    check_overrides("sink" if spec.plugin.kind == "sink" else "source", spec.worker_props, spec.connector_props)
    with control.slot.calling("load"):
        task = _task_class(spec)()
    if isinstance(task, SourceTask):
        return _source(spec, control, task, link)
    if isinstance(task, SinkTask):
        return _sink(spec, control, task, link)
    raise PluginError(
        f"{spec.task_class} is neither a source task nor a sink task.",
        code="BRN-4011",
        remedy="Make task_class() return a subclass of barnabas.SourceTask or barnabas.SinkTask.",
    )


def _task_class(spec: TaskSpec) -> type[Any]:
    if spec.task_class:
        return import_class(spec.task_class, spec.plugin.home)
    connector: Connector = load(spec.plugin)()
    return connector.task_class()


_MISSING = (("exactly.once.support", "requested", "records are delivered at least once"),)
"""Settings that this version does not follow, their harmless value, and what happens instead."""


def _warn_of_missing(props: Mapping[str, str]) -> None:
    """Say what a connector asks for and does not get; nothing is lost by any of it."""
    for key, harmless, instead in _MISSING:
        if props.get(key, harmless).strip().lower() != harmless:
            log.warning("%s=%s has no effect in this version: %s.", key, props[key], instead)


def _source(spec: TaskSpec, control: TaskControl, task: SourceTask, link: Link) -> SourceLoop:
    from barnabas.kafka.connect_defaults import source_producer_config  # noqa: PLC0415  a sink needs no producer
    from barnabas.kafka.producer import open_producer  # noqa: PLC0415
    from barnabas.kafka.settings import translate  # noqa: PLC0415
    from barnabas.task.source import SourceLoop, SourceLoopSettings  # noqa: PLC0415
    from barnabas.task.source_errors import SourceErrors  # noqa: PLC0415
    from barnabas.task.source_pipeline import SourcePipeline  # noqa: PLC0415

    operator = _operator(spec, control)
    pipeline = SourcePipeline(make_transforms(spec), *_interruptible(make_converters(spec), control), operator)
    letters = _letters(spec, control, operator, shorten=True)
    java = source_producer_config(spec.worker_props, spec.connector_props, spec.id.connector, spec.id.task)
    settings = translate(java, "producer")
    for warning in settings.warnings:
        log.warning("%s", warning)

    def make(want_metadata: bool) -> Producer:
        return open_producer(settings, on_error=_say, want_metadata=want_metadata)

    return SourceLoop(
        spec,
        control,
        task,
        pipeline,
        SourceErrors(spec.id, operator, pipeline, letters),
        make,
        link,
        SourceLoopSettings(*_flush(spec)),
        link.topic_used,
        _creation(spec, control),
    )


def _creation(spec: TaskSpec, control: TaskControl) -> TopicCreation | None:
    """What makes the connector's new topics; ``None`` where that is left to the broker."""
    if not any(key.startswith("topic.creation.") for key in spec.connector_props):
        return None
    from barnabas.kafka.connect_defaults import admin_config  # noqa: PLC0415  few connectors make topics by rules
    from barnabas.kafka.settings import translate  # noqa: PLC0415
    from barnabas.task.topic_creation import TopicCreation  # noqa: PLC0415
    from barnabas.topic_rules import TopicRules  # noqa: PLC0415

    rules = TopicRules.of(spec.worker_props, spec.connector_props)
    if rules is None:
        return None
    java = admin_config(spec.worker_props, spec.connector_props, spec.id.connector, spec.id.task)
    return TopicCreation(rules, translate(java, "admin"), control)


def _sink(spec: TaskSpec, control: TaskControl, task: SinkTask, link: Link) -> SinkLoop:
    from barnabas.kafka.consumer import SinkConsumer  # noqa: PLC0415  a source needs no consumer
    from barnabas.kafka.settings import translate  # noqa: PLC0415
    from barnabas.supervisor.settings import Limits  # noqa: PLC0415
    from barnabas.task.membership import consumer_config  # noqa: PLC0415
    from barnabas.task.sink import SinkLoop, SinkLoopSettings  # noqa: PLC0415
    from barnabas.task.sink_errors import SinkErrors  # noqa: PLC0415
    from barnabas.task.sink_pipeline import SinkPipeline  # noqa: PLC0415

    operator = _operator(spec, control)
    pipeline = SinkPipeline(make_transforms(spec), *_interruptible(make_converters(spec), control), operator)
    letters = _letters(spec, control, operator, shorten=False)
    java = consumer_config(spec)
    limits = Limits.of(spec.worker_props, spec.connector_props)
    java.setdefault("max.poll.interval.ms", _poll_interval(limits.task_call, operator.policy.retry_timeout))
    settings = translate(java, "consumer")
    for warning in settings.warnings:
        log.warning("%s", warning)

    def subscribe(consumer: SinkConsumer, loop: SinkLoop) -> None:
        topics, pattern = _topics(spec.props)
        consumer.subscribe(topics or pattern, loop.on_assign, loop.on_revoke, loop.on_lost)

    records = _number(java, "max.poll.records", 500)
    return SinkLoop(
        spec,
        control,
        task,
        pipeline,
        SinkErrors(spec.id, operator, pipeline, letters),
        lambda: SinkConsumer(settings, on_error=_say),
        subscribe,
        SinkLoopSettings(*_flush(spec), records, limits.task_call),
        link.topic_used,
    )


def _poll_interval(call: float, retry: float | None) -> str:
    """How long the group waits for a sink between polls; a user's own value is obeyed instead.

    A put may take as long as its deadline, and a failed conversion be tried again for as long as configured: the group
    must not count either as death.
    """
    if retry is None:
        return str(_LONGEST_POLL)
    return str(min(_LONGEST_POLL, int(max(300.0, call + 60, retry + 60) * 1000)))


def _say(fault: KafkaFault) -> None:
    """What the client library reports by itself: broken connections heal, the rest surfaces where it matters."""
    log.warning("Kafka client: %s", fault.message)


def _topics(props: Mapping[str, str]) -> tuple[list[str], str]:
    topics = [topic.strip() for topic in props.get("topics", "").split(",") if topic.strip()]
    pattern = props.get("topics.regex", "").strip()
    if bool(topics) == bool(pattern):
        raise ConfigError(
            "Must configure one of topics or topics.regex",
            key="topics",
            remedy="Set exactly one of them.",
            code="BRN-1032",
        )
    return topics, pattern


def _flush(spec: TaskSpec) -> tuple[float, float]:
    interval = _number(spec.worker_props, "offset.flush.interval.ms", 60_000)
    return interval / 1000, _number(spec.worker_props, "offset.flush.timeout.ms", 5_000) / 1000


def _number(props: Mapping[str, str], key: str, default: int) -> int:
    text = str(props.get(key, default)).strip()
    try:
        return int(text)
    except ValueError:
        raise ConfigError(
            f"Invalid value {text} for configuration {key}: Not a number of type INT.",
            key=key,
            remedy="Give a whole number.",
            code="BRN-1022",
        ) from None


# ---------------------------------------------------------------------- converters and transforms
def make_converters(spec: TaskSpec) -> tuple[Converter, Converter, HeaderConverter]:
    """The key, value and header converters of a task, configured."""
    key: Converter = _plugin(spec, "key.converter", None, "converter")
    value: Converter = _plugin(spec, "value.converter", None, "converter")
    header: HeaderConverter = _plugin(spec, "header.converter", _SIMPLE_HEADER, "header_converter")
    return key, value, header


def _interruptible(
    converters: tuple[Converter, Converter, HeaderConverter], control: TaskControl
) -> tuple[Converter, Converter, HeaderConverter]:
    """Those that wait for other systems hear of a task that is to end."""
    for each in converters:
        if hasattr(each, "interrupted"):
            each.interrupted = control.interrupted
    return converters


def _plugin(spec: TaskSpec, key: str, default: str | None, kind: str) -> Any:
    """A converter, configured: a connector that names one brings all of its settings, the worker's are not mixed in."""
    from barnabas.converters import load_converter, load_header_converter  # noqa: PLC0415  needed once a task

    props = spec.connector_props if spec.connector_props.get(key) else spec.worker_props
    name = props.get(key) or default
    if name is None:
        raise ConfigError(
            f'Missing required configuration "{key}" which has no default value.',
            key=key,
            remedy="Set it in the worker's properties, for example to org.apache.kafka.connect.json.JsonConverter.",
            code="BRN-1002",
        )
    use_home(spec.plugin.home)
    header = kind == "header_converter"
    converter = load_header_converter(name)() if header else load_converter(name)()
    settings = _below(props, f"{key}.")
    strict = spec.connector_props.get(_STRICT, spec.worker_props.get(_STRICT))
    if strict is not None:
        settings.setdefault("strict", strict)
    settings["converter.type"] = key.partition(".")[0]
    converter.configure(settings, is_key=key == "key.converter")
    return converter


def _below(props: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name[len(prefix) :]: value for name, value in props.items() if name.startswith(prefix)}


def make_transforms(spec: TaskSpec) -> list[Step]:
    """The transforms of a task with their predicates, configured."""
    from barnabas.transforms.chain import make_steps  # noqa: PLC0415  only pipelines with transforms need it

    if not spec.connector_props.get("transforms", "").strip():
        return []
    props = spec.connector_props
    if _STRICT in spec.worker_props:
        props = {_STRICT: spec.worker_props[_STRICT], **props}
    return make_steps(props, spec.plugin.home, spec.worker_props.get("plugin.path"))


# ---------------------------------------------------------------------- errors
def _operator(spec: TaskSpec, control: TaskControl) -> Operator:
    slot = control.slot

    def wait(seconds: float) -> None:
        """Between two attempts nothing of the plugin is under way, so its deadline does not run."""
        call = slot.call()
        slot.leave()
        until = time.monotonic() + seconds
        while not control.stopping and (left := until - time.monotonic()) > 0:
            control.wait(left)
        if call is not None:
            slot.enter(call[0])

    policy = ErrorPolicy.of(spec.connector_props)
    if policy.bisect and not policy.tolerant:
        log.warning("errors.put.bisect=true has no effect without errors.tolerance=all: a bad record fails the task.")
    return Operator(policy, Tally(slot.words), stopping=lambda: control.stopping, wait=wait)


def _letters(
    spec: TaskSpec, control: TaskControl, operator: Operator, *, shorten: bool
) -> Callable[[], DeadLetters] | None:
    """How the dead letter topic is opened once the task starts; ``None`` without one. Settings are checked now."""
    policy = operator.policy
    if not policy.topic:
        return None
    from barnabas.kafka.connect_defaults import dlq_admin_config, dlq_producer_config  # noqa: PLC0415
    from barnabas.kafka.dead_letter_topic import ensure_dead_letter_topic  # noqa: PLC0415
    from barnabas.kafka.producer import open_producer  # noqa: PLC0415
    from barnabas.kafka.settings import translate  # noqa: PLC0415
    from barnabas.task.dead_letters import DeadLetters  # noqa: PLC0415

    worker, connector = spec.worker_props, spec.connector_props
    producer = translate(dlq_producer_config(worker, connector, spec.id.connector, spec.id.task), "producer")
    admin = translate(dlq_admin_config(worker, connector), "admin")

    def make() -> DeadLetters:
        ensure_dead_letter_topic(admin, policy.topic, policy.replication)
        client = open_producer(producer, on_error=_say)
        return DeadLetters(client, policy.topic, operator.tally, interrupted=control.interrupted, shorten=shorten)

    return make
