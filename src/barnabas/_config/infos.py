"""The validation answer of the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barnabas._config.parsing import to_text
from barnabas._config.types import ConfigKey, ConfigValue, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["config_infos", "key_info", "merge_infos", "value_info"]

Json = dict[str, Any]


def key_info(key: ConfigKey) -> Json:
    """One definition, as ``GET /connector-plugins/{plugin}/config`` and validation answers show it."""
    return {
        "name": key.name,
        "type": key.type.value,
        "required": key.required,
        "default_value": None if key.required else to_text(key.default, key.type),
        "importance": key.importance.value,
        "documentation": key.doc,
        "group": key.group,
        "order_in_group": key.order_in_group,
        "width": key.width.value,
        "display_name": key.display_name,
        "dependents": list(key.dependents),
    }


def value_info(value: ConfigValue, type: Type | None) -> Json:  # noqa: A002 - Kafka's word
    """One validated value, as validation answers show it."""
    return {
        "name": value.name,
        "value": to_text(value.value, type),
        "recommended_values": [to_text(item, type) for item in value.recommended_values],
        "errors": list(value.errors),
        "visible": value.visible,
    }


def config_infos(
    name: str, keys: Mapping[str, ConfigKey], values: Iterable[ConfigValue], groups: Iterable[str]
) -> Json:
    """The answer for one set of keys.

    A value without a definition comes first, with ``definition: null``. Of several values for one key the last counts.

    Args:
        name: The connector class, as the user wrote it.
        keys: Definitions in the order to show.
        values: What validation found.
        groups: Headings in the order to show.
    """
    by_name: dict[str, ConfigValue] = {}
    configs: list[Json] = []
    errors = 0
    for value in values:
        by_name[value.name] = value
        if value.name not in keys:
            configs.append({"definition": None, "value": value_info(value, None)})
            errors += len(value.errors)
    for key in keys.values():
        if key.internal:
            continue
        found = by_name.get(key.name, ConfigValue(key.name))
        errors += len(found.errors)
        configs.append({"definition": key_info(key), "value": value_info(found, key.type)})
    return {"name": name, "error_count": errors, "groups": list(dict.fromkeys(groups)), "configs": configs}


def merge_infos(first: Json, *others: Json | None) -> Json:
    """The answers of several sections as one, under the first one's name."""
    merged = dict(first)
    for other in others:
        if other is not None:
            merged["error_count"] += other["error_count"]
            merged["groups"] = list(dict.fromkeys([*merged["groups"], *other["groups"]]))
            merged["configs"] = [*merged["configs"], *other["configs"]]
    return merged
