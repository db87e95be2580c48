"""The transforms of a connector as its configuration lists them, each with the predicate that guards it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from barnabas.config import Type, UniqueAliases, nearest, parse_value
from barnabas.errors import ConfigError
from barnabas.plugins.classes import find_class
from barnabas.record import Batch, SinkBatch, SinkRecord, SourceRecord
from barnabas.transforms.base import Transformation
from barnabas.transforms.filter import Filter

if TYPE_CHECKING:
    from barnabas.predicates.base import Predicate

__all__ = ["Step", "apply_record", "apply_step", "make_steps"]

R = TypeVar("R", SourceRecord, SinkRecord)

_OWN: Final = ("type", "predicate", "negate", "plugin.version")
"""Settings below ``transforms.<alias>.`` that are the chain's, and no transform's."""


class Step(NamedTuple):
    """One entry of ``transforms``, configured.

    Args:
        alias: Its name in the configuration.
        name: The class's name as errors and dead letters show it: Java's where the class stands in for one; of a
            transform that is a user's function, the function's.
        transformation: What changes the records.
        predicate: Which records it applies to; ``None``: all.
        negate: Whether it applies to the others instead.
    """

    alias: str
    name: str
    transformation: Transformation[Any]
    predicate: Predicate[Any] | None = None
    negate: bool = False

    @property
    def one_by_one(self) -> bool:
        """Whether it works on single records, whatever the size of the batch.

        Where failures are tolerated, give such a step one record at a time: going over a failed batch again would show
        a record to it twice, and a function may count.
        """
        own = getattr(self.transformation, "one_by_one", None)
        if own is not None:
            return bool(own)
        return type(self.transformation).apply_batch is Transformation.apply_batch

    def close(self) -> None:
        """Release what the transform and its predicate opened."""
        self.transformation.close()
        if self.predicate is not None:
            self.predicate.close()


def make_steps(props: Mapping[str, str], home: str | None, plugin_path: str | None = None) -> list[Step]:
    """Make and configure the transforms that a configuration lists, in order; called once a task, in its host.

    Args:
        props: The connector's configuration, resolved.
        home: The connector's plugin home; ``None``: the worker's own environment.
        plugin_path: The worker's ``plugin.path``: modules of transforms may be in any home there.

    Raises:
        ConfigError: A setting is missing or wrong; names its key.
        PluginError: A class is there, but cannot be imported.
    """
    aliases = _aliases(props, "transforms")
    predicates = _aliases(props, "predicates")
    made: list[Step] = []
    try:
        for alias in aliases:
            made.append(_step(props, alias, predicates, home, plugin_path))  # noqa: PERF401  what was made is closed
    except BaseException:
        for step in made:
            step.close()
        raise
    return made


def _aliases(props: Mapping[str, str], key: str) -> list[str]:
    aliases: list[str] = parse_value(key, props.get(key), Type.LIST) or []
    UniqueAliases()(key, aliases)
    return aliases


def _step(
    props: Mapping[str, str], alias: str, predicates: list[str], home: str | None, plugin_path: str | None
) -> Step:
    prefix = f"transforms.{alias}."
    name, found = find_class("transformation", _required(props, f"{prefix}type"), f"{prefix}type", home, plugin_path)
    guard = props.get(f"{prefix}predicate")
    negate = _negate(props, prefix)
    settings = {key: value for key, value in _below(props, prefix).items() if key not in _OWN}
    if "data.strict" in props:
        settings.setdefault("strict", props["data.strict"])
    transformation: Transformation[Any] = found()
    _configure(transformation, settings, prefix)
    predicate = None if guard is None else _predicate(props, guard.strip(), prefix, predicates, home, plugin_path)
    return Step(alias, getattr(transformation, "shown_name", name), transformation, predicate, negate)


def _negate(props: Mapping[str, str], prefix: str) -> bool:
    key, other = f"{prefix}negate", f"{prefix}predicate"
    if key not in props:
        return False
    if other not in props:
        raise ConfigError(
            f"Config '{key}' was provided but there is no config '{other}' defining a predicate to be negated.",
            code="BRN-1063",
            key=key,
            remedy=f"Set {other} to the name of a predicate, or remove {key}.",
        )
    return bool(parse_value(key, props[key], Type.BOOLEAN))


def _predicate(
    props: Mapping[str, str],
    alias: str,
    user: str,
    declared: list[str],
    home: str | None,
    plugin_path: str | None,
) -> Predicate[Any]:
    """The predicate that guards a transform: an object of its own for each that names it."""
    key = f"predicates.{alias}.type"
    if alias not in declared:
        near = nearest(alias, declared)
        raise ConfigError(
            f"Unknown configuration '{key}'",
            code="BRN-1064",
            key=f"{user}predicate",
            remedy=f"Did you mean {near}?" if near else f"Add {alias} to predicates, and set {key}.",
        )
    _, found = find_class("predicate", _required(props, key), key, home, plugin_path)
    predicate: Predicate[Any] = found()
    settings = _below(props, f"predicates.{alias}.")
    settings = {name: value for name, value in settings.items() if name not in ("type", "plugin.version")}
    _configure(predicate, settings, f"predicates.{alias}.")
    return predicate


def _configure(step: Transformation[Any] | Predicate[Any], settings: dict[str, str], prefix: str) -> None:
    """Configure it; an error names the key as the user wrote it, its sentence stays Kafka's."""
    try:
        step.configure(settings)
    except ConfigError as error:
        if error.key and not error.key.startswith(prefix):
            error.key = prefix + error.key
        raise


def _required(props: Mapping[str, str], key: str) -> str:
    value = props.get(key)
    if value is None:
        raise ConfigError(
            f'Missing required configuration "{key}" which has no default value.',
            code="BRN-1002",
            key=key,
            remedy=f"Set {key} to a class, for example org.apache.kafka.connect.transforms.Filter.",
        )
    return value


def _below(props: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key[len(prefix) :]: value for key, value in props.items() if key.startswith(prefix)}


# ---------------------------------------------------------------------- applying one
def apply_record(step: Step, record: R) -> R | None:
    """Apply one step to one record: itself where the predicate says so, ``None`` where it is dropped."""
    if step.predicate is not None and bool(step.predicate.test(record)) is step.negate:
        return record
    changed: R | None = step.transformation.apply(record)
    return changed


def apply_step(step: Step, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
    """Apply one step to a batch.

    Returns:
        The new batch, its records in the order of the old one whichever of them the predicate picked; and the positions
        in ``batch`` of those that were kept, ascending, ``None`` for all.
    """
    if step.predicate is None:
        return step.transformation.apply_batch(batch)
    flags = step.predicate.test_batch(batch)
    some, every = any(flags), all(flags)
    if step.negate:
        some, every = not every, not some
    if every:
        return step.transformation.apply_batch(batch)
    if not some:
        return batch, None
    at = [position for position, flag in enumerate(flags) if bool(flag) is not step.negate]
    if type(step.transformation) is Filter:
        return _without(batch, at)
    part = batch.take(at)
    made, kept = step.transformation.apply_batch(part)
    return _merge(batch, at, part, made, kept)


_COLUMNS: Final = ("values", "keys", "partitions", "timestamps", "headers")
_RUNS: Final = (("topic", "topics"), ("key_schema", "key_schemas"), ("value_schema", "value_schemas"))


def _merge(
    batch: Batch[R], at: list[int], part: Batch[R], made: Batch[R], kept: list[int] | None
) -> tuple[Batch[R], list[int] | None]:
    """Put changed records back where they were, and leave dropped ones out.

    Offsets and source positions stay those of ``batch``: no transform may change them.

    Args:
        batch: The records before.
        at: Where those of ``part`` are in ``batch``.
        part: The records that were given to the transform.
        made: What came of them.
        kept: Which of ``part`` these are; ``None``: all.
    """
    where = at if kept is None else [at[position] for position in kept]
    if kept is not None and not kept:
        return _without(batch, at)
    columns: dict[str, Any] = {}
    for name in _COLUMNS:
        new, old = getattr(made, name), getattr(batch, name)
        if new is None and old is None:
            continue
        if kept is not None or new is not getattr(part, name):
            columns[name] = _spread_over(old, None, new, None, where, len(batch))
    for one, many in _RUNS:
        old, new = getattr(batch, many), getattr(made, many)
        first, second = getattr(batch, one), getattr(made, one)
        if old is not None or new is not None or not (first is second or first == second):
            columns[many] = _spread_over(old, first, new, second, where, len(batch))
    if isinstance(batch, SinkBatch) and not columns.keys().isdisjoint(("topics", "partitions")):
        columns["original_topics"] = batch.original_topics or batch.topics or [batch.topic] * len(batch)
        columns["original_partitions"] = batch.original_partitions or batch.partitions
    merged = batch.replace(**columns)
    if kept is None:
        return merged, None
    gone = {*at}.difference(where)
    return _without(merged, gone) if gone else (merged, None)


def _without(batch: Batch[R], gone: Collection[int]) -> tuple[Batch[R], list[int]]:
    """A batch without the records at some positions, and the positions of the others."""
    dropped = {*gone}
    rest = [position for position in range(len(batch)) if position not in dropped]
    return batch.take(rest).settle(), rest


def _spread_over(
    old: list[Any] | None, old_one: Any, new: list[Any] | None, new_one: Any, where: list[int], size: int
) -> list[Any]:
    """A column of the whole batch with the entries of ``new`` put in at ``where``."""
    column = [old_one] * size if old is None else [*old]
    if new is None:
        for position in where:
            column[position] = new_one
    else:
        for position, entry in zip(where, new, strict=True):
            column[position] = entry
    return column
