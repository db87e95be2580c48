"""What a module of ``barnabas.broker.apis`` provides, and what its handler is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from barnabas.broker.codes import ApiError
    from barnabas.broker.schema import Schema, Struct
    from barnabas.broker.server import Broker

__all__ = ["Api", "Call", "Handler", "Refusal"]


@dataclass(slots=True)
class Call:
    """One request being answered.

    Attributes:
        broker: Everything the broker knows.
        version: The API version of the request; the answer is encoded in the same.
        request: The decoded body.
        client_id: What the client calls itself; may be empty.
        client_host: Where it connects from.
        local_host: The address of ours that it connected to, which is what it is told to use.
    """

    broker: Broker
    version: int
    request: Struct
    client_id: str
    client_host: str
    local_host: str


Handler: TypeAlias = "Callable[[Call], Awaitable[Struct | None]]"
Refusal: TypeAlias = "Callable[[Call, ApiError], Struct]"


@dataclass(frozen=True, slots=True)
class Api:
    """One API of the protocol.

    Attributes:
        key: Its number.
        name: Its name in the protocol's documentation, e.g. ``ListOffsets``.
        versions: First and last version that are supported.
        request: The request's schema.
        response: The response's schema.
        handle: Answers a request. Raises ``ApiError`` when the whole request fails; returns None for no answer.
            Requests of one connection are handled one after the other. It is cancelled when the client disconnects.
        refuse: The answer to a request that fails as a whole.
    """

    key: int
    name: str
    versions: tuple[int, int]
    request: Schema
    response: Schema
    handle: Handler
    refuse: Refusal
