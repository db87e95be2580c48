"""ListTransactions, versions 0 and 1.

Missing: the name pattern of version 2.
"""

from __future__ import annotations

from typing import get_args

from barnabas.broker.answers import refuse_flat
from barnabas.broker.api import Api, Call
from barnabas.broker.schema import Schema, Struct
from barnabas.broker.topics import now_ms
from barnabas.broker.transactions import State

__all__ = ["API"]

REQUEST = Schema(
    """
    state_filters: [string]
    producer_id_filters: [int64]
    duration_filter: int64 1+ default=-1
    """,
    flexible=0,
)
RESPONSE = Schema(
    """
    throttle_time_ms: int32
    error_code: int16
    unknown_state_filters: [string]
    transaction_states: []
      transactional_id: string
      producer_id: int64
      transaction_state: string
    """,
    flexible=0,
)


async def _handle(call: Call) -> Struct:
    request, now = call.request, now_ms()
    states, producers, least = request["state_filters"], request["producer_id_filters"], request["duration_filter"]
    return {
        "error_code": 0,
        "unknown_state_filters": [state for state in states if state not in get_args(State)],
        "transaction_states": [
            {"transactional_id": name, "producer_id": known.producer_id, "transaction_state": known.state}
            for name, known in call.broker.transactions.transactions.items()
            if (not states or known.state in states)
            and (not producers or known.producer_id in producers)
            and (least < 0 or (known.started >= 0 and now - known.started >= least))
        ],
    }


API = Api(66, "ListTransactions", (0, 1), REQUEST, RESPONSE, _handle, refuse_flat)
