"""JDBC URLs: which database they mean, and the same in the words of its own client library. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import unquote_plus

from barnabas import ConfigError
from barnabas.config import nearest

__all__ = ["SUBPROTOCOLS", "JdbcUrl", "parse_url"]

SUBPROTOCOLS = ("postgresql",)
"""Which databases there is a dialect for, as their URLs name them."""

_KEY = "connection.url"
_PORT = 5432
_FORM = "Write it as jdbc:postgresql://host:5432/database, with further settings as ?name=value&name=value."


@dataclass(frozen=True)
class JdbcUrl:
    """What a JDBC URL says.

    Attributes:
        subprotocol: Which kind of database: ``postgresql``.
        hosts: Host and port of each server, in the order in which they are tried.
        database: Its name; empty: the user's name.
        user: From the URL, if it has one.
        password: From the URL, if it has one; kept out of ``repr`` and ``str``.
        parameters: The driver's settings in libpq's words, for the connection.
        session: Settings of the server to make in each session, by name.
        options: Settings of the driver that are ours to honour, such as ``stringtype``.
    """

    subprotocol: str
    hosts: tuple[tuple[str, int], ...]
    database: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    session: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """For people: servers and database, nothing that could be secret."""
        servers = ",".join(f"{host}:{port}" for host, port in self.hosts)
        return f"jdbc:{self.subprotocol}://{servers}/{self.database}"


_TARGETS: Mapping[str, str] = MappingProxyType(
    {
        "any": "any",
        "primary": "primary",
        "master": "primary",
        "secondary": "standby",
        "slave": "standby",
        "prefersecondary": "prefer-standby",
        "preferslave": "prefer-standby",
        "preferprimary": "any",
    }
)


def _same(value: str) -> str:
    return value


def _switch(yes: str, no: str) -> Callable[[str], str]:
    return lambda value: yes if _is_true(value) else no


def _target(value: str) -> str:
    found = _TARGETS.get(value.lower())
    if found is None:
        raise _refuse("has a targetServerType that does not exist", "BRN-6152", f"It is one of {', '.join(_TARGETS)}.")
    return found


# The PostgreSQL driver's settings, what libpq calls them, and how their values are written there.
_RENAMED: Mapping[str, tuple[str, Callable[[str], str]]] = MappingProxyType(
    {
        "ApplicationName": ("application_name", _same),
        "channelBinding": ("channel_binding", _same),
        "connectTimeout": ("connect_timeout", _same),
        "gssEncMode": ("gssencmode", _same),
        "kerberosServerName": ("krbsrvname", _same),
        "loadBalanceHosts": ("load_balance_hosts", _switch("random", "disable")),
        "loginTimeout": ("connect_timeout", _same),
        "options": ("options", _same),
        "requireAuth": ("require_auth", _same),
        "sslNegotiation": ("sslnegotiation", _same),
        "sslcert": ("sslcert", _same),
        "sslkey": ("sslkey", _same),
        "sslmode": ("sslmode", _same),
        "sslpassword": ("sslpassword", _same),
        "sslrootcert": ("sslrootcert", _same),
        "targetServerType": ("target_session_attrs", _target),
        "tcpKeepAlive": ("keepalives", _switch("1", "0")),
    }
)
_SESSION: Mapping[str, tuple[str, Callable[[str], str]]] = MappingProxyType(
    {
        "currentSchema": ("search_path", _same),
        "readOnly": ("default_transaction_read_only", _switch("on", "off")),
    }
)
_OURS = frozenset({"stringtype", "reWriteBatchedInserts"})
# Settings of the Java driver's own machinery: without them the same rows move, so they are accepted and change nothing.
_NO_EFFECT = frozenset(
    {
        "adaptiveFetch",
        "adaptiveFetchMaximum",
        "adaptiveFetchMinimum",
        "allowEncodingChanges",
        "assumeMinServerVersion",
        "autosave",
        "binaryTransfer",
        "binaryTransferDisable",
        "binaryTransferEnable",
        "cancelSignalTimeout",
        "cleanupSavepoints",
        "convertBooleanToNumeric",
        "databaseMetadataCacheFields",
        "databaseMetadataCacheFieldsMiB",
        "defaultRowFetchSize",
        "disableColumnSanitiser",
        "escapeSyntaxCallMode",
        "groupStartupParameters",
        "gssResponseTimeout",
        "gsslib",
        "hideUnprivilegedObjects",
        "hostRecheckSeconds",
        "jaasApplicationName",
        "jaasLogin",
        "logServerErrorDetail",
        "logUnclosedConnections",
        "loggerFile",
        "loggerLevel",
        "maxResultBuffer",
        "maxSendBufferSize",
        "pemKeyAlgorithm",
        "prepareThreshold",
        "preferQueryMode",
        "preparedStatementCacheQueries",
        "preparedStatementCacheSizeMiB",
        "quoteReturningIdentifiers",
        "readOnlyMode",
        "receiveBufferSize",
        "sendBufferSize",
        "socketTimeout",
        "sspiServiceClass",
        "sslResponseTimeout",
        "tcpNoDelay",
        "unknownLength",
        "useSpnego",
        "xmlFactoryFactory",
    }
)
_SUPPORTED = sorted({*_RENAMED, *_SESSION, *_OURS, "user", "password", "ssl", "sslfactory"})


def parse_url(text: str) -> JdbcUrl:
    """Read a JDBC URL.

    Raises:
        ConfigError: It is no JDBC URL, of a database there is no dialect for, or has a setting with no counterpart.
    """
    kind = re.match(r"(?i)\s*jdbc:([\w+-]+):", text)
    if kind is None:
        raise _refuse("is no JDBC URL", "BRN-6150", _FORM)
    subprotocol = kind[1].lower()
    if subprotocol not in SUBPROTOCOLS:
        raise _refuse(
            f"names the database kind {kind[1]!r}, for which there is no dialect",
            "BRN-6151",
            f"Supported: {', '.join(f'jdbc:{name}' for name in SUBPROTOCOLS)}.",
        )
    return _postgresql(text.strip()[kind.end() :].strip())


def _postgresql(rest: str) -> JdbcUrl:
    address, _, query = rest.partition("?")
    if address.startswith("//"):
        servers, _, database = address[2:].partition("/")
    else:
        servers, database = "", address.strip("/")
    if "@" in servers:
        raise _refuse(
            "has a user before its host", "BRN-6150", "Set connection.user and connection.password, or ?user= in it."
        )
    given: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        given[_decoded(name)] = _decoded(value)
    user, password = given.pop("user", None), given.pop("password", None)
    parameters, session, options = _translated(given)
    return JdbcUrl("postgresql", _hosts(servers), _decoded(database), user, password, parameters, session, options)


def _decoded(text: str) -> str:
    return unquote_plus(text)


def _hosts(servers: str) -> tuple[tuple[str, int], ...]:
    return tuple(_host(server) for server in servers.split(",")) if servers else (("localhost", _PORT),)


def _host(server: str) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]*)(?::(\d*))?", server.strip())
    port = int(found[2]) if found and found[2] else _PORT
    if found is None or not 0 < port < 1 << 16:
        raise _refuse("has a server that is none", "BRN-6150", _FORM)
    return found[1].strip("[]") or "localhost", port


def _translated(given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    parameters: dict[str, str] = {}
    session: dict[str, str] = {}
    options: dict[str, str] = {}
    for name, value in given.items():
        if name in _OURS:
            options[name] = value
        elif name in _SESSION:
            setting, convert = _SESSION[name]
            session[setting] = convert(value)
        elif name in _RENAMED:
            setting, convert = _RENAMED[name]
            parameters[setting] = convert(value)
        elif name not in {"ssl", "sslfactory"} and name not in _NO_EFFECT:
            raise _unknown(name)
    mode = _tls(given)
    if mode is not None:
        parameters.setdefault("sslmode", mode)
    return parameters, session, options


def _tls(given: Mapping[str, str]) -> str | None:
    """``ssl`` and ``sslfactory`` as libpq's ``sslmode``; ``None``: neither is given."""
    factory = given.get("sslfactory", "").rpartition(".")[2]
    if factory not in {"", "LibPQFactory", "DefaultJavaSSLFactory", "NonValidatingFactory"}:
        raise _refuse(
            "has an sslfactory that is a Java class of somebody's",
            "BRN-6152",
            "Leave it out, and give sslrootcert, sslcert and sslkey as PEM files.",
        )
    if "ssl" not in given or (given["ssl"] and not _is_true(given["ssl"])):
        return None
    return "require" if factory == "NonValidatingFactory" else "verify-full"


def _is_true(value: str) -> bool:
    return value.lower() == "true"


def _unknown(name: str) -> ConfigError:
    near = nearest(name, _SUPPORTED)
    hint = f"Did you mean {near}? " if near else ""
    return _refuse(
        f"has the setting {name!r}, which has no counterpart here",
        "BRN-6152",
        f"{hint}Leave it out; supported are {', '.join(_SUPPORTED)}.",
    )


def _refuse(what: str, code: str, remedy: str) -> ConfigError:
    """Without the URL itself: it may hold a password."""
    return ConfigError(f"The value of {_KEY} {what}.", code=code, key=_KEY, remedy=remedy)
