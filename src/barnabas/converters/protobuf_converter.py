"""ProtobufConverter: values as Protobuf messages whose schemas are in a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barnabas.config import Config, ConfigDef, Type
from barnabas.converters._protobuf.flags import Flags
from barnabas.converters._registry_client.base import Reader, RegistryConverter, Writer
from barnabas.converters._registry_client.faults import missing_extra
from barnabas.converters._registry_client.schemas import PROTOBUF, Reference, RegisteredSchema, SchemaText
from barnabas.converters._registry_client.settings import registry_def
from barnabas.converters._registry_client.wire import frame
from barnabas.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.converters._protobuf.engine import Draft
    from barnabas.converters._protobuf.pool import Loaded
    from barnabas.schema import Schema

__all__ = ["ProtobufConverter"]

_REFERENCE_STRATEGY: Final = "reference.subject.name.strategy"
_STRATEGIES: Final = {"DefaultReferenceSubjectNameStrategy": False, "QualifiedReferenceSubjectNameStrategy": True}
_SUBJECTS: Final = "io.confluent.kafka.serializers.subject."

_SWITCHES: Final = (
    ("enhanced.protobuf.schema.support", "enhanced", "Whether schemas are named with the package of their messages."),
    ("generate.struct.for.nulls", "struct_for_nulls", "Whether a message that is not set gives a struct of defaults."),
    ("generalized.sum.type.support", "general", "Whether unions and enums look as they do in all other formats."),
    (
        "generate.index.for.unions",
        "index_for_unions",
        "Whether the field of a oneof is called by its name and a number, such as value_0.",
    ),
    ("flatten.unions", "flatten_unions", "Whether the members of a oneof are fields of the struct around it."),
    ("int.for.enums", "int_for_enums", "Whether enums are numbers instead of texts."),
    (
        "optional.for.nullables",
        "optional_for_nullables",
        "Whether fields that may be null are marked optional, and those that are not marked may not.",
    ),
    (
        "optional.for.proto2",
        "optional_for_proto2",
        "Whether an optional field of proto2 that is not set is null instead of its default value.",
    ),
    (
        "wrapper.for.nullables",
        "wrapper_for_nullables",
        "Whether fields that may be null are wrapper messages such as google.protobuf.Int32Value.",
    ),
    (
        "wrapper.for.raw.primitives",
        "wrapper_for_raw",
        "Whether a value that is no struct is a wrapper message at the top.",
    ),
    ("scrub.invalid.names", "scrub", "Whether characters that names may not have in Protobuf become underscores."),
    (
        "ignore.default.for.nullables",
        "ignore_defaults",
        "Whether null stays null in a field that may be null and has a default.",
    ),
    ("connect.meta.data", "meta", "Whether documentation and parameters of schemas are kept as options."),
)


def _definition() -> ConfigDef:
    made = registry_def()
    defaults = Flags()
    for key, attribute, doc in _SWITCHES:
        made.define(
            key, Type.BOOLEAN, default=getattr(defaults, attribute), importance="low", group="Protobuf", doc=doc
        )
    made.define(
        "skip.known.types",
        Type.BOOLEAN,
        default=True,
        importance="low",
        group="Protobuf",
        doc="Whether Google's and Confluent's own files are left out of the references of a schema.",
    )
    made.define(
        _REFERENCE_STRATEGY,
        Type.STRING,
        default=f"{_SUBJECTS}DefaultReferenceSubjectNameStrategy",
        validator=_known_strategy,
        importance="low",
        group="Protobuf",
        doc="Subjects of imported files: their names as they are imported (DefaultReferenceSubjectNameStrategy), or "
        "with dots and without .proto (QualifiedReferenceSubjectNameStrategy).",
    )
    return made


def _known_strategy(name: str, value: Any) -> None:
    package, _, simple = str(value).rpartition(".")
    if simple not in _STRATEGIES or (package and f"{package}." != _SUBJECTS):
        raise ConfigError(
            f"Invalid value {value} for configuration {name}: Class {value} could not be found.",
            code="BRN-1449",
            key=name,
            remedy=f"Choose {' or '.join(_STRATEGIES)}.",
        )


class ProtobufConverter(RegistryConverter):
    """Reads and writes what Confluent's Protobuf serialisers do: a frame, the place of the message, the message.

    Structs are messages, unions are oneofs, and schemas made from Connect's are registered as .proto text.
    """

    KIND = PROTOBUF
    NEEDS = ("google.protobuf", "protobuf")
    READ_FAILURE = "Failed to deserialize data for topic {topic} to Protobuf: "
    WRITE_FAILURE = "Failed to serialize Protobuf data from topic {topic} :"
    CONFIG = _definition()

    def configure(self, configs: Mapping[str, Any], is_key: bool = False) -> None:
        """Read the settings; the library's package may be missing as a whole."""
        try:
            super().configure(configs, is_key)
        except ModuleNotFoundError as error:  # not even other packages below ``google`` are installed
            raise missing_extra(type(self).__name__, *self.NEEDS) from error

    def setup(self, config: Config) -> None:
        """Take the settings of the mapping."""
        flags = {attribute: config[key] for key, attribute, _ in _SWITCHES}
        self._flags = Flags(**flags, strict=self.strict)
        self._skip_known: bool = config["skip.known.types"]
        self._qualified = _STRATEGIES[config[_REFERENCE_STRATEGY].rpartition(".")[2]]

    # -- to bytes -----------------------------------------------------------------------------------------------------

    def make_writer(self, topic: str, schema: Schema | None) -> Writer:
        """For values of this schema; one without is refused, since nothing says what fields a message would have."""
        from barnabas.converters._protobuf import engine  # noqa: PLC0415 - needs the extra

        if schema is None:
            raise self.unwritable(
                topic,
                "BRN-1447",
                "The value has no schema: use a converter or transform that gives one, or JsonConverter with "
                "schemas.enable=false instead of this one.",
            )
        draft = engine.draft_for(schema, self._flags)
        text = SchemaText(draft.text, PROTOBUF, self._references(draft))
        chosen = self.choose(topic, draft.message, text)
        loaded = draft.loaded if chosen.schema == text else self._load(chosen.schema)
        head = frame(chosen.id)
        try:
            return engine.PayloadWriter(
                schema,
                loaded,
                draft.message,
                head,
                self._flags,
                lambda code, why: self.unwritable(topic, code, why),
            )
        except DataError as error:
            error.message += f" (version {chosen.version} of subject {chosen.subject!r})"
            raise

    def _checked(self, found: RegisteredSchema, draft: SchemaText, switch: str | None) -> RegisteredSchema:
        """Whatever the switch says: the writer goes by names, and refuses fields that are missing or of another type.

        The numbers in a draft mean nothing, and no field is left out silently.
        """
        del draft, switch
        return found

    def _references(self, draft: Draft) -> tuple[Reference, ...]:
        """Known files are part of every registry; with ``skip.known.types=false`` they are registered all the same."""
        if self._skip_known:
            return ()
        from barnabas.converters._protobuf.printer import print_file  # noqa: PLC0415 - needs the extra

        files = draft.loaded.files
        made: dict[str, Reference] = {}

        def reference(name: str) -> Reference:
            if name not in made:
                proto = files[name]
                inner = tuple(reference(other) for other in proto.dependency)
                subject = name.removesuffix(".proto").replace("/", ".") if self._qualified else name
                text = SchemaText(print_file(proto), PROTOBUF, inner)
                if self.settings.auto_register:
                    self.client.register(subject, text)
                found = self.client.lookup(subject, text)
                made[name] = Reference(name, subject, found.version or 1)
            return made[name]

        return tuple(reference(name) for name in draft.loaded.proto.dependency)

    # -- from bytes ---------------------------------------------------------------------------------------------------

    def make_reader(self, topic: str, registered: RegisteredSchema) -> Reader:
        """For messages of this schema."""
        from barnabas.converters._protobuf import engine  # noqa: PLC0415 - needs the extra

        return engine.PayloadReader(
            self._load(registered.schema),
            self._flags,
            registered.version,
            lambda code, why: self.unreadable(topic, code, why),
        )

    def record_name(self, schema: SchemaText) -> str | None:
        """The full name of the first message."""
        from barnabas.converters._protobuf import engine  # noqa: PLC0415 - needs the extra

        return engine.first_message(schema.text)

    def differences(self, reader: SchemaText, writer: SchemaText) -> list[str]:
        """Fields whose number or type changed, and required ones that are missing."""
        from barnabas.converters._protobuf import engine  # noqa: PLC0415 - needs the extra

        return engine.differences_between(self._load(reader), self._load(writer))

    def _load(self, schema: SchemaText) -> Loaded:
        from barnabas.converters._protobuf import engine  # noqa: PLC0415 - needs the extra

        found = self.client.resolve(schema)
        wrong = [name for name, text in found.items() if text.kind != PROTOBUF]
        if wrong:
            raise DataError(
                f"A Protobuf schema refers to {wrong[0]}, which is of the kind {found[wrong[0]].kind}",
                code="BRN-1441",
                remedy="Correct the references in the registry.",
            )
        return engine.load(schema.text, {name: text.text for name, text in found.items()})
