"""What a schema says about itself beyond its structure: Confluent's options ``(confluent.…_meta)``."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

from barnabas.converters._protobuf.known_files import META_FILE
from barnabas.converters._protobuf.options import quoted
from barnabas.converters._protobuf.pool import load_text
from barnabas.converters._protobuf.runtime import DecodeError, GetMessageClass, text_format

__all__ = ["Meta", "add_meta", "meta_of"]

_NUMBER: Final = 1088  # of the extension of every kind of options
_NAMES: Final = frozenset({"confluent.field_meta", "confluent.message_meta", "confluent.enum_meta"})


class Meta(NamedTuple):
    """Documentation and parameters."""

    doc: str
    params: dict[str, str]


def meta_of(options: Any) -> Meta:
    """What options say, whether they come from a text or from a serialised descriptor.

    What cannot be read is left out: it is only about documentation, or about another format.
    """
    holder = _holder()()
    payload = options.SerializeToString()
    if payload:
        try:
            holder.MergeFromString(payload)
        except DecodeError:
            holder = _holder()()
    found = holder.meta
    for option in options.uninterpreted_option:
        if option.name[0].is_extension and option.name[0].name_part.removeprefix(".") in _NAMES:
            _merge(found, option)
    return Meta(found.doc, dict(sorted(found.params.items())))


def add_meta(options: Any, name: str, meta: Meta) -> None:
    """Write documentation and parameters into options; nothing where there are none.

    Args:
        options: Of a field or a message.
        name: ``field_meta`` or ``message_meta``.
        meta: What to write.
    """
    parts = [f"doc: {quoted(meta.doc.encode())}"] if meta.doc else []
    if meta.params:
        pairs = (
            f"{{ key: {quoted(key.encode())}, value: {quoted(value.encode())} }}"
            for key, value in sorted(meta.params.items())
        )
        parts.append(f"params: [ {', '.join(pairs)} ]")
    if parts:
        option = options.uninterpreted_option.add(aggregate_value=" ".join(parts))
        option.name.add(name_part=f"confluent.{name}", is_extension=True)


def _merge(found: Any, option: Any) -> None:
    try:
        if len(option.name) == 1:
            text_format.Merge(option.aggregate_value, found, allow_unknown_field=True)
        elif option.name[1].name_part == "doc":
            found.doc = option.string_value.decode()
        elif option.name[1].name_part == "params":
            text_format.Merge(f"params {{ {option.aggregate_value} }}", found, allow_unknown_field=True)
    except (text_format.ParseError, ValueError):
        return


@cache
def _holder() -> Any:
    """A message that sees nothing of options but the extension."""
    text = f'syntax = "proto3"; import "{META_FILE}"; message Holder {{ confluent.Meta meta = {_NUMBER}; }}'
    return GetMessageClass(load_text(text, name="meta_holder.proto").descriptor.message_types_by_name["Holder"])
