"""The keys of the datagen source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from barnabas import Config, ConfigDef, ConfigError, Type
from barnabas.config import NonEmptyString, at_least
from barnabas.connectors.datagen.template import Template

__all__ = ["CONFIG", "TASK", "TASKS", "read_template"]

TASK, TASKS = "datagen.task", "datagen.tasks"
"""What the connector tells each task: its number, and how many there are."""

_DEFAULT = '{"id": "{{id}}", "name": "{{name}}", "city": "{{city}}", "amount": "{{float 1 500}}", "at": "{{now}}"}'

CONFIG = (
    ConfigDef()
    .define("topic", Type.STRING, validator=NonEmptyString(), importance="high", doc="The topic to fill.")
    .define(
        "template",
        Type.STRING,
        default=_DEFAULT,
        validator=NonEmptyString(),
        importance="high",
        doc="A record as JSON, with placeholders like {{id}} or {{int 1 6}} in its texts. A text that is nothing but a "
        "placeholder becomes a value of its type.",
    )
    .define("template.file", Type.STRING, default=None, doc="A file with the template, read when a task starts.")
    .define(
        "rate",
        Type.DOUBLE,
        default=1.0,
        validator=at_least(0),
        importance="high",
        doc="Records a second, by all tasks together; 0 is as fast as possible.",
    )
    .define(
        "count",
        Type.LONG,
        default=0,
        validator=at_least(0),
        importance="high",
        doc="How many records there will ever be, from all tasks together; 0 is without end.",
    )
    .define("key.field", Type.STRING, default=None, doc="The member of the record that is its key; left out: no key.")
    .define(
        "output.schemas",
        Type.BOOLEAN,
        default=False,
        doc="Give records a schema made from the template, instead of none.",
    )
    .define(
        "seed",
        Type.LONG,
        default=None,
        importance="low",
        doc="The same seed gives the same records, apart from {{now}}; left out: others each time a task starts.",
    )
)


def read_template(config: Config) -> Template:
    """The template, from wherever it is.

    Raises:
        ConfigError: It cannot be read, is malformed, or lacks the key's field.
    """
    path = config["template.file"]
    typed: bool = config["output.schemas"]
    if path:
        template = Template(_file(path), "template.file", typed=typed)
    else:
        template = Template(config["template"], typed=typed)
    _check_key(config["key.field"], template)
    return template


def _file(path: Any) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"template.file: {path} cannot be read: {getattr(error, 'strerror', None) or error}.",
            code="BRN-7302",
            key="template.file",
            remedy="Name a text file that the worker's user may read, on every worker.",
        ) from error


def _check_key(name: str | None, template: Template) -> None:
    if name and name not in template.fields:
        known = ", ".join(template.fields) or "none: it is no JSON object"
        raise ConfigError(
            f"key.field: the template has no member {name}.",
            code="BRN-7303",
            key="key.field",
            remedy=f"Its members are {known}.",
        )
