"""kafka-python's sockets, closed when they could not be connected; as the library has it they wait for the collector.

Imported where kafka-python is used: the library finds the class by the scheme of the setting ``proxy_url``.
"""

from __future__ import annotations

from typing import Any, Final

from kafka.net.inet import KafkaNetSocket

__all__ = ["DIRECT"]

DIRECT: Final = "direct://"
"""The ``proxy_url`` that stands for no proxy, but for these sockets."""


class _ClosedSocket(KafkaNetSocket):  # type: ignore[misc]  # kafka-python has no type information
    """A worker whose broker is away tries again and again: each attempt would leave an open file behind."""

    SCHEMES = ("direct",)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise
