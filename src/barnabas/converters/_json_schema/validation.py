"""Checking JSON against a JSON Schema (``json.fail.invalid.schema``), by the library ``jsonschema``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urljoin

from barnabas.errors import DataError

__all__ = ["DRAFTS", "Check", "make_check"]

DRAFTS: Final = {
    "draft_4": "http://json-schema.org/draft-04/schema#",
    "draft_6": "http://json-schema.org/draft-06/schema#",
    "draft_7": "http://json-schema.org/draft-07/schema#",
    "draft_2019_09": "https://json-schema.org/draft/2019-09/schema",
    "draft_2020_12": "https://json-schema.org/draft/2020-12/schema",
}
"""What ``json.schema.spec.version`` may be, and how a schema says it."""

Check = Callable[[Any], str | None]
"""Gives the first thing that is wrong with parsed JSON, and where; ``None`` if nothing is."""

_SHOWN: Final = 300


def make_check(schema: Any, others: dict[str, Any], draft: str) -> Check:
    """Prepare the check of one schema.

    Args:
        schema: Parsed.
        others: What it refers to, by name.
        draft: One of :data:`DRAFTS`, for schemas without ``$schema``.
    """
    if not isinstance(schema, dict | bool):
        raise _invalid(f"it is a {type(schema).__name__}")
    import jsonschema  # type: ignore[import-untyped]  # noqa: PLC0415  an extra, and slow: only those who check need it
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]  # noqa: PLC0415  as above
    from referencing import Registry, Resource  # noqa: PLC0415  as above
    from referencing.exceptions import Unresolvable  # noqa: PLC0415  as above
    from referencing.jsonschema import specification_with  # noqa: PLC0415  as above

    by_draft: dict[str, Any] = {
        "draft_4": jsonschema.Draft4Validator,
        "draft_6": jsonschema.Draft6Validator,
        "draft_7": jsonschema.Draft7Validator,
        "draft_2019_09": jsonschema.Draft201909Validator,
        "draft_2020_12": jsonschema.Draft202012Validator,
    }
    chosen = validator_for(schema, default=by_draft[draft])
    specification = specification_with(chosen.META_SCHEMA.get("$schema", chosen.META_SCHEMA.get("id")))
    base = _own_id(schema)
    registry: Any = Registry()
    try:
        chosen.check_schema(schema)
        for name, node in others.items():
            resource = Resource.from_contents(node, default_specification=specification)
            registry = registry.with_resources([(name, resource), (_joined(base, name), resource)])
        validator = chosen(schema, registry=registry)
    except Exception as error:  # whatever the library stumbles over, the schema is not one
        raise _invalid(str(getattr(error, "message", error))) from error

    def check(node: Any) -> str | None:
        try:
            found = jsonschema.exceptions.best_match(validator.iter_errors(node))
        except Unresolvable as error:
            raise DataError(
                f"The JSON Schema refers to what is not there: {error!s:.200}",
                code="BRN-1472",
                remedy="Add the definition, or register the schema with a reference of that name.",
            ) from error
        except RecursionError:
            return "$: it is nested too deeply"
        except Exception as error:  # as above: a pattern that is none, say, is noticed late
            raise _invalid(str(error)) from error
        return None if found is None else f"{found.json_path}: {found.message:.{_SHOWN}}"

    return check


def _invalid(why: str) -> DataError:
    return DataError(
        f"The JSON Schema in the registry is invalid: {why:.{_SHOWN}}",
        code="BRN-1470",
        remedy="Register it again, corrected; without json.fail.invalid.schema messages are read all the same.",
    )


def _own_id(schema: Any) -> str:
    own = schema.get("$id", schema.get("id")) if isinstance(schema, dict) else None
    return own if isinstance(own, str) else ""


def _joined(base: str, name: str) -> str:
    try:
        return urljoin(base, name)
    except ValueError:
        return name
