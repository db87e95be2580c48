"""Puts a task together from its specification: class, converters, transforms, Kafka client, loop.

Runs on the task's thread in its host: whatever fails here fails the task, with an error that names the key.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from barnabas.connector import SinkTask, SourceTask
from barnabas.errors import ConfigError, PluginError
from barnabas.plugins.loading import import_class, use_home
from barnabas.task.control import TaskControl

if TYPE_CHECKING:
    from barnabas.converters.base import Converter, HeaderConverter
    from barnabas.kafka.consumer import SinkConsumer
    from barnabas.kafka.faults import KafkaFault
    from barnabas.kafka.producer import Producer
    from barnabas.supervisor.api import TaskSpec
    from barnabas.task.link import Link
    from barnabas.task.sink import SinkLoop
    from barnabas.task.source import SourceLoop
    from barnabas.transforms import Transformation

__all__ = ["make_converters", "make_task_runner"]

log = logging.getLogger(__name__)

_SIMPLE_HEADER = "org.apache.kafka.connect.storage.SimpleHeaderConverter"


def make_task_runner(spec: TaskSpec, control: TaskControl, link: Link) -> SourceLoop | SinkLoop:
    """Build the loop of a task; its ``run`` is the task's life."""
    _warn_of_missing(spec.connector_props)
    with control.slot.calling("load"):
        task = import_class(spec.task_class, spec.plugin.home)()
    if isinstance(task, SourceTask):
        return _source(spec, control, task, link)
    if isinstance(task, SinkTask):
        return _sink(spec, control, task, link)
    raise PluginError(
        f"{spec.task_class} is neither a source task nor a sink task.",
        code="BRN-4011",
        remedy="Make task_class() return a subclass of barnabas.SourceTask or barnabas.SinkTask.",
    )


_MISSING = (
    ("errors.tolerance", "none", "a bad record fails the task"),
    ("errors.retry.timeout", "0", "a failed conversion or transform is not tried again"),
    ("errors.deadletterqueue.topic.name", "", "a bad record fails the task"),
    ("errors.log.enable", "false", "errors are logged only when they fail the task"),
    ("topic.creation.default.partitions", "", "topics are created by the broker, with its defaults"),
    ("exactly.once.support", "requested", "records are delivered at least once"),
)
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
    from barnabas.task.pipeline import SourcePipeline  # noqa: PLC0415
    from barnabas.task.source import SourceLoop, SourceLoopSettings  # noqa: PLC0415

    pipeline = SourcePipeline(_transforms(spec), *make_converters(spec))
    java = source_producer_config(spec.worker_props, spec.connector_props, spec.id.connector, spec.id.task)
    settings = translate(java, "producer")
    for warning in settings.warnings:
        log.warning("%s", warning)

    def make(want_metadata: bool) -> Producer:
        return open_producer(settings, on_error=_say, want_metadata=want_metadata)

    interval, timeout = _flush(spec)
    return SourceLoop(spec, control, task, pipeline, make, link, SourceLoopSettings(interval, timeout), link.topic_used)


def _sink(spec: TaskSpec, control: TaskControl, task: SinkTask, link: Link) -> SinkLoop:
    from barnabas.kafka.consumer import SinkConsumer  # noqa: PLC0415  a source needs no consumer
    from barnabas.kafka.settings import translate  # noqa: PLC0415
    from barnabas.supervisor.settings import Limits  # noqa: PLC0415
    from barnabas.task.membership import consumer_config  # noqa: PLC0415
    from barnabas.task.pipeline import SinkPipeline  # noqa: PLC0415
    from barnabas.task.sink import SinkLoop, SinkLoopSettings  # noqa: PLC0415

    pipeline = SinkPipeline(_transforms(spec), *make_converters(spec))
    java = consumer_config(spec)
    limits = Limits.of(spec.worker_props, spec.connector_props)
    # A put may take as long as its deadline; the group must not count that as death. A user's own value is obeyed.
    java.setdefault("max.poll.interval.ms", str(int(max(300.0, limits.task_call + 60) * 1000)))
    settings = translate(java, "consumer")
    for warning in settings.warnings:
        log.warning("%s", warning)

    def subscribe(consumer: SinkConsumer, loop: SinkLoop) -> None:
        topics, pattern = _topics(spec.props)
        consumer.subscribe(topics or pattern, loop.on_assign, loop.on_revoke, loop.on_lost)

    interval, timeout = _flush(spec)
    loop_settings = SinkLoopSettings(interval, timeout, _number(java, "max.poll.records", 500))
    return SinkLoop(
        spec,
        control,
        task,
        pipeline,
        lambda: SinkConsumer(settings, on_error=_say),
        subscribe,
        loop_settings,
        link.topic_used,
    )


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
    settings["converter.type"] = key.partition(".")[0]
    converter.configure(settings, is_key=key == "key.converter")
    return converter


def _below(props: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name[len(prefix) :]: value for name, value in props.items() if name.startswith(prefix)}


def _transforms(spec: TaskSpec) -> list[Transformation[Any]]:
    from barnabas.transforms import Transformation  # noqa: PLC0415  only pipelines with transforms need it

    made: list[Transformation[Any]] = []
    aliases = [alias.strip() for alias in spec.connector_props.get("transforms", "").split(",") if alias.strip()]
    for alias in aliases:
        prefix = f"transforms.{alias}."
        name = spec.connector_props.get(f"{prefix}type", "")
        if f"{prefix}predicate" in spec.connector_props:
            raise ConfigError(
                f"{prefix}predicate is not supported by this version: the transform would apply to every record.",
                key=f"{prefix}predicate",
                remedy="Decide in the transform itself, and remove it.",
                code="BRN-1042",
            )
        found = import_class(name, spec.plugin.home)
        if not issubclass(found, Transformation):
            raise PluginError(
                f"{name} is not a transform.",
                key=f"{prefix}type",
                code="BRN-4003",
                remedy="Name a subclass of barnabas.transforms.Transformation.",
            )
        transformation = found()
        transformation.configure(_below(spec.connector_props, prefix))
        made.append(transformation)
    return made
