"""DescribeCluster, versions 0 to 2.

Missing: controllers as endpoints; this broker is its own.
"""

from __future__ import annotations

from barnabas.broker.answers import refuse_flat
from barnabas.broker.api import Api, Call
from barnabas.broker.schema import Schema, Struct

__all__ = ["API"]

REQUEST = Schema(
    """
    include_cluster_authorized_operations: bool
    endpoint_type: int8 1+ default=1
    include_fenced_brokers: bool 2+
    """,
    flexible=0,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    error_code: int16
    error_message: string?
    endpoint_type: int8 1+ default=1
    cluster_id: string
    controller_id: int32 default=-1
    brokers: []
      broker_id: int32
      host: string
      port: int32
      rack: string?
      is_fenced: bool 2+
    cluster_authorized_operations: int32 default=-2147483648
    """,
    flexible=0,
)


async def _handle(call: Call) -> Struct:
    broker = call.broker
    return {
        "error_code": 0,
        "cluster_id": broker.cluster_id,
        "controller_id": broker.node_id,
        "brokers": [{"broker_id": broker.node_id, "host": broker.advertised(call.local_host), "port": broker.port}],
    }


API = Api(60, "DescribeCluster", (0, 2), REQUEST, RESPONSE, _handle, refuse_flat)
