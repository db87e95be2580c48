"""TLS and SASL."""

from __future__ import annotations

from collections.abc import Mapping

from barnabas.kafka.client_settings import ClientSettings

__all__ = ["security_settings"]


def security_settings(settings: ClientSettings, java: Mapping[str, str]) -> None:
    """Being written."""
