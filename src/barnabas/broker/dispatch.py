"""From the bytes of a request to the bytes of its answer."""

from __future__ import annotations

import asyncio
import logging
import struct
from typing import TYPE_CHECKING, NamedTuple

from barnabas.broker.api import Call
from barnabas.broker.codes import ApiError, ErrorCode
from barnabas.broker.wire import Buffer, MalformedError, Reader, Writer

if TYPE_CHECKING:
    from barnabas.broker.api import Api
    from barnabas.broker.faults import Rule
    from barnabas.broker.schema import Struct
    from barnabas.broker.server import Broker

__all__ = ["DisconnectError", "answer"]

_logger = logging.getLogger(__name__)
_HEADER = struct.Struct(">hhi")
_API_VERSIONS = 18


class DisconnectError(Exception):
    """The connection is to be closed without an answer; the text says why (empty when it was asked for)."""


class _Header(NamedTuple):
    api: Api
    version: int
    correlation_id: int
    client_id: str
    supported: bool


def _read_header(broker: Broker, reader: Reader) -> _Header:
    key, version, correlation_id = _HEADER.unpack(reader.take(_HEADER.size))
    size = reader.int16()
    client_id = str(reader.take(size), "utf-8") if size >= 0 else ""
    api = broker.apis.get(key)
    if api is None:
        raise DisconnectError(f"client {client_id!r} sent API key {key}, which the development broker does not know")
    supported = api.versions[0] <= version <= api.versions[1]
    if not supported and key != _API_VERSIONS:
        low, high = api.versions
        raise DisconnectError(f"client {client_id!r} sent {api.name} version {version}; {low} to {high} are supported")
    if supported and api.request.is_flexible(version):
        reader.skip_tagged()
    return _Header(api, version, correlation_id, client_id, supported)


async def answer(broker: Broker, frame: bytearray, client_host: str, local_host: str) -> list[Buffer] | None:
    """Handle one request.

    Args:
        broker: Whose APIs are called.
        frame: The request without its length prefix.
        client_host: Where the client connects from.
        local_host: The address that it connected to.

    Returns:
        The answer's buffers with the length prefix, or None when the request has no answer.

    Raises:
        DisconnectError: The connection must be closed.
    """
    reader = Reader(frame)
    try:
        header = _read_header(broker, reader)
        version = header.version if header.supported else 0
        request = header.api.request.decode(reader, version) if header.supported else {}
    except (MalformedError, struct.error, UnicodeDecodeError, IndexError) as error:
        raise DisconnectError(f"a client at {client_host} sent a malformed request: {error}") from error
    call = Call(broker, version, request, header.client_id, client_host, local_host)
    response = await _respond(header, call)
    return None if response is None else _encode(header, version, response)


async def _respond(header: _Header, call: Call) -> Struct | None:
    api = header.api
    if not header.supported:
        return api.refuse(call, ApiError(ErrorCode.UNSUPPORTED_VERSION))
    rule = call.broker.faults.take(api.key, api.name, header.client_id)
    if rule is not None:
        return await _faulty(rule, header, call)
    return await _handle(api, call)


async def _handle(api: Api, call: Call) -> Struct | None:
    try:
        return await api.handle(call)
    except ApiError as error:
        return api.refuse(call, error)
    except Exception:
        _logger.exception("%s version %d of client %r failed", api.name, call.version, call.client_id)
        return api.refuse(call, ApiError(ErrorCode.UNKNOWN_SERVER_ERROR, "the broker's log says why"))


async def _faulty(rule: Rule, header: _Header, call: Call) -> Struct | None:
    match rule.action:
        case "drop":
            raise DisconnectError
        case "error":
            return header.api.refuse(call, ApiError(rule.error, "injected fault"))
        case "delay":
            await asyncio.sleep(rule.seconds)
            return await _handle(header.api, call)
        case _:
            await _handle(header.api, call)
            raise DisconnectError


def _encode(header: _Header, version: int, response: Struct) -> list[Buffer]:
    writer = Writer()
    writer.int32(header.correlation_id)
    # The answer to ApiVersions has the old header in all versions, so that clients can read it before they know ours.
    if header.api.key != _API_VERSIONS and header.api.response.is_flexible(version):
        writer.tail.append(0)
    header.api.response.encode(writer, version, response)
    return [writer.size().to_bytes(4, "big"), *writer.parts()]
