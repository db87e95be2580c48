"""Declare a configuration once: parsing, validation answers, reference docs and forms come from it.

A validator is any callable ``(name, value)`` that raises :class:`~barnabas.errors.ConfigError`; the ready-made ones are
here. See :class:`ConfigDef` for the declaration, :class:`Config` for what parsing gives.
"""

from __future__ import annotations

from barnabas._config.definition import ConfigDef
from barnabas._config.infos import config_infos, key_info, merge_infos, value_info
from barnabas._config.parsed import Config
from barnabas._config.parsing import ClassFinder, invalid, parse_value, to_text
from barnabas._config.types import (
    NO_DEFAULT,
    ConfigKey,
    ConfigValue,
    Importance,
    Password,
    Recommender,
    Type,
    Validator,
    Width,
)
from barnabas._config.validators import (
    CaseInsensitiveValidString,
    CompositeValidator,
    LambdaValidator,
    NonEmptyString,
    NonEmptyStringWithoutControlChars,
    NonNull,
    Range,
    Regex,
    UniqueAliases,
    ValidList,
    ValidString,
    at_least,
    between,
    nearest,
)
from barnabas._config.version_range import VersionRange, version_range

__all__ = [
    "NO_DEFAULT",
    "CaseInsensitiveValidString",
    "ClassFinder",
    "CompositeValidator",
    "Config",
    "ConfigDef",
    "ConfigKey",
    "ConfigValue",
    "Importance",
    "LambdaValidator",
    "NonEmptyString",
    "NonEmptyStringWithoutControlChars",
    "NonNull",
    "Password",
    "Range",
    "Recommender",
    "Regex",
    "Type",
    "UniqueAliases",
    "ValidList",
    "ValidString",
    "Validator",
    "VersionRange",
    "Width",
    "at_least",
    "between",
    "config_infos",
    "invalid",
    "key_info",
    "merge_infos",
    "nearest",
    "parse_value",
    "to_text",
    "value_info",
    "version_range",
]
