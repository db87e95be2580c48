"""SaslHandshake, versions 0 and 1: refuses, as the development broker has no authentication.

It is answered at all so that a client which is set to SASL says so clearly, instead of reporting a lost connection.
"""

from __future__ import annotations

import logging

from barnabas.broker.answers import refuse_flat
from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ErrorCode
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

_logger = logging.getLogger(__name__)

REQUEST = Schema("mechanism: string")
RESPONSE = Schema(
    """
    error_code: int16
    mechanisms: [string]
    """
)


async def _handle(call: Call) -> Struct:
    _logger.error(
        "client %r at %s wants SASL %s; the development broker has no authentication: set security.protocol=PLAINTEXT",
        call.client_id,
        call.client_host,
        call.request["mechanism"],
    )
    return {"error_code": ErrorCode.UNSUPPORTED_SASL_MECHANISM, "mechanisms": []}


API = Api(17, "SaslHandshake", (0, 1), REQUEST, RESPONSE, _handle, refuse_flat)
