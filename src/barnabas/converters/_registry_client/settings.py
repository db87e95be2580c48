"""The keys that all registry converters have: declared once, and parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

import msgspec

from barnabas.config import Config, ConfigDef, Type, at_least, between
from barnabas.converters._registry_client.auth import AUTH_KEYS
from barnabas.converters._registry_client.faults import url_wrong
from barnabas.converters._registry_client.subjects import TOPIC_NAME, Strategy, strategy_for

__all__ = ["RegistrySettings", "registry_def", "registry_urls"]

_GROUP: Final = "Schema Registry"
_NAMES: Final = (
    (
        "key.subject.name.strategy",
        "How the subject of a key's schema is named: TopicNameStrategy, RecordNameStrategy, TopicRecordNameStrategy.",
    ),
    ("value.subject.name.strategy", "The same for values."),
)


def registry_def() -> ConfigDef:
    """The definition that the three converters start from; they add the keys of their format."""
    made = ConfigDef()
    made.define(
        "schema.registry.url",
        Type.LIST,
        importance="high",
        group=_GROUP,
        doc="Addresses of the registry, separated by commas: the next is asked when one does not answer. "
        "mock://name keeps schemas inside the process.",
    )
    for name, default, doc in (
        ("auto.register.schemas", True, "Whether to register a schema that the subject does not have yet."),
        (
            "use.latest.version",
            False,
            "Write with the newest schema of the subject; only with auto.register.schemas=false.",
        ),
        (
            "latest.compatibility.strict",
            True,
            "With use.latest.version: refuse data of a schema that the newest one cannot read.",
        ),
        ("id.compatibility.strict", True, "With use.schema.id: the same for that schema."),
        ("normalize.schemas", False, "Have the registry bring schemas into one form before it compares them."),
    ):
        made.define(name, Type.BOOLEAN, default=default, importance="medium", group=_GROUP, doc=doc)
    made.define(
        "use.schema.id",
        Type.INT,
        default=-1,
        importance="low",
        group=_GROUP,
        doc="Write with the schema of this id; only with auto.register.schemas=false.",
    )
    for name, doc in _NAMES:
        made.define(
            name, Type.STRING, default=TOPIC_NAME, validator=_known_strategy, importance="medium", group=_GROUP, doc=doc
        )
    made.define(
        "schemas.cache.config",
        Type.INT,
        default=1000,
        validator=at_least(0),
        importance="low",
        group=_GROUP,
        doc="How many schemas to keep prepared, in each direction.",
    )
    made.define(
        "max.schemas.per.subject",
        Type.INT,
        default=1000,
        validator=at_least(1),
        importance="low",
        group=_GROUP,
        doc="How many ids and schemas of one subject to remember.",
    )
    made.define(
        "latest.cache.ttl.sec",
        Type.LONG,
        default=-1,
        validator=at_least(-1),
        importance="low",
        group=_GROUP,
        doc="For how long the newest version of a subject is remembered; -1: until the task ends.",
    )
    _add_http(made)
    for key in AUTH_KEYS:
        made.add(key)
    return made


def _add_http(made: ConfigDef) -> None:
    for name, default, doc in (
        ("http.connect.timeout.ms", 3000, "How long to try to connect to one address."),
        ("http.read.timeout.ms", 10000, "How long to wait for one answer."),
        ("retries.wait.ms", 100, "The wait before the addresses are tried again; doubled each time."),
        ("retries.max.wait.ms", 2000, "The most of that."),
    ):
        made.define(
            name, Type.INT, default=default, validator=between(1, 600_000), importance="low", group=_GROUP, doc=doc
        )
    made.define(
        "max.retries",
        Type.INT,
        default=3,
        validator=between(0, 100),
        importance="low",
        group=_GROUP,
        doc="How often the addresses are tried again within one call. A registry that stays away makes the task wait; "
        "its records are never skipped.",
    )
    made.define("proxy.host", Type.STRING, default="", importance="low", group=_GROUP, doc="A proxy to go through.")
    made.define("proxy.port", Type.INT, default=-1, importance="low", group=_GROUP, doc="The proxy's port.")


def _known_strategy(name: str, value: Any) -> None:
    strategy_for(name, str(value))


class RegistrySettings(msgspec.Struct, frozen=True):
    """What the configuration says; times in seconds.

    Args:
        is_key: Whether keys are converted.
        urls: The addresses, without a slash at the end.
        auto_register: ``auto.register.schemas``.
        use_latest: ``use.latest.version``.
        latest_strict: ``latest.compatibility.strict``.
        use_id: ``use.schema.id``; ``None`` if it is not set.
        id_strict: ``id.compatibility.strict``.
        normalize: ``normalize.schemas``.
        strategy: How subjects are named.
        cache_size: ``schemas.cache.config``.
        subject_cache_size: ``max.schemas.per.subject``.
        latest_for: ``latest.cache.ttl.sec``; ``None``: for ever.
        connect_timeout: ``http.connect.timeout.ms``.
        read_timeout: ``http.read.timeout.ms``.
        retries: ``max.retries``.
        retry_wait: ``retries.wait.ms``.
        retry_wait_max: ``retries.max.wait.ms``.
        proxy: ``proxy.host`` and ``proxy.port``.
        configs: All settings as they were given, for credentials and ``schema.registry.ssl.*``. Holds secrets.
    """

    is_key: bool
    urls: tuple[str, ...]
    auto_register: bool
    use_latest: bool
    latest_strict: bool
    use_id: int | None
    id_strict: bool
    normalize: bool
    strategy: Strategy
    cache_size: int
    subject_cache_size: int
    latest_for: float | None
    connect_timeout: float
    read_timeout: float
    retries: int
    retry_wait: float
    retry_wait_max: float
    proxy: tuple[str, int] | None
    configs: Mapping[str, Any]

    @classmethod
    def of(cls, config: Config, configs: Mapping[str, Any], *, is_key: bool) -> Self:
        """Take them from a parsed configuration.

        Args:
            config: Parsed with a definition that began as :func:`registry_def`.
            configs: What was parsed.
            is_key: Whether keys are converted.

        Raises:
            ConfigError: An address is none.
        """
        strategy_key = f"{'key' if is_key else 'value'}.subject.name.strategy"
        return cls(
            is_key=is_key,
            urls=registry_urls(config["schema.registry.url"]),
            auto_register=config["auto.register.schemas"],
            use_latest=config["use.latest.version"],
            latest_strict=config["latest.compatibility.strict"],
            use_id=config["use.schema.id"] if config["use.schema.id"] >= 0 else None,
            id_strict=config["id.compatibility.strict"],
            normalize=config["normalize.schemas"],
            strategy=strategy_for(strategy_key, config[strategy_key]),
            cache_size=config["schemas.cache.config"],
            subject_cache_size=config["max.schemas.per.subject"],
            latest_for=None if config["latest.cache.ttl.sec"] < 0 else config["latest.cache.ttl.sec"],
            connect_timeout=config["http.connect.timeout.ms"] / 1000,
            read_timeout=config["http.read.timeout.ms"] / 1000,
            retries=config["max.retries"],
            retry_wait=config["retries.wait.ms"] / 1000,
            retry_wait_max=config["retries.max.wait.ms"] / 1000,
            proxy=(config["proxy.host"], config["proxy.port"]) if config["proxy.host"] else None,
            configs=configs,
        )


def registry_urls(texts: list[str]) -> tuple[str, ...]:
    """The addresses in one form; a ``mock://`` one stands alone.

    Raises:
        ConfigError: One of them cannot be an address.
    """
    urls = tuple(text.strip().rstrip("/") for text in texts if text.strip())
    mocks = [url for url in urls if url.startswith("mock://")]
    if not urls or (mocks and len(urls) > 1):
        raise url_wrong(",".join(texts))
    for url in urls:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in ("http", "https", "mock") or not rest or " " in rest:
            raise url_wrong(url)
    return urls
