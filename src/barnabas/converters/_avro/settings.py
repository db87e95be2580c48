"""What the mapping can be told: the keys of the Java class besides those about the registry."""

from __future__ import annotations

from typing import Final, Self

import msgspec

from barnabas.config import Config, ConfigDef, Type
from barnabas.converters._registry_client.settings import registry_def

__all__ = ["Mapping", "avro_def"]

_GROUP: Final = "Avro"
_KEYS: Final = (
    (
        "enhanced.avro.schema.support",
        False,
        "Keep enums as enums, and call members of unions by their full names.",
    ),
    ("generalized.sum.type.support", False, "Unions and enums look as those of Protobuf and JSON Schema do."),
    ("connect.meta.data", True, "Keep name, version, documentation and parameters of Connect schemas."),
    ("scrub.invalid.names", False, "Replace characters that Avro does not have in names by underscores."),
    ("allow.optional.map.keys", False, "Maps with optional text as keys are Avro maps, too."),
    ("flatten.singleton.unions", True, "A union of one type is that type."),
    ("ignore.default.for.nullables", False, "A null of an optional field stays null, even if the field has a default."),
    (
        "discard.type.doc.default",
        False,
        "Documentation and default of a field come from the field only, not from its type.",
    ),
    (
        "avro.use.logical.type.converters",
        False,
        "For Java objects only: logical types are always converted.",
    ),
)


def avro_def() -> ConfigDef:
    """The definition of AvroConverter."""
    made = registry_def()
    for name, default, doc in _KEYS:
        made.define(name, Type.BOOLEAN, default=default, importance="low", group=_GROUP, doc=doc)
    return made


class Mapping(msgspec.Struct, frozen=True):
    """See the keys of the same names.

    Args:
        enhanced: ``enhanced.avro.schema.support``.
        general: ``generalized.sum.type.support``.
        meta: ``connect.meta.data``.
        scrub: ``scrub.invalid.names``.
        optional_keys: ``allow.optional.map.keys``.
        flatten_single: ``flatten.singleton.unions``.
        keep_nulls: ``ignore.default.for.nullables``.
        discard_type: ``discard.type.doc.default``.
        strict: Refuse what Kafka Connect would change silently.
    """

    enhanced: bool = False
    general: bool = False
    meta: bool = True
    scrub: bool = False
    optional_keys: bool = False
    flatten_single: bool = True
    keep_nulls: bool = False
    discard_type: bool = False
    strict: bool = False

    @classmethod
    def of(cls, config: Config, *, strict: bool) -> Self:
        """Take them from a parsed configuration."""
        return cls(
            enhanced=config["enhanced.avro.schema.support"],
            general=config["generalized.sum.type.support"],
            meta=config["connect.meta.data"],
            scrub=config["scrub.invalid.names"],
            optional_keys=config["allow.optional.map.keys"],
            flatten_single=config["flatten.singleton.unions"],
            keep_nulls=config["ignore.default.for.nullables"],
            discard_type=config["discard.type.doc.default"],
            strict=strict,
        )
