"""The REST API of Kafka Connect: routes and error shapes over the herder's interface, and the server that has them."""

from __future__ import annotations

from barnabas.rest.app import make_app
from barnabas.rest.server import serve

__all__ = ["make_app", "serve"]
