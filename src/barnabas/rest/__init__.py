"""The REST API of Kafka Connect: routes and error shapes over the herder's interface, and the server that has them."""

from __future__ import annotations

from barnabas.rest.app import make_app
from barnabas.rest.opening import open_rest
from barnabas.rest.server import serve
from barnabas.rest.tls import client_context

__all__ = ["client_context", "make_app", "open_rest", "serve"]
