"""The settings of the mapping between Protobuf and Connect."""

from __future__ import annotations

import msgspec

__all__ = [
    "ENUM",
    "GENERAL_ENUM",
    "GENERAL_UNION",
    "PRECISION",
    "TAG",
    "UNION",
    "Flags",
]

_OURS = "io.confluent.connect.protobuf."
_GENERAL = "org.apache.kafka.connect.data."

TAG = f"{_OURS}Tag"
"""The parameter of a schema that holds the number of its field."""

ENUM = f"{_OURS}Enum"
"""The parameter that names an enum; with a dot and a value behind it, the one that holds that value's number."""

UNION = f"{_OURS}Union"
"""What the name of a union's schema begins with."""

GENERAL_ENUM = f"{_GENERAL}Enum"
"""As :data:`ENUM`, for all formats alike (``generalized.sum.type.support``)."""

GENERAL_UNION = f"{_GENERAL}Union"
"""The parameter that names a union, for all formats alike."""

PRECISION = "connect.decimal.precision"
"""The parameter of a decimal's schema that holds how many digits it may have."""


class Flags(msgspec.Struct, frozen=True):
    """What users set; the defaults are those of the Java class.

    Args:
        enhanced: ``enhanced.protobuf.schema.support``: schemas have the full names of messages.
        struct_for_nulls: ``generate.struct.for.nulls``: a message that is not set gives a struct of defaults.
        general: ``generalized.sum.type.support``: unions and enums as in all formats.
        index_for_unions: ``generate.index.for.unions``: the field of a oneof is called ``name_0``.
        flatten_unions: ``flatten.unions``: members of a oneof are fields like others.
        int_for_enums: ``int.for.enums``: enums are numbers.
        optional_for_nullables: ``optional.for.nullables``: what may be null is ``optional``, and the other way round.
        optional_for_proto2: ``optional.for.proto2``: fields of proto2 that are not set are null.
        wrapper_for_nullables: ``wrapper.for.nullables``: what may be null is a wrapper, and the other way round.
        wrapper_for_raw: ``wrapper.for.raw.primitives``: a value that is no struct is a wrapper.
        scrub: ``scrub.invalid.names``: names that Protobuf does not allow are changed.
        ignore_defaults: ``ignore.default.for.nullables``: null stays null where the field has a default.
        meta: ``connect.meta.data``: documentation and parameters travel with the schema.
        strict: Refuse what would be changed silently.
    """

    enhanced: bool = False
    struct_for_nulls: bool = False
    general: bool = False
    index_for_unions: bool = True
    flatten_unions: bool = False
    int_for_enums: bool = False
    optional_for_nullables: bool = False
    optional_for_proto2: bool = True
    wrapper_for_nullables: bool = False
    wrapper_for_raw: bool = True
    scrub: bool = False
    ignore_defaults: bool = False
    meta: bool = True
    strict: bool = False

    @property
    def marks_nullables(self) -> bool:
        """Whether a field says for itself if it may be null; otherwise all of them may."""
        return self.optional_for_nullables or self.wrapper_for_nullables
