"""SASL: mechanism and JAAS line into the library's settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from barnabas.errors import ConfigError
from barnabas.kafka.client_settings import ClientSettings
from barnabas.kafka.jaas import Login, parse_jaas

__all__ = ["sasl_settings"]

_KEY: Final = "sasl.jaas.config"
_MECHANISM: Final = "sasl.mechanism"
_PASSWORDS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_MECHANISMS: Final = (*_PASSWORDS, "OAUTHBEARER", "GSSAPI")
_TOKEN_URL: Final = "sasl.oauthbearer.token.endpoint.url"  # noqa: S105  the name of a key
_CLAIM: Final = "unsecuredLoginStringClaim_"
_EXTENSION: Final = "unsecuredLoginExtension_"


def sasl_settings(settings: ClientSettings, java: Mapping[str, str]) -> None:
    """Add SASL settings.

    Raises:
        ConfigError: The mechanism is unknown, or credentials are missing; names the key.
    """
    mechanism = java.get(_MECHANISM, "").strip() or "GSSAPI"
    if mechanism not in _MECHANISMS:
        raise ConfigError(
            f"SASL mechanism {mechanism} is not supported.",
            key=_MECHANISM,
            remedy=f"Use one of {', '.join(_MECHANISMS)}.",
            code="BRN-1251",
        )
    settings.librdkafka["sasl.mechanism"] = mechanism
    settings.java_names["sasl.mechanism"] = _MECHANISM
    line = java.get(_KEY, "").strip()
    login = parse_jaas(line) if line else Login("", {})
    if not line and mechanism != "OAUTHBEARER":
        raise ConfigError(
            f"SASL mechanism {mechanism} needs credentials, and there is no {_KEY}.",
            key=_KEY,
            remedy="Set it; JAAS files named by a Java system property are not read.",
            code="BRN-1252",
        )
    if mechanism in _PASSWORDS:
        _password(settings, login)
    elif mechanism == "GSSAPI":
        _kerberos(settings, java, login)
    else:
        _oauth(settings, java, login)


def _password(settings: ClientSettings, login: Login) -> None:
    for option in ("username", "password"):
        if not login.options.get(option):
            raise ConfigError(
                f"The JAAS configuration has no {option}.",
                key=_KEY,
                remedy=f'Add {option}="…" before the semicolon.',
                code="BRN-1253",
            )
        settings.librdkafka[f"sasl.{option}"] = login.options[option]
        settings.java_names[f"sasl.{option}"] = _KEY
    if login.options.get("tokenauth", "").lower() == "true":
        settings.warnings.append(
            "tokenauth in sasl.jaas.config has no effect: delegation tokens are not supported. Use a user's password."
        )


def _kerberos(settings: ClientSettings, java: Mapping[str, str], login: Login) -> None:
    made, options = settings.librdkafka, login.options
    service = java.get("sasl.kerberos.service.name", "").strip() or options.get("serviceName", "")
    if not service:
        raise ConfigError(
            "No serviceName defined in either JAAS or Kafka config.",
            key="sasl.kerberos.service.name",
            remedy="Set it to the first part of the broker's principal, mostly kafka.",
            code="BRN-1254",
        )
    made["sasl.kerberos.service.name"] = service
    principal, keytab = options.get("principal", ""), options.get("keyTab", "")
    if principal:
        made["sasl.kerberos.principal"] = principal
    if keytab:
        made["sasl.kerberos.keytab"] = keytab
        kinit = java.get("sasl.kerberos.kinit.cmd", "").strip() or "kinit"
        made["sasl.kerberos.kinit.cmd"] = " ".join(map(shlex.quote, (kinit, "-k", "-t", keytab, principal)))
    else:
        made["sasl.kerberos.kinit.cmd"] = ""  # the ticket cache is somebody else's to fill
    relogin = java.get("sasl.kerberos.min.time.before.relogin", "").strip()
    if relogin:
        made["sasl.kerberos.min.time.before.relogin"] = relogin


def _oauth(settings: ClientSettings, java: Mapping[str, str], login: Login) -> None:
    made = settings.librdkafka
    url = java.get(_TOKEN_URL, "").strip()
    handler = java.get("sasl.login.callback.handler.class", "").strip()
    if url:
        _client_credentials(settings, java, login, url)
    elif not handler or handler.endswith("OAuthBearerUnsecuredLoginCallbackHandler"):
        made["enable.sasl.oauthbearer.unsecure.jwt"] = "true"
        made["sasl.oauthbearer.config"] = " ".join(_unsecured(login.options))
        settings.java_names["sasl.oauthbearer.config"] = _KEY
    else:
        raise ConfigError(
            f"The login callback handler {handler.rpartition('.')[2]} cannot be loaded here.",
            key="sasl.login.callback.handler.class",
            remedy=f"Use client credentials: set {_TOKEN_URL}, and clientId and clientSecret in {_KEY}.",
            code="BRN-1255",
        )


def _client_credentials(settings: ClientSettings, java: Mapping[str, str], login: Login, url: str) -> None:
    if not url.lower().startswith(("http://", "https://")):
        raise ConfigError(
            "Tokens can be asked for by http or https only.",
            key=_TOKEN_URL,
            remedy="Give the URL of the provider's token endpoint.",
            code="BRN-1256",
        )
    made, options = settings.librdkafka, login.options
    prefix = "sasl.oauthbearer.client.credentials."
    wanted = {
        "sasl.oauthbearer.client.id": java.get(f"{prefix}client.id") or options.get("clientId", ""),
        "sasl.oauthbearer.client.secret": java.get(f"{prefix}client.secret") or options.get("clientSecret", ""),
    }
    for name, value in wanted.items():
        if not value:
            raise ConfigError(
                f"{_TOKEN_URL} is set, but there is no {name.rpartition('.')[2]} of the client.",
                key=_KEY,
                remedy='Add clientId="…" and clientSecret="…" before the semicolon.',
                code="BRN-1257",
            )
        made[name] = value
        settings.java_names[name] = _KEY
    made["sasl.oauthbearer.method"] = "oidc"
    made[_TOKEN_URL] = url
    scope = java.get("sasl.oauthbearer.scope") or options.get("scope", "")
    if scope:
        made["sasl.oauthbearer.scope"] = scope
    extensions = [f"{key[10:]}={value}" for key, value in options.items() if key.startswith("extension_")]
    if extensions:
        made["sasl.oauthbearer.extensions"] = ",".join(extensions)
    if "ssl.ca.pem" in made:
        made["https.ca.pem"] = made["ssl.ca.pem"]


def _unsecured(options: Mapping[str, str]) -> list[str]:
    """Unsigned tokens, for development; the library's own small language for them."""
    principal_claim = options.get("unsecuredLoginPrincipalClaimName", "sub")
    words = [f"principalClaimName={principal_claim}"] if principal_claim != "sub" else []
    principal = options.get(f"{_CLAIM}{principal_claim}")
    if not principal:
        raise ConfigError(
            f"No token endpoint is set, and no name for an unsigned token: {_CLAIM}{principal_claim} is missing.",
            key=_KEY,
            remedy=f'Set {_TOKEN_URL}, or for development add {_CLAIM}sub="…".',
            code="BRN-1258",
        )
    words.append(f"principal={principal}")
    scope = options.get(f"{_CLAIM}scope") or options.get("unsecuredLoginListClaim_scope")
    if scope:
        words.append(f"scope={scope}")
    if life := options.get("unsecuredLoginLifetimeSeconds"):
        words.append(f"lifeSeconds={life}")
    words += [
        f"extension_{key.removeprefix(_EXTENSION)}={value}"
        for key, value in options.items()
        if key.startswith(_EXTENSION)
    ]
    return words
