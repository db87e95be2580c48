"""Who we say we are: HTTP basic credentials or a bearer token, as headers of each request."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from barnabas.config import ConfigDef, Password, Type, ValidString
from barnabas.converters._registry_client.tokens import OAuthTokens
from barnabas.errors import ConfigError
from barnabas.kafka.jaas import parse_jaas

__all__ = ["AUTH_KEYS", "Authorizer", "authorizer", "without_user"]

Authorizer = Callable[[], dict[str, str]]
"""Gives the headers; called for each request."""

_GROUP: Final = "Schema Registry Authentication"
_BASIC: Final = "basic.auth.credentials.source"
_USER_INFO: Final = "basic.auth.user.info"
_OLD_USER_INFO: Final = "schema.registry.basic.auth.user.info"
_BEARER: Final = "bearer.auth.credentials.source"
_TOKEN: Final = "bearer.auth.token"  # noqa: S105 - the name of a key
_SOURCES: Final = ("URL", "USER_INFO", "SASL_INHERIT")
_BEARERS: Final = ("", "STATIC_TOKEN", "OAUTHBEARER", "SASL_OAUTHBEARER_INHERIT")

AUTH_KEYS: Final = (
    *(
        ConfigDef()
        .define(
            _BASIC,
            Type.STRING,
            default="URL",
            validator=ValidString(*_SOURCES),
            group=_GROUP,
            doc="Where user and password come from: URL (http://user:password@host), USER_INFO "
            "(basic.auth.user.info), SASL_INHERIT (sasl.jaas.config).",
        )
        .define(_USER_INFO, Type.PASSWORD, default="", group=_GROUP, doc="user:password, with USER_INFO.")
        .define(
            _BEARER,
            Type.STRING,
            default="",
            validator=ValidString(*_BEARERS),
            group=_GROUP,
            doc="Where a token comes from: STATIC_TOKEN (bearer.auth.token), OAUTHBEARER (fetched with client id and "
            "secret).",
        )
        .define(_TOKEN, Type.PASSWORD, default="", group=_GROUP, doc="The token, with STATIC_TOKEN.")
        .define(
            "bearer.auth.issuer.endpoint.url",
            Type.STRING,
            default="",
            group=_GROUP,
            doc="Where tokens are fetched, with OAUTHBEARER.",
        )
        .define("bearer.auth.client.id", Type.STRING, default="", group=_GROUP, doc="Who fetches them.")
        .define("bearer.auth.client.secret", Type.PASSWORD, default="", group=_GROUP, doc="With this secret.")
        .define("bearer.auth.scope", Type.STRING, default="", group=_GROUP, doc="For this scope.")
        .define(
            "bearer.auth.logical.cluster",
            Type.STRING,
            default="",
            group=_GROUP,
            doc="Sent as target-sr-cluster beside a token.",
        )
        .define(
            "bearer.auth.identity.pool.id",
            Type.STRING,
            default="",
            group=_GROUP,
            doc="Sent as Confluent-Identity-Pool-Id beside a token.",
        )
        .keys.values()
    ),
)
"""The keys, for the definition of the converters."""


def authorizer(configs: Mapping[str, Any], url: str, clock: Callable[[], float] = time.monotonic) -> Authorizer:
    """What to send to the registry at ``url``, by the settings.

    Raises:
        ConfigError: A setting that the chosen source needs is missing or malformed.
    """
    bearer = _text(configs, _BEARER).upper()
    if bearer:
        return _bearer(configs, bearer, clock)
    source = (_text(configs, _BASIC) or "URL").upper()
    if source == "USER_INFO":
        info = _text(configs, _USER_INFO) or _text(configs, _OLD_USER_INFO)
        if ":" not in info:
            raise _missing(_USER_INFO, f"{_BASIC}=USER_INFO", "Write it as name:password.")
        return _fixed("Basic", base64.b64encode(info.encode()).decode())
    if source == "SASL_INHERIT":
        return _fixed("Basic", _inherited(configs))
    parts = urlsplit(url)
    if parts.username is None:
        return dict
    info = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return _fixed("Basic", base64.b64encode(info.encode()).decode())


def without_user(url: str) -> str:
    """The address without user and password, for logs and errors."""
    head, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{head}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _bearer(configs: Mapping[str, Any], source: str, clock: Callable[[], float]) -> Authorizer:
    extra = {
        header: value
        for header, key in (
            ("target-sr-cluster", "bearer.auth.logical.cluster"),
            ("Confluent-Identity-Pool-Id", "bearer.auth.identity.pool.id"),
        )
        if (value := _text(configs, key))
    }
    if source == "STATIC_TOKEN":
        token = _text(configs, _TOKEN)
        if not token:
            raise _missing(_TOKEN, f"{_BEARER}=STATIC_TOKEN", "Set it, best from a secret: ${file:…}.")
        return _fixed("Bearer", token, extra)
    if source != "OAUTHBEARER":
        raise ConfigError(
            f"Invalid value {source} for configuration {_BEARER}: it is not supported here.",
            code="BRN-1411",
            key=_BEARER,
            remedy="Use OAUTHBEARER with bearer.auth.issuer.endpoint.url and a client id and secret, or STATIC_TOKEN.",
        )
    needed = ("bearer.auth.issuer.endpoint.url", "bearer.auth.client.id", "bearer.auth.client.secret")
    for key in needed:
        if not _text(configs, key):
            raise _missing(key, f"{_BEARER}=OAUTHBEARER", "Set it.")
    scope = _text(configs, "bearer.auth.scope")
    tokens = OAuthTokens(*(_text(configs, key) for key in needed), scope=scope, clock=clock)
    return lambda: {"Authorization": f"Bearer {tokens.current()}", **extra}


def _fixed(scheme: str, secret: str, extra: Mapping[str, str] | None = None) -> Authorizer:
    headers = {"Authorization": f"{scheme} {secret}", **(extra or {})}
    return lambda: headers


def _inherited(configs: Mapping[str, Any]) -> str:
    """``sasl.jaas.config`` as the Kafka client has it, here below the converter's prefix."""
    line = _text(configs, "sasl.jaas.config")
    if not line:
        raise _missing("sasl.jaas.config", f"{_BASIC}=SASL_INHERIT", "Set it below the converter's prefix.")
    options = parse_jaas(line).options
    info = f"{options.get('username', '')}:{options.get('password', '')}"
    return base64.b64encode(info.encode()).decode()


def _text(configs: Mapping[str, Any], key: str) -> str:
    found = configs.get(key)
    return str(found.value if isinstance(found, Password) else found or "").strip()


def _missing(key: str, why: str, remedy: str) -> ConfigError:
    return ConfigError(f"{why} needs {key}.", code="BRN-1411", key=key, remedy=remedy)
