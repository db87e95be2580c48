"""ApiVersions, versions 0 to 4.

A request of a newer version is answered in version 0 with UNSUPPORTED_VERSION and the supported range (KIP-511), by the
dispatcher. No features are finalized, so that clients use transactions of the first kind (KIP-98, not KIP-890's second
part) and classic group protocols.
"""

from __future__ import annotations

from barnabas.broker.api import Api, Call
from barnabas.broker.codes import ApiError
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    client_software_name: string 3+
    client_software_version: string 3+
    """,
    flexible=3,
)
RESPONSE = Schema(
    """
    error_code: int16
    api_keys: []
      api_key: int16
      min_version: int16
      max_version: int16
    throttle_time_ms: int32 1+
    supported_features: [] 3+ tag=0
      name: string
      min_version: int16
      max_version: int16
    finalized_features_epoch: int64 3+ tag=1 default=-1
    finalized_features: [] 3+ tag=2
      name: string
      max_version_level: int16
      min_version_level: int16
    zk_migration_ready: bool 3+ tag=3
    """,
    flexible=3,
)


def _ranges(call: Call) -> list[Struct]:
    return [
        {"api_key": api.key, "min_version": api.versions[0], "max_version": api.versions[1]}
        for api in call.broker.apis.values()
    ]


async def _handle(call: Call) -> Struct:
    return {"error_code": 0, "api_keys": _ranges(call)}


def _refuse(call: Call, error: ApiError) -> Struct:
    return {"error_code": error.error, "api_keys": _ranges(call)}


API = Api(18, "ApiVersions", (0, 4), REQUEST, RESPONSE, _handle, _refuse)
