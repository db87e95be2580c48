"""What a configuration has to pass before it is stored, and what a question about a plugin has to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from barnabas.class_library import NamedClass, version_refusal
from barnabas.config import version_range
from barnabas.errors import ConfigError
from barnabas.herder.base import BadRequestError
from barnabas.herder.classes import ConnectorClasses
from barnabas.supervisor.api import PluginRef, RemoteError, Supervisor

__all__ = ["refuse_errors", "refuse_other_kinds", "refuse_version", "validate"]

_PROVIDERS: Final = ("File", "Directory", "EnvVar")
_POLICIES: Final = ("All", "None", "Principal", "Allowlist")
_POLICY: Final = "ConnectorClientConfigOverridePolicy"
_OTHER_KINDS: Final = frozenset(
    name
    for package, suffix, names in (
        ("org.apache.kafka.common.config.provider.", "ConfigProvider", _PROVIDERS),
        ("org.apache.kafka.connect.connector.policy.", _POLICY, _POLICIES),
    )
    for short in names
    for name in (short, f"{short}{suffix}", f"{package}{short}{suffix}")
)
"""Names of plugins that no definition can be asked of."""
_MALFORMED_VERSION: Final = "BRN-1070"


async def validate(
    config: Mapping[str, str | None], classes: ConnectorClasses, supervisor: Supervisor
) -> dict[str, Any]:
    """Have a configuration validated, in a process of its own: the answer of ``…/config/validate``.

    Raises:
        BadRequestError: There is no class to ask.
        ConnectError: Validation itself failed, or hung past ``connector.call.timeout.ms``.
    """
    plugin = classes.find(config)
    try:
        return await supervisor.validate(plugin, config)
    except RemoteError as error:
        if error.code == _MALFORMED_VERSION:
            raise BadRequestError(error.message, code=error.code, key=error.key, remedy=error.remedy) from error
        if error.info.java_class == ConfigError.java_class:  # clients compare the sentence: nothing follows it
            raise RemoteError(msgspec.structs.replace(error.info, remedy=None)) from error
        raise


def refuse_errors(answer: Mapping[str, Any]) -> None:
    """Turn a validation answer that has errors into the error of a request to create or change a connector."""
    count = answer["error_count"]
    if not count:
        return
    messages = [message for entry in answer["configs"] for message in entry["value"]["errors"]]
    lines = "".join(f"\n{message}" for message in messages)
    raise BadRequestError(
        f"Connector configuration is invalid and contains the following {count} error(s):{lines}\n"
        "You can also find the above list of errors at the endpoint "
        "`/connector-plugins/{connectorType}/config/validate`",
        code="BRN-3022",
    )


def refuse_other_kinds(name: str) -> None:
    """Refuse the name of a plugin that has no definition: a config provider or an override policy."""
    if name in _OTHER_KINDS:
        raise BadRequestError(
            f"Invalid plugin class {name}. Valid types are "
            "sink, source, converter, header_converter, transformation, predicate."
        )


def refuse_version(plugin: PluginRef, known: Iterable[PluginRef], wanted: str | None) -> None:
    """Refuse a version of a plugin that is not installed, or that is none.

    Args:
        plugin: The plugin.
        known: All plugins; a class that is of two kinds is among them twice.
        wanted: A version or a range; ``None``: any.
    """
    try:
        version_range(wanted)
    except ConfigError as error:
        raise BadRequestError(
            f"Invalid version specification: {wanted}", code=error.code, key="version", remedy=error.remedy
        ) from error
    versions = tuple(ref.version for ref in known if ref.name == plugin.name)
    refusal = version_refusal(NamedClass(plugin.name, versions or (plugin.version,)), wanted)
    if refusal is not None:
        raise BadRequestError(refusal, code=_MALFORMED_VERSION, key="version")
