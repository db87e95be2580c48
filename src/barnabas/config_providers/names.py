"""``config.providers.*``: which providers there are, under which names, and which classes those mean."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping

import msgspec

from barnabas.errors import ConfigError
from barnabas.extension import ConfigProvider

__all__ = ["ProviderSpec", "built_in", "provider_specs"]

log = logging.getLogger(__name__)

_PACKAGE = "org.apache.kafka.common.config.provider."
_BUILT_IN = {
    f"{_PACKAGE}FileConfigProvider": "barnabas.config_providers.file:FileConfigProvider",
    f"{_PACKAGE}DirectoryConfigProvider": "barnabas.config_providers.directory:DirectoryConfigProvider",
    f"{_PACKAGE}EnvVarConfigProvider": "barnabas.config_providers.env_var:EnvVarConfigProvider",
}


def _all_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for java, path in _BUILT_IN.items():
        simple = java.removeprefix(_PACKAGE)
        names |= dict.fromkeys(
            (java, simple, simple.removesuffix("ConfigProvider"), path, path.replace(":", ".")), path
        )
    return names


_NAMES = _all_names()


class ProviderSpec(msgspec.Struct, frozen=True):
    """A configured provider.

    Args:
        name: What placeholders call it.
        path: Its class, as ``module:Class`` or ``module.Class``.
        params: Its settings, prefix removed.
        trusted: Ours: it may run in the worker.
    """

    name: str
    path: str
    params: dict[str, str]
    trusted: bool


def provider_specs(props: Mapping[str, str]) -> dict[str, ProviderSpec]:
    """The providers that a worker's properties declare, by name.

    One without a class is left out with a warning: its placeholders stay as they are, as on a JVM worker.

    Raises:
        ConfigError: The class is one of Java's that has no counterpart here, or no class name at all.
    """
    specs = {}
    for name in _split(props.get("config.providers", "")):
        key = f"config.providers.{name}.class"
        given = props.get(key, "").strip()
        if not given:
            log.warning("config.providers names %s, but %s is not set: its placeholders stay as they are.", name, key)
            continue
        prefix = f"config.providers.{name}.param."
        params = {key.removeprefix(prefix): value for key, value in props.items() if key.startswith(prefix)}
        known = _NAMES.get(given)
        if known is None and not _could_be_python(given):
            raise ConfigError(
                f"Invalid value {given} for configuration {key}: Class {given} could not be found.",
                key=key,
                remedy=f"Name {', '.join(_BUILT_IN)}, or a Python class as module:Class.",
                code="BRN-1084",
            )
        specs[name] = ProviderSpec(name, known or given, params, known is not None)
    return specs


def _split(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in (part.strip() for part in text.split(",")) if part))


def _could_be_python(name: str) -> bool:
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    java = name.startswith(("org.apache.", "com.", "io."))  # a Python class of such a package is named with a colon
    parts = [*module.split("."), *attribute.split(".")]
    return all(part.isidentifier() for part in parts) and (":" in name or not java)


def built_in(spec: ProviderSpec) -> ConfigProvider:
    """Make and configure one of ours.

    Raises:
        ConfigError: A setting of it is wrong: names the whole key.
    """
    module, _, name = spec.path.partition(":")
    provider: ConfigProvider = getattr(importlib.import_module(module), name)()
    try:
        provider.configure(spec.params)
    except ConfigError as error:
        key = f"config.providers.{spec.name}.param.{error.key}"
        raise ConfigError(error.message, code=error.code, key=key, remedy=error.remedy) from error
    return provider
