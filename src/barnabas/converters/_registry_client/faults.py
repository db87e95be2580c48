"""What goes wrong with a registry, each cause with its own code and remedy."""

from __future__ import annotations

from typing import Final

from barnabas.errors import ConfigError, DataError, OutageError, PluginError, RefusedError

__all__ = [
    "IncompatibleSchemaError",
    "RegistryUnavailableError",
    "SchemaRefusedError",
    "UnknownSchemaError",
    "incompatible",
    "missing_extra",
    "not_a_registry",
    "refused",
    "strategy_unknown",
    "url_wrong",
    "wrong_kind",
]

URL_KEY: Final = "schema.registry.url"


class RegistryUnavailableError(OutageError):
    """No address of the registry answers: down, unreachable, overloaded, or failing inside."""

    code = "BRN-1400"


class UnknownSchemaError(DataError):
    """The registry has no such id, subject or version."""

    code = "BRN-1403"


class IncompatibleSchemaError(DataError):
    """The subject's compatibility rule forbids the schema."""

    code = "BRN-1405"


class SchemaRefusedError(DataError):
    """The registry cannot accept the schema: it finds it invalid."""

    code = "BRN-1406"


def refused(status: int, url: str, what: str, said: str) -> RefusedError:
    """401 and 403."""
    if status == 401:  # noqa: PLR2004 - HTTP's number
        return RefusedError(
            f"The schema registry at {url} does not accept our credentials (401): {what}.",
            code="BRN-1401",
            key="basic.auth.user.info",
            remedy=f"It says: {said} Set basic.auth.credentials.source and basic.auth.user.info (name:password), or "
            "bearer.auth.credentials.source and bearer.auth.token, below the converter's prefix.",
        )
    return RefusedError(
        f"The schema registry at {url} forbids it (403): {what}.",
        code="BRN-1402",
        key=URL_KEY,
        remedy=f"It says: {said} Have this user allowed to do it; a sink needs to read subjects, a source with "
        "auto.register.schemas=true to write them.",
    )


def not_a_registry(url: str, what: str, got: str) -> RefusedError:
    """Something else answers at the address."""
    return RefusedError(
        f"What answers at {url} is no schema registry: {what} got {got}.",
        code="BRN-1407",
        key=URL_KEY,
        remedy="Check the address and its path: Confluent's has none, Apicurio's is /apis/ccompat/v7.",
    )


def url_wrong(url: str) -> ConfigError:
    """An address that cannot be one."""
    return ConfigError(
        f"Invalid value {url} for configuration {URL_KEY}: it is no address of a registry.",
        code="BRN-1410",
        key=URL_KEY,
        remedy="Write http://host:port or https://host:port, several separated by commas; mock://name keeps schemas in "
        "the process, for tests.",
    )


def wrong_kind(schema_id: int, kind: str, setting: str, converter: str, right: str | None) -> DataError:
    """The schema of a message is of another format."""
    return DataError(
        f"Schema id {schema_id} is of type {kind}, which {converter} does not read.",
        code="BRN-1416",
        key=setting,
        remedy=f"Set {setting}={right}." if right else f"Set {setting} to a converter for {kind}.",
    )


def incompatible(subject: str, version: int | None, differences: list[str], switch: str) -> IncompatibleSchemaError:
    """Data of a new schema for a subject whose schema is not to change."""
    where = f"version {version} of subject {subject!r}" if version is not None else f"the one of {subject!r}"
    return IncompatibleSchemaError(
        f"Incompatible schema: data of the new schema cannot be read with {where}: {'; '.join(differences)}",
        key=switch,
        remedy=f"Change the data's schema compatibly, register the new one, or set {switch}=false.",
    )


def strategy_unknown(key: str, name: str) -> ConfigError:
    """A class that names subjects, which is not ours."""
    return ConfigError(
        f"Invalid value {name} for configuration {key}: Class {name} could not be found.",
        code="BRN-1413",
        key=key,
        remedy="Choose TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy.",
    )


def missing_extra(converter: str, module: str, extra: str) -> PluginError:
    """A library of an extra is not installed."""
    return PluginError(
        f"{converter} needs the Python module {module}, which is not installed.",
        code="BRN-4004",
        remedy=f"Install it: pip install 'barnabas[{extra}]'.",
    )
