"""The keys of the network source."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from barnabas import ConfigDef, ConfigError, Type
from barnabas.config import LambdaValidator, NonEmptyString, Recommender, ValidString, at_least, between

__all__ = ["CONFIG"]

_LARGEST_PORT = 65535
_PROTOCOLS = ("tcp", "udp", "http")
_FORMATS = ("text", "bytes", "json", "syslog")
_FRAMINGS = ("newline", "length", "octets")


def _time_zone(name: str, value: Any) -> None:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:  # unknown (a KeyError), malformed, or a folder's name
        raise _unknown_zone(name, value) from error


def _unknown_zone(name: str, value: Any) -> ConfigError:
    return ConfigError(
        f"Invalid value {value} for configuration {name}: there is no such time zone.",
        code="BRN-7201",
        key=name,
        remedy="Write a name like UTC or Europe/Berlin.",
    )


def _path(name: str, value: Any) -> None:
    if not value.startswith("/"):
        raise ConfigError(
            f"Invalid value {value} for configuration {name}: a path begins with a slash.",
            code="BRN-7202",
            key=name,
            remedy=f"Write /{value}.",
        )


def _where(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define("topic", Type.STRING, validator=NonEmptyString(), importance="high", doc="The topic to fill.")
        .define(
            "port",
            Type.INT,
            validator=between(0, _LARGEST_PORT),
            importance="high",
            doc="The port to listen on; 0 takes a free one, which is logged.",
        )
        .define(
            "host",
            Type.STRING,
            default="127.0.0.1",
            validator=NonEmptyString(),
            importance="high",
            doc="The address to listen on. The default hears this machine only; 0.0.0.0 (or ::) hears everybody.",
        )
        .define(
            "protocol",
            Type.STRING,
            default="tcp",
            validator=ValidString(*_PROTOCOLS),
            recommender=Recommender.of(*_PROTOCOLS),
            importance="high",
            doc="tcp: messages in a stream; udp: a message a datagram; http: a message a POST, or a line of one.",
        )
    )


def _what(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "format",
            Type.STRING,
            default="text",
            validator=ValidString(*_FORMATS),
            recommender=Recommender.of(*_FORMATS),
            importance="high",
            doc="What a message is: text (UTF-8), bytes, json (schemaless) or syslog (RFC 5424 and 3164, a struct).",
        )
        .define(
            "framing",
            Type.STRING,
            default="newline",
            validator=ValidString(*_FRAMINGS),
            recommender=Recommender.of(*_FRAMINGS),
            doc="Where a message ends in a TCP stream. newline: LF or CR LF; length: 4 bytes, big-endian, tell its "
            "length; octets: its length in digits and a blank stand before it (RFC 6587, syslog over TLS).",
        )
        .define(
            "include.peer",
            Type.BOOLEAN,
            default=False,
            importance="low",
            doc="Add the sender's address and port as the header network.peer.",
        )
        .define(
            "syslog.timezone",
            Type.STRING,
            default="UTC",
            validator=LambdaValidator(_time_zone, "a time zone's name"),
            importance="low",
            doc="The time zone of syslog messages that do not say theirs (RFC 3164).",
        )
    )


def _limits(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "max.message.bytes",
            Type.INT,
            default=1 << 20,
            validator=at_least(1),
            doc="The longest line, frame, datagram or body. TCP: a longer one closes the connection; UDP: it is "
            "dropped; HTTP: 413.",
        )
        .define(
            "buffer.bytes",
            Type.LONG,
            default=32 << 20,
            validator=at_least(1 << 16),
            doc="How much may wait for Kafka. When it is full, TCP senders are made to wait, UDP datagrams stay in the "
            "system's buffer, and HTTP is answered 429.",
        )
        .define(
            "max.connections",
            Type.INT,
            default=1000,
            validator=at_least(1),
            doc="Connections at a time. TCP: one more is closed at once; HTTP: 503.",
        )
        .define(
            "idle.timeout.ms",
            Type.LONG,
            default=300_000,
            validator=at_least(1),
            importance="low",
            doc="A connection on which nothing came for so long is closed.",
        )
        .define(
            "udp.receive.buffer.bytes",
            Type.INT,
            default=4 << 20,
            validator=at_least(1),
            importance="low",
            doc="The system's buffer for datagrams; the kernel may allow less (net.core.rmem_max on Linux).",
        )
        .define(
            "batch.size",
            Type.INT,
            default=5000,
            validator=at_least(1),
            importance="low",
            doc="How many messages are handed over at once, about.",
        )
    )


def _http(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "http.path",
            Type.STRING,
            default="/",
            validator=LambdaValidator(_path, "a path that begins with a slash"),
            doc="Where to POST to; every other path is answered 404.",
        )
        .define(
            "http.lines",
            Type.BOOLEAN,
            default=False,
            doc="Make a message of each line of a body, instead of one of it all.",
        )
        .define(
            "http.ack.timeout.ms",
            Type.LONG,
            default=30_000,
            validator=at_least(1),
            importance="low",
            doc="How long Kafka may take to acknowledge before a request is answered 503.",
        )
        .define(
            "http.request.timeout.ms",
            Type.LONG,
            default=30_000,
            validator=at_least(1),
            importance="low",
            doc="How long a sender may take for a body before it is answered 408.",
        )
    )


def _tls(definition: ConfigDef) -> ConfigDef:
    return (
        definition.define(
            "tls.cert",
            Type.STRING,
            default=None,
            doc="A PEM file with the server's certificate and its chain: turns on TLS, for tcp and http.",
        )
        .define(
            "tls.key",
            Type.STRING,
            default=None,
            doc="A PEM file with the certificate's private key; left out when it is in the same file.",
        )
        .define("tls.key.password", Type.PASSWORD, default=None, doc="The private key's password, if it has one.")
        .define(
            "tls.client.ca",
            Type.STRING,
            default=None,
            doc="A PEM file with authorities: only clients with a certificate of one of them are let in.",
        )
    )


CONFIG = _tls(_http(_limits(_what(_where(ConfigDef())))))
