"""The registry as the converters see it: schemas by id, by subject and version, registered and looked up, with caches.

What never changes is asked once: a schema by its id, the id of a registered text, a version by its number. The newest
version of a subject is asked again after ``latest.cache.ttl.sec``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

from barnabas.converters._registry_client import faults
from barnabas.converters._registry_client.mock import MockRegistry
from barnabas.converters._registry_client.schemas import AVRO, Reference, RegisteredSchema, SchemaText
from barnabas.converters._registry_client.settings import RegistrySettings
from barnabas.converters._registry_client.transport import Answer, HttpTransport, Transport
from barnabas.errors import DataError

__all__ = ["LATEST", "RegistryClient", "remember"]

LATEST: Final = -1
"""As the version of a reference: the newest."""

_OK: Final = 200
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_UNPROCESSABLE: Final = 422
_DEEPEST: Final = 100

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def remember(cache: dict[K, V], key: K, value: V, size: int) -> V:
    """Keep it, and let go of the oldest entry where there is no more room; returns the value."""
    if size > 0:
        while len(cache) >= size:
            del cache[next(iter(cache))]
        cache[key] = value
    return value


class RegistryClient:
    """Used on one thread. Every method may raise :class:`~barnabas.errors.OutageError` (nobody answers; ask again
    later) and :class:`~barnabas.errors.RefusedError` (a setting is wrong).

    Args:
        settings: Addresses, credentials, sizes of caches.
        transport: How the registry is reached; by default what the address says.
        clock: Seconds.
        interrupted: Whether the task is to end: what waits for an answer then ends as in an outage.
    """  # noqa: D205 - one thought

    def __init__(
        self,
        settings: RegistrySettings,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.monotonic,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._size = settings.subject_cache_size
        self._clock = clock
        self._transport = transport or self._reach(settings, interrupted)
        self._by_id: dict[int, SchemaText] = {}
        self._places: dict[tuple[int, str], int | None] = {}
        self._registered: dict[tuple[str, SchemaText, bool], RegisteredSchema] = {}
        self._found: dict[tuple[str, SchemaText, bool], RegisteredSchema] = {}
        self._versions: dict[tuple[str, int], RegisteredSchema] = {}
        self._latest: dict[str, tuple[float, RegisteredSchema]] = {}

    @staticmethod
    def _reach(settings: RegistrySettings, interrupted: Callable[[], bool]) -> Transport:
        url = settings.urls[0]
        return MockRegistry.named(url) if url.startswith("mock://") else HttpTransport(settings, interrupted)

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------ reading
    def schema_by_id(self, schema_id: int, subject: str | None = None) -> RegisteredSchema:
        """The schema with this number.

        Args:
            schema_id: From the frame of a message.
            subject: Told to the registry, which may need it to find the schema among contexts.

        Raises:
            UnknownSchemaError: There is none.
        """
        found = self._by_id.get(schema_id)
        if found is None:
            query = f"?subject={quote(subject, safe='')}" if subject else ""
            what = f"schema id {schema_id}"
            body = self._ask("GET", f"/schemas/ids/{schema_id}{query}", what, subject=subject)
            found = remember(self._by_id, schema_id, _schema(body), self._size)
        return RegisteredSchema(found, schema_id, subject)

    def version_of(self, schema_id: int, subject: str) -> int | None:
        """Which version of a subject a schema is; ``None`` if the registry does not have it under this subject."""
        key = (schema_id, subject)
        if key not in self._places:
            what = f"the versions with schema id {schema_id}"
            places = self._ask("GET", f"/schemas/ids/{schema_id}/versions", what, subject=subject)
            versions = [place["version"] for place in places if place.get("subject") == subject]
            remember(self._places, key, max(versions, default=None), self._size)
        return self._places.get(key)

    def latest(self, subject: str) -> RegisteredSchema:
        """The newest schema of a subject.

        Raises:
            UnknownSchemaError: There is no such subject.
        """
        kept = self._latest.get(subject)
        ttl = self._settings.latest_for
        if kept is not None and (ttl is None or self._clock() - kept[0] < ttl):
            return kept[1]
        found = self._version(subject, "latest")
        return remember(self._latest, subject, (self._clock(), found), self._size)[1]

    def version(self, subject: str, version: int) -> RegisteredSchema:
        """A certain version of a subject; :data:`LATEST` for the newest.

        Raises:
            UnknownSchemaError: There is none.
        """
        if version == LATEST:
            return self.latest(subject)
        found = self._versions.get((subject, version))
        if found is None:
            found = remember(self._versions, (subject, version), self._version(subject, str(version)), self._size)
        return found

    def resolve(self, schema: SchemaText) -> dict[str, SchemaText]:
        """Everything that a schema refers to, directly and through others, by the name it is referred to.

        Returns:
            In an order in which each comes after those that it needs itself.

        Raises:
            DataError: References go round in a circle, or one is missing.
        """
        found: dict[str, SchemaText] = {}
        self._resolve(schema.references, found, ())
        return found

    def _resolve(self, references: tuple[Reference, ...], found: dict[str, SchemaText], path: tuple[str, ...]) -> None:
        for reference in references:
            if reference.name in found:
                continue
            if reference.name in path or len(path) > _DEEPEST:
                raise DataError(
                    f"The references of schemas go round in a circle: {' → '.join([*path, reference.name])}.",
                    code="BRN-1409",
                    remedy=f"Correct version {reference.version} of subject {reference.subject}.",
                )
            schema = self.version(reference.subject, reference.version).schema
            self._resolve(schema.references, found, (*path, reference.name))
            found[reference.name] = schema

    # ------------------------------------------------------------------ writing
    def register(self, subject: str, schema: SchemaText, *, normalize: bool | None = None) -> RegisteredSchema:
        """Have a subject hold a schema; nothing changes where it does already.

        Args:
            subject: Under which.
            schema: What, with its references.
            normalize: Instead of the setting.

        Raises:
            IncompatibleSchemaError: The subject's rule forbids it.
            SchemaRefusedError: The registry finds it invalid.
        """
        normal = self._settings.normalize if normalize is None else normalize
        key = (subject, schema, normal)
        found = self._registered.get(key)
        if found is None:
            path = f"/subjects/{quote(subject, safe='')}/versions{'?normalize=true' if normal else ''}"
            body = self._ask("POST", path, "registering a schema", schema.to_json(), subject=subject)
            found = RegisteredSchema(schema, _id(body), subject, body.get("version"))
            remember(self._registered, key, found, self._size)
            self._latest.pop(subject, None)
        return found

    def lookup(self, subject: str, schema: SchemaText, *, normalize: bool | None = None) -> RegisteredSchema:
        """Find a schema in a subject without changing it.

        Raises:
            UnknownSchemaError: The subject does not hold it.
        """
        normal = self._settings.normalize if normalize is None else normalize
        key = (subject, schema, normal)
        found = self._found.get(key)
        if found is None:
            path = f"/subjects/{quote(subject, safe='')}{'?normalize=true' if normal else ''}"
            body = self._ask("POST", path, "looking up a schema", schema.to_json(), subject=subject)
            found = RegisteredSchema(schema, _id(body), subject, body.get("version"))
            remember(self._found, key, found, self._size)
        return found

    # ------------------------------------------------------------------ answers
    def _version(self, subject: str, version: str) -> RegisteredSchema:
        what = f"the {'newest version' if version == 'latest' else f'version {version}'} of subject {subject}"
        body = self._ask("GET", f"/subjects/{quote(subject, safe='')}/versions/{version}", what, subject=subject)
        return RegisteredSchema(_schema(body), _id(body), subject, body.get("version"))

    def _ask(
        self, method: str, path: str, what: str, body: dict[str, Any] | None = None, *, subject: str | None = None
    ) -> Any:
        answer = self._transport.request(method, path, body)
        if answer.status == _OK:
            if isinstance(answer.body, dict | list):
                return answer.body
            raise faults.not_a_registry(answer.url, f"{method} {path}", "an answer that is no JSON")
        raise self._fault(answer, f"{method} {path}", what, subject)

    def _fault(self, answer: Answer, asked: str, what: str, subject: str | None) -> Exception:
        said = answer.body.get("message") if isinstance(answer.body, dict) else None
        code = answer.body.get("error_code") if isinstance(answer.body, dict) else None
        shown = " ".join(str(said).split())[:1000] if said else f"HTTP {answer.status}."
        where = f" (subject {subject})" if subject else ""
        if answer.status in (_UNAUTHORIZED, _FORBIDDEN):
            return faults.refused(answer.status, answer.url, what + where, shown)
        if answer.status == _NOT_FOUND and code is not None and code != _NOT_FOUND:
            return faults.UnknownSchemaError(
                f"The schema registry at {answer.url} does not have {what}{where}: {shown}",
                key=faults.URL_KEY,
                remedy=_unknown_remedy(asked, subject),
            )
        if answer.status == _CONFLICT:
            return faults.IncompatibleSchemaError(
                f"Schema being registered is incompatible with an earlier schema for subject {subject!r}: {shown}",
                remedy="Change the data's schema compatibly (a new field needs a default), or the subject's "
                "compatibility level.",
            )
        if answer.status == _UNPROCESSABLE:
            return faults.SchemaRefusedError(
                f"The schema registry at {answer.url} refuses it: {what}{where}: {shown}",
                remedy="Correct the schema, or its references.",
            )
        return faults.not_a_registry(answer.url, asked, f"HTTP {answer.status}: {shown[:200]}")


def _unknown_remedy(asked: str, subject: str | None) -> str:
    if asked.startswith("GET /schemas/ids"):
        return (
            "The message was written with another registry (set schema.registry.url to that), its schema was deleted "
            "for good, or it is no message of a registry's converter."
        )
    return f"Register the schema in subject {subject}, or set auto.register.schemas=true."


def _schema(body: dict[str, Any]) -> SchemaText:
    references = tuple(
        Reference(str(part["name"]), str(part["subject"]), int(part["version"]))
        for part in body.get("references") or ()
    )
    return SchemaText(str(body["schema"]), str(body.get("schemaType") or AVRO), references)


def _id(body: dict[str, Any]) -> int:
    return int(body["id"])
